"""Alembic's configuration and script directory, loaded as the `alembic` command loads them."""

import argparse
import asyncio
import importlib
import importlib.util
import inspect
import os
import sys
import traceback

from .wire import clip


class LoadError(Exception):
    """The project cannot be loaded."""

    def __init__(self, kind, **details):
        Exception.__init__(self, kind)
        self.kind = kind
        self.details = details

    def message(self):
        return dict(self.details, op="failed", kind=self.kind)

    @classmethod
    def of(cls, what, error):
        """An exception out of the project's own files."""
        file, line = where(error)
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return cls(
            "project",
            what=what,
            message=clip("%s: %s" % (type(error).__name__, error), 4096),
            file=file,
            line=line,
            traceback=clip(trace[-4096:], 4096),
        )


def where(error):
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    here = os.path.dirname(__file__)
    inside = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<", here)) and "site-packages" not in frame.filename
    ]
    standard = os.path.dirname(os.__file__)
    own = [place for place in inside if not place[0].startswith(standard)]
    return own[-1] if own else (None, None)


def versions():
    """Imports what every project needs, and says which versions that is."""
    try:
        import alembic
    except ImportError as error:
        if error.name in ("alembic", None):
            raise LoadError("no_alembic") from error
        raise LoadError.of("import alembic", error) from error
    import sqlalchemy

    try:
        import sqlite3

        sqlite = sqlite3.sqlite_version
    except ImportError:
        sqlite = None
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "alembic": alembic.__version__,
        "sqlalchemy": sqlalchemy.__version__,
        "sqlite": sqlite,
    }


class Project:
    """A project's Alembic environment, for the one URL of its slot."""

    def __init__(self, settings):
        from .watch import Watch

        self.settings = settings
        # Before the project is imported: it may keep what it finds at import.
        self.watch = Watch()
        # Behind everything else: some projects are only ever run as `python -m alembic`, from this directory.
        sys.path.append(settings["dir"])
        sys.argv = ["alembic"]
        try:
            self.config = self._config()
            self.script = self._directory()
            self._apply_locations()
            self.scripts = list(self.script.walk_revisions())
        except BaseException as error:
            raise LoadError.of("load the revisions", error) from error
        # As given, not resolved: env.py may set them again.
        self.locations = list(self.script.version_locations or ())
        self.around = None
        if settings["around"]:
            self.around = resolve(settings["around"], "around")
        self._env = None

    def _config(self):
        from alembic.config import Config

        settings = self.settings
        path = settings["alembic_file"]
        beside = os.path.dirname(path)
        ini, toml = path, os.path.join(beside, "pyproject.toml")
        if path.endswith(".toml"):
            ini, toml = os.path.join(beside, "alembic.ini"), path
        ini = ini if os.path.exists(ini) else None
        arguments = {"file_": ini, "ini_section": settings["section"]}
        if "toml_file" in inspect.signature(Config.__init__).parameters and os.path.exists(toml):
            arguments["toml_file"] = toml
        config = Config(**arguments)
        config.cmd_opts = self.command("upgrade", "heads")
        if settings["hand_over_url"]:
            config.set_main_option("sqlalchemy.url", settings["url"].replace("%", "%%"))
        return config

    def _directory(self):
        """The script directory; the option stays as the project spells it, where that is the same place."""
        from alembic.script import ScriptDirectory

        wanted = self.settings["script_location"]
        try:
            # A package is found as the `alembic` command finds it: by then `prepend_sys_path` is on the path.
            script = ScriptDirectory.from_config(self.config)
            if os.path.realpath(script.dir) == os.path.realpath(wanted):
                return script
        except Exception:
            pass
        self.config.set_main_option("script_location", wanted.replace("%", "%%"))
        return ScriptDirectory.from_config(self.config)

    def _apply_locations(self):
        wanted = self.settings["version_locations"]
        script = self.script
        if self.settings["recursive"]:
            script.recursive_version_locations = True
        if not wanted:
            return
        if [os.path.realpath(path) for path in script._version_locations] != [os.path.realpath(path) for path in wanted]:
            script.version_locations = list(wanted)
            forget_locations(script)

    def command(self, name, revision):
        """What `config.cmd_opts` is when the command runs."""
        from alembic import command

        return argparse.Namespace(
            cmd=(getattr(command, name), ["revision"], ["sql", "tag"]),
            config=self.settings["alembic_file"],
            name=self.settings["section"],
            x=list(self.settings["x_arguments"]) or None,
            raiseerr=False,
            quiet=False,
            verbose=False,
            revision=revision,
            sql=False,
            tag=None,
        )

    def revisions(self):
        return [
            {
                "id": script.revision,
                "down": _tuple(script.down_revision),
                "depends_on": _tuple(getattr(script, "_resolved_dependencies", None) or script.dependencies),
            }
            for script in self.scripts
        ]

    def directory(self, script):
        """The script directory that env.py ended up with: it may have set other locations while running."""
        now = list(script.version_locations or ())
        if now != self.locations:
            if _real(now) != _real(self.locations):
                forget_locations(script)
            self.locations = now
        return script

    def run_env(self, script):
        """What `script.run_env()` does, with env.py compiled once."""
        path = os.path.join(os.path.abspath(script.dir), "env.py")
        if not os.path.exists(path):
            script.run_env()
            return
        if self._env is None:
            self.compile_env(path)
        spec = importlib.util.spec_from_file_location("env_py", path)
        module = importlib.util.module_from_spec(spec)
        exec(self._env, module.__dict__)

    def compile_env(self, path):
        with open(path, "rb") as file:
            self._env = compile(file.read(), path, "exec", dont_inherit=True)


def forget_locations(script):
    from alembic.script.revision import RevisionMap

    script.__dict__.pop("_version_locations", None)
    script.revision_map = RevisionMap(script._load_revisions)


def resolve(reference, what):
    """`module:callable`."""
    module, _, name = reference.partition(":")
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except BaseException as error:
        raise LoadError.of("import %s = %r" % (what, reference), error) from error
    if not callable(found):
        error = TypeError("%s is not callable" % reference)
        raise LoadError.of("import %s = %r" % (what, reference), error)
    return found


def finish(result):
    """Waits for what a callable returned, when that is a coroutine."""
    if inspect.isawaitable(result):

        async def wait():
            return await result

        asyncio.run(wait())


def _real(paths):
    return [os.path.realpath(path) for path in paths]


def _tuple(value):
    if value is None:
        return []
    return sorted([value] if isinstance(value, str) else value)
