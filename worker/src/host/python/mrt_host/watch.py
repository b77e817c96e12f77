"""The statements that a step sends to its database, told to the worker as they happen.

As they happen, so that the worker knows them even when the process dies or hangs on one.
"""

import os
import re
import sys
import threading

from .declared import Declared
from .wire import clip, frame

MAX_STATEMENTS = 20000
MAX_BYTES = 8 << 20
MAX_SQL = 64 << 10
MAX_PARAMETER = 1 << 10
MAX_PARAMETERS = 64 << 10
RAN = frame({"op": "ran"})

# Modules that open driver connections on behalf of SQLAlchemy.
PLUMBING = ("sqlalchemy.", "aiosqlite", "asyncpg", "psycopg.", "psycopg2.", "pymysql", "MySQLdb", "mysql.connector", "mariadb")
PLUMBING += ("aiomysql", "asyncmy", "pymssql", "pyodbc", "aioodbc", "oracledb", "cx_Oracle")
# Modules whose `connect` opens a connection to a server.
CONNECTING = ("psycopg2", "psycopg", "asyncpg", "pymysql", "MySQLdb", "mysql.connector", "mariadb", "aiomysql", "asyncmy")
CONNECTING += ("pymssql", "pyodbc", "aioodbc", "oracledb", "cx_Oracle")
# Names in a revision's source that lead past SQLAlchemy's events.
BYPASSES = ("dbapi_connection", "driver_connection")


# SQLAlchemy reflects a table, and every table that its foreign keys lead to, by a dozen questions each on SQLite, and by SHOW
# on MySQL. They neither read nor change rows, so they are not told: that would cost more than asking them.
REFLECTION = re.compile(
    r"""PRAGMA\ (?:\w+\.|"[^"]+"\.)?(?:table_x?info|table_list|index_list|index_x?info|foreign_key_list)\([^;]*\)\s*
    |SELECT\ (?:\w+|"\w+"\.\w+)\s+FROM\s+
    (?:\(SELECT\ \*\ FROM\ sqlite_master\ UNION\ ALL\s+SELECT\ \*\ FROM\ sqlite_temp_master\)|(?:\w+\.|"[^"]+"\.)?sqlite_(?:temp_)?master)
    \s+WHERE\ [^;]*
    |(?:DESCRIBE|SHOW\ (?:CREATE\ TABLE|FULL\ COLUMNS\ FROM|FULL\ TABLES\ FROM))\ [^;]*""",
    re.VERBOSE,
)


class Watch:
    """Listens to every engine of this process; silent until a step is begun."""

    def __init__(self):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool, base

        self.channel = None
        self.pid = None
        self.lock = threading.Lock()
        self.declared = Declared()
        self.begin()
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._error)
        event.listen(Pool, "connect", _without_durability)
        self._wrap_cursor(base._ConnectionFairy)

    def attach(self, channel):
        """In a child: from now on statements are told."""
        self.channel = channel
        self.pid = os.getpid()
        sys.addaudithook(self._audit)
        self._wrap_connects()

    def begin(self):
        self.file = None
        self.opaque = False
        self.count = 0
        self.bytes = 0
        self.last = None
        self.untold = False
        self.stepping = False
        self.declared.begin()

    def in_revision(self, file):
        """The step itself begins; its statements come from this file."""
        self.file = file
        self.stepping = True
        try:
            with open(file, encoding="utf-8", errors="replace") as source:
                text = source.read()
        except OSError:
            return
        if any(name in text for name in BYPASSES):
            self.opaque = True

    def out_of_revision(self):
        self.stepping = False

    def _before(self, conn, cursor, statement, parameters, context, executemany):
        if self.channel is None or os.getpid() != self.pid:
            return
        self.untold = REFLECTION.fullmatch(statement) is not None and " JOIN " not in statement.upper()
        if self.untold:
            self.last = (statement, None)
            return
        line = None
        file = self.file
        if file is not None:
            at = sys._getframe(1)
            while at is not None:
                if at.f_code.co_filename == file:
                    line = at.f_lineno
                    break
                at = at.f_back
        self.last = (statement, line)
        message = {
            "op": "statement",
            "sql": clip(statement, MAX_SQL),
            "parameters": _texts(parameters, executemany),
            "line": line,
        }
        data = self._facts(conn, context) + frame(message)
        with self.lock:
            self.count += 1
            self.bytes += len(data)
            if self.count > MAX_STATEMENTS or self.bytes > MAX_BYTES:
                self.opaque = True
                return
        self.channel.send_bytes(data)

    def _facts(self, conn, context):
        """Frames of their own, before the statement that shows them."""
        try:
            facts = self.declared.facts(conn, context)
            return b"".join(frame({"op": "declared", "fact": fact}) for fact in facts)
        except Exception:
            # The migration must not fail over what we would like to know of it.
            return b""

    def _after(self, conn, cursor, statement, parameters, context, executemany):
        self._ran()

    def _error(self, context):
        self._ran()

    def _ran(self):
        if self.untold:
            self.untold = False
            return
        if self.channel is not None and not self.count > MAX_STATEMENTS and os.getpid() == self.pid:
            self.channel.send_bytes(RAN)

    # Ways past SQLAlchemy. What they send is not seen, so all that can be said is that something may be missing.

    def _wrap_cursor(self, fairy):
        cursor = fairy.cursor

        def watched(connection, *args, **kwargs):
            if self.stepping and not _is_plumbing(sys._getframe(1)):
                self.opaque = True
            return cursor(connection, *args, **kwargs)

        fairy.cursor = watched

    def _wrap_connects(self):
        for name in CONNECTING:
            module = sys.modules.get(name)
            if module is not None and hasattr(module, "connect"):
                module.connect = self._watched_connect(module.connect)

    def _watched_connect(self, connect):
        def watched(*args, **kwargs):
            if self.stepping and not _is_plumbing(sys._getframe(1)):
                self.opaque = True
            return connect(*args, **kwargs)

        return watched

    def _audit(self, event, args):
        if not self.stepping:
            return
        if event == "sqlite3.connect":
            if not _is_plumbing(sys._getframe(1)):
                self.opaque = True
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            self.opaque = True


def _without_durability(connection, record):
    """SQLite need not wait for a disk: a database that a crash tears is thrown away."""
    if "sqlite" not in type(connection).__module__:
        return
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()
    except Exception:
        # Inside a transaction it cannot be said, and then it is only slower.
        pass


def _is_plumbing(at):
    return at.f_globals.get("__name__", "").startswith(PLUMBING)


def _texts(parameters, executemany):
    texts = []
    room = MAX_PARAMETERS
    for row in parameters if executemany else (parameters,):
        values = row.values() if isinstance(row, dict) else row
        for value in values or ():
            text = _text(value)
            room -= len(text) + 4
            if room < 0:
                return texts
            texts.append(text)
    return texts


def _text(value):
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value[:MAX_PARAMETER]).hex()
    try:
        return clip(value, MAX_PARAMETER)
    except Exception:
        return "<%s>" % type(value).__name__
