//! The reader of Python: small migrations, and what they do.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::graph::RevisionFile;
use mrt_chain::settings::EngineKind;
use mrt_lint::library::Library;
use mrt_lint::migration;
use mrt_lint::source::Source;

fn steps(engine: EngineKind, body: &str) -> String {
    let text = format!(
        "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"r1\"\ndown_revision = None\n{body}"
    );
    let file = RevisionFile { path: "r1.py".into(), display: "r1.py".to_owned() };
    let read = migration::read(&file, &Source::new(text), &[engine], &Library::default()).unwrap();
    let (_, steps) = read.steps.first().unwrap();
    let lines = |operations: &[mrt_lint::operation::Operation]| {
        operations.iter().map(|operation| format!("{operation}\n")).collect::<String>()
    };
    match &steps.downgrade {
        Some(down) => format!("{}--\n{}", lines(&steps.upgrade), lines(down)),
        None => lines(&steps.upgrade),
    }
}

macro_rules! reads {
    ($name:ident, $engine:ident, $body:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(steps(EngineKind::$engine, $body));
        }
    };
}

reads!(
    helpers_are_followed_with_their_arguments,
    Postgres,
    r#"
def add(table, name, ty=sa.Integer()):
    op.add_column(table, sa.Column(name, ty, nullable=True))


def upgrade():
    add("users", "score")
    add("users", name="note", ty=sa.String(length=20))


def downgrade():
    for column in ("note", "score"):
        op.drop_column("users", column)
"#
);

reads!(
    loops_go_over_what_is_known,
    Postgres,
    r#"
TABLES = ["a", "b"]
NEW = {"x": sa.Integer(), "y": sa.Text()}


def upgrade():
    for number, table in enumerate(TABLES):
        for name, ty in NEW.items():
            op.add_column(table, sa.Column(f"{name}_{number}", ty))
    for number in range(2):
        op.execute("DELETE FROM part_%d" % number)
    [op.drop_index(f"ix_{table}", table_name=table) for table in TABLES]
"#
);

reads!(
    texts_are_put_together,
    Sqlite,
    r#"
from textwrap import dedent

TABLE = "users"


def upgrade():
    op.execute("UPDATE " + TABLE + " SET a = 1 WHERE b = 2")
    op.execute("UPDATE {} SET {column} = 1".format(TABLE, column="c"))
    op.execute(sa.text(dedent(f"""
        DELETE FROM {TABLE}
    """)))
    columns = ", ".join(["id", "name"])
    op.execute(f"INSERT INTO copy ({columns}) SELECT {columns} FROM {TABLE}")
    op.execute(f"UPDATE {TABLE} SET a = {unknown_at_all} WHERE id = 1")
    op.execute(f"DROP TABLE {unknown_at_all}")
"#
);

reads!(
    branches_on_the_engine_are_taken_or_not,
    Postgres,
    r#"
def upgrade():
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute("CREATE TYPE mood AS ENUM ('sad')")
    elif bind.dialect.name in ("mysql", "sqlite"):
        op.drop_table("never")
    else:
        op.drop_table("never")
    if op.get_context().dialect.name != "postgresql":
        return
    op.drop_table("old")
"#
);

reads!(
    unknown_branches_make_operations_doubtful,
    Postgres,
    r#"
def upgrade():
    inspector = sa.inspect(op.get_bind())
    if "users" in inspector.get_table_names():
        op.drop_table("users")
    if inspector.has_table("done"):
        return
    try:
        op.drop_index("ix", table_name="t")
    except Exception:
        op.execute("DROP INDEX IF EXISTS ix_other")
    op.drop_table("after_return")


def downgrade():
    raise NotImplementedError
"#
);

reads!(
    batches_connections_and_autocommit,
    Sqlite,
    r#"
def upgrade():
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("phone")
        batch_op.alter_column("name", existing_type=sa.String(10), type_=sa.String(20), nullable=False)
        batch_op.create_index(batch_op.f("ix_users_name"), ["name"], unique=True)
        batch_op.create_foreign_key("fk", "teams", ["team_id"], ["id"], ondelete="CASCADE")
        batch_op.drop_constraint("uq", type_="unique")
    conn = op.get_bind()
    conn.execute(sa.text("DELETE FROM users WHERE id = :id"), {"id": 1})
    with op.get_context().autocommit_block():
        op.create_index("ix", "users", ["a", sa.text("lower(b)")], postgresql_concurrently=True)
"#
);

reads!(
    statements_of_sqlalchemy,
    Postgres,
    r#"
users = sa.table("users", sa.column("id"), sa.column("tier"))


def upgrade():
    op.execute(users.update().where(users.c.id == 1).values(tier="gold"))
    op.execute(sa.delete(users))
    op.get_bind().execute(sa.insert(users).values({"tier": "x"}))
    op.bulk_insert(users, [{"id": 1}])
    rows = op.get_bind().execute(sa.select(users.c.id)).fetchall()
    for row in rows:
        op.get_bind().execute(sa.update(users).values({users.c.tier: row.tier}))
"#
);

reads!(
    enums_make_and_drop_their_types,
    Postgres,
    r#"
from sqlalchemy.dialects import postgresql

mood = postgresql.ENUM("sad", "glad", name="mood", create_type=False)


def upgrade():
    mood.create(op.get_bind(), checkfirst=True)
    op.create_table("people", sa.Column("mood", mood), sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("ALTER TYPE mood ADD VALUE 'bored'")


def downgrade():
    op.drop_table("people")
    sa.Enum(name="mood").drop(op.get_bind())
"#
);

reads!(
    code_of_other_files_is_opaque,
    Postgres,
    r#"
from shop.migrations import helpers
from shop.types import Money


def upgrade():
    helpers.drop_safely("users")
    op.add_column("users", sa.Column("price", Money()))
    op.add_column(*helpers.columns())
    op.create_something("x")
"#
);

reads!(
    recursion_ends,
    Postgres,
    r#"
def again(n):
    op.drop_table(f"t{n}")
    again(n + 1)


def upgrade():
    while True:
        op.drop_table("once")
    again(23)
"#
);

reads!(
    several_statements_in_one_text,
    MySql,
    r#"
def upgrade():
    op.execute("""
        ALTER TABLE users MODIFY name VARCHAR(20) NOT NULL DEFAULT 'x', DROP COLUMN a, ADD COLUMN b INT;
        CREATE UNIQUE INDEX ux ON users (name);
        -- a comment; with a semicolon
        RENAME TABLE a TO b;
        SET foreign_key_checks = 0;
    """)
    op.execute("CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.a = 1; SET NEW.b = 2; END")
    op.execute("CALL anything()")
"#
);

reads!(
    parts_of_lists_and_functions_with_arguments,
    Postgres,
    r#"
from functools import partial

NAMES = ("c", "a", "b")
TYPES = {"y": sa.Integer(), "x": sa.Text()}
add = partial(op.add_column, "t")


def upgrade():
    for name in NAMES[:1] + NAMES[-1:]:
        op.drop_column("t", name)
    for name, ty in sorted(TYPES.items()):
        add(sa.Column(name, ty))


def downgrade():
    for name in sorted(TYPES, reverse=True):
        op.drop_column("t", name)
    for name in NAMES[::-1]:
        op.drop_index(name)
    for number in range(4, -1, -2):
        op.drop_table(f"t{number}")
"#
);

reads!(
    cases_are_taken_or_not,
    MySql,
    r#"
def upgrade():
    match op.get_bind().dialect.name:
        case "postgresql":
            op.drop_table("a")
        case "sqlite" | "mysql" as name:
            op.drop_table(name)
        case _:
            op.drop_table("b")
    match len(op.get_bind().execute("SELECT 1")):
        case 0:
            op.drop_table("c")
        case _:
            op.drop_table("d")
"#
);

reads!(
    objects_of_sqlalchemy_make_themselves,
    Postgres,
    r#"
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex

tags = sa.Table("tags", sa.MetaData(), sa.Column("name", sa.String(20)), schema="audit")


def upgrade():
    op.execute(CreateTable(tags))
    op.execute(CreateIndex(sa.Index("ix_tags", tags.c.name, unique=True)))
    ENUM("a", name="mood").create(op.get_bind())
    op.execute(open("x.sql").read())


def downgrade():
    sa.Index("ix_tags", tags.c.name).drop(op.get_bind())
    tags.drop(op.get_bind(), checkfirst=True)
"#
);

reads!(
    names_of_a_star_come_from_there,
    Postgres,
    r#"
from shop.helpers import *


def upgrade():
    for number in range(1):
        add_columns("users", number)


def downgrade():
    print("nothing")
"#
);

reads!(
    what_a_function_may_give_early_is_not_forgotten,
    Postgres,
    r#"
def has_column(table, name):
    for column in sa.inspect(op.get_bind()).get_columns(table):
        if column["name"] == name:
            return True
    return False


def has_index(table, name):
    try:
        return name in sa.inspect(op.get_bind()).get_indexes(table)
    except Exception:
        return False


def always(table):
    if op.get_bind().whatever():
        return True
    return True


def upgrade():
    if not has_column("t", "a"):
        op.add_column("t", sa.Column("a", sa.Text()))
    if always("t"):
        op.create_index("ix", "t", ["a"])


def downgrade():
    if has_index("t", "ix"):
        op.drop_index("ix")
    if has_column("t", "a"):
        op.drop_column("t", "a")
"#
);

reads!(
    arguments_by_name_are_handed_on,
    Postgres,
    r#"
def create(name, *columns, **options):
    op.create_table(name, *columns, **options)


def upgrade():
    create("t", sa.Column("id", sa.Integer()), schema="audit", if_not_exists=True)
    create("u", **dict(open("x")))
"#
);

reads!(
    statements_behind_a_routine_are_statements,
    MySql,
    r#"
def upgrade():
    op.execute("""
        DROP PROCEDURE IF EXISTS p;
        CREATE PROCEDURE p()
        BEGIN
            IF EXISTS (SELECT 1 FROM t) THEN
                DELETE FROM t;
            END IF;
            UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END;
        END;
        CALL p();
        DROP PROCEDURE p;
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
        DROP TABLE u;
    """)
    op.execute("BEGIN; DROP TABLE v; COMMIT")
"#
);

reads!(
    statements_behind_a_function_are_statements,
    Postgres,
    r#"
def upgrade():
    op.execute("""
        CREATE FUNCTION touch() RETURNS trigger AS $$
        BEGIN
            NEW.at = now();
            RETURN NEW;
        END;
        $$ LANGUAGE plpgsql;
        CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
        DROP TABLE u;
    """)
    op.execute("""
        CREATE FUNCTION two() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
        DROP TABLE v;
    """)
    op.execute("BEGIN; DROP TABLE w; COMMIT")
"#
);

reads!(
    what_stands_around_a_function_may_keep_it_from_running,
    MySql,
    r#"
from contextlib import contextmanager
from shop import retried


def only_on(name):
    def around(function):
        def run():
            if op.get_bind().dialect.name == name:
                function()
        return run
    return around


@only_on("postgresql")
def drop():
    op.drop_index("ix")


@contextmanager
def without_keys():
    op.drop_table("keys")
    yield


@retried
def upgrade():
    drop()
    with without_keys():
        op.drop_table("t")
"#
);
