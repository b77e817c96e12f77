"""Runs plain `alembic` commands on a fresh database, inside of what the chain's program does around them.

usage: plain.py MRT_TOML ENGINE URL ARGUMENT... [+ ARGUMENT...]    the arguments are those of `alembic`

Nothing of mrt takes part: this is what the settings say, done by hand.
"""

import configparser
import importlib
import logging
import os
import pathlib
import sys
import tempfile
import tomllib

import alembic.config
import sqlalchemy


def hook(name):
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)


def main():
    settings, engine, url, *arguments = sys.argv[1:]
    settings = pathlib.Path(settings).resolve()
    [suite] = tomllib.loads(settings.read_text())["suite"].values()
    os.chdir(settings.parent)
    sys.path.insert(0, str(settings.parent))
    # SQLAlchemy's own choice of a driver changes with its versions.
    drivers = {"postgres": "psycopg2"} | suite.get("drivers", {})
    if driver := drivers.get(engine):
        url = sqlalchemy.make_url(url)
        url = url.set(drivername=f"{url.get_backend_name()}+{driver}").render_as_string(hide_password=False)
    for name, value in suite.get("env", {}).items():
        os.environ[name] = value.replace("{url}", url)

    ini = configparser.RawConfigParser()
    ini.read(suite.get("alembic", "alembic.ini"))
    ini["alembic"]["script_location"] = suite["script_location"]
    ini["alembic"]["sqlalchemy.url"] = url.replace("%", "%%")
    locations = suite.get("version_locations", [])
    if isinstance(locations, dict):
        locations = locations.get(engine, [])
    if locations:
        ini["alembic"]["version_locations"] = os.pathsep.join(locations)
        ini["alembic"]["path_separator"] = "os"
    if bootstrap := suite.get("bootstrap"):
        hook(bootstrap)(url)
    around = hook(suite["around"]) if "around" in suite else None

    # Says which revision is under way; after the program's own modules, which may set logging up their way.
    logging.basicConfig(format="%(name)s: %(message)s", force=True)
    logging.getLogger("alembic").setLevel(logging.INFO)

    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "alembic.ini")
        with file.open("w") as out:
            ini.write(out)

        while arguments:
            end = arguments.index("+") if "+" in arguments else len(arguments)
            words, arguments = arguments[:end], arguments[end + 1 :]

            def command():
                alembic.config.main(["-c", str(file), *words])

            around(command) if around else command()


try:
    main()
except Exception as error:
    # The last line says what went wrong; SQLAlchemy's goes on with the statement.
    sys.exit(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
