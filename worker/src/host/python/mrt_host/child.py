"""A child: runs the steps of one cell on request, and exits."""

import os
import sys

from . import failure, process
from .project import LoadError, Project, finish, resolve
from .step import Attempt, scout
from .wire import Channel


def main(settings, project, token):
    channel = Channel(settings["socket"], token, "control", os.getpid())
    output = Channel(settings["socket"], token, "output", os.getpid())
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    try:
        if project is None:
            project = Project(settings)
    except LoadError as error:
        channel.send(error.message())
        return 1
    child = Child(settings, project, channel, output, token)
    while True:
        message = channel.receive()
        if message is None or message["op"] == "end":
            return 0
        child.answer(message)


class Child:
    def __init__(self, settings, project, channel, output, token):
        self.settings = settings
        self.project = project
        self.channel = channel
        self.output = output
        self.mark = b"\0" + token.encode("ascii") + b"\0"
        self.held = process.held()
        project.watch.attach(channel)

    def answer(self, message):
        watch = self.project.watch
        watch.begin()
        operation = message["op"]
        if operation == "step":
            error = Attempt(self.project, message["direction"], message["revision"], message["first"]).run()
            self.done(error)
        elif operation == "bootstrap":
            self.done(self.bootstrap(message["callable"]))
        elif operation == "scout":
            self.scout()

    def done(self, error):
        watch = self.project.watch
        raised = None
        if error is not None:
            raised = failure.describe(error, watch.file, watch.last)
        process.flush()
        # In the stream itself: what comes before it was printed by this step.
        self.output.send_bytes(self.mark)
        quiet = self.held is not None and process.held() == self.held
        self.channel.send({"op": "done", "opaque": watch.opaque, "quiet": quiet, "raised": raised})

    def bootstrap(self, reference):
        self.project.watch.stepping = True
        try:
            finish(resolve(reference, "bootstrap")(self.settings["url"]))
        except LoadError as error:
            return error.__cause__ or error
        except BaseException as error:
            return error
        return None

    def scout(self):
        before = set(sys.modules)
        error = None
        tables = []
        try:
            scout(self.project, tables.append)
        except BaseException as raised:
            error = raised
        modules = [name for name, module in list(sys.modules.items()) if name not in before and _is_file(module)]
        process.flush()
        self.output.send_bytes(self.mark)
        self.channel.send(
            {
                "op": "scouted",
                "modules": modules,
                "version_table": tables[0] if tables else None,
                "error": None if error is None else failure.describe(error, None, None),
            }
        )


def _is_file(module):
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.has_location and spec.name == getattr(module, "__name__", None)
