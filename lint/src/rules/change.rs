//! MRT3xx: names, types and labels.

use mrt_chain::settings::EngineKind;

use super::downgrade::writes;
use super::{Case, Check, Findings, Rule};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind, Operation};
use crate::undo::{Gap, Loss, Object, Part};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT301",
        name: "table not renamed back",
        severity: Severity::Error,
        engines: &[],
        about: "`upgrade()` renames a table that `downgrade()` does not rename back: the code that is rolled back looks for the old name.",
        bad: "def upgrade():\n    op.rename_table(\"users\", \"accounts\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.rename_table(\"users\", \"accounts\")\n\n\ndef downgrade():\n    op.rename_table(\"accounts\", \"users\")\n",
        check: Check::Migration(table_renamed),
    },
    Rule {
        code: "MRT302",
        name: "column not renamed back",
        severity: Severity::Error,
        engines: &[],
        about: "`upgrade()` renames a column that `downgrade()` does not rename back.",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\")\n    \
              op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\ndef downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\")\n\n\n\
               def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\")\n",
        check: Check::Migration(column_renamed),
    },
    Rule {
        code: "MRT303",
        name: "type changed",
        severity: Severity::Error,
        engines: &[],
        about: "A column comes back with another type than it had (an error where both are known), or one of the two changes of type \
                can lose or refuse values (a warning): a text that becomes shorter, a text that becomes a number, a number with less \
                room. Keep the old column until nobody rolls back over the change.",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"age\", existing_type=sa.String(10), type_=sa.Integer(), postgresql_using=\"age::int\")\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"age\", existing_type=sa.Integer(), type_=sa.String(5))\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"age_in_years\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"age_in_years\")\n",
        check: Check::Migration(type_changed),
    },
    Rule {
        code: "MRT304",
        name: "label added to an enum",
        severity: Severity::Error,
        engines: &[EngineKind::Postgres],
        about: "PostgreSQL cannot take a label out of an enum type again, so that it stays after the rollback, and the next upgrade \
                fails on it unless it says IF NOT EXISTS. Make the type anew in the downgrade (and say what becomes of rows with the \
                label), or use text with a CHECK.",
        bad: "def upgrade():\n    op.execute(\"ALTER TYPE mood ADD VALUE 'bored'\")\n\n\n\
              def downgrade():\n    op.execute(\"UPDATE people SET mood = 'sad' WHERE mood = 'bored'\")\n",
        good: "def upgrade():\n    op.execute(\"ALTER TABLE people ADD CONSTRAINT mood_known CHECK (mood IN ('sad', 'bored')) NOT VALID\")\n\n\n\
               def downgrade():\n    op.execute(\"ALTER TABLE people DROP CONSTRAINT mood_known\")\n",
        check: Check::Migration(label_added),
    },
];

fn table_renamed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.missing().filter(|gap| gap.object.part == Part::Table) {
        let renamed = case.migration.upgrade.iter().find_map(|operation| match &operation.kind {
            Kind::RenameTable { from, to } if Object::table(from) == gap.object => Some((operation.line, to)),
            _ => None,
        });
        if let Some((line, to)) = renamed {
            findings.add_as(
                certainly(gap.certain),
                line,
                format!(
                    "`{}` becomes `{to}`, and `downgrade()` does not rename it back; rename it back",
                    gap.object
                ),
            );
        }
    }
}

fn column_renamed(case: &Case<'_>, findings: &mut Findings<'_>) {
    let gone =
        |gap: &&Gap| gap.object.part == Part::Column && matches!(gap.loss, Loss::Missing | Loss::Replaced);
    for gap in case.gaps().filter(gone) {
        if gap.loss == Loss::Replaced
            && case
                .migration
                .down()
                .iter()
                .any(|down| writes(&down.kind, &gap.object.table, &gap.object.name))
        {
            continue;
        }
        if let Some(operation) = case.up(gap)
            && let Kind::AlterColumn { table, column, change } = &operation.kind
            && Object::column(table, column) == gap.object
            && let Some(name) = &change.name
        {
            findings.add_as(
                certainly(gap.certain),
                operation.line,
                format!(
                    "`{}` becomes `{name}`, and `downgrade()` does not rename it back; rename it back",
                    gap.object
                ),
            );
        }
    }
}

fn type_changed(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told = Vec::new();
    for gap in case.gaps().filter(|gap| gap.object.part == Part::Column) {
        let Loss::Differs { attribute: "type", before, after } = &gap.loss else { continue };
        told.push(&gap.object);
        let was = before.as_deref().map_or("what it was".to_owned(), |before| format!("`{before}`"));
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!(
                "`{}` comes back as `{after}` and not as {was}; let `downgrade()` restore the type",
                gap.object
            ),
        );
    }
    for operation in &case.migration.upgrade {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let (Some(Some(ty)), object) = (&change.ty, Object::column(table, column)) else { continue };
        let known = case.before.column(table, column).and_then(|facts| facts.get("type").map(str::to_owned));
        let Some(old) = known.or_else(|| change.existing_type.as_ref().map(|ty| ty.text.clone())) else {
            continue;
        };
        if told.contains(&&object) || !case.was_there(&object) || old == ty.text {
            continue;
        }
        let (up, down) = (is_wider(&old, &ty.text), is_wider(&ty.text, &old));
        let refused_up = !up && !is_prepared(&case.migration.upgrade, &object);
        let refused_down = !down && !is_prepared(case.migration.down(), &object);
        let way = match (refused_up, refused_down) {
            (false, false) => continue,
            (false, true) => "on the way back",
            (true, false) => "on the way up",
            (true, true) => "on one of the ways",
        };
        findings.add_as(
            Severity::Warning,
            operation.line,
            format!(
                "`{object}` changes from `{old}` to `{}`: values that do not fit are cut or refused {way}; look at what rows have",
                ty.text
            ),
        );
    }
}

/// Whether a step looks after the values before it changes a type: by writing to the table. USING alone may cut
/// them without a word.
fn is_prepared(operations: &[Operation], column: &Object) -> bool {
    let table = Object::table(&column.table);
    let written = |operation: &Operation| {
        operation.kind.is_opaque() || operation.kind.writes().is_some_and(|own| Object::table(own) == table)
    };
    let change = operations.iter().position(|operation| match &operation.kind {
        Kind::AlterColumn { table, column: own, change } => {
            change.ty.is_some() && Object::column(table, own) == *column
        }
        _ => false,
    });
    change.is_none_or(|at| operations[..at].iter().any(written))
}

/// Whether every value of one type is a value of the other.
pub(super) fn is_wider(from: &str, to: &str) -> bool {
    let (from_word, from_size) = split(from);
    let (to_word, to_size) = split(to);
    let fits = match (from_size, to_size) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(from), Some(to)) => from.len() == to.len() && from.iter().zip(&to).all(|(from, to)| from <= to),
    };
    let text = ["CHAR", "VARCHAR", "TEXT", "MEDIUMTEXT", "LONGTEXT", "CITEXT"];
    let integers = ["SMALLINT", "INTEGER", "BIGINT"];
    let rank = |list: &[&str], word: &str| list.iter().position(|own| *own == word);
    match (rank(&text, from_word), rank(&text, to_word), rank(&integers, from_word), rank(&integers, to_word))
    {
        (Some(from), Some(to), ..) => from <= to && fits,
        (.., Some(from), Some(to)) => from <= to,
        _ => from_word == to_word && fits,
    }
}

fn split(ty: &str) -> (&str, Option<Vec<u32>>) {
    match ty.split_once('(') {
        Some((word, sizes)) => {
            let sizes = sizes.trim_end_matches(')').split(',').map(|size| size.trim().parse().ok());
            (word.trim(), sizes.collect())
        }
        None => (ty, None),
    }
}

fn label_added(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() {
        return;
    }
    for operation in &case.migration.upgrade {
        let Kind::AddEnumValue { name, value } = &operation.kind else { continue };
        let is_it =
            |other: &str| Object::other(ObjectKind::Type, other) == Object::other(ObjectKind::Type, name);
        let remade = case.migration.down().iter().any(|down| match &down.kind {
            Kind::Drop { object: ObjectKind::Type, name: own, .. } => is_it(own),
            Kind::Rename { object: ObjectKind::Type, from, to, .. } => is_it(from) || is_it(to),
            kind => kind.is_opaque(),
        });
        if !remade {
            findings.add_as(
                certainly(!operation.conditional),
                operation.line,
                format!("the label '{value}' stays in `{name}` after the rollback; make the type anew in `downgrade()`"),
            );
        }
    }
}
