"""fails where a project's code comes to something that is not its own"""

import os
import socket

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

NOBODY = 65534
SOCKETS = ["/run/engine/docker.sock", "/var/run/docker.sock", "/run/docker.sock"]
SECRETS = ["/etc/mrt/token", "/proc/1/environ", "/run/engine", "/etc/shadow"]


def reached():
    if os.getuid() != NOBODY or os.getgid() != NOBODY or os.getgroups():
        yield f"it is user {os.getuid()} with the groups {os.getgid()} {os.getgroups()}"
    for path in SOCKETS:
        try:
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(path)
            yield f"it reaches the container engine at {path}"
        except (PermissionError, FileNotFoundError):
            pass
    for path in SECRETS:
        try:
            os.listdir(path) if os.path.isdir(path) else open(path).close()
            yield f"it reads {path}"
        except (PermissionError, FileNotFoundError):
            pass
    try:
        socket.create_connection(("state", 5432), timeout=5).close()
        yield "it reaches the coordinator's database"
    except OSError:
        pass
    for name in os.environ:
        if name.startswith("MRT_") or name == "DOCKER_HOST":
            yield f"it is told {name}"
    with open("/proc/self/status") as status:
        told = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    for capabilities in ["CapInh", "CapPrm", "CapEff", "CapAmb"]:
        if int(told[capabilities], 16):
            yield f"{capabilities} is {told[capabilities]}"
    if told["NoNewPrivs"] != "1":
        yield "it could become somebody else"


def upgrade():
    all_of_it = list(reached())
    if all_of_it:
        raise RuntimeError("; ".join(all_of_it))
    op.create_table("confined", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("confined")
