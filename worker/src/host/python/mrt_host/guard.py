"""The outermost process. It imports nothing of the project, so it always answers: when the worker goes away
(the end of its standard input tells), it kills the fork server and everything that came of it.
"""

import json
import os
import select
import signal
import sys
import traceback

from . import process, server
from .wire import LENGTH


def main():
    # A session of our own: no terminal to ask for passwords on, no Ctrl-C meant for the worker.
    try:
        os.setsid()
    except PermissionError:
        # It has one already.
        pass
    settings = json.loads(_exactly(_length()).decode("utf-8"))
    process.adopt_orphans()
    child_ended = process.ChildSignal()
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child_ended.close()
            process.die_with(guard)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
            code = server.main(settings)
        except SystemExit as error:
            print(error, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            process.flush()
            os._exit(code)
    _leave(pid, _wait(pid, child_ended))


def _wait(pid, child_ended):
    """The fork server's wait status, or None when the worker closed our standard input."""
    while True:
        ready = select.select([0, child_ended.reader], [], [])[0]
        child_ended.drain()
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        # Only the end of the stream can come.
        if 0 in ready and not os.read(0, 4096):
            return None


def _leave(pid, status):
    # A server that was reaped has given its id back.
    process.kill_all_children([pid] if status is None else [])
    if status is not None and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:
            pass
        os.kill(os.getpid(), number)
    os._exit(0 if status is None else os.WEXITSTATUS(status))


def _length():
    return LENGTH.unpack(_exactly(LENGTH.size))[0]


def _exactly(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            os._exit(1)
        data += more
    return data
