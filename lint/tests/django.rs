//! Migrations of Django: what they come to, in which order, and which files they are.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use mrt_chain::settings::{EngineKind, Project};
use mrt_lint::django;
use mrt_lint::project::{Selection, check, check_django_texts};
use proptest::prelude::*;

const HEAD: &str = "import uuid\n\nfrom django.conf import settings\nfrom django.contrib.postgres.operations import TrigramExtension\nfrom django.db import migrations, models\n\n\n";

/// What each migration comes to, up and down, on the models that those before it leave.
fn operations(engine: EngineKind, bodies: &[&str]) -> String {
    let texts: Vec<String> =
        bodies.iter().map(|body| format!("{HEAD}class Migration(migrations.Migration):\n{body}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    django::operations("shop", &texts, engine)
        .iter()
        .map(|(up, down)| {
            let lines = |operations: &[mrt_lint::operation::Operation]| {
                operations.iter().map(|operation| format!("{operation}\n")).collect::<String>()
            };
            format!("{}--\n{}", lines(up), lines(down))
        })
        .collect::<Vec<_>>()
        .join("====\n")
}

macro_rules! reads {
    ($name:ident, $engine:ident, $bodies:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(operations(EngineKind::$engine, &$bodies));
        }
    };
}

const ORDERS: &str = r#"
    operations = [
        migrations.CreateModel("Tag", [("slug", models.SlugField(primary_key=True))]),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("note", models.CharField(max_length=80, blank=True)),
                ("total", models.DecimalField(max_digits=9, decimal_places=2, null=True)),
                ("buyer", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)),
                ("parent", models.ForeignKey("self", models.SET_NULL, null=True, db_column="above")),
                ("tags", models.ManyToManyField("shop.Tag")),
            ],
            options={
                "unique_together": {("note", "buyer")},
                "indexes": [models.Index(fields=["-total"], name="ix_total")],
                "constraints": [models.CheckConstraint(check=models.Q(total__gt=0), name="ck_total")],
            },
        ),
        migrations.CreateModel("Report", [("id", models.AutoField(primary_key=True))], {"managed": False}),
    ]
"#;

reads!(models_become_tables, Postgres, [ORDERS]);

reads!(
    a_reverse_is_made_of_what_was_there,
    Postgres,
    [
        ORDERS,
        r#"
    operations = [
        migrations.RemoveField("order", "note"),
        migrations.AlterField("order", "total", models.DecimalField(max_digits=7, decimal_places=2, default=0)),
        migrations.RenameField("order", "buyer", "customer"),
        migrations.AlterUniqueTogether("order", set()),
        migrations.RemoveIndex("order", "ix_total"),
        migrations.RemoveConstraint("order", "ck_total"),
        migrations.RenameModel("Order", "Purchase"),
        migrations.AlterModelTable("purchase", "purchases"),
        migrations.AddField("purchase", "key", models.UUIDField(default=uuid.uuid4, unique=True)),
        migrations.RemoveField("purchase", "tags"),
        migrations.DeleteModel("Tag"),
        migrations.DeleteModel("Report"),
    ]
"#
    ]
);

reads!(
    what_the_models_do_not_see_is_not_undone_by_them,
    Postgres,
    [
        ORDERS,
        r#"
    atomic = False
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL("DROP VIEW v", "CREATE VIEW v AS SELECT 1")],
            state_operations=[migrations.RemoveField("order", "note")],
        ),
        migrations.RunSQL(
            ["UPDATE shop_order SET total = 0", ("DELETE FROM shop_tag WHERE slug = %s", ["x"])],
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN more int"),
        migrations.RunPython(helpers.fill, migrations.RunPython.noop),
        migrations.RunPython(migrations.RunPython.noop, lambda apps, schema_editor: None),
        TrigramExtension(),
        Custom("order"),
        migrations.AlterModelOptions("order", {"ordering": ["id"]}),
    ]
"#
    ]
);

reads!(
    models_that_nobody_has_made_are_taken_to_be_there,
    MySql,
    [r#"
    operations = [
        migrations.RemoveField("gone", "note"),
        migrations.AlterField("gone", "total", models.IntegerField()),
        migrations.AddField("gone", "key", models.ForeignKey("other.Thing", models.CASCADE)),
        migrations.RenameField("gone", "a", "b"),
        migrations.RenameModel("Gone", "Here"),
        migrations.DeleteModel("Here"),
    ]
"#]
);

fn lines(texts: &[(&str, &str)]) -> Vec<String> {
    let texts: Vec<(&str, String)> = texts
        .iter()
        .map(|(name, body)| (*name, format!("{HEAD}class Migration(migrations.Migration):\n{body}")))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checked = check_django_texts(&texts, &[EngineKind::Postgres], &Selection::default()).unwrap();
    let line = |finding: &mrt_lint::Finding| {
        format!("{} {}:{} {} {}", finding.severity, finding.file, finding.line, finding.code, finding.message)
    };
    checked.findings.iter().map(line).collect()
}

const NOTHING: &str = "    operations = []\n";

#[test]
fn the_graph_is_looked_at_as_django_does() {
    let after = |app: &str, name: &str| format!("    dependencies = [(\"{app}\", \"{name}\")]\n");
    let one = after("shop", "0001");
    let found = lines(&[
        (
            "shop/migrations/0001.py",
            "    dependencies = [(\"auth\", \"__first__\"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]\n",
        ),
        ("shop/migrations/0002_a.py", &one),
        ("shop/migrations/0002_b.py", &one),
        ("web/migrations/0001.py", &after("shop", "__latest__")),
        (
            "web/migrations/0002.py",
            &format!("{}    run_before = [(\"shop\", \"0002_a\")]\n", after("web", "0001_gone")),
        ),
    ]);
    insta::assert_snapshot!(found.join("\n"));
    let circle = lines(&[("a/migrations/1.py", &after("b", "1")), ("b/migrations/1.py", &after("a", "1"))]);
    insta::assert_snapshot!(circle.join("\n"));
}

#[test]
fn a_squashed_migration_stands_for_others_whether_these_are_there_or_not() {
    let made = "    operations = [migrations.CreateModel(\"Order\", [(\"id\", models.AutoField(primary_key=True)), (\"note\", models.TextField(null=True))])]\n";
    let added = "    dependencies = [(\"shop\", \"0001_a\")]\n    operations = [migrations.AddField(\"order\", \"more\", models.TextField(null=True))]\n";
    let squashed = format!("    replaces = [(\"shop\", \"0001_a\"), (\"shop\", \"0002_b\")]\n{made}");
    let next = "    dependencies = [(\"shop\", \"0002_b\")]\n    operations = [migrations.AlterField(\"order\", \"note\", models.TextField())]\n";
    let rest =
        [("shop/migrations/0001_squashed_0002_b.py", squashed.as_str()), ("shop/migrations/0003_c.py", next)];
    let all =
        [&[("shop/migrations/0001_a.py", made), ("shop/migrations/0002_b.py", added)], &rest[..]].concat();
    for texts in [&all[..], &rest[..]] {
        let found = lines(texts);
        assert!(found.iter().all(|line| line.contains("0003_c.py")), "{found:?}");
        assert!(found.iter().any(|line| line.contains("MRT412")), "{found:?}");
    }
}

#[test]
fn a_comment_silences_its_operation_and_no_other() {
    let body = "    operations = [\n        migrations.RemoveField(\"a\", \"b\"),\n        migrations.RemoveField(  # noqa: MRT209\n            \"a\", \"c\"),\n        migrations.RemoveField(\n            model_name=\"a\",\n            name=\"d\",\n        ),  # noqa: MRT209\n        migrations.RemoveField(\"a\", \"e\"),  # noqa\n        migrations.RemoveField(\"a\", \"f\"),  # noqa: MRT210\n    ]\n";
    let found = lines(&[("shop/migrations/0001.py", body)]);
    let columns: Vec<&str> = found.iter().map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(columns, ["shop_a.b", "shop_a.f"], "{found:?}");
}

#[test]
fn rows_with_foreign_keys_wait_and_others_do_not() {
    let models = "    operations = [\n        migrations.CreateModel(\"Tag\", [(\"id\", models.AutoField(primary_key=True))]),\n        migrations.CreateModel(\"Order\", [(\"id\", models.AutoField(primary_key=True)), (\"note\", models.TextField()), (\"tag\", models.ForeignKey(\"shop.Tag\", models.CASCADE))]),\n    ]\n";
    let waits = |code: &str| {
        let text = format!(
            "from django.db import migrations, models\n\n\ndef fill(apps, schema_editor):\n    Order = apps.get_model(\"shop\", \"Order\")\n    Tag = apps.get_model(\"shop\", \"Tag\")\n    {code}\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"shop\", \"0001\")]\n    operations = [\n        migrations.RunPython(fill, migrations.RunPython.noop),\n        migrations.AlterField(\"order\", \"note\", models.TextField(null=True)),\n    ]\n"
        );
        let models = format!("{HEAD}class Migration(migrations.Migration):\n{models}");
        let texts =
            [("shop/migrations/0001.py", models.as_str()), ("shop/migrations/0002.py", text.as_str())];
        let selection = Selection { select: vec!["MRT613".to_owned()], ..Selection::default() };
        !check_django_texts(&texts, &[EngineKind::Postgres], &selection).unwrap().findings.is_empty()
    };
    assert!(waits("Order.objects.create(note='')"));
    assert!(waits("Order.objects.filter(note='').update(tag=1)"));
    assert!(waits("for order in Order.objects.all():\n        order.tag_id = 1\n        order.save()"));
    assert!(!waits("Order.objects.update(note='')"));
    assert!(!waits("for order in Order.objects.all():\n        order.note = ''\n        order.save()"));
    assert!(!waits("Tag.objects.create()"));
    assert!(!waits("print(Order.objects.count())"));
}

#[test]
fn a_model_that_is_given_away_is_not_lost() {
    let model =
        "        migrations.CreateModel(\"Order\", [(\"id\", models.AutoField(primary_key=True))]),\n";
    let first = format!("    operations = [\n{model}    ]\n");
    let deleted = |before: &str| {
        let body = format!(
            "    dependencies = [(\"shop\", \"0001\")]\n    operations = [\n{before}        migrations.DeleteModel(\"Order\"),\n    ]\n"
        );
        lines(&[("shop/migrations/0001.py", &first), ("shop/migrations/0002.py", &body)])
    };
    assert_eq!(deleted("").len(), 1);
    let given = "        migrations.AlterModelOptions(\"order\", {\"managed\": False}),\n";
    assert_eq!(deleted(given), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cut out of a migration, and whatever stands there instead.
    #[test]
    fn mutations_are_read_or_refused(from in 0.0..1.0f64, length in 0usize..60, between in "[ -~\\n]{0,12}") {
        let text = format!("{HEAD}class Migration(migrations.Migration):\n{ORDERS}");
        let place = |share: f64| (text.len() as f64 * share) as usize;
        let (start, end) = (place(from), (place(from) + length).min(text.len()));
        let text = format!("{}{between}{}", &text[..start], &text[end..]);
        let next = format!("{HEAD}class Migration(migrations.Migration):\n    dependencies = [(\"shop\", \"0001\")]\n    operations = [migrations.RenameModel(\"Order\", \"X\"), migrations.DeleteModel(\"X\")]\n");
        let texts = [("shop/migrations/0001.py", text.as_str()), ("shop/migrations/0002.py", next.as_str())];
        check_django_texts(&texts, &[EngineKind::Postgres, EngineKind::MySql], &Selection::default()).unwrap();
    }
}

#[test]
fn mysql_keeps_the_index_of_a_foreign_key() {
    let body = "    dependencies = [(\"shop\", \"0001\")]\n    operations = [migrations.AlterUniqueTogether(\"order\", {(\"buyer\", \"note\")}), migrations.AlterUniqueTogether(\"order\", set())]\n";
    let texts = [ORDERS, body].map(|body| format!("{HEAD}class Migration(migrations.Migration):\n{body}"));
    let texts =
        [("shop/migrations/0001.py", texts[0].as_str()), ("shop/migrations/0002.py", texts[1].as_str())];
    let selection = Selection { select: vec!["MRT8".to_owned()], ..Selection::default() };
    let found = check_django_texts(&texts, &[EngineKind::MySql], &selection).unwrap().findings;
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, Vec::<&str>::new(), "{found:?}");
}

const MIGRATION: &str =
    "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n";

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn the_files_are_the_projects_own() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "manage.py", "");
    write(root, ".gitignore", "built/\n");
    write(root, "shop/apps.py", "class ShopConfig(AppConfig):\n    name = 'shop'\n    label = 'store'\n");
    write(root, "shop/migrations/0001_initial.py", MIGRATION);
    write(root, "shop/migrations/_helpers.py", "");
    write(root, "shop/migrations/__init__.py", "");
    write(root, "shop/migrations/0002_broken.py", "class Migration(:\n");
    write(root, "shop/migrations/0003_none.py", "x = 1\n");
    for elsewhere in ["built/app", ".venv/lib/app", "env/lib/site-packages/app", "old/app"] {
        write(root, &format!("{elsewhere}/migrations/0001.py"), MIGRATION);
    }
    write(root, "old/pyvenv.cfg", "");
    // Another tool's directory of that name.
    write(root, "other/migrations/env.py", "x = 1\n");
    std::os::unix::fs::symlink(root, root.join("shop/again")).unwrap();
    let project = Project::load(root).unwrap();
    let checked = check(&project.suites[0], &Selection::default()).unwrap();
    let lines: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| format!("{}:{}: {} {}", finding.file, finding.line, finding.code, finding.message))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(checked.revisions.into_keys().collect::<Vec<_>>(), ["store.0001_initial"]);
    let empty = tempfile::tempdir().unwrap();
    assert!(django::find(empty.path()).unwrap_err().to_string().contains("manage.py"));
}

#[test]
fn two_projects_below_one_directory_may_have_an_application_of_one_name() {
    let found = lines(&[("a/shop/migrations/0001.py", NOTHING), ("b/shop/migrations/0001.py", NOTHING)]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_what_comes_after_a_migration_is_told_of() {
    let migration = |dependencies: &str, field: &str| {
        format!(
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [{dependencies}]\n    \
             operations = [migrations.RemoveField(\"order\", \"{field}\")]\n"
        )
    };
    let texts = [
        migration("", "a"),
        migration("(\"shop\", \"0001\")", "b"),
        migration("(\"shop\", \"0002\")", "c"),
        migration("", "d"),
    ];
    let names = [
        "shop/migrations/0001.py",
        "shop/migrations/0002.py",
        "shop/migrations/0003.py",
        "web/migrations/0001.py",
    ];
    let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
    let since = |since: &str| {
        let selection = Selection { since: Some(since.to_owned()), ..Selection::default() };
        check_django_texts(&files, &[EngineKind::Postgres], &selection)
    };
    let told = |name: &str| -> Vec<String> {
        since(name).unwrap().findings.into_iter().map(|finding| finding.revision).collect()
    };
    assert_eq!(told("shop.0001"), ["shop.0002", "shop.0003"]);
    assert_eq!(told("shop.0002"), ["shop.0003"]);
    assert!(since("shop.0003").unwrap_err().to_string().contains("no revision comes after shop.0003"));
    let unknown = since("shop.0007").unwrap_err().to_string();
    assert!(unknown.contains("`shop.0007`"), "{unknown}");
}
