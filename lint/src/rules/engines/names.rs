//! MRT826 and MRT827: names that an engine does not take.

use mrt_chain::settings::EngineKind;

use super::reserved;
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::Kind;
use crate::rules::{Case, Check, Findings, Rule, Shows};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule {
        code: "MRT826",
        name: "reserved word as a name",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Failure],
        about: "SQL names a table or column without quotes by a word that the engine reserves: the statement does not parse. Each engine \
                has words of its own (`rank`, `groups` and `system` on MySQL, `user` and `offset` on PostgreSQL). Quote it, or let \
                Alembic's own operations do it, which know the words.",
        bad: "def upgrade():\n    op.execute(\"CREATE TABLE user (id INTEGER)\")\n\n\n\
              def downgrade():\n    op.execute('DROP TABLE \"user\"')\n",
        good: "def upgrade():\n    op.execute('CREATE TABLE \"user\" (id INTEGER)')\n\n\n\
               def downgrade():\n    op.execute('DROP TABLE \"user\"')\n",
        check: Check::Migration(reserved_word),
    },
    Rule {
        code: "MRT827",
        name: "name too long",
        severity: Severity::Error,
        engines: &[
            EngineKind::MySql,
            EngineKind::Postgres,
            EngineKind::MariaDb,
            EngineKind::SqlServer,
            EngineKind::Oracle,
        ],
        shows: &[Shows::Schema, Shows::Failure],
        about: "A name is longer than the engine takes: 63 bytes on PostgreSQL, 64 characters on MySQL and MariaDB, 128 on SQL Server and \
                Oracle. PostgreSQL cuts it without a word, so that two names may become one (a note), but for indexes and constraints, which \
                SQLAlchemy refuses unless `op.f` or a naming convention gives the name; the others refuse it. Choose a shorter name.",
        bad: "def upgrade():\n    op.create_table(\"a_table_of_things_that_somebody_has_collected_over_a_good_many_years\", \
              sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"a_table_of_things_that_somebody_has_collected_over_a_good_many_years\")\n",
        good: "def upgrade():\n    op.create_table(\"collected_things\", sa.Column(\"id\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_table(\"collected_things\")\n",
        check: Check::Migration(too_long),
    },
];

fn reserved_word(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::both(case) {
        let mut told: Vec<&str> = Vec::new();
        for name in operation.said.bare.iter().filter(|name| reserved::is_reserved(name, case.engine)) {
            if !told.contains(&name.as_str()) {
                told.push(name);
                findings.add_as(
                    certainly(!operation.conditional),
                    operation.line,
                    format!(
                        "`{name}` is a reserved word of {}: as a name it needs quotes, or the statement does not parse; quote it",
                        case.engine.title()
                    ),
                );
            }
        }
    }
}

fn too_long(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (most, unit) = match case.engine {
        EngineKind::Postgres => (63, "bytes"),
        EngineKind::MySql | EngineKind::MariaDb => (64, "characters"),
        EngineKind::SqlServer => (128, "characters"),
        EngineKind::Oracle => (128, "bytes"),
        EngineKind::Sqlite => return,
    };
    for operation in super::both(case) {
        for Name { text, is_constraint } in made(&operation.kind) {
            let length = if unit == "bytes" { text.len() } else { text.chars().count() };
            if length <= most {
                continue;
            }
            let is_call = super::is_call(operation);
            if is_call && is_constraint && operation.said.fitted.iter().any(|own| own == text) {
                continue;
            }
            // SQLAlchemy looks at the names of indexes and constraints; of others the server cuts every mention in the same way.
            let is_cut = case.engine == EngineKind::Postgres && !(is_call && is_constraint);
            let (severity, what) = match (is_cut, operation.conditional) {
                (true, _) => (Severity::Note, "is cut without a word, and may become that of another"),
                (false, true) => continue,
                (false, false) => (Severity::Error, "is refused"),
            };
            findings.add_as(
                severity,
                operation.line,
                format!(
                    "`{text}` has {length} {unit}, and {} takes {most}: it {what}; choose a shorter name",
                    case.engine.title()
                ),
            );
        }
    }
}

struct Name<'a> {
    text: &'a str,
    is_constraint: bool,
}

/// The names that a step gives.
fn made(kind: &Kind) -> Vec<Name<'_>> {
    fn last(name: &str) -> &str {
        name.rsplit('.').next().unwrap_or(name)
    }
    let thing = |text| Name { text, is_constraint: false };
    let constraint = |text| Name { text, is_constraint: true };
    match kind {
        Kind::CreateTable { table, columns, constraints, indexes, .. } => {
            let mut names = vec![thing(last(table))];
            names.extend(columns.iter().map(|column| thing(&column.name)));
            let keys = columns.iter().flat_map(|column| &column.foreign_keys);
            names
                .extend(constraints.iter().chain(keys).filter_map(|own| own.name.as_deref()).map(constraint));
            names.extend(indexes.iter().filter_map(|index| index.name.as_deref()).map(constraint));
            names
        }
        Kind::RenameTable { to, .. } => vec![thing(last(to))],
        Kind::AddColumn { column, .. } => vec![thing(&column.name)],
        Kind::AlterColumn { change, .. } => change.name.as_deref().map(thing).into_iter().collect(),
        Kind::CreateIndex { index, .. } => index.name.as_deref().map(constraint).into_iter().collect(),
        Kind::CreateConstraint { constraint: own, .. } => {
            own.name.as_deref().map(constraint).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
