//! Which tables a revision can touch, read from the statements that it sent.
//!
//! Errs on the side of more: a word that happens to be a table's name costs a few rows, a table that is missed
//! costs a proof. So this looks at tokens, not at grammar, and follows views, functions and triggers by name.

mod executed;

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::tokenizer::{Token, Tokenizer};

use crate::check::outside::{ServerWide, server_wide, upper_words};
use crate::database::Dialect;
use crate::database::catalog::{Catalog, ObjectKind, TableName};
use crate::host::Statement;

/// What a list of statements can touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Tables that are named, directly or by way of a view, function or trigger.
    pub(crate) tables: BTreeSet<TableName>,
    /// Something cannot be seen through (a DO block, dynamic SQL), so every table may be touched.
    pub(crate) everything: bool,
    /// Rows can be deleted or keys changed, so tables that merely refer to a touched one matter as well.
    pub(crate) moves_rows: bool,
    /// Something outside of the database is written (a role, a tablespace, a server setting).
    pub(crate) server_wide: Option<ServerWide>,
}

/// Reads what `statements` can touch among the tables of `catalogs`.
pub(crate) fn touched<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    catalogs: &[&Catalog],
    dialect: &dyn Dialect,
    version_table: &str,
) -> Touched {
    let names = Names::new(catalogs, dialect);
    let mut seen = Seen::default();
    for statement in statements {
        if statement.line.is_none() && names.is_bookkeeping(&statement.sql, version_table) {
            continue;
        }
        names.read(&statement.sql, &mut seen, 0);
        for parameter in &statement.parameters {
            names.word(parameter, &mut seen, 0);
        }
    }
    names.follow_triggers(&mut seen);
    let Seen { mut touched, .. } = seen;
    let version_table = dialect.fold(version_table);
    touched.tables.retain(|table| table.name != version_table);
    touched
}

/// Adds the tables whose rows hang on the rows of `tables`: those that refer to them.
pub(crate) fn with_children(
    tables: &BTreeSet<TableName>,
    catalog: &Catalog,
    moves_rows: bool,
) -> BTreeSet<TableName> {
    // One generation is enough: a grandchild loses rows only when the child did, and the child is watched.
    let children = catalog.tables.iter().filter(|(_, table)| {
        table
            .foreign_keys
            .iter()
            .any(|key| tables.contains(&key.parent) && (moves_rows || key.acts_on_delete))
    });
    tables.iter().cloned().chain(children.map(|(name, _)| name.clone())).collect()
}

/// Other names by which a statement reaches the rows of a table: those of its partitions, and those of the types
/// of its columns that are objects themselves (enums, composite types). What a domain asks for is its columns' own.
fn behind(catalog: &Catalog) -> impl Iterator<Item = (&str, &TableName)> {
    let own_types: BTreeSet<&str> = catalog
        .objects
        .keys()
        .filter(|key| key.kind == ObjectKind::Type)
        .map(|key| last_part(&key.path))
        .collect();
    catalog.tables.iter().flat_map(move |(name, table)| {
        let partitions = table.partitions.iter().map(|partition| partition.name.name.as_str());
        let types = table.columns.iter().map(|column| last_part(column.ty.native.trim_end_matches("[]")));
        let types: Vec<&str> = types.filter(|ty| own_types.contains(ty)).collect();
        partitions.chain(types).map(move |other| (other, name))
    })
}

/// `address` of `billing.address` and of `billing."address"`.
fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path).trim_matches('"')
}

#[derive(Default)]
struct Seen {
    touched: Touched,
    /// Names of code already followed.
    code: BTreeSet<String>,
}

impl Seen {
    /// What cannot be undone outweighs what can.
    fn writes_outside(&mut self, found: Option<ServerWide>) {
        if let Some(found) = found
            && self.touched.server_wide.as_ref().is_none_or(|known| known.roles && !found.roles)
        {
            self.touched.server_wide = Some(found);
        }
    }
}

struct Names<'a> {
    tables: BTreeMap<String, Vec<&'a TableName>>,
    code: BTreeMap<String, Vec<&'a crate::database::catalog::Code>>,
    dialect: &'a dyn Dialect,
}

/// How deep code may call code before we give up and take everything.
const DEEPEST: u32 = 16;

impl<'a> Names<'a> {
    fn new(catalogs: &[&'a Catalog], dialect: &'a dyn Dialect) -> Self {
        let mut tables: BTreeMap<String, Vec<&TableName>> = BTreeMap::new();
        let mut code: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for catalog in catalogs {
            for table in catalog.tables.keys() {
                let known = tables.entry(dialect.fold(&table.name)).or_default();
                if !known.contains(&table) {
                    known.push(table);
                }
            }
            for (name, table) in behind(catalog) {
                tables.entry(dialect.fold(name)).or_default().push(table);
            }
            for piece in &catalog.code {
                code.entry(dialect.fold(&piece.name)).or_default().push(piece);
            }
        }
        Self { tables, code, dialect }
    }

    /// A statement of Alembic's own on its version table.
    fn is_bookkeeping(&self, sql: &str, version_table: &str) -> bool {
        let mut words = sql.split_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        matches!(first.as_str(), "INSERT" | "UPDATE" | "DELETE" | "SELECT" | "CREATE" | "DESCRIBE" | "SHOW")
            && words.take(5).any(|word| {
                word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')
                    .rsplit('.')
                    .next()
                    .is_some_and(|name| self.dialect.fold(name) == self.dialect.fold(version_table))
                    || word.starts_with(&format!("{version_table}."))
            })
    }

    fn read(&self, sql: &str, seen: &mut Seen, depth: u32) {
        if depth > DEEPEST {
            seen.touched.everything = true;
            return;
        }
        let Ok(tokens) = Tokenizer::new(self.dialect.sql(), sql).with_unescape(true).tokenize() else {
            seen.touched.everything = true;
            return;
        };
        let tokens: Vec<Token> =
            tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
        self.statement_head(&tokens, seen);
        // A block of PL/SQL is sent as it is.
        let is_block = matches!(tokens.first(), Some(Token::Word(word))
            if ["BEGIN", "DECLARE"].iter().any(|it| word.value.eq_ignore_ascii_case(it)));
        if self.dialect.logins_are_apart() {
            self.executed(&tokens, seen, depth);
        }
        for token in &tokens {
            match token {
                Token::Word(word) => self.word(&word.value, seen, depth),
                Token::SingleQuotedString(text)
                | Token::EscapedStringLiteral(text)
                | Token::NationalStringLiteral(text) => {
                    self.word(text, seen, depth);
                    // In code a text may be a statement, or the beginning of one.
                    if depth > 0 || is_block {
                        seen.writes_outside(server_wide(&upper_words(text), self.dialect));
                    }
                }
                // Oracle's q'[…]'.
                Token::QuoteDelimitedStringLiteral(quoted)
                | Token::NationalQuoteDelimitedStringLiteral(quoted) => {
                    self.word(&quoted.value, seen, depth);
                    if depth > 0 || is_block {
                        seen.writes_outside(server_wide(&upper_words(&quoted.value), self.dialect));
                    }
                }
                Token::DoubleQuotedString(text) => self.word(text, seen, depth),
                Token::DollarQuotedString(text) => self.read(&text.value, seen, depth + 1),
                _ => {}
            }
        }
    }

    /// What the first words of a statement, and of each statement inside of a body, give away.
    fn statement_head(&self, tokens: &[Token], seen: &mut Seen) {
        let words: Vec<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
                Token::SemiColon => ";".to_owned(),
                _ => String::new(),
            })
            .collect();
        for (at, word) in words.iter().enumerate() {
            let starts =
                at == 0 || matches!(words[at - 1].as_str(), ";" | "BEGIN" | "THEN" | "ELSE" | "LOOP" | "AS");
            let next = words.get(at + 1).map_or("", String::as_str);
            match word.as_str() {
                "DELETE" | "TRUNCATE" | "UPDATE" | "MERGE" | "REPLACE" => seen.touched.moves_rows = true,
                "DROP" if next == "TABLE" => seen.touched.moves_rows = true,
                "DO" | "CALL" if starts => seen.touched.everything = true,
                // EXECUTE FUNCTION in CREATE TRIGGER names its function; EXECUTE elsewhere runs text, but in Transact-SQL.
                "EXECUTE" if self.dialect.logins_are_apart() => {}
                "EXECUTE" if !matches!(next, "FUNCTION" | "PROCEDURE") => seen.touched.everything = true,
                _ => {}
            }
            if starts {
                seen.writes_outside(server_wide(&words[at..], self.dialect));
            }
        }
    }

    fn word(&self, text: &str, seen: &mut Seen, depth: u32) {
        if self.dialect.logins_are_apart() && text.len() <= 1024 {
            // A procedure is told of a column as `schema.table.column`.
            let mut parts = text.split('.').rev().skip(1).take(2);
            if text.contains('.') && !text.contains(char::is_whitespace) {
                parts.by_ref().for_each(|part| self.one_word(part, seen, depth));
            }
        }
        self.one_word(text, seen, depth);
    }

    fn one_word(&self, text: &str, seen: &mut Seen, depth: u32) {
        // `schema.table` in a string or parameter, as `regclass` and reflection have it.
        let text = text.rsplit('.').next().unwrap_or(text).trim_matches(['"', '`', '[', ']']);
        if text.len() > 256 {
            return;
        }
        let folded = self.dialect.fold(text);
        for table in self.tables.get(&folded).into_iter().flatten() {
            seen.touched.tables.insert((*table).clone());
        }
        for quoted in self.tables.get(text).into_iter().flatten() {
            seen.touched.tables.insert((*quoted).clone());
        }
        if let Some(pieces) = self.code.get(&folded)
            && seen.code.insert(folded.clone())
        {
            for piece in pieces {
                self.read(&piece.body, seen, depth + 1);
            }
        }
    }

    /// A touched table fires its triggers, and those touch further tables, until nothing new is found.
    fn follow_triggers(&self, seen: &mut Seen) {
        loop {
            let before = seen.touched.tables.len();
            for piece in self.code.values().flatten() {
                let fires = piece.kind == ObjectKind::Trigger
                    && piece.table.as_ref().is_some_and(|table| seen.touched.tables.contains(table));
                if fires && seen.code.insert(format!("trigger {:?} {}", piece.table, piece.name)) {
                    let (everything, moves) = (seen.touched.everything, seen.touched.moves_rows);
                    self.read(&piece.body, seen, 1);
                    // A trigger's own dynamic SQL is part of the table's normal life.
                    seen.touched.everything = everything;
                    seen.touched.moves_rows = moves;
                }
            }
            if seen.touched.tables.len() == before {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sqlparser::dialect::PostgreSqlDialect;

    use super::*;
    use crate::database::catalog::{
        Code, Column, ColumnType, Family, ForeignKey, ObjectKey, Partition, Table,
    };
    use crate::database::rows::Value;

    struct Plain;

    impl Dialect for Plain {
        fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
            &PostgreSqlDialect {}
        }
        fn fold(&self, identifier: &str) -> String {
            identifier.to_lowercase()
        }
        fn samples(&self, _: &ColumnType, _: bool) -> Vec<Value> {
            Vec::new()
        }
    }

    fn table(parent: Option<(&str, bool)>) -> Table {
        let key = parent.map(|(parent, acts_on_delete)| ForeignKey {
            name: None,
            columns: vec!["parent_id".to_owned()],
            parent: name(parent),
            parent_columns: vec!["id".to_owned()],
            acts_on_delete,
            deferrable: false,
        });
        Table {
            columns: Vec::new(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: key.into_iter().collect(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        }
    }

    fn name(text: &str) -> TableName {
        TableName { schema: None, name: text.to_owned() }
    }

    fn catalog() -> Catalog {
        let code = |kind, name: &str, table: Option<&str>, body: &str| Code {
            kind,
            name: name.to_owned(),
            table: table.map(self::name),
            body: body.to_owned(),
        };
        Catalog {
            tables: BTreeMap::from([
                (name("users"), table(None)),
                (name("orders"), table(Some(("users", true)))),
                (name("notes"), table(Some(("users", false)))),
                (name("Mixed Case"), table(None)),
                (name("audit"), table(None)),
            ]),
            code: vec![
                code(ObjectKind::View, "active_users", None, "SELECT * FROM users"),
                code(ObjectKind::Trigger, "log_orders", Some("orders"), "EXECUTE FUNCTION log_it()"),
                code(ObjectKind::Function, "log_it", None, "BEGIN INSERT INTO audit VALUES (1); END"),
                code(ObjectKind::Function, "make_reader", None, "BEGIN CREATE ROLE reader; END"),
            ],
            ..Catalog::default()
        }
    }

    fn touches(sql: &str) -> Touched {
        let statement = Statement { sql: sql.to_owned(), parameters: Vec::new(), line: Some(1) };
        touched([&statement], &[&catalog()], &Plain, "alembic_version")
    }

    fn named(sql: &str) -> Vec<String> {
        touches(sql).tables.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tables_are_found_by_name_however_they_are_written() {
        assert_eq!(named("ALTER TABLE USERS ADD COLUMN x int"), ["users"]);
        assert_eq!(named("ALTER TABLE public.\"Mixed Case\" ADD x int"), ["Mixed Case"]);
        assert_eq!(named("SELECT 'users'::regclass"), ["users"]);
        assert_eq!(named("CREATE INDEX ix ON elsewhere (name)"), Vec::<String>::new());
    }

    #[test]
    fn views_functions_and_triggers_are_seen_through() {
        assert_eq!(named("UPDATE active_users SET x = 1"), ["users"]);
        assert_eq!(named("UPDATE orders SET x = 1"), ["audit", "orders"]);
    }

    #[test]
    fn partitions_and_types_lead_to_their_tables() {
        let mut catalog = catalog();
        let column = Column {
            name: "at".to_owned(),
            ty: ColumnType {
                family: Family::Other,
                native: "audit.place[]".to_owned(),
                domain_checks: Vec::new(),
            },
            nullable: true,
            default: None,
            generated: false,
            counter: false,
            identity_always: false,
        };
        let part = Partition { name: name("orders_2020"), takes: None };
        catalog.tables.get_mut(&name("orders")).unwrap().partitions.push(part);
        catalog.tables.get_mut(&name("notes")).unwrap().columns.push(column);
        let named = |sql: &str, catalog: &Catalog| {
            let statement = Statement { sql: sql.to_owned(), parameters: Vec::new(), line: Some(1) };
            touched([&statement], &[catalog], &Plain, "alembic_version").tables
        };
        let type_changes = "ALTER TYPE audit.place DROP ATTRIBUTE zip CASCADE";
        assert!(named("DROP TABLE orders_2020", &catalog).contains(&name("orders")));
        // The schema's name happens to be a table's.
        assert_eq!(named(type_changes, &catalog), [name("audit")].into(), "no type of the schema's own");
        let key = ObjectKey { owner: None, kind: ObjectKind::Type, path: "audit.place".to_owned() };
        catalog.objects.insert(key, Default::default());
        assert_eq!(named(type_changes, &catalog), [name("audit"), name("notes")].into());
    }

    #[test]
    fn what_cannot_be_seen_through_means_everything() {
        assert!(touches("DO $$ BEGIN PERFORM 1; END $$").everything);
        assert!(touches("CALL something()").everything);
        assert!(!touches("CREATE TRIGGER t AFTER INSERT ON users EXECUTE FUNCTION log_it()").everything);
        assert!(!touches("ALTER TABLE users ADD COLUMN x int").everything);
    }

    #[test]
    fn parameters_count_and_alembic_s_own_statements_do_not() {
        let reflect = Statement {
            sql: "SELECT * FROM pg_class WHERE relname = %(name)s".to_owned(),
            parameters: vec!["users".to_owned()],
            line: Some(3),
        };
        let own = Statement {
            sql: "UPDATE alembic_version SET version_num='users' WHERE 1".to_owned(),
            parameters: Vec::new(),
            line: None,
        };
        let found = touched([&reflect, &own], &[&catalog()], &Plain, "alembic_version");
        assert_eq!(found.tables, BTreeSet::from([name("users")]));
        assert!(!found.moves_rows);
        assert!(touched([&own], &[&catalog()], &Plain, "alembic_version").tables.is_empty());
    }

    #[test]
    fn children_come_along_where_rows_can_move_or_the_key_acts() {
        let users = BTreeSet::from([name("users")]);
        assert_eq!(with_children(&users, &catalog(), false), BTreeSet::from([name("users"), name("orders")]));
        let all = BTreeSet::from([name("users"), name("orders"), name("notes")]);
        assert_eq!(with_children(&users, &catalog(), true), all);
    }

    #[test]
    fn what_is_outside_of_the_database_is_noticed() {
        let what = |sql: &str| touches(sql).server_wide.map(|found| found.what);
        for (sql, expected) in [
            ("CREATE ROLE reader", "CREATE ROLE"),
            ("-- a comment\nDROP USER IF EXISTS reader", "DROP USER"),
            ("SELECT 1; ALTER GROUP staff ADD USER reader", "ALTER GROUP"),
            ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"),
            ("COMMENT ON ROLE reader IS 'x'", "COMMENT ON"),
            ("GRANT staff TO \"ON\"", "GRANT of a role"),
            ("REVOKE ADMIN OPTION FOR staff FROM reader", "REVOKE of a role"),
            ("DO $$ BEGIN IF true THEN CREATE ROLE reader; END IF; END $$", "CREATE ROLE"),
            ("DO $$ BEGIN EXECUTE format('CREATE USER %I', 'r'); END $$", "CREATE USER"),
            ("DO $$ BEGIN EXECUTE 'DROP ROLE ' || quote_ident('r'); END $$", "DROP ROLE"),
            ("SELECT make_reader()", "CREATE ROLE"),
        ] {
            assert_eq!(what(sql).as_deref(), Some(expected), "{sql}");
        }
        for sql in [
            "CREATE TABLE role (id int)",
            "CREATE USER MAPPING FOR reader SERVER elsewhere",
            "CREATE SERVER elsewhere FOREIGN DATA WRAPPER w",
            "ALTER ROLE reader IN DATABASE d SET search_path = x",
            "GRANT SELECT ON users TO reader",
            "GRANT SELECT (role) ON users TO reader",
            "REVOKE GRANT OPTION FOR SELECT ON users FROM reader",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
            "INSERT INTO users VALUES ('CREATE ROLE reader')",
        ] {
            assert_eq!(what(sql), None, "{sql}");
        }
        let both = touches("CREATE ROLE reader; CREATE TABLESPACE t LOCATION '/x'");
        assert!(!both.server_wide.unwrap().roles);
    }
    #[test]
    fn a_block_of_plsql_is_read_as_code() {
        let touched = |sql: &str| {
            let statement = Statement { sql: sql.to_owned(), parameters: Vec::new(), line: Some(1) };
            touched([&statement], &[&catalog()], &crate::database::oracle::OracleDialect::default(), "x")
        };
        let made = touched("BEGIN EXECUTE IMMEDIATE 'CREATE USER reader IDENTIFIED BY x'; END;");
        assert!(made.everything && made.server_wide.is_some_and(|it| it.what == "CREATE USER"));
        let made = touched("DECLARE n NUMBER; BEGIN EXECUTE IMMEDIATE q'[DROP ROLE reader]'; END;");
        assert!(made.server_wide.is_some_and(|it| it.what == "DROP ROLE"));
        let rows = touched("BEGIN DELETE FROM users WHERE id = 1; END;");
        assert!(!rows.everything && rows.moves_rows && rows.server_wide.is_none());
        assert_eq!(rows.tables, [name("users")].into());
        // No block: a text is a value.
        assert!(touched("INSERT INTO notes VALUES ('DROP ROLE reader')").server_wide.is_none());
    }
}
