//! Reads the `CREATE` statements that SQLite stores: the only source of constraint names, CHECKs, collations,
//! deferrability and much else that no pragma tells.
//!
//! The statements were accepted by SQLite, so this is no validator: it reads what the grammar allows and says
//! `None` where it is at a loss; the catalog then keeps the whole text instead.

use super::definition::{Body, ColumnText, Constraint, Generated, IndexText, Reference, TableText, Term};
use super::token::{Token, tokens};

/// Reads a `CREATE TABLE`; `None` for anything that it does not understand to the last token.
pub(super) fn table(sql: &str) -> Option<TableText> {
    let tokens = tokens(sql);
    let mut reader = Reader { tokens: &tokens };
    reader.head()?;
    let body = reader.group()?;

    let mut table = TableText::default();
    let mut inside = Reader { tokens: body };
    while !inside.done() {
        inside.table_part(&mut table)?;
        inside.symbol(",");
    }
    while !reader.done() {
        if reader.word("strict") {
            table.strict = true;
        } else if reader.words(&["without", "rowid"]) {
            table.without_rowid = true;
        } else {
            return None;
        }
        reader.symbol(",");
    }
    (!table.columns.is_empty()).then_some(table)
}

/// Reads a `CREATE INDEX`.
pub(super) fn index(sql: &str) -> Option<IndexText> {
    let tokens = tokens(sql);
    let unique = tokens.get(1)?.is_word("unique");
    let mut reader = Reader { tokens: &tokens };
    reader.head()?;
    reader.word("on").then_some(())?;
    reader.name()?;
    let terms = terms(reader.group()?)?;
    let predicate = reader.word("where").then(|| reader.rest());
    reader.done().then_some(IndexText { unique, terms, predicate })
}

/// What follows the name in any `CREATE` statement; all of it where there is none.
pub(super) fn after_name(sql: &str) -> Vec<Token> {
    let tokens = tokens(sql);
    let mut reader = Reader { tokens: &tokens };
    match reader.head() {
        Some(()) => reader.rest(),
        None => tokens,
    }
}

/// A trigger's text behind its name, with what SQLite assumes written out.
pub(super) fn trigger(sql: &str) -> Vec<Token> {
    let mut tokens = after_name(sql);
    let timed =
        ["before", "after", "instead"].iter().any(|word| tokens.first().is_some_and(|t| t.is_word(word)));
    if !timed {
        tokens.insert(0, Token::Word("before".into()));
    }
    let begin = tokens.iter().position(|t| t.is_word("begin")).unwrap_or(tokens.len());
    let each = tokens[..begin]
        .windows(3)
        .position(|three| three[0].is_word("for") && three[1].is_word("each") && three[2].is_word("row"));
    if let Some(each) = each {
        tokens.drain(each..each + 3);
    }
    tokens
}

/// The parts of a key: `a, b COLLATE nocase DESC, lower(c)`.
fn terms(tokens: &[Token]) -> Option<Vec<Term>> {
    split_at_commas(tokens)
        .into_iter()
        .map(|mut tokens| {
            if let [rest @ .., nulls, _] = tokens
                && nulls.is_word("nulls")
            {
                tokens = rest;
            }
            let mut desc = false;
            if let [rest @ .., order] = tokens
                && !rest.is_empty()
                && (order.is_word("asc") || order.is_word("desc"))
            {
                desc = order.is_word("desc");
                tokens = rest;
            }
            let mut collation = None;
            if let [rest @ .., collate, name] = tokens
                && collate.is_word("collate")
            {
                collation = Some(name.as_name()?.to_ascii_uppercase());
                tokens = rest;
            }
            let expression = tokens.to_vec();
            (!expression.is_empty()).then_some(Term { expression, collation, desc })
        })
        .collect()
}

fn split_at_commas(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_i32;
    tokens
        .split(|token| {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            depth == 0 && token.is_symbol(",")
        })
        .collect()
}

/// Takes tokens from the front.
struct Reader<'a> {
    tokens: &'a [Token],
}

impl<'a> Reader<'a> {
    fn done(&self) -> bool {
        self.tokens.is_empty()
    }

    fn rest(&mut self) -> Vec<Token> {
        std::mem::take(&mut self.tokens).to_vec()
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn next_if(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let found = self.tokens.first().is_some_and(wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn word(&mut self, word: &str) -> bool {
        self.next_if(|token| token.is_word(word))
    }

    fn words(&mut self, words: &[&str]) -> bool {
        let found = self.tokens.len() >= words.len()
            && self.tokens.iter().zip(words).all(|(token, word)| token.is_word(word));
        if found {
            self.tokens = &self.tokens[words.len()..];
        }
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.next_if(|token| token.is_symbol(symbol))
    }

    fn name(&mut self) -> Option<String> {
        self.next()?.as_name().map(str::to_owned)
    }

    /// What stands between a parenthesis, which must come now, and its partner.
    fn group(&mut self) -> Option<&'a [Token]> {
        self.symbol("(").then_some(())?;
        let mut depth = 1_usize;
        for (at, token) in self.tokens.iter().enumerate() {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
                if depth == 0 {
                    let inside = &self.tokens[..at];
                    self.tokens = &self.tokens[at + 1..];
                    return Some(inside);
                }
            }
        }
        None
    }

    fn names_in_group(&mut self) -> Option<Vec<String>> {
        terms(self.group()?)?.iter().map(|term| term.name().map(str::to_owned)).collect()
    }

    /// Everything up to and including the name of what is created.
    fn head(&mut self) -> Option<()> {
        self.word("create").then_some(())?;
        let _ = self.word("unique") || self.word("temp") || self.word("temporary") || self.word("virtual");
        let kinds = ["table", "index", "view", "trigger"];
        kinds.iter().any(|kind| self.word(kind)).then_some(())?;
        self.words(&["if", "not", "exists"]);
        self.name()?;
        if self.symbol(".") {
            self.name()?;
        }
        Some(())
    }

    /// A column with all that belongs to it, or a constraint of the table.
    fn table_part(&mut self, table: &mut TableText) -> Option<()> {
        const CONSTRAINTS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];
        if CONSTRAINTS.iter().any(|word| self.tokens.first().is_some_and(|token| token.is_word(word))) {
            return self.table_constraint(table);
        }
        let mut column = ColumnText { name: self.name()?, ..ColumnText::default() };
        self.declared_type()?;
        while !self.done() && !self.tokens[0].is_symbol(",") {
            self.column_constraint(&mut column, &mut table.constraints)?;
        }
        table.columns.push(column);
        Some(())
    }

    /// Skips a declared type; the pragma tells it.
    fn declared_type(&mut self) -> Option<()> {
        const ENDS: [&str; 12] = [
            "constraint",
            "primary",
            "not",
            "null",
            "unique",
            "check",
            "default",
            "collate",
            "references",
            "generated",
            "as",
            "deferrable",
        ];
        while self
            .tokens
            .first()
            .is_some_and(|token| token.as_name().is_some() && !ENDS.iter().any(|end| token.is_word(end)))
        {
            self.next();
        }
        if self.tokens.first().is_some_and(|token| token.is_symbol("(")) {
            self.group()?;
        }
        Some(())
    }

    fn column_constraint(
        &mut self,
        column: &mut ColumnText,
        constraints: &mut Vec<Constraint>,
    ) -> Option<()> {
        let name = if self.word("constraint") { Some(self.name()?) } else { None };
        let mut named = |what| column.names.extend(name.clone().map(|name| (what, name)));
        let own = || vec![Term::column(&column.name)];

        let constraint = if self.words(&["primary", "key"]) {
            let column_desc = self.word("desc");
            self.word("asc");
            let on_conflict = self.on_conflict()?;
            let autoincrement = self.word("autoincrement");
            let terms = vec![Term { desc: column_desc, ..Term::column(&column.name) }];
            Constraint { name, on_conflict, body: Body::PrimaryKey { terms, autoincrement, column_desc } }
        } else if self.word("unique") {
            Constraint { name, on_conflict: self.on_conflict()?, body: Body::Unique { terms: own() } }
        } else if self.word("check") {
            let body = Body::Check { condition: self.group()?.to_vec() };
            Constraint { name, on_conflict: self.on_conflict()?, body }
        } else if self.word("references") {
            let reference = self.reference(vec![column.name.clone()])?;
            Constraint { name, on_conflict: None, body: Body::ForeignKey(reference) }
        } else if self.words(&["not", "null"]) {
            named("not null");
            column.not_null = true;
            column.on_conflict = self.on_conflict()?;
            return Some(());
        } else if self.word("null") {
            self.on_conflict()?;
            return Some(());
        } else if self.word("default") {
            named("default");
            return self.default();
        } else if self.word("collate") {
            named("collate");
            column.collation = Some(self.name()?.to_ascii_uppercase());
            return Some(());
        } else if self.words(&["generated", "always", "as"]) || self.word("as") {
            named("generated");
            let expression = self.group()?.to_vec();
            let stored = self.word("stored");
            self.word("virtual");
            column.generated = Some(Generated { expression, stored });
            return Some(());
        } else {
            // `CONSTRAINT name` may stand alone, and means nothing.
            return name.map(|_| ());
        };
        constraints.push(constraint);
        Some(())
    }

    /// Skips a default; the pragma tells it.
    fn default(&mut self) -> Option<()> {
        if self.tokens.first()?.is_symbol("(") {
            self.group()?;
            return Some(());
        }
        let _ = self.symbol("-") || self.symbol("+");
        self.next().map(|_| ())
    }

    fn table_constraint(&mut self, table: &mut TableText) -> Option<()> {
        let name = if self.word("constraint") { Some(self.name()?) } else { None };
        let body = if self.words(&["primary", "key"]) {
            let mut inside = self.group()?;
            let autoincrement = inside.last().is_some_and(|last| last.is_word("autoincrement"));
            if autoincrement {
                inside = &inside[..inside.len() - 1];
            }
            Body::PrimaryKey { terms: terms(inside)?, autoincrement, column_desc: false }
        } else if self.word("unique") {
            Body::Unique { terms: terms(self.group()?)? }
        } else if self.word("check") {
            Body::Check { condition: self.group()?.to_vec() }
        } else if self.words(&["foreign", "key"]) {
            let columns = self.names_in_group()?;
            self.word("references").then_some(())?;
            Body::ForeignKey(self.reference(columns)?)
        } else {
            return name.map(|_| ());
        };
        let on_conflict = self.on_conflict()?;
        table.constraints.push(Constraint { name, on_conflict, body });
        Some(())
    }

    /// `ON CONFLICT x`, if it is there; ABORT is what happens without it.
    fn on_conflict(&mut self) -> Option<Option<String>> {
        if !self.words(&["on", "conflict"]) {
            return Some(None);
        }
        let resolution = self.name()?.to_ascii_uppercase();
        Some((resolution != "ABORT").then_some(resolution))
    }

    /// What follows REFERENCES.
    fn reference(&mut self, columns: Vec<String>) -> Option<Reference> {
        let mut reference = Reference { columns, parent: self.name()?, ..Reference::default() };
        if self.tokens.first().is_some_and(|token| token.is_symbol("(")) {
            reference.parent_columns = self.names_in_group()?;
        }
        loop {
            if self.words(&["on", "delete"]) {
                reference.on_delete = self.action()?;
            } else if self.words(&["on", "update"]) {
                reference.on_update = self.action()?;
            } else if self.words(&["on", "insert"]) {
                self.action()?;
            } else if self.word("match") {
                let matching = self.name()?.to_ascii_uppercase();
                reference.matching = (matching != "SIMPLE").then_some(matching);
            } else if self.words(&["not", "deferrable"]) {
                self.initially()?;
            } else if self.word("deferrable") {
                reference.deferrable = true;
                reference.initially_deferred = self.initially()?;
            } else {
                return Some(reference);
            }
        }
    }

    /// An action; to do nothing is what happens without it.
    fn action(&mut self) -> Option<Option<String>> {
        Some(match self.next()? {
            set if set.is_word("set") => Some(format!("SET {}", self.name()?.to_ascii_uppercase())),
            no if no.is_word("no") => self.word("action").then_some(None)?,
            other => Some(other.as_name()?.to_ascii_uppercase()),
        })
    }

    fn initially(&mut self) -> Option<bool> {
        if !self.word("initially") {
            return Some(false);
        }
        Some(self.next()?.is_word("deferred"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_is_the_same_on_a_column_and_on_the_table() {
        let column = table(
            "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT CONSTRAINT u UNIQUE ON CONFLICT IGNORE,
             c INT CHECK (c > 0), d INT CONSTRAINT f REFERENCES p(x) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)",
        );
        let table = table(
            "CREATE TABLE t (a INTEGER, b TEXT, c INT, d INT, PRIMARY KEY ([a] AUTOINCREMENT), \
             CONSTRAINT u UNIQUE (`b`) ON CONFLICT IGNORE CHECK (c > 0), CONSTRAINT f FOREIGN KEY ([d]) \
             REFERENCES p(x) ON DELETE SET NULL ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED)",
        )
        .map(|mut table| {
            for constraint in &mut table.constraints {
                if let Body::Unique { terms } = &mut constraint.body {
                    *terms = vec![Term::column("b")];
                }
            }
            table
        });
        assert!(column.is_some());
        assert_eq!(column, table);
    }

    #[test]
    fn odd_definitions_are_read() {
        for sql in [
            "CREATE TABLE t (a)",
            "CREATE TABLE \"t\"('a' INT, [b c], `d` DOUBLE PRECISION DEFAULT -1.5e3, e DEFAULT x)",
            "CREATE TABLE t (a unsigned big int(10, -2) NOT NULL ON CONFLICT FAIL NULL DEFAULT (1+(2)) COLLATE nocase)",
            "CREATE TABLE t (a INT GENERATED ALWAYS AS (b * (2)) STORED, b INT, c AS (a) VIRTUAL UNIQUE)",
            "CREATE TABLE t (a INT, b INT, PRIMARY KEY (a DESC, b COLLATE rtrim) ON CONFLICT REPLACE) \
             WITHOUT ROWID, STRICT",
            "CREATE TABLE t (a INT CONSTRAINT lonely, CONSTRAINT also_lonely, CHECK (a))",
            "CREATE TABLE t (a REFERENCES p MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE NOT NULL)",
            "CREATE TABLE t (a, UNIQUE (a), b TEXT)",
            "CREATE TABLE t (key TEXT, action INT, \"check\" INT CHECK(\"check\" IN (0, 1)))",
        ] {
            assert!(table(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed_at() {
        for sql in
            ["CREATE TABLE t (a INT !)", "CREATE TABLE t (a INT) SOMEHOW", "CREATE TABLE t (a INT", "x"]
        {
            assert_eq!(table(sql), None, "{sql}");
        }
        assert_eq!(index("CREATE INDEX i ON t (a) SOMEHOW"), None);
    }

    #[test]
    fn keys_of_an_index() {
        let index = index(
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON \"t\" (a, b COLLATE nocase DESC, lower(c, 1) ASC) WHERE d > 0",
        )
        .unwrap();
        assert!(index.unique);
        assert_eq!(index.predicate, Some(tokens("d > 0")));
        assert_eq!(index.terms[0].name(), Some("a"));
        assert_eq!((index.terms[1].collation.as_deref(), index.terms[1].desc), (Some("NOCASE"), true));
        assert_eq!(index.terms[2].expression, tokens("lower(c, 1)"));
    }

    #[test]
    fn what_a_trigger_leaves_out_is_written_out() {
        assert_eq!(
            trigger("CREATE TRIGGER a UPDATE OF b ON t WHEN new.c BEGIN SELECT 1; END"),
            tokens("before UPDATE OF b ON t WHEN new.c BEGIN SELECT 1; END")
        );
        assert_eq!(
            trigger(
                "CREATE TRIGGER IF NOT EXISTS main.\"x\" AFTER DELETE ON t FOR EACH ROW BEGIN SELECT 1; END"
            ),
            tokens("AFTER DELETE ON t BEGIN SELECT 1; END")
        );
    }
}
