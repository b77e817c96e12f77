"""What only the operating system can do: limits, users, and the deaths of processes."""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

try:
    _libc = ctypes.CDLL(None)
except OSError:
    _libc = None


def _prctl(option, value):
    if _libc is not None and sys.platform.startswith("linux"):
        _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def adopt_orphans():
    """Descendants whose parent died become children of this process (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent):
    """Die when the parent dies (Linux). To be called again after each fork."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def flush():
    """Hand over what was printed, by Python or by C code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    if _libc is not None:
        _libc.fflush(None)


def limit(max_file_bytes):
    """No core dumps, no runaway files. A write past the limit fails, it does not kill (SIGXFSZ is ignored)."""
    for kind, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 4096), (resource.RLIMIT_FSIZE, max_file_bytes)):
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def how_it_ended(status):
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        return "signal %d" % os.WTERMSIG(status)
    return "exit status %d" % os.WEXITSTATUS(status)


def kill_group(pid):
    """Kill a child with its process group; its own child processes are in it."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def reap(pid):
    """The wait status of a child that ended, or None. What is left of its process group is killed with it."""
    try:
        # Not on every system.
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            # Before it is reaped, while its id cannot be given to another process.
            kill_group(pid)
            return os.waitpid(pid, 0)[1]
        ended, status = os.waitpid(pid, os.WNOHANG)
        return status if ended else None
    except ChildProcessError:
        # The project reaped it; how it ended is lost.
        return 0


def kill_all_children(known):
    """Kill every child, those that nobody told of included, until there is none."""
    while True:
        for pid in {*known, *_children()}:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children():
    me = os.getpid()
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                # The command's name is in brackets and may itself hold brackets and blanks.
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if len(fields) > 1 and int(fields[1]) == me:
            yield int(name)


def held():
    """What this process has open, and its threads; None where the system does not tell."""
    try:
        held = {number: _link(number) for number in os.listdir("/proc/self/fd")}
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return None
    # The listing itself was open.
    return threads, {number: link for number, link in held.items() if link is not None}


def _link(number):
    try:
        return os.readlink("/proc/self/fd/" + number)
    except OSError:
        return None


class ChildSignal:
    """A pipe that becomes readable when a child ended."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)
        self.listen()

    def listen(self):
        """(Again) after code that is not ours may have taken the signal."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)

    def drain(self):
        try:
            while os.read(self.reader, 4096):
                pass
        except BlockingIOError:
            pass

    def close(self):
        """In a forked child, which has its own children."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.reader)
        os.close(self.writer)
