//! MRT85x: an `env.py` under which migrations deserve less trust.

use mrt_chain::settings::EngineKind;

use super::{Check, Findings, Rule};
use crate::environment::{Environment, Given};
use crate::finding::Severity;

const GOOD: &str = "from alembic import context\n\n\
    with engine.connect() as connection:\n    context.configure(\n        connection=connection,\n        target_metadata=metadata,\n        \
    compare_server_default=True,\n        render_as_batch=True,\n        transaction_per_migration=True,\n    )\n    \
    with context.begin_transaction():\n        context.run_migrations()\n";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT851",
        name: "types are not compared",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "`env.py` says `compare_type=False`: autogenerate and `alembic check` do not see when a column of the models has another type \
                than that of the migrations. Alembic compares types by itself since 1.12; leave the option away, or give a function \
                that leaves out what it must.",
        bad: "from alembic import context\n\n\
              context.configure(connection=connection, target_metadata=metadata, compare_type=False, compare_server_default=True)\n",
        good: GOOD,
        check: Check::Environment(types),
    },
    Rule {
        code: "MRT852",
        name: "server defaults are not compared",
        severity: Severity::Note,
        engines: &[],
        shows: &[],
        about: "`env.py` does not say `compare_server_default=True`, and Alembic does not compare server defaults by itself: a default that a \
                migration forgets or loses is seen by nobody. Say it, or give a function where an engine spells defaults in its own way.",
        bad: "from alembic import context\n\ncontext.configure(connection=connection, target_metadata=metadata)\n",
        good: GOOD,
        check: Check::Environment(defaults),
    },
    Rule {
        code: "MRT853",
        name: "objects hidden from comparison",
        severity: Severity::Note,
        engines: &[],
        shows: &[],
        about: "`env.py` gives `include_object` or `include_name`: what that function leaves out, autogenerate and `alembic check` compare with \
                nothing. Leave out by exact names what belongs to others (the tables of an extension), and nothing by a pattern.",
        bad: "from alembic import context\n\n\n\
              def include_object(object, name, type_, reflected, compare_to):\n    return not name.startswith(\"old_\")\n\n\n\
              context.configure(\n    connection=connection,\n    target_metadata=metadata,\n    compare_server_default=True,\n    \
              include_object=include_object,\n)\n",
        good: GOOD,
        check: Check::Environment(filters),
    },
    Rule {
        code: "MRT854",
        name: "no batches for SQLite",
        severity: Severity::Note,
        engines: &[EngineKind::Sqlite],
        shows: &[],
        about: "The suite runs on SQLite, and `env.py` does not say `render_as_batch=True`: autogenerate writes ALTERs that SQLite does not have. \
                Say it; on other engines a batch is an ALTER as before.",
        bad: "from alembic import context\n\n\
              context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)\n",
        good: GOOD,
        check: Check::Environment(batches),
    },
    Rule {
        code: "MRT855",
        name: "one transaction around revisions that leave it",
        severity: Severity::Note,
        engines: &[EngineKind::Postgres],
        shows: &[],
        about: "A revision leaves its transaction (`autocommit_block`), which commits everything before it, and `env.py` does not say \
                `transaction_per_migration=True`: revisions that ran before in the same upgrade are committed in its middle, and a later \
                failure does not take them back. Say it, so that each revision has a transaction of its own.",
        bad: "from alembic import context\n\ncontext.configure(connection=connection)\n\
              # the next revision\ndef upgrade():\n    with op.get_context().autocommit_block():\n        \
              op.create_index(\"ix_email\", \"users\", [\"email\"], postgresql_concurrently=True)\n\n\n\
              def downgrade():\n    op.drop_index(\"ix_email\", table_name=\"users\")\n",
        good: GOOD,
        check: Check::Environment(transactions),
    },
    Rule {
        code: "MRT856",
        name: "two version tables",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "`env.py` names another `version_table` or `version_table_schema` for SQL that it writes (`--sql`) than for a database that it \
                works on: a database that was brought forth by such SQL seems to have no revision, and gets all of them a second time. \
                Give both calls of `context.configure` the same.",
        bad: "from alembic import context\n\n\
              if context.is_offline_mode():\n    context.configure(url=\"postgresql://\", version_table=\"shop_version\")\nelse:\n    \
              context.configure(connection=connection)\n",
        good: GOOD,
        check: Check::Environment(version_tables),
    },
    Rule {
        code: "MRT857",
        name: "transactional DDL where the engine says otherwise",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "`env.py` says `transactional_ddl=False` in a suite with PostgreSQL or SQL Server, where a migration that fails would otherwise \
                leave nothing behind, or `True` with MySQL, MariaDB or Oracle, which commit at each CREATE, ALTER and DROP whatever is said. \
                Leave it away: Alembic knows its engines.",
        bad: "from alembic import context\n\ncontext.configure(connection=connection, transactional_ddl=False)\n",
        good: GOOD,
        check: Check::Environment(transactional_ddl),
    },
    Rule {
        code: "MRT858",
        name: "migrations without a transaction",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres, EngineKind::SqlServer],
        shows: &[],
        about: "`env.py` connects with `isolation_level=\"AUTOCOMMIT\"`: each statement is committed at once, and a migration that fails stays half \
                done. Leave it away, and put statements that want no transaction into `autocommit_block()`.",
        bad: "from alembic import context\n\n\
              engine = create_engine(url, isolation_level=\"AUTOCOMMIT\")\ncontext.configure(connection=engine.connect())\n",
        good: GOOD,
        check: Check::Environment(autocommit),
    },
];

fn types(environment: &Environment, findings: &mut Findings<'_>) {
    for line in environment.comparing().filter_map(|configure| configure.line_of("compare_type", false)) {
        findings.add(line, "`compare_type` is off: nobody sees when a model's type is not that of its migrations; leave it away");
    }
}

fn defaults(environment: &Environment, findings: &mut Findings<'_>) {
    for configure in environment.comparing() {
        let off = configure.line_of("compare_server_default", false);
        if let Some(line) =
            off.or_else(|| configure.lacks("compare_server_default").then_some(configure.line))
        {
            findings.add(
                line,
                "`compare_server_default` is not on: nobody sees when a server default is lost; say `compare_server_default=True`",
            );
        }
    }
}

fn filters(environment: &Environment, findings: &mut Findings<'_>) {
    for configure in environment.comparing() {
        for option in ["include_object", "include_name"] {
            if let Some((given, line)) = configure.get(option)
                && !matches!(given, Given::Nothing)
            {
                findings.add(
                    *line,
                    format!("`{option}` hides what it leaves out from autogenerate and `alembic check`; leave out exact names alone"),
                );
            }
        }
    }
}

fn batches(environment: &Environment, findings: &mut Findings<'_>) {
    for configure in environment.comparing() {
        let off = configure.line_of("render_as_batch", false);
        if let Some(line) = off.or_else(|| configure.lacks("render_as_batch").then_some(configure.line)) {
            findings.add(line, "`render_as_batch` is not on, and autogenerate writes ALTERs that SQLite does not have; say `render_as_batch=True`");
        }
    }
}

fn transactions(environment: &Environment, findings: &mut Findings<'_>) {
    if !environment.leaves_transactions {
        return;
    }
    for configure in environment.online() {
        let off = configure.line_of("transaction_per_migration", false);
        if let Some(line) =
            off.or_else(|| configure.lacks("transaction_per_migration").then_some(configure.line))
        {
            findings.add(
                line,
                "`transaction_per_migration` is not on, and a revision commits in the middle (`autocommit_block`): what ran before it in \
                 the same upgrade is committed too; say `transaction_per_migration=True`",
            );
        }
    }
}

fn version_tables(environment: &Environment, findings: &mut Findings<'_>) {
    for option in ["version_table", "version_table_schema"] {
        for offline in environment.configures.iter().filter(|configure| configure.is_offline()) {
            let differs =
                environment.online().any(|online| match (offline.get(option), online.get(option)) {
                    (Some((Given::Text(one), _)), Some((Given::Text(other), _))) => one != other,
                    (Some((given, _)), None) => !online.open && *given != Given::Nothing,
                    (None, Some((given, _))) => !offline.open && *given != Given::Nothing,
                    _ => false,
                });
            if differs {
                findings.add(
                    offline.get(option).map_or(offline.line, |(_, line)| *line),
                    format!("`{option}` is another one for SQL that is written than for a database; give both calls the same"),
                );
            }
        }
    }
}

fn transactional_ddl(environment: &Environment, findings: &mut Findings<'_>) {
    let has = |engine| environment.engines.contains(&engine);
    for configure in environment.online() {
        if let Some(line) = configure.line_of("transactional_ddl", false)
            && (has(EngineKind::Postgres) || has(EngineKind::SqlServer))
        {
            findings.add(
                line,
                "`transactional_ddl` is off: a migration that fails stays half done; leave it away",
            );
        }
        if let Some(line) = configure.line_of("transactional_ddl", true)
            && [EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle].into_iter().any(has)
        {
            findings.add(
                line,
                "`transactional_ddl` is on, and an engine of the suite commits at each CREATE, ALTER and DROP all the same; leave it away",
            );
        }
    }
}

fn autocommit(environment: &Environment, findings: &mut Findings<'_>) {
    if environment.configures.is_empty() {
        return;
    }
    for line in &environment.autocommits {
        findings.add(
            *line,
            "`isolation_level` is AUTOCOMMIT: a migration that fails stays half done; use `autocommit_block()` where it is needed",
        );
    }
}
