//! What only migrations of Django can get wrong, and what people know by its codes there: MRT107, MRT209, MRT411, …

use mrt_chain::settings::EngineKind;

use super::loss::{dropped_columns, dropped_tables, removed_rows};
use super::{Case, Check, Findings, Rule, Shows};
use crate::django::{Django, FieldDefault, Python, Step, What};
use crate::finding::Severity;
use crate::operation::{Kind, Operation, Written};
use crate::undo::Object;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT107",
        name: "RunPython without reverse_code",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::NoWayBack, Shows::Failure],
        about: "`RunPython` has no `reverse_code`: migrating back raises IrreversibleError, there and for everything before it. Write the \
                function that undoes it, or `migrations.RunPython.noop` where there is nothing to undo.",
        bad: "def fill(apps, schema_editor):\n    apps.get_model(\"shop\", \"Order\").objects.update(state=\"new\")\n\n\n\
              class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill),\n    ]\n",
        good: "def fill(apps, schema_editor):\n    apps.get_model(\"shop\", \"Order\").objects.update(state=\"new\")\n\n\n\
               class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n    ]\n",
        check: Check::Migration(python_one_way),
    },
    Rule {
        code: "MRT108",
        name: "RunSQL without reverse_sql",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::NoWayBack, Shows::Failure],
        about: "`RunSQL` has no `reverse_sql`: migrating back raises IrreversibleError, there and for everything before it. Write the SQL \
                that undoes it, or `migrations.RunSQL.noop` where there is nothing to undo.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\"CREATE VIEW open_orders AS SELECT 1\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\n            \
               \"CREATE VIEW open_orders AS SELECT 1\",\n            \"DROP VIEW open_orders\",\n        ),\n    ]\n",
        check: Check::Migration(sql_one_way),
    },
    Rule {
        code: "MRT209",
        name: "field removed",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "`RemoveField` drops the column, and its reverse adds an empty one: the values are gone. Copy them before, with a function \
                that writes them back; or let the model go without the field first (`SeparateDatabaseAndState`), and drop the column in \
                a later release.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RemoveField(\"order\", \"note\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.SeparateDatabaseAndState(\n            \
               state_operations=[migrations.RemoveField(\"order\", \"note\")],\n        ),\n    ]\n",
        check: Check::Migration(field_removed),
    },
    Rule {
        code: "MRT210",
        name: "model deleted",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "`DeleteModel` drops the table with its rows, and its reverse makes an empty one. Take the model away from Django first \
                (`SeparateDatabaseAndState`), or rename its table out of the way, and drop the table in a later release.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.DeleteModel(\"Session\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.SeparateDatabaseAndState(\n            \
               state_operations=[migrations.DeleteModel(\"Session\")],\n        ),\n    ]\n",
        check: Check::Migration(model_deleted),
    },
    Rule {
        code: "MRT211",
        name: "table dropped by RunSQL",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "As MRT210, in the SQL of a `RunSQL`.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\"DROP TABLE sessions\", \"CREATE TABLE sessions (id INT)\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\n            \
               \"ALTER TABLE sessions RENAME TO sessions_archived\",\n            \"ALTER TABLE sessions_archived RENAME TO sessions\",\n        ),\n    ]\n",
        check: Check::Migration(table_dropped_in_sql),
    },
    Rule {
        code: "MRT212",
        name: "rows removed by RunSQL",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows],
        about: "A `RunSQL` empties a table (TRUNCATE), and nothing in the reverse puts its rows back. Copy them to a table of their own \
                before, and insert them again.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\"TRUNCATE TABLE event_log\", \"SELECT 1\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RunSQL(\n            \
               \"ALTER TABLE event_log RENAME TO event_log_old\",\n            \"ALTER TABLE event_log_old RENAME TO event_log\",\n        ),\n    ]\n",
        check: Check::Migration(truncated),
    },
    Rule {
        code: "MRT305",
        name: "model renamed beside a loss",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "One migration renames a model and removes a field or a model: whoever rolls back gets the old names and not the old values, \
                and code of neither release fits what is there in between. Make two migrations of it, in two releases.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RenameModel(\"Order\", \"Purchase\"),\n        \
              migrations.RemoveField(\"purchase\", \"note\"),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RenameModel(\"Order\", \"Purchase\"),\n    ]\n",
        check: Check::Migration(renamed_and_lost),
    },
    Rule {
        code: "MRT411",
        name: "field without a value for older rows",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`AddField` adds a column that is NOT NULL, and neither a default nor `db_default` says what older rows get: it fails where \
                the table has rows. Give it a default (`preserve_default=False` where it is for older rows alone), or `null=True`.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.AddField(\"order\", \"total\", models.IntegerField()),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.AddField(\"order\", \"total\", models.IntegerField(default=0)),\n    ]\n",
        check: Check::Migration(no_value),
    },
    Rule {
        code: "MRT412",
        name: "field that may be NULL no more",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`AlterField` forbids NULL in an older column and has no default to write into rows that have it: it fails where there are \
                such. Give the field a default, or fill the rows in a migration before.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel(\"Order\", [\n            \
              (\"id\", models.AutoField(primary_key=True)),\n            (\"total\", models.IntegerField(null=True)),\n        ]),\n    ]\n\
              # the next revision\nclass Migration(migrations.Migration):\n    operations = [\n        \
              migrations.AlterField(\"order\", \"total\", models.IntegerField()),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel(\"Order\", [\n            \
               (\"id\", models.AutoField(primary_key=True)),\n            (\"total\", models.IntegerField(null=True)),\n        ]),\n    ]\n",
        check: Check::Migration(null_forbidden),
    },
    Rule {
        code: "MRT413",
        name: "index that Django builds under a lock",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        shows: &[],
        about: "`AddIndex` builds the index of an older table while nobody may write to it. `AddIndexConcurrently` of \
                `django.contrib.postgres.operations` lets them, in a migration with `atomic = False`.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        \
              migrations.AddIndex(\"order\", models.Index(fields=[\"total\"], name=\"ix_total\")),\n    ]\n",
        good: CONCURRENTLY,
        check: Check::Migration(index_locks),
    },
    Rule {
        code: "MRT414",
        name: "CONCURRENTLY in an atomic migration",
        severity: Severity::Error,
        engines: &[EngineKind::Postgres],
        shows: &[Shows::Failure],
        about: "PostgreSQL refuses CREATE or DROP INDEX CONCURRENTLY inside of a transaction, in which Django runs a migration unless it \
                says `atomic = False`.",
        bad: "class Migration(migrations.Migration):\n    operations = [\n        \
              AddIndexConcurrently(\"order\", models.Index(fields=[\"total\"], name=\"ix_total\")),\n    ]\n",
        good: CONCURRENTLY,
        check: Check::Migration(concurrently),
    },
    Rule {
        code: "MRT601",
        name: "squashed RunPython without reverse_code",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::NoWayBack, Shows::Failure],
        about: "As MRT107, in a migration that stands for others (`replaces`): none of them can be migrated back any more.",
        bad: "def fill(apps, schema_editor):\n    apps.get_model(\"shop\", \"Order\").objects.update(state=\"new\")\n\n\n\
              class Migration(migrations.Migration):\n    replaces = [(\"shop\", \"0001_old\"), (\"shop\", \"0002_old\")]\n    operations = [\n        \
              migrations.RunPython(fill),\n    ]\n",
        good: "def fill(apps, schema_editor):\n    apps.get_model(\"shop\", \"Order\").objects.update(state=\"new\")\n\n\n\
               class Migration(migrations.Migration):\n    replaces = [(\"shop\", \"0001_old\"), (\"shop\", \"0002_old\")]\n    operations = [\n        \
               migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),\n    ]\n",
        check: Check::Migration(squashed_one_way),
    },
    Rule {
        code: "MRT602",
        name: "squashed migration that replaces nothing",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "A migration is named as one that stands for others, these are still there, and it has no `replaces`: Django runs it on top \
                of them, and it meets what they have made. List them, or delete them when every database has them.",
        bad: "class Migration(migrations.Migration):\n    operations = []\n\
              # the next revision\n# 0002_squashed_0001_0001.py\nclass Migration(migrations.Migration):\n    operations = []\n",
        good: "class Migration(migrations.Migration):\n    operations = []\n\
               # the next revision\n# 0002_squashed_0001_0001.py\nclass Migration(migrations.Migration):\n    \
               replaces = [(\"shop\", \"0001\")]\n    dependencies = []\n    operations = []\n",
        check: Check::Migration(replaces_nothing),
    },
    Rule {
        code: "MRT611",
        name: "one value for a unique field",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`AddField` asks the default of a new field once and gives every older row the same value, also where it is a function \
                (`uuid.uuid4`). A unique field then fails where the table has two rows. Add it with `null=True` and without `unique`, \
                fill it by a `RunPython`, and alter it then: three migrations.",
        bad: "import uuid\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        \
              migrations.AddField(\"order\", \"key\", models.UUIDField(default=uuid.uuid4, unique=True)),\n    ]\n",
        good: "import uuid\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        \
               migrations.AddField(\"order\", \"key\", models.UUIDField(default=uuid.uuid4, null=True)),\n    ]\n",
        check: Check::Migration(one_value),
    },
    Rule {
        code: "MRT612",
        name: "RunPython with an imported model",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "The function of a `RunPython` asks a model for rows that it imports: that is the model of today, with fields that the table \
                may not have yet or no more at this migration, so that it fails on a new database. Ask `apps.get_model`.",
        bad: "from shop.models import Order\n\n\ndef fill(apps, schema_editor):\n    Order.objects.update(state=\"new\")\n\n\n\
              class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n    ]\n",
        good: "def fill(apps, schema_editor):\n    Order = apps.get_model(\"shop\", \"Order\")\n    Order.objects.update(state=\"new\")\n\n\n\
               class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n    ]\n",
        check: Check::Migration(imported_model),
    },
    Rule {
        code: "MRT613",
        name: "rows and their table changed in one transaction",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        shows: &[Shows::Failure],
        about: "A `RunPython` writes rows with foreign keys, and a later operation of the same migration alters their table. Django's keys \
                are looked at when the transaction ends, and until then PostgreSQL refuses to alter the table (\"pending trigger \
                events\"). Make two migrations of it.",
        bad: ROWS_AND_TABLE,
        good: "def fill(apps, schema_editor):\n    Order = apps.get_model(\"shop\", \"Order\")\n    Order.objects.update(customer=1)\n\n\n\
               class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n    ]\n",
        check: Check::Migration(pending_events),
    },
    Rule {
        code: "MRT614",
        name: "rows and schema without a transaction",
        severity: Severity::Warning,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
        shows: &[],
        about: "The engine ends the transaction at every change of the schema. Where the `RunPython` of a migration fails, the operations \
                before it stay, the migration does not count as run, and its next run meets what they have made. Make two migrations \
                of it.",
        bad: "def fill(apps, schema_editor):\n    apps.get_model(\"shop\", \"Order\").objects.update(state=\"new\")\n\n\n\
              class Migration(migrations.Migration):\n    operations = [\n        \
              migrations.AddField(\"order\", \"state\", models.CharField(max_length=9, null=True)),\n        \
              migrations.RunPython(fill, migrations.RunPython.noop),\n    ]\n",
        good: "class Migration(migrations.Migration):\n    operations = [\n        \
               migrations.AddField(\"order\", \"state\", models.CharField(max_length=9, null=True)),\n    ]\n",
        check: Check::Migration(no_transaction),
    },
    Rule {
        code: "MRT615",
        name: "many-to-many tables renamed along",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Schema, Shows::Failure],
        about: "`RenameModel` also renames the tables of the model's many-to-many fields, and the column in them that is called after it. \
                SQL that names them, and a release that is still running, find neither. Look for what names them; `db_table` keeps a name.",
        bad: MANY_TO_MANY_RENAMED,
        good: "class Migration(migrations.Migration):\n    operations = [\n        migrations.RenameModel(\"Order\", \"Purchase\"),\n    ]\n",
        check: Check::Migration(tables_renamed_along),
    },
];

const CONCURRENTLY: &str = "class Migration(migrations.Migration):\n    atomic = False\n    operations = [\n        \
     AddIndexConcurrently(\"order\", models.Index(fields=[\"total\"], name=\"ix_total\")),\n    ]\n";

const ROWS_AND_TABLE: &str = "class Migration(migrations.Migration):\n    operations = [\n        \
     migrations.CreateModel(\"Customer\", [(\"id\", models.AutoField(primary_key=True))]),\n        \
     migrations.CreateModel(\"Order\", [\n            (\"id\", models.AutoField(primary_key=True)),\n            \
     (\"customer\", models.ForeignKey(\"shop.Customer\", models.CASCADE, null=True)),\n        ]),\n    ]\n\
     # the next revision\ndef fill(apps, schema_editor):\n    Order = apps.get_model(\"shop\", \"Order\")\n    Order.objects.update(customer=1)\n\n\n\
     class Migration(migrations.Migration):\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n        \
     migrations.AddField(\"order\", \"note\", models.TextField(null=True)),\n    ]\n";

const MANY_TO_MANY_RENAMED: &str = "class Migration(migrations.Migration):\n    operations = [\n        \
     migrations.CreateModel(\"Tag\", [(\"id\", models.AutoField(primary_key=True))]),\n        \
     migrations.CreateModel(\"Order\", [\n            (\"id\", models.AutoField(primary_key=True)),\n            \
     (\"tags\", models.ManyToManyField(\"shop.Tag\")),\n        ]),\n    ]\n\
     # the next revision\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.RenameModel(\"Order\", \"Purchase\"),\n    ]\n";

/// The steps of a migration of Django.
fn steps<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Step> + use<'a> {
    case.migration.django.iter().flat_map(|django| &django.steps)
}

fn pythons<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a Step, &'a Python)> {
    steps(case).filter_map(|step| match &step.what {
        What::RunPython(python) => Some((step, python)),
        _ => None,
    })
}

fn replaces(case: &Case<'_>) -> bool {
    case.migration.django.as_ref().is_some_and(|django| django.replaces)
}

fn python_one_way(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !replaces(case) {
        pythons_one_way(case, findings);
    }
}

fn squashed_one_way(case: &Case<'_>, findings: &mut Findings<'_>) {
    if replaces(case) {
        pythons_one_way(case, findings);
    }
}

fn pythons_one_way(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (step, python) in pythons(case).filter(|(_, python)| !python.reversible && !python.empty) {
        findings.add(
            step.line,
            format!(
                "`RunPython({})` has no `reverse_code`: the migration cannot be reversed; write it, or say `migrations.RunPython.noop` \
                 where there is nothing to undo",
                python.name
            ),
        );
    }
}

fn sql_one_way(case: &Case<'_>, findings: &mut Findings<'_>) {
    for step in steps(case).filter(|step| step.what == What::RunSql { reversible: false }) {
        findings.add(
            step.line,
            "`RunSQL` has no `reverse_sql`: the migration cannot be reversed; write it, or say `migrations.RunSQL.noop` where there is \
             nothing to undo",
        );
    }
}

fn field_removed(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_columns(case, findings, |written| written == Written::Django);
}

fn model_deleted(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_tables(case, findings, |written| written == Written::Django);
}

fn table_dropped_in_sql(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_tables(case, findings, |written| written != Written::Django);
}

fn truncated(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.migration.refuses() {
        removed_rows(case, findings, |kind| matches!(kind, Kind::Truncate { .. }));
    }
}

fn renamed_and_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    let lost = case.migration.upgrade.iter().find_map(|operation| match &operation.kind {
        Kind::DropColumn { table, column, .. } => Some(format!("{table}.{column}")),
        Kind::DropTable { table, .. } => Some(table.clone()),
        _ => None,
    });
    let Some(lost) = lost else { return };
    for step in steps(case) {
        if let What::RenameModel { from, to, .. } = &step.what {
            findings.add(
                step.line,
                format!("`{from}` becomes `{to}` and `{lost}` is dropped in one migration: its reverse brings the name back and not the values; make two of it"),
            );
        }
    }
}

/// The columns that are added to tables which are older than the migration.
fn added<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a Step, String)> {
    let case = *case;
    steps(&case).filter_map(move |step| {
        let made = case.migration.upgrade.get(step.upgrade.clone())?.first()?;
        match &made.kind {
            Kind::AddColumn { table, column, .. } if case.is_old_table(table) => {
                Some((step, format!("{table}.{}", column.name)))
            }
            _ => None,
        }
    })
}

fn no_value(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (step, column) in added(case) {
        if let What::AddField { fills: false, .. } = &step.what {
            findings.add(
                step.line,
                format!("`{column}` is NOT NULL and has no default: older rows have no value for it; give one, or say `null=True`"),
            );
        }
    }
}

fn one_value(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (step, column) in added(case) {
        let What::AddField { unique: true, default, .. } = &step.what else { continue };
        let message = match default {
            FieldDefault::Callable => format!(
                "`{column}` is unique, and its default is asked once for all older rows: the migration fails where there are two; add it \
                 with `null=True`, fill it, and make it unique then"
            ),
            FieldDefault::Value => format!(
                "`{column}` is unique, and all older rows get the same default: the migration fails where there are two; add it with \
                 `null=True`, fill it, and make it unique then"
            ),
            FieldDefault::Server | FieldDefault::None => continue,
        };
        findings.add(step.line, message);
    }
}

fn null_forbidden(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in case.migration.upgrade.iter().enumerate() {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let is_it = operation.written == Written::Django && change.nullable == Some(false) && !change.fills;
        let filled = case.migration.upgrade[..at].iter().any(|other| {
            other.kind.is_opaque() || other.kind.writes().is_some_and(|own| own.eq_ignore_ascii_case(table))
        });
        if is_it && !filled && case.was_there(&Object::column(table, column)) {
            findings.add(
                operation.line,
                format!("`{table}.{column}` becomes NOT NULL without a default: the migration fails where rows have NULL; fill them before"),
            );
        }
    }
}

fn index_locks(case: &Case<'_>, findings: &mut Findings<'_>) {
    for step in steps(case).filter(|step| step.what == What::AddIndex) {
        let made = case.migration.upgrade.get(step.upgrade.clone()).unwrap_or_default();
        for operation in made {
            if let Kind::CreateIndex { table, index, concurrently: false, .. } = &operation.kind
                && case.is_old_table(table)
            {
                findings.add(
                    step.line,
                    format!(
                        "`{}` is built while nobody may write to `{table}`; take `AddIndexConcurrently`, in a migration with `atomic = False`",
                        index.name.as_deref().unwrap_or("an index")
                    ),
                );
            }
        }
    }
}

fn concurrently(case: &Case<'_>, findings: &mut Findings<'_>) {
    let both = case.migration.upgrade.iter().chain(case.migration.down());
    let mut told = Vec::new();
    for operation in both.filter(|operation| !operation.autocommit) {
        let is_it = matches!(
            operation.kind,
            Kind::CreateIndex { concurrently: true, .. } | Kind::DropIndex { concurrently: true, .. }
        );
        if is_it && !told.contains(&operation.line) {
            told.push(operation.line);
            findings.add(
                operation.line,
                format!(
                    "`{}` fails inside of a transaction; say `atomic = False` in the migration",
                    operation.kind
                ),
            );
        }
    }
}

fn replaces_nothing(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(Django { name, line, stands_beside, .. }) = &case.migration.django else { return };
    if let [first, ..] = stands_beside.as_slice() {
        findings.add(
            *line,
            format!("`{name}` has no `replaces`, and `{first}` is still there: Django runs both; list what it stands for, or delete it"),
        );
    }
}

fn imported_model(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told: Vec<&str> = Vec::new();
    for (model, line) in pythons(case).flat_map(|(_, python)| &python.imported) {
        if told.contains(&model.as_str()) {
            continue;
        }
        told.push(model);
        findings.add(
            *line,
            format!(
                "`{model}` is imported, and is the model of today: its fields need not be those of the table at this migration; ask \
                 `apps.get_model`"
            ),
        );
    }
}

/// The table whose schema an operation changes.
fn altered(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::AddColumn { table, .. }
        | Kind::DropColumn { table, .. }
        | Kind::AlterColumn { table, .. }
        | Kind::DropTable { table, .. }
        | Kind::CreateConstraint { table, .. }
        | Kind::DropConstraint { table, .. }
        | Kind::CreateIndex { table, .. }
        | Kind::RenameTable { from: table, .. } => Some(table),
        _ => None,
    }
}

fn pending_events(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.migration.django.as_ref().is_some_and(|django| django.atomic) {
        return;
    }
    for (step, python) in pythons(case) {
        let later = &case.migration.upgrade[step.upgrade.end..];
        let found = later.iter().find(|operation: &&Operation| {
            altered(&operation.kind)
                .is_some_and(|table| python.writes.iter().any(|own| own.eq_ignore_ascii_case(table)))
        });
        if let Some(operation) = found {
            let table = altered(&operation.kind).unwrap_or_default();
            findings.add(
                operation.line,
                format!(
                    "`RunPython({})` writes rows of `{table}` with foreign keys in the same transaction: PostgreSQL refuses to alter it \
                     then (pending trigger events); make two migrations of it",
                    python.name
                ),
            );
        }
    }
}

fn no_transaction(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (step, python) in pythons(case).filter(|(_, python)| !python.empty) {
        let earlier = case.migration.upgrade[..step.upgrade.start].iter();
        let mut schema = earlier.filter(|operation| !operation.kind.is_opaque() && !operation.kind.is_data());
        if let Some(operation) = schema.next() {
            findings.add(
                step.line,
                format!(
                    "where `RunPython({})` fails, what is before it (`{}`) stays, and the migration cannot be run again; make two \
                     migrations of it",
                    python.name,
                    brief(&operation.kind)
                ),
            );
            return;
        }
    }
}

/// An operation without what it says of columns.
fn brief(kind: &Kind) -> String {
    match kind {
        Kind::CreateTable { table, .. } => format!("create table {table}"),
        Kind::AddColumn { table, column, .. } => format!("add column {table}.{}", column.name),
        kind => kind.to_string(),
    }
}

fn tables_renamed_along(case: &Case<'_>, findings: &mut Findings<'_>) {
    for step in steps(case) {
        if let What::RenameModel { from, to, tables } = &step.what
            && let [_, ..] = tables.as_slice()
        {
            findings.add(
                step.line,
                format!(
                    "`{from}` becomes `{to}`, and `{}` is renamed along: SQL and code that name it find it no more; look for them",
                    tables.join("`, `")
                ),
            );
        }
    }
}
