"""Starts a program, as another user if so told, and ends everything that came of it: when the program ends, and when
the worker goes away (the end of our standard input tells). It runs as the worker does, so the program cannot end it.
It is given as text to an interpreter of the machine's own (-I -S): nothing of a project is loaded here.
"""

import ctypes
import os
import select
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36


def main():
    # No terminal to ask for passwords on, no Ctrl-C meant for the worker.
    os.setsid()
    fields = exactly(int(exactly(8))).split(b"\0")
    user, group, feeds, directory, count = fields[:5]
    arguments, environment = fields[5 : 5 + int(count)], fields[5 + int(count) :]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)
    ended, tell = os.pipe()
    for number in (ended, tell):
        os.set_blocking(number, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Python ignores them, and whom it starts would, too.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            os.dup2(reader, 0)
            become(user, group)
            os.chdir(directory)
            execute(arguments, dict(entry.split(b"=", 1) for entry in environment))
        except BaseException as error:
            whom = " as user %d" % os.getuid() if isinstance(error, PermissionError) else ""
            words = getattr(error, "strerror", None) or error
            os.write(2, ("cannot run %s%s: %s\n" % (os.fsdecode(arguments[0]), whom, words)).encode("utf-8", "replace"))
        finally:
            os._exit(126)
    os.close(reader)
    os.set_blocking(writer, False)
    leave(pid, serve(pid, ended, writer, feeds == b"1"))


def become(user, group):
    os.umask(0o022)
    if user:
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))


def execute(arguments, environment):
    """As execvpe, which would load further modules: whom we have become may not be able to read them."""
    places = [b""] if b"/" in arguments[0] else [place + b"/" for place in environment.get(b"PATH", b"").split(b":")]
    refused = None
    for place in places:
        try:
            os.execve(place + arguments[0], arguments, environment)
        except (FileNotFoundError, NotADirectoryError) as error:
            refused = refused or error
        except OSError as error:
            refused = error if refused is None or not isinstance(refused, PermissionError) else refused
    raise refused


def serve(pid, ended, writer, feeds):
    """Passes on what comes, until the program ends: its wait status, or None when the worker went away."""
    waiting = b""
    if not feeds:
        os.close(writer)
        writer = None
    while True:
        sources = [0, ended]
        if len(waiting) > 1 << 20:
            sources.remove(0)
        ready = select.select(sources, [writer] if waiting else [], [])
        if ended in ready[0]:
            drain(ended)
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        if 0 in ready[0]:
            data = os.read(0, 1 << 16)
            if not data:
                return None
            if writer is not None:
                waiting += data
        if waiting and writer in ready[1]:
            try:
                waiting = waiting[os.write(writer, waiting) :]
            except BlockingIOError:
                pass
            except OSError:
                # Nobody reads it any more.
                os.close(writer)
                writer, waiting = None, b""


def drain(number):
    try:
        while os.read(number, 4096):
            pass
    except BlockingIOError:
        pass


def leave(pid, status):
    # One that was reaped has given its id back.
    end_all([pid] if status is None else [])
    if status is not None and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
        no_core()
        os.kill(os.getpid(), number)
    os._exit(1 if status is None else os.WEXITSTATUS(status))


def no_core():
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_all(known):
    """Kills every child until there is none. Whoever loses its parent by that becomes a child of ours."""
    while True:
        for pid in {*known, *children()}:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children():
    me = os.getpid()
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return
    for name in names:
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                # The command's name is in brackets and may itself hold brackets and blanks.
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if len(fields) > 1 and int(fields[1]) == me:
            yield int(name)


def exactly(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            os._exit(1)
        data += more
    return data


main()
