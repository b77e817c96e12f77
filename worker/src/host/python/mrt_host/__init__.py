"""The migration host: runs the steps of a project's Alembic migrations for mrt's worker.

    guard    the outermost process: sees to it that nothing outlives the worker
    server   the fork server: imports the project once, opens no connection, forks a child per cell
    child    runs the steps of one cell and exits
    project  Alembic's configuration and script directory
    step     one run of env.py around one step
    watch    the statements that a step sends
    failure  what an exception says
    warm     makes first use in a child as quick as second use
    process  what only the operating system can do
    wire     frames on the worker's socket
"""
