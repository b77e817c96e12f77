//! MRT3xx: names, types and labels.

use mrt_chain::settings::EngineKind;

use super::downgrade::writes;
use super::{Case, Check, Findings, Rule, Shows};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind, Operation, Setting, Written};
use crate::undo::{Gap, Loss, Object, Part};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT301",
        name: "table not renamed back",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
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
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
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
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
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
        shows: &[Shows::Schema],
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
            // What Django renames it renames back.
            Kind::RenameTable { from, to }
                if Object::table(from) == gap.object && operation.written != Written::Django =>
            {
                Some((operation.line, to))
            }
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
            && operation.written != Written::Django
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
    letters_refused(case, findings);
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
        if case.engine == EngineKind::Sqlite && affinity(&old) == affinity(&ty.text) {
            continue;
        }
        if let (Some(one), Some(other)) =
            (zone(&case.migration.upgrade, &object), zone(case.migration.down(), &object))
            && one != other
        {
            findings.add_as(
                certainly(!operation.conditional),
                operation.line,
                format!("`{object}` is read as times of `{one}` on the way up and of `{other}` on the way back: every value shifts; use one time zone"),
            );
            continue;
        }
        let (up, down) = (is_wider(&old, &ty.text), is_wider(&ty.text, &old));
        // What USING cuts is lost on the way up; on the way back nothing of what was there before is.
        let refused_up = !up && !is_prepared(&case.migration.upgrade, &object, &[]);
        let refused_down = !down && !is_prepared(case.migration.down(), &object, CUTS);
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

/// A column gets more letters than it comes back with.
fn letters_refused(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let Some(Setting::Is(letters)) = change.options.get("character set") else { continue };
        let object = Object::column(table, column);
        let comes_back = case.migration.down().iter().any(|down| match &down.kind {
            Kind::AlterColumn { table, column, change } => {
                let said = change.options.get("character set");
                Object::column(table, column) == object
                    && change.restated
                    && said != Some(&Setting::Is(letters.clone()))
            }
            _ => false,
        });
        if comes_back && letters.starts_with("utf") && !is_prepared(case.migration.down(), &object, CUTS) {
            findings.add_as(
                Severity::Warning,
                operation.line,
                format!("`{object}` may have letters of `{letters}` by the time that it goes back to another character set, which refuses them; look after them before"),
            );
        }
    }
}

/// Functions that make values fit.
const CUTS: &[&str] =
    &["left(", "left (", "substr", "least", "greatest", "round", "nullif", "coalesce", "trunc"];

/// The time zone by which a step reads the times of a column.
fn zone(operations: &[Operation], column: &Object) -> Option<String> {
    operations.iter().find_map(|operation| match &operation.kind {
        Kind::AlterColumn { table, column: own, change } if Object::column(table, own) == *column => {
            let text = change.using.as_ref()?.to_lowercase();
            let (_, zone) = text.split_once("at time zone")?;
            let zone = zone.trim();
            zone.starts_with('\'').then(|| zone.trim_matches(['\'', ')', ' ']).to_owned())
        }
        _ => None,
    })
}

/// Whether a step looks after the values before it changes a type: by writing to the table. USING alone may cut
/// them without a word.
fn is_prepared(operations: &[Operation], column: &Object, cuts: &[&str]) -> bool {
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
    let cast = change.and_then(|at| match &operations[at].kind {
        Kind::AlterColumn { change, .. } => change.using.as_deref(),
        _ => None,
    });
    // More than a cast says what becomes of values that do not fit.
    let says_how = cast.is_some_and(|text| {
        let text = text.to_lowercase();
        ["case ", "at time zone", "to_"].iter().chain(cuts).any(|word| text.contains(word))
    });
    change.is_none_or(|at| says_how || operations[..at].iter().any(written))
}

/// Whether every value of one type is a value of the other.
pub(super) fn is_wider(from: &str, to: &str) -> bool {
    if let (Some(from), Some(to)) = (labels(from), labels(to)) {
        return from.iter().all(|label| to.contains(label));
    }
    let (from, to) = match (from.strip_suffix(" UNSIGNED"), to.strip_suffix(" UNSIGNED")) {
        (Some(from), Some(to)) => (from, to),
        _ => (from, to),
    };
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

/// SQLite keeps every value as it is, whatever the size; a rebuild casts where the kind of values is another.
fn affinity(ty: &str) -> &'static str {
    let ty = ty.to_uppercase();
    let has = |word: &str| ty.contains(word);
    if has("INT") {
        "integer"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "text"
    } else if has("BLOB") {
        "blob"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "real"
    } else {
        "numeric"
    }
}

/// The labels of an ENUM or SET that stands in its column.
fn labels(ty: &str) -> Option<Vec<&str>> {
    let inner = ty.strip_prefix("ENUM(").or_else(|| ty.strip_prefix("SET("))?.strip_suffix(')')?;
    Some(inner.split(',').map(|label| label.trim().trim_matches('\'')).collect())
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
