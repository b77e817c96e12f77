"""Prefect's env.py calls back into an event loop, so it runs in a worker thread of one."""

import anyio
import anyio.to_thread


def in_worker_thread(step):
    async def main():
        await anyio.to_thread.run_sync(step)

    anyio.run(main)
