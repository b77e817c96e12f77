//! Nasty schemas in real databases: every table is seeded, with every row that was planned.

use std::collections::BTreeSet;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};

use super::super::{Batch, Edge, EdgeSet, Request, RowKind, Seeded, Vocabulary, seed};
use super::texts;
use crate::database::catalog::{Catalog, TableName};
use crate::database::postgres::Postgres;
use crate::database::rows::{Contents, Value};
use crate::database::sqlite::Sqlite;
use crate::database::{DatabaseName, Dialect, Engine, Session};
use crate::server::Endpoint;

pub(super) fn target(engine: EngineKind, server: ServerSettings, extensions: &[&str]) -> Target {
    Target {
        name: "test".to_owned(),
        engine,
        version: None,
        server,
        initial_sql: Vec::new(),
        locale: None,
        extensions: extensions.iter().map(ToString::to_string).collect(),
        role: Role::Owner,
        disk: 1 << 30,
    }
}

/// A database with a schema in it.
pub(super) struct Real {
    pub(super) session: Box<dyn Session>,
    pub(super) catalog: Catalog,
    pub(super) seen: Vec<Contents>,
}

impl Real {
    pub(super) async fn new(mut session: Box<dyn Session>, ddl: &str) -> Self {
        if let Err(refused) = session.execute_script(ddl).await.unwrap() {
            panic!("{}", refused.message);
        }
        let catalog = session.catalog().await.unwrap();
        Self { session, catalog, seen: Vec::new() }
    }

    pub(super) async fn seed(
        &mut self,
        dialect: &dyn Dialect,
        batch: Batch,
        there: &Catalog,
        edges: EdgeSet,
    ) -> Seeded {
        let tables: BTreeSet<TableName> = self.catalog.tables.keys().cloned().collect();
        self.seed_some(dialect, batch, there, edges, &tables).await
    }

    pub(super) async fn seed_some(
        &mut self,
        dialect: &dyn Dialect,
        batch: Batch,
        there: &Catalog,
        edges: EdgeSet,
        tables: &BTreeSet<TableName>,
    ) -> Seeded {
        let before = self.session.contents(&self.catalog).await.unwrap();
        self.seen.push(before);
        let avoid: Vec<&Contents> = self.seen.iter().collect();
        let request = Request {
            suite: "suite",
            revision: "abc",
            batch,
            here: &self.catalog,
            there,
            tables,
            edges,
            avoid: &avoid,
            vocabulary: Vocabulary::Words,
        };
        seed(self.session.as_mut(), dialect, &request).await.unwrap()
    }

    /// Rows A and rows B go into every table; each ordinary row that was planned is there, with its values and
    /// where its key says.
    async fn fill(&mut self, dialect: &dyn Dialect) -> Seeded {
        let there = self.catalog.clone();
        let a = self.seed(dialect, Batch::A, &there, EdgeSet::All).await;
        assert_eq!(a.not_seeded, Default::default());
        self.assert_full(&a, 3).await;
        let b = self.seed(dialect, Batch::B, &there, EdgeSet::All).await;
        assert_eq!(b.not_seeded, Default::default());
        self.assert_full(&b, 2).await;
        a
    }

    async fn assert_full(&mut self, seeded: &Seeded, ordinary: usize) {
        let contents = self.session.contents(&self.catalog).await.unwrap();
        for (name, table) in &self.catalog.tables {
            let rows: Vec<_> = seeded.rows.iter().filter(|row| row.row.table == *name).collect();
            let count = rows.iter().filter(|row| matches!(row.kind, RowKind::Ordinary(_))).count();
            // Small domains run out.
            let scarce = name.name.starts_with("few_");
            assert!(count >= if scarce { 1 } else { ordinary }, "{name} has {count} ordinary rows");
            for row in rows {
                if matches!(row.kind, RowKind::Ordinary(_)) && !name.name.starts_with("either_") {
                    for column in table.columns.iter().filter(|column| !column.generated) {
                        let itself = table
                            .foreign_keys
                            .iter()
                            .any(|key| key.parent == *name && key.columns.contains(&column.name));
                        let value = super::value(row, &column.name);
                        assert!(
                            itself || value.is_some_and(|v| *v != Value::Null),
                            "{name}.{} of {:?} is {value:?}",
                            column.name,
                            row.kind
                        );
                    }
                }
                if let Some(key) = &row.key {
                    let there = &contents.tables[name];
                    let found = there.rows.iter().any(|row| there.key.iter().map(|at| &row[*at]).eq(key));
                    assert!(found, "{name} has no row with key {key:?}");
                }
            }
        }
    }
}

fn kinds(seeded: &Seeded, table: &str) -> Vec<RowKind> {
    seeded.rows.iter().filter(|row| row.row.table.name == table).map(|row| row.kind).collect()
}

/// What both engines understand.
const COMMON: &str = r#"
CREATE TABLE ranges (
    id integer PRIMARY KEY,
    low integer NOT NULL,
    high integer,
    ratio numeric(5, 4) CHECK (ratio > 0 AND ratio < 0.01),
    starts timestamp NOT NULL,
    ends timestamp,
    CHECK (low < high),
    CHECK (ends > starts),
    CHECK (low % 7 = 0),
    CHECK (high BETWEEN 100000 AND 100020)
);
CREATE TABLE patterns (
    id integer PRIMARY KEY,
    code varchar(10) NOT NULL UNIQUE CHECK (code LIKE 'AB-%_' AND length(code) = 7),
    email varchar(100) CHECK (email LIKE '%_@%.%'),
    shouting text CHECK (upper(shouting) = shouting),
    kind text NOT NULL CHECK (kind IN ('alpha', 'Beta', 'gamma gamma')),
    level integer CHECK (level IN (10, 20, 30))
);
CREATE TABLE either_or (
    id integer PRIMARY KEY,
    kind varchar(8) NOT NULL,
    width integer,
    radius integer,
    CHECK ((kind = 'square' AND width IS NOT NULL AND radius IS NULL)
        OR (kind = 'circle' AND radius IS NOT NULL AND width IS NULL))
);
CREATE TABLE either_parent (
    id integer PRIMARY KEY,
    range_id integer REFERENCES ranges (id),
    pattern_code varchar(10) REFERENCES patterns (code),
    CHECK ((range_id IS NULL) <> (pattern_code IS NULL))
);
CREATE TABLE tenants (id integer PRIMARY KEY, "Order" varchar(20) NOT NULL);
CREATE TABLE accounts (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    number integer NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE TABLE carts (
    tenant_id integer NOT NULL,
    id integer NOT NULL,
    account integer NOT NULL,
    payer integer,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account) REFERENCES accounts (tenant_id, number),
    FOREIGN KEY (tenant_id, payer) REFERENCES accounts (tenant_id, number)
);
CREATE TABLE profiles (tenant_id integer PRIMARY KEY REFERENCES tenants (id), bio text);
CREATE TABLE few_links (
    range_id integer NOT NULL REFERENCES ranges (id),
    pattern_id integer NOT NULL REFERENCES patterns (id),
    PRIMARY KEY (range_id, pattern_id)
);
CREATE TABLE nodes (
    id integer PRIMARY KEY,
    parent_id integer REFERENCES nodes (id),
    root_id integer NOT NULL REFERENCES nodes (id),
    name varchar(3) NOT NULL,
    UNIQUE (parent_id, name)
);
CREATE TABLE "Select" ("from" integer PRIMARY KEY, "Mixed Case" text NOT NULL, "quote""d" varchar(5));
CREATE TABLE no_key (name text, amount numeric(10, 2), happened timestamp);
CREATE TABLE emails (id integer PRIMARY KEY, email varchar(80) NOT NULL);
CREATE UNIQUE INDEX emails_lower ON emails (lower(email));
CREATE TABLE partial (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES tenants (id), main boolean NOT NULL);
CREATE UNIQUE INDEX partial_main ON partial (owner) WHERE main;
CREATE TABLE few_flags (a boolean NOT NULL, b boolean NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE short (code char(2) PRIMARY KEY, one varchar(1) UNIQUE, small smallint UNIQUE);
"#;

const SQLITE: &str = r#"
CREATE TABLE heads (id INTEGER PRIMARY KEY AUTOINCREMENT, tail_id INTEGER NOT NULL REFERENCES tails (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE tails (id INTEGER PRIMARY KEY AUTOINCREMENT, head_id INTEGER NOT NULL REFERENCES heads (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE hens (id INTEGER PRIMARY KEY, egg_id INTEGER UNIQUE REFERENCES eggs (id));
CREATE TABLE eggs (id INTEGER PRIMARY KEY, hen_id INTEGER NOT NULL REFERENCES hens (id));
CREATE TABLE computed (id INTEGER PRIMARY KEY, a INTEGER NOT NULL CHECK (a > 5), b INTEGER GENERATED ALWAYS AS (a * 2) STORED, CHECK (b > 20));
CREATE TABLE documents (id INTEGER PRIMARY KEY, body TEXT NOT NULL CHECK (json_valid(body)), tags JSON DEFAULT '[]',
    digest BLOB CHECK (length(digest) = 16), file TEXT CHECK (file GLOB '[a-c]*.txt'));
CREATE TABLE untyped (id INTEGER PRIMARY KEY, anything, value NOT NULL);
CREATE TABLE guarded (id INTEGER PRIMARY KEY, state TEXT NOT NULL, amount INTEGER);
CREATE TRIGGER guard BEFORE INSERT ON guarded WHEN NEW.amount > 1000 BEGIN SELECT RAISE(ABORT, 'too much'); END;
"#;

#[tokio::test]
async fn sqlite_takes_rows_in_every_table() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Sqlite::open(dir.path(), &target(EngineKind::Sqlite, ServerSettings::Embedded, &[]), None)
        .await
        .unwrap();
    let name = DatabaseName::new("seed", 0);
    engine.create(&name).await.unwrap();
    let mut real = Real::new(engine.connect(&name).await.unwrap(), &format!("{COMMON}{SQLITE}")).await;
    let a = real.fill(engine.dialect()).await;
    assert_common(&a);
    assert!(kinds(&a, "guarded").contains(&RowKind::Edge(Edge::NonAscii)), "{:?}", kinds(&a, "guarded"));
    // No orphan, whatever the session's settings let through.
    let orphans = real
        .session
        .execute_script("CREATE TABLE found AS SELECT * FROM pragma_foreign_key_check")
        .await
        .unwrap();
    assert!(orphans.is_ok());
    let catalog = real.session.catalog().await.unwrap();
    let contents = real.session.contents(&catalog).await.unwrap();
    assert!(
        !contents.tables.keys().any(|table| table.name == "found"),
        "{:?}",
        contents.tables.get(&TableName { schema: None, name: "found".into() })
    );
}

fn assert_common(a: &Seeded) {
    assert_eq!(
        texts(a, "patterns", "kind"),
        BTreeSet::from(["alpha", "Beta", "gamma gamma"].map(str::to_owned))
    );
    assert_eq!(texts(a, "patterns", "level"), BTreeSet::from(["", "10", "20", "30"].map(str::to_owned)));
    assert_eq!(texts(a, "either_or", "kind"), BTreeSet::from(["square", "circle"].map(str::to_owned)));
    let parents =
        |column| texts(a, "either_parent", column).into_iter().filter(|text| !text.is_empty()).count();
    assert!(parents("range_id") > 0 && parents("pattern_code") > 0);
    for table in ["ranges", "nodes", "Select", "no_key", "emails"] {
        let edges = kinds(a, table).into_iter().filter(|kind| matches!(kind, RowKind::Edge(_))).count();
        assert!(edges >= 3, "{table}: {:?}", kinds(a, table));
    }
    assert!(kinds(a, "emails").contains(&RowKind::Edge(Edge::LetterCase)));
    assert!(kinds(a, "no_key").contains(&RowKind::Edge(Edge::Duplicate)));
    // The column's own limits, and the condition's where it is narrower.
    assert!(texts(a, "ranges", "high").contains("100020"));
    assert_eq!(kinds(a, "few_flags").len(), 4.min(kinds(a, "few_flags").len()));
}

const POSTGRES: &str = r#"
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy');
CREATE TYPE audit.level AS ENUM ('low', 'high');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{5}$');
CREATE DOMAIN small_even AS integer NOT NULL CHECK (VALUE BETWEEN 0 AND 1000) CHECK (VALUE % 2 = 0);
CREATE TABLE heads (id serial PRIMARY KEY, tail_id integer NOT NULL);
CREATE TABLE tails (id serial PRIMARY KEY, head_id integer NOT NULL REFERENCES heads (id) DEFERRABLE);
ALTER TABLE heads ADD FOREIGN KEY (tail_id) REFERENCES tails (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE hens (id integer PRIMARY KEY, egg_id integer UNIQUE);
CREATE TABLE eggs (id integer PRIMARY KEY, hen_id integer NOT NULL REFERENCES hens (id));
ALTER TABLE hens ADD FOREIGN KEY (egg_id) REFERENCES eggs (id);
CREATE TABLE computed (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a integer NOT NULL CHECK (a > 5),
    b integer GENERATED ALWAYS AS (a * 2) STORED CHECK (b > 20)
);
CREATE TABLE domains (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, zip zip NOT NULL, even small_even, zips zip[]);
CREATE TABLE audit.moods (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mood mood NOT NULL DEFAULT 'ok',
    levels audit.level[] NOT NULL, history mood[], UNIQUE (mood, levels));
CREATE TABLE audit.entries (id bigserial PRIMARY KEY, mood_id uuid NOT NULL REFERENCES audit.moods (id), at timestamptz NOT NULL);
CREATE TABLE expressions (
    id integer PRIMARY KEY,
    slug text NOT NULL CHECK (slug ~ '^[a-z]+(-[a-z0-9]+)*$'),
    country char(2) CHECK (country ~ '^[A-Z]{2}$'),
    phone varchar(20) UNIQUE CHECK (phone ~* '^\+[1-9]\d{6,14}$'),
    version text CHECK (version SIMILAR TO '[0-9]+.[0-9]+(.[0-9]+)?'),
    body jsonb CHECK (jsonb_typeof(body) = 'array'),
    config jsonb NOT NULL CHECK (config ? 'mode'),
    tags text[] CHECK (cardinality(tags) = 3),
    digest bytea CHECK (octet_length(digest) = 20),
    expires timestamptz CHECK (expires > '2030-01-01 00:00:00+00'),
    born date CHECK (born >= '1900-01-01' AND born < '1950-01-01')
);
CREATE TABLE bookings (id integer PRIMARY KEY, room integer NOT NULL, during tsrange NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE shifts (id integer PRIMARY KEY, starts timestamptz NOT NULL, ends timestamptz NOT NULL,
    EXCLUDE USING gist (tstzrange(starts, ends) WITH &&), CHECK (starts < ends));
CREATE TABLE measures (id integer NOT NULL, city text NOT NULL, taken date NOT NULL, value double precision,
    PRIMARY KEY (id, taken)) PARTITION BY RANGE (taken);
CREATE TABLE measures_2021 PARTITION OF measures FOR VALUES FROM ('2021-03-01') TO ('2021-04-01');
CREATE TABLE measures_1999 PARTITION OF measures FOR VALUES FROM ('1999-03-01') TO ('1999-04-01');
CREATE TABLE by_list (id integer NOT NULL, region text NOT NULL) PARTITION BY LIST (region);
CREATE TABLE by_list_eu PARTITION OF by_list FOR VALUES IN ('eu', 'uk');
CREATE TABLE caseless (id integer PRIMARY KEY, login varchar(30) NOT NULL, team text);
CREATE UNIQUE INDEX caseless_login ON caseless (lower(login), coalesce(team, ''));
CREATE TABLE nulls_equal (id integer PRIMARY KEY, a text, b mood, UNIQUE NULLS NOT DISTINCT (a, b));
CREATE TABLE guarded (id integer PRIMARY KEY, state text NOT NULL, amount integer);
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.amount > 1000 THEN RAISE EXCEPTION 'too much'; END IF; RETURN NEW; END $$;
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION guard();
CREATE TABLE every_type (
    a smallint, b integer, c bigint, d numeric, e numeric(12, 4), f real, g double precision, h money,
    i varchar(7), j char(9), k text, l bytea, m timestamp, n timestamptz(3), o date, p time, q timetz, r interval,
    s boolean, t point, u line, v lseg, w box, x path, y polygon, z circle,
    aa cidr, ab inet, ac macaddr, ad macaddr8, ae bit(5), af bit varying(9), ag tsvector, ah tsquery, ai uuid,
    aj xml, ak json, al jsonb, am integer[], an text[], ao int4range, ap int8range, aq numrange, ar tsrange,
    at tstzrange, au daterange, av int4multirange, aw oid, ax name, ay "char", az pg_lsn, ba mood, bb pair, bc jsonpath,
    bd numeric(3, 0), be timestamp(0), bf varchar(1), bg interval day to second, bh numeric(5, -2), bi mood[], bj uuid[],
    bk date[], bl boolean[], bm regclass, bn txid_snapshot, bo numeric(2, 4)
);
"#;

pub(super) fn endpoint(test: &str) -> Option<Endpoint> {
    let Ok(url) = std::env::var("MRT_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_POSTGRES_URL is not set)");
        return None;
    };
    let rest = url.split_once("://").unwrap().1;
    let (login, place) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, database) = place.split_once('/').unwrap();
    let (host, port) = host.split_once(':').unwrap_or((host, "5432"));
    let endpoint = Endpoint {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        user: user.to_owned(),
        password: password.to_owned(),
        database: database.to_owned(),
    };
    Some(endpoint)
}

pub(super) async fn postgres(test: &str, extensions: &[&str]) -> Option<Postgres> {
    let endpoint = endpoint(test)?;
    let server = ServerSettings::External { url: None, url_env: None };
    Some(Postgres::open(endpoint, &target(EngineKind::Postgres, server, extensions)).await.unwrap())
}

#[tokio::test]
async fn postgres_takes_rows_in_every_table() {
    let Some(engine) = postgres("postgres_takes_rows_in_every_table", &[]).await else { return };
    let name = DatabaseName::new("seed", 0);
    engine.create(&name).await.unwrap();
    let mut real = Real::new(engine.connect(&name).await.unwrap(), &format!("{COMMON}{POSTGRES}")).await;
    let a = real.fill(engine.dialect()).await;
    assert_common(&a);
    assert_eq!(texts(&a, "moods", "mood"), BTreeSet::from(["sad", "ok", "Happy"].map(str::to_owned)));
    assert_eq!(texts(&a, "by_list", "region"), BTreeSet::from(["eu", "uk"].map(str::to_owned)));
    // Rows that are still to come find their keys free.
    for (table, sequence) in [("computed", "computed_id_seq"), ("audit.entries", "audit.entries_id_seq")] {
        let behind = format!(
            "DO $$ BEGIN IF nextval('{sequence}') <= (SELECT max(id) FROM {table}) THEN RAISE 'behind'; END IF; END $$"
        );
        real.session.execute_script(&behind).await.unwrap().unwrap();
    }
    drop(real);
    engine.close().await.unwrap();
}
