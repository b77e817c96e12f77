"""The fork server: imports the project once and forks a child for each cell.

It opens no connection and starts no thread. A project that does so when it is imported cannot be forked safely; the
server says so, and the worker starts it again with `lazy`, where each child imports the project itself.
"""

import gc
import importlib
import os
import select
import sys
import threading
import time
import traceback

from . import child, process, warm
from .project import LoadError, Project, versions
from .wire import Channel

# Collections in a child copy pages that it shares with the server; cells are short.
COLLECT_AFTER = 20000


def main(settings):
    return Server(settings).run()


class Server:
    def __init__(self, settings):
        process.limit(settings["max_file_bytes"])
        self.settings = settings
        try:
            self.channel = Channel(settings["socket"], settings["token"], "server", os.getpid())
        except OSError as error:
            sys.exit("cannot connect to %s as user %d: %s" % (settings["socket"], os.getuid(), error.strerror))
        self.child_ended = process.ChildSignal()
        self.project = None
        # Process id to the worker's number.
        self.children = {}

    def run(self):
        try:
            known = self.prepare()
            self.channel.send({"op": "prepared"})
            message = self.channel.receive()
            if message is None:
                return 0
            self.channel.send(self.load(known, message))
        except LoadError as error:
            self.channel.send(error.message())
            return 1
        while True:
            # The signal is the quick way; the time limit is for a project that took the signal from us.
            ready = select.select([self.channel, self.child_ended.reader], [], [], 1.0 if self.children else None)[0]
            self.child_ended.drain()
            self.reap()
            if self.channel in ready:
                message = self.channel.receive()
                if message is None:
                    return 0
                self.answer(message)

    def prepare(self):
        """What needs no URL, and so can be done while the database server starts."""
        os.chdir(_readable(self.settings))
        known = versions()
        warm.up()
        return known

    def load(self, known, message):
        self.settings["url"] = message["url"]
        os.environ.update(message["env"])
        ready = dict(known, op="ready", revisions=[], unsafe=None)
        warm.up_dialect(message["url"])
        if not self.settings["lazy"]:
            self.project = Project(self.settings)
            ready["revisions"] = self.project.revisions()
            ready["unsafe"] = self.unsafe()
        self.settle()
        return ready

    def settle(self):
        """What is in memory now is shared with the children for good."""
        self.child_ended.listen()
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 100)

    def answer(self, message):
        operation = message["op"]
        if operation == "fork":
            self.fork(message)
        elif operation == "kill":
            for pid, number in self.children.items():
                if number == message["child"]:
                    process.kill_group(pid)
        elif operation == "import":
            count = _import_all(message["modules"])
            unsafe = self.unsafe()
            self.settle()
            self.channel.send({"op": "imported", "count": count, "unsafe": unsafe})

    def fork(self, message):
        process.flush()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self.channel.send({"op": "not_forked", "child": message["child"], "message": str(error)})
            return
        if pid == 0:
            code = 1
            try:
                os.setpgid(0, 0)
                self.child_ended.close()
                self.channel.close()
                process.die_with(server)
                code = child.main(self.settings, self.project, message["token"])
            except BaseException:
                traceback.print_exc()
            finally:
                process.flush()
                os._exit(code)
        try:
            # Here too: whoever comes first, a kill finds the group.
            os.setpgid(pid, pid)
        except OSError:
            pass
        self.children[pid] = message["child"]

    def reap(self):
        for pid, number in list(self.children.items()):
            status = process.reap(pid)
            if status is not None:
                del self.children[pid]
                self.channel.send({"op": "exited", "child": number, "how": process.how_it_ended(status)})

    def unsafe(self):
        """Why this process must not be forked, or None."""
        threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        if threads:
            return "importing the project started threads (%s)" % ", ".join(sorted(threads))
        if _native_threads() > 1:
            return "importing the project started %d native threads" % (_native_threads() - 1)
        if _sockets(own=self.channel.fileno()):
            return "importing the project opened a socket"
        return None


def _readable(settings):
    """The suite's directory, if this process may read what it needs."""
    directory = settings["dir"]
    for path in (os.path.dirname(os.__file__), sys.prefix, directory, settings["alembic_file"], settings["script_location"]):
        mode = os.R_OK | (os.X_OK if os.path.isdir(path) else 0)
        if not os.access(path, mode):
            raise LoadError("unreadable", path=path, uid=os.getuid(), exists=_exists(path))
    return directory


def _exists(path):
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _import_all(names):
    count = 0
    for name in names:
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
            count += 1
        except BaseException:
            # What cannot be imported by itself is imported by env.py in each child, as ever.
            pass
    return count


def _native_threads():
    # A thread that was joined may need a moment to vanish from the kernel's list.
    for _ in range(20):
        try:
            count = len(os.listdir("/proc/self/task"))
        except OSError:
            return 1
        if count == 1:
            break
        time.sleep(0.005)
    return count


def _sockets(own):
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:
        return False
    for number in numbers:
        try:
            target = os.readlink("/proc/self/fd/" + number)
        except OSError:
            continue
        if target.startswith("socket:") and int(number) != own:
            return True
    return False
