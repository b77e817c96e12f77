"""What an exception out of a migration says."""

import ast
import decimal
import dis
import os
import pickle
import re
import struct
import traceback

from .wire import clip

MAX_MESSAGE = 8 << 10
MAX_TRACEBACK = 8 << 10
HERE = os.path.dirname(os.path.abspath(__file__))

DRIVERS = frozenset(
    "sqlite3 aiosqlite psycopg2 psycopg asyncpg pg8000 pymysql MySQLdb mysql mariadb aiomysql asyncmy oracledb cx_Oracle pyodbc aioodbc pymssql".split()
)
# Their NotImplementedError says that a dialect cannot do something: an accident, not the author's word.
LIBRARIES = ("alembic.", "sqlalchemy.")
# Where these libraries look up tables and columns, and where among that they convert values.
SCHEMA = ("alembic.", "sqlalchemy.sql.", "sqlalchemy.orm.", "sqlalchemy.util.")
VALUES = "sqlalchemy.sql.sqltypes"
# What Python's readers of values say of one that they cannot read; json, binascii and the codecs say ValueError.
UNREADABLE = (ValueError, LookupError, decimal.InvalidOperation, pickle.UnpicklingError, struct.error)
try:
    import zlib

    UNREADABLE += (zlib.error,)
except ImportError:
    pass  # a Python that was built without it
# Each of Oracle's connections makes up a number for itself, and says it where it fails.
CONNECTION = re.compile(r"\s*\(CONNECTION_ID=[^)]*\)")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


# What pymssql adds to the server's words, and how its library counts its own errors.
DB_LIB = re.compile(r"DB-Lib error message (\d+), severity \d+:\n?")
# What ODBC puts around them: a state, who speaks, the server's number and the function that was called.
ODBC_HEAD = re.compile(r"\[\w{5}\] (?:\[[^\]]*\])+ ?")
ODBC_TAIL = re.compile(r" ?\((-?\d+)\)(?: \(SQL\w+\))?$")


class NotRun(Exception):
    """env.py ended without having run the step."""


class NoFunction(Exception):
    """The revision has no such function."""


def describe(error, file, last):
    """`file` is the revision's; `last` the last statement sent and its line."""
    driver = _driver_error(error)
    statement = getattr(error, "statement", None) if _is_sqlalchemy(error, "StatementError") else None
    try:
        message = _message(error, driver)
    except Exception:
        message = "an exception that cannot be printed"
    return {
        "class": _class(type(error)),
        "message": _bounded(message, MAX_MESSAGE),
        "from_database": driver is not None,
        "code": _code(driver) if driver is not None else None,
        "statement": _statement(error, statement, last) if statement else None,
        "line": _line(error, file),
        "on_purpose": _on_purpose(error, file),
        "about_value": _about_value(error),
        "place": _place(error),
        "traceback": _traceback(error),
    }


def _place(error):
    """`file:line` of the project's own code nearest to the exception."""
    from .project import where

    file, line = where(error)
    return "%s:%d" % (file, line) if file and line else None


def _class(kind):
    module = kind.__module__
    if module == "builtins":
        return kind.__qualname__
    # Ours are named after the product, not after this script.
    return "%s.%s" % ("mrt" if module.startswith("mrt_host.") else module, kind.__qualname__)


def _is_sqlalchemy(error, name):
    return any(kind.__name__ == name and kind.__module__ == "sqlalchemy.exc" for kind in type(error).__mro__)


def _driver_error(error):
    """The driver's own exception, or None when this one is not from a driver."""
    if _is_sqlalchemy(error, "DBAPIError"):
        original = error.orig
        # SQLAlchemy's adapters of asynchronous drivers stand between.
        if type(original).__module__.startswith("sqlalchemy.") and original.__cause__ is not None:
            return original.__cause__
        return original
    return error if type(error).__module__.partition(".")[0] in DRIVERS else None


def _of_sql_server(driver):
    """(code, message) of what pymssql and pyodbc raise, which they spell in ways of their own; None of anything else."""
    module = type(driver).__module__.partition(".")[0]
    args = driver.args
    if module == "pymssql":
        if len(args) == 1 and isinstance(args[0], tuple):
            args = args[0]
        if len(args) != 2 or not isinstance(args[0], int) or not isinstance(args[1], (bytes, str)):
            return None
        text = args[1].decode("utf-8", "replace") if isinstance(args[1], bytes) else args[1]
        own = DB_LIB.match(text)
        if own is None:
            # Behind the server's words stand the library's, which say that there were some.
            return str(args[0]), DB_LIB.split(text)[0].strip()
        # Where the server said nothing, the number is what it was before.
        return own.group(1), DB_LIB.split(text)[2].strip()
    if module == "pyodbc" and len(args) == 2 and isinstance(args[0], str) and isinstance(args[1], str):
        text = args[1].partition("; [")[0]
        tail = ODBC_TAIL.search(text)
        number = int(tail.group(1)) if tail else 0
        if tail:
            text = text[: tail.start()]
        return str(number) if number > 0 and "[SQL Server]" in args[1] else args[0], ODBC_HEAD.sub("", text, count=1).strip()
    return None


def _message(error, driver):
    if driver is not None:
        told = _of_sql_server(driver)
        if told is not None:
            return told[1]
        # MySQL's drivers print a pair.
        if len(driver.args) > 1 and isinstance(driver.args[0], int) and isinstance(driver.args[1], str):
            return driver.args[1].strip()
        # Oracle's add a link to the documentation.
        return str(driver).partition("\nHelp: https://")[0].strip()
    if _is_sqlalchemy(error, "StatementError") and error.orig is not None:
        return str(error.orig)
    return str(error)


def _code(driver):
    told = _of_sql_server(driver)
    if told is not None:
        return told[0]
    # Some of MySQL's drivers know a state as well, which says less.
    number = getattr(driver, "errno", None)
    if isinstance(number, int) and number > 0:
        return str(number)
    for name in ("pgcode", "sqlstate", "sqlite_errorname"):
        code = getattr(driver, name, None)
        if code:
            return str(code)
    if driver.args and isinstance(driver.args[0], int):
        return str(driver.args[0])
    # Oracle's drivers raise an object that has it: `ORA-00942`, or `DPY-4011` of the driver's own.
    told = driver.args[0] if driver.args else None
    code = getattr(told, "full_code", None)
    if isinstance(code, str) and code:
        return code
    number = getattr(told, "code", None)
    return "ORA-%05d" % number if isinstance(number, int) and number > 0 else None


def _statement(error, sql, last):
    from .watch import MAX_SQL, _texts

    line = last[1] if last is not None and last[0] == sql else None
    many = isinstance(error.params, list)
    return {"sql": clip(sql, MAX_SQL), "parameters": _texts(error.params or (), many), "line": line}


def _frames(error):
    """(file, line, module) from the outermost to the innermost."""
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        yield code.co_filename, at.tb_lineno, at.tb_frame.f_globals.get("__name__") or ""
        at = at.tb_next


def _line(error, file):
    """The line of the revision's file nearest to the exception, or else to what caused it."""
    seen = set()
    while file is not None and error is not None and id(error) not in seen:
        seen.add(id(error))
        lines = [line for name, line, _ in _frames(error) if name == file]
        if lines:
            return lines[-1]
        error = error.__cause__ or error.__context__
    return None


def _on_purpose(error, file):
    if isinstance(error, NoFunction):
        return True
    frames = list(_frames(error))
    if isinstance(error, NotImplementedError):
        return not (frames and frames[-1][2].startswith(LIBRARIES))
    # Raised by the file's own statement: no deeper frame, and nothing else on that line.
    if not frames or frames[-1][0] != file or not _is_raise(error):
        return False
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return False
    return _raises_at(tree, frames[-1][1], False)


def _about_value(error):
    """Whether Python says that a value is not what was expected, rather than that the code is wrong."""
    if _is_sqlalchemy(error, "StatementError") and getattr(error, "orig", None) is not None:
        # Raised while a value was converted for the driver.
        error = error.orig
    # Theirs speak of tables and columns, except where SQLAlchemy converts a value.
    frames = list(_frames(error))
    inner = frames[-1][2] if frames else ""
    if type(error).__module__.startswith(LIBRARIES) or (inner.startswith(SCHEMA) and inner != VALUES):
        return False
    return isinstance(error, UNREADABLE)


def _is_raise(error):
    at = error.__traceback__
    while at.tb_next is not None:
        at = at.tb_next
    return dis.opname[at.tb_frame.f_code.co_code[at.tb_lasti]] == "RAISE_VARARGS"


def _raises_at(node, line, handling):
    if isinstance(node, ast.Raise) and node.lineno <= line <= (node.end_lineno or node.lineno):
        return not handling
    handling = handling or isinstance(node, ast.ExceptHandler)
    return any(_raises_at(inner, line, handling) for inner in ast.iter_child_nodes(node))


def _traceback(error):
    report = traceback.TracebackException(type(error), error, error.__traceback__)
    part, seen = report, set()
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if not frame.filename.startswith(HERE)]
        )
        part = part.__cause__ or part.__context__
    return _bounded("".join(report.format())[-MAX_TRACEBACK:], MAX_TRACEBACK)


def _bounded(text, limit):
    # Addresses differ from run to run; reports must not.
    return clip(ADDRESS.sub("0x...", CONNECTION.sub("", text)), limit)
