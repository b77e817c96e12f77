"""One run of env.py around one step, or around several, as `alembic upgrade REVISION` does it."""

import functools
import sys

from .failure import NoFunction, NotRun
from .project import finish


class Attempt:
    """A step on its way through env.py."""

    def __init__(self, project, direction, revision, first=()):
        """`first` are revisions that the same run of env.py takes before."""
        self.project = project
        self.up = direction == "up"
        self.revision = revision
        self.first = first
        self.asked = 0
        self.finished = False
        self.raised = None

    def run(self):
        """The exception with which the step ended, or None."""
        project = self.project
        config, script = project.config, project.script
        name, destination = ("upgrade", self.revision) if self.up else ("downgrade", "-1")
        config.cmd_opts = project.command(name, destination)
        sys.argv = ["alembic", name, destination]
        try:
            _inside(project, self._fn, destination)
        except BaseException as error:
            # The step's own exception says more than what env.py may have made of it.
            return self.raised or error
        if self.raised is not None or self.finished:
            return self.raised
        return self._not_run()

    def _fn(self, env, heads):
        """What alembic asks for: the steps to run. env.py may ask several times (one per database or tenant)."""
        from alembic.runtime.migration import MigrationStep

        self.asked += 1
        if self.asked > 1 and (self.revision in heads) == self.up:
            return []
        script = self.project.directory(env.script)
        found = script.get_revision(self.revision)
        function = "upgrade" if self.up else "downgrade"
        if not hasattr(found.module, function):
            self._reached()
            self.raised = NoFunction("the revision has no %s() function" % function)
            raise self.raised
        make = MigrationStep.upgrade_from_script if self.up else MigrationStep.downgrade_from_script
        step = make(script.revision_map, found)
        step.migration_fn = self._watched(step.migration_fn, found.module.__file__)
        return [make(script.revision_map, script.get_revision(revision)) for revision in self.first] + [step]

    def _watched(self, function, file):
        watch = self.project.watch

        @functools.wraps(function)
        def migrate(*args, **kwargs):
            self._reached()
            watch.in_revision(file)
            try:
                function(*args, **kwargs)
            except BaseException as error:
                self.raised = error
                raise
            finally:
                watch.out_of_revision()
            self.finished = True

        return migrate

    def _reached(self):
        """From here on a failure is the revision's."""
        channel = self.project.watch.channel
        if channel is not None:
            channel.send({"op": "reached"})

    def _not_run(self):
        if self.asked:
            return NotRun("env.py asked for the step and then never ran it")
        around = self.project.settings["around"]
        if around:
            return NotRun("the step never ran: neither %s nor env.py called it (context.run_migrations())" % around)
        return NotRun("env.py never ran the step: it ended without calling context.run_migrations()")


def scout(project, tell):
    """Runs env.py with no step, for what it imports and does by itself; `tell` hears of the version table's name."""

    def no_steps(env, heads):
        tell(env.get_context().version_table)
        return []

    _inside(project, no_steps, "heads", dont_mutate=True)


def _inside(project, fn, destination, **options):
    from alembic.runtime.environment import EnvironmentContext

    def call():
        env = EnvironmentContext(
            project.config,
            project.script,
            fn=lambda heads, context: fn(env, heads),
            as_sql=False,
            starting_rev=None,
            destination_rev=destination,
            tag=None,
            **options,
        )
        with env:
            project.run_env(project.script)

    if project.around is None:
        call()
    else:
        finish(project.around(call))
