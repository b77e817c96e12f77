//! Ordinary rows survive a correct migration, whatever it tightens or casts: rows A on the way up and back, rows B on
//! the way back.

use super::super::{Batch, Edge, EdgeSet, RowKind};
use super::real::{Real, postgres};
use super::{texts, value};
use crate::database::rows::Value;
use crate::database::{DatabaseName, Engine};

const BEFORE: &str = "
CREATE TYPE size AS ENUM ('s', 'm', 'l', 'xl');
CREATE TABLE owners (id integer PRIMARY KEY, code text UNIQUE NOT NULL);
CREATE TABLE things (
    id integer PRIMARY KEY,
    to_integer text, to_small bigint, to_boolean integer, to_json text, to_uuid text, to_date varchar(40),
    to_timestamp text, to_enum text, to_numeric varchar(30), to_truth text, to_inet text, to_array text,
    shorter varchar(80), scaled numeric(12, 6), whole numeric(10, 3), coarse timestamp, fewer size,
    checked integer, uniquely varchar(10), now_required text, now_refers integer, refers_by_text varchar(30),
    matched text, ordered_from integer, ordered_to integer, wide double precision, in_text integer
);
";

const UP: &str = "
CREATE TYPE tiny AS ENUM ('s', 'm');
CREATE TYPE state AS ENUM ('on', 'off');
ALTER TABLE things
    ALTER to_integer TYPE integer USING to_integer::integer,
    ALTER to_small TYPE smallint,
    ALTER to_boolean TYPE boolean USING to_boolean::boolean,
    ALTER to_json TYPE jsonb USING to_json::jsonb,
    ALTER to_uuid TYPE uuid USING to_uuid::uuid,
    ALTER to_date TYPE date USING to_date::date,
    ALTER to_timestamp TYPE timestamptz USING to_timestamp::timestamptz,
    ALTER to_enum TYPE state USING to_enum::state,
    ALTER to_numeric TYPE numeric(8, 2) USING to_numeric::numeric(8, 2),
    ALTER to_truth TYPE boolean USING to_truth::boolean,
    ALTER to_inet TYPE inet USING to_inet::inet,
    ALTER to_array TYPE integer[] USING to_array::integer[],
    ALTER shorter TYPE varchar(9),
    ALTER scaled TYPE numeric(8, 2),
    ALTER whole TYPE integer USING whole::integer,
    ALTER coarse TYPE timestamp(0),
    ALTER fewer TYPE tiny USING fewer::text::tiny,
    ALTER wide TYPE numeric(6, 1),
    ALTER in_text TYPE varchar(2) USING in_text::varchar(2),
    ADD CHECK (checked BETWEEN 70000 AND 70100),
    ADD UNIQUE (uniquely),
    ALTER now_required SET NOT NULL,
    ADD FOREIGN KEY (now_refers) REFERENCES owners (id),
    ADD FOREIGN KEY (refers_by_text) REFERENCES owners (code),
    ADD CHECK (matched ~ '^[A-Z]{3}-[0-9]{2}$'),
    ADD CHECK (ordered_to < ordered_from - 100000),
    ADD CHECK (to_small % 3 = 0);
";

const DOWN: &str = "
ALTER TABLE things
    DROP CONSTRAINT things_checked_check, DROP CONSTRAINT things_uniquely_key, ALTER now_required DROP NOT NULL,
    DROP CONSTRAINT things_now_refers_fkey, DROP CONSTRAINT things_refers_by_text_fkey,
    DROP CONSTRAINT things_matched_check, DROP CONSTRAINT things_check, DROP CONSTRAINT things_to_small_check,
    ALTER to_integer TYPE text USING to_integer::text,
    ALTER to_small TYPE bigint,
    ALTER to_boolean TYPE integer USING to_boolean::integer,
    ALTER to_json TYPE text USING to_json::text,
    ALTER to_uuid TYPE text USING to_uuid::text,
    ALTER to_date TYPE varchar(40) USING to_date::varchar(40),
    ALTER to_timestamp TYPE text USING to_timestamp::text,
    ALTER to_enum TYPE text USING to_enum::text,
    ALTER to_numeric TYPE varchar(30) USING to_numeric::varchar(30),
    ALTER to_truth TYPE text USING to_truth::text,
    ALTER to_inet TYPE text USING host(to_inet),
    ALTER to_array TYPE text USING to_array::text,
    ALTER shorter TYPE varchar(80),
    ALTER scaled TYPE numeric(12, 6),
    ALTER whole TYPE numeric(10, 3),
    ALTER coarse TYPE timestamp,
    ALTER fewer TYPE size USING fewer::text::size,
    ALTER wide TYPE double precision,
    ALTER in_text TYPE integer USING in_text::integer;
DROP TYPE tiny;
DROP TYPE state;
";

#[tokio::test]
async fn ordinary_rows_survive_a_correct_migration() {
    let Some(engine) = postgres("ordinary_rows_survive_a_correct_migration", &[]).await else { return };
    let (empty, full) = (DatabaseName::new("seed", 0), DatabaseName::new("seed", 1));
    for name in [&empty, &full] {
        engine.create(name).await.unwrap();
    }
    let mut pristine = Real::new(engine.connect(&empty).await.unwrap(), BEFORE).await;
    let s0 = pristine.catalog.clone();
    pristine.session.execute_script(UP).await.unwrap().unwrap();
    let s1 = pristine.session.catalog().await.unwrap();
    let mut real = Real::new(engine.connect(&full).await.unwrap(), BEFORE).await;

    let a = real.seed(engine.dialect(), Batch::A, &s1, EdgeSet::None).await;
    assert_eq!(a.not_seeded, Default::default());
    for row in &a.rows {
        for column in &s0.tables[&row.row.table].columns {
            assert!(value(row, &column.name).is_some_and(|value| *value != Value::Null), "{}", column.name);
        }
    }
    // Labels that only one side has are for edge rows.
    assert!(texts(&a, "things", "fewer").is_subset(&["s".to_owned(), "m".to_owned()].into()));
    let before = real.session.contents(&s0).await.unwrap();
    real.session.execute_script(UP).await.unwrap().unwrap();
    real.catalog = real.session.catalog().await.unwrap();

    let b = real.seed(engine.dialect(), Batch::B, &s0, EdgeSet::None).await;
    assert_eq!(b.not_seeded, Default::default());
    real.session.execute_script(DOWN).await.unwrap().unwrap();
    let after = real.session.contents(&s0).await.unwrap();
    for (name, rows) in &before.tables {
        let after = &after.tables[name];
        assert!(rows.rows.iter().all(|row| after.rows.contains(row)), "{name}: {rows:?}\n{after:?}");
        assert_eq!(after.rows.len(), 5);
    }
    drop((real, pristine));
    engine.close().await.unwrap();
}

/// Edge rows sit at the limits of the side that is here, whatever the other side forbids.
#[tokio::test]
async fn edge_rows_break_what_only_the_other_side_forbids() {
    let Some(engine) = postgres("edge_rows_break_what_only_the_other_side_forbids", &[]).await else {
        return;
    };
    let (one, two) = (DatabaseName::new("seed", 0), DatabaseName::new("seed", 1));
    for name in [&one, &two] {
        engine.create(name).await.unwrap();
    }
    let mut pristine = Real::new(engine.connect(&one).await.unwrap(), BEFORE).await;
    pristine.session.execute_script(UP).await.unwrap().unwrap();
    let s1 = pristine.session.catalog().await.unwrap();
    let mut real = Real::new(engine.connect(&two).await.unwrap(), BEFORE).await;
    let a = real.seed(engine.dialect(), Batch::A, &s1, EdgeSet::All).await;
    let longest = |column| texts(&a, "things", column).iter().map(|text| text.chars().count()).max();
    assert_eq!(longest("shorter"), Some(80));
    assert!(texts(&a, "things", "to_small").contains(&i64::MAX.to_string()));
    assert!(texts(&a, "things", "fewer").contains("xl"));
    assert!(texts(&a, "things", "coarse").iter().any(|text| text.ends_with(".123456")));
    let of =
        |kind: RowKind| a.rows.iter().find(|row| row.kind == kind && row.row.table.name == "things").unwrap();
    assert_eq!(value(of(RowKind::Edge(Edge::Nulls)), "now_required"), Some(&Value::Null));
    let (first, twin) = (of(RowKind::Ordinary(0)), of(RowKind::Edge(Edge::Duplicate)));
    assert_eq!(value(first, "uniquely"), value(twin, "uniquely"));
    assert_ne!(value(first, "id"), value(twin, "id"));
    // No row is an orphan, not even for a foreign key that is still to come.
    let owners = texts(&a, "owners", "id");
    assert!(texts(&a, "things", "now_refers").iter().all(|id| id.is_empty() || owners.contains(id)));
    drop((real, pristine));
    engine.close().await.unwrap();
}
