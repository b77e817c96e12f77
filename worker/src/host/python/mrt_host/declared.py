"""What Python knows of columns and the database does not: the labels of an Enum without a CHECK.

To the database such a column is plain text; a program that reads another word from it fails. The revision shows the
labels when it makes the column (DDL), or when it reads the table through a model of its own. What it writes through
one says nothing of the words that are there.
"""

MAX_LABELS = 1000
MAX_LABEL = 1 << 10
# Alembic's batch mode builds a table anew under this prefix and then renames it.
BATCH = "_alembic_tmp_"
# Compiled statements whose facts were told already; SQLAlchemy caches and reuses them.
MAX_TOLD = 1000
# Parts of one statement that are looked at; an INSERT may have very many.
MAX_PARTS = 20000


class Declared:
    """Finds facts in compiled statements, and tells each only once until the schema changes."""

    def __init__(self):
        self.begin()

    def begin(self):
        self.compiled = {}
        self.told = set()

    def facts(self, connection, context):
        """What the statement that is about to run declares, in order."""
        compiled = getattr(context, "compiled", None)
        statement = getattr(compiled, "statement", None)
        if statement is None:
            return []
        if context.isddl:
            self.begin()
            return list(_of_ddl(connection, statement))
        known = id(compiled) in self.compiled or len(self.compiled) >= MAX_TOLD
        if known or not getattr(statement, "is_select", False):
            return []
        # Holding it keeps its id from being given to another.
        self.compiled[id(compiled)] = compiled
        new = []
        for fact in _of_query(connection, statement):
            key = repr(fact)
            if key not in self.told:
                self.told.add(key)
                new.append(fact)
        return new


def _of_ddl(connection, statement):
    from alembic.ddl.base import AddColumn
    from sqlalchemy.schema import CreateTable

    dialect = connection.dialect
    if isinstance(statement, CreateTable):
        table = statement.element
        schema, name = _schema(connection, table), str(table.name)
        batch = name.startswith(BATCH)
        name = name[len(BATCH) :] if batch else name
        if not batch:
            yield {"is": "created", "schema": schema, "table": name}
        for column in table.columns:
            # A batch renames a column and leaves its key.
            if batch and column.key != column.name:
                yield _renamed(schema, name, str(column.key), str(column.name))
            labels = _labels(column.type, dialect)
            if labels is not None:
                yield _fact(schema, name, column.name, labels, True)
        return
    name = getattr(statement, "table_name", None)
    if name is None:
        return
    schema, name = _named(connection, getattr(statement, "schema", None)), str(name)
    if isinstance(statement, AddColumn):
        column = statement.column
        yield _fact(schema, name, column.name, _labels(column.type, dialect), True)
    elif getattr(statement, "type_", None) is not None:
        yield _fact(schema, name, statement.column_name, _labels(statement.type_, dialect), True)


def _of_query(connection, statement):
    for table in _tables(statement):
        schema = _schema(connection, table)
        for column in table.c:
            labels = _labels(column.type, connection.dialect)
            if labels is not None:
                yield _fact(schema, str(table.name), column.name, labels, False)


def _tables(statement):
    """The tables of which anything stands in a statement, in the order of the text."""
    from sqlalchemy.sql import visitors
    from sqlalchemy.sql.expression import TableClause

    seen, queue = set(), [statement]
    while queue:
        for part in visitors.iterate(queue.pop(0), {}):
            if id(part) in seen:
                continue
            if len(seen) >= MAX_PARTS:
                return
            seen.add(id(part))
            if isinstance(part, TableClause):
                yield part
                continue
            # A column knows its table; an alias or a subquery what it is of.
            for name in ("table", "element"):
                of = getattr(part, name, None)
                if of is not None and hasattr(of, "c"):
                    queue.append(of)


def _labels(type_, dialect):
    """The labels as the database stores them, or None when the type has none. Whether the database knows them too
    is not asked: who uses them sees the column.
    """
    from sqlalchemy.types import Enum, TypeDecorator

    for _ in range(8):
        variant = (getattr(type_, "_variant_mapping", None) or {}).get(dialect.name)
        if variant is not None and variant is not type_:
            type_ = variant
        elif isinstance(type_, TypeDecorator):
            type_ = type_.load_dialect_impl(dialect)
        else:
            break
    if not isinstance(type_, Enum):
        return None
    labels = list(type_.enums)
    if not labels or len(labels) > MAX_LABELS:
        return None
    if not all(isinstance(label, str) and len(label) <= MAX_LABEL for label in labels):
        return None
    return [str(label) for label in labels]


def _fact(schema, table, column, labels, made):
    return {
        "is": "labels",
        "schema": schema,
        "table": table,
        "column": str(column),
        "labels": labels,
        "made": made,
    }


def _renamed(schema, table, old, new):
    return {"is": "renamed", "schema": schema, "table": table, "from": old, "to": new}


def _schema(connection, table):
    try:
        return _named(connection, connection.schema_for_object(table))
    except AttributeError:
        return _named(connection, getattr(table, "schema", None))


def _named(connection, schema):
    """As the worker names schemas: the default one has no name."""
    return None if schema is None or schema == connection.dialect.default_schema_name else str(schema)
