//! One revision on one engine, with everything that rules may ask, and what they answer.

use mrt_chain::settings::EngineKind;

use crate::finding::{Finding, Severity};
use crate::migration::Migration;
use crate::operation::{Assigned, ConstraintKind, Kind, ObjectKind, Operation};
use crate::rules::Rule;
use crate::undo::{Gap, Loss, Object, Undo, World};

/// One revision on one engine.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What it does.
    pub migration: &'a Migration,
    /// The engine.
    pub engine: EngineKind,
    /// What is known of the schema before it.
    pub before: &'a World,
    /// What its upgrade and downgrade come to.
    pub undo: &'a Undo,
}

/// Takes down what one rule finds.
pub struct Findings<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) revision: &'a str,
    pub(crate) file: &'a str,
    /// The revision is a migration of Django.
    pub(crate) django: bool,
    pub(crate) out: Vec<Finding>,
}

impl Findings<'_> {
    /// A finding of the rule's own severity.
    pub(crate) fn add(&mut self, line: u32, message: impl Into<String>) {
        self.add_as(self.rule.severity, line, message);
    }

    pub(crate) fn add_as(&mut self, severity: Severity, line: u32, message: impl Into<String>) {
        self.out.push(Finding {
            code: self.rule.code,
            severity,
            revision: self.revision.to_owned(),
            file: self.file.to_owned(),
            line,
            message: if self.django { in_words_of_django(&message.into()) } else { message.into() },
        });
    }
}

impl<'a> Case<'a> {
    /// The downgrade does something, and ends: what it does can be compared with the upgrade.
    pub(crate) fn comes_back(&self) -> bool {
        !self.migration.down().is_empty() && !self.migration.refuses()
    }

    /// Whether what is missing is a foreign key, as an earlier revision or the step that drops it says.
    pub(crate) fn is_foreign_key(&self, gap: &Gap) -> bool {
        let facts = self.before.get(&gap.object).and_then(|state| state.facts.as_ref());
        let said = self.up(gap).map(|operation| &operation.kind);
        facts.and_then(|facts| facts.get("kind")) == Some(ConstraintKind::ForeignKey.as_str())
            || matches!(said, Some(Kind::DropConstraint { kind: Some(ConstraintKind::ForeignKey), .. }))
    }

    /// The gaps of a downgrade that does something; one that does nothing is a finding of its own.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = &'a Gap> {
        let gaps: &[Gap] = if self.comes_back() { &self.undo.gaps } else { &[] };
        gaps.iter()
    }

    pub(crate) fn missing(&self) -> impl Iterator<Item = &'a Gap> {
        self.gaps().filter(|gap| gap.loss == Loss::Missing)
    }

    pub(crate) fn left(&self) -> impl Iterator<Item = &'a Gap> {
        self.gaps().filter(|gap| gap.loss == Loss::Left)
    }

    /// The operation to point at: that of the upgrade, or else that of the downgrade.
    pub(crate) fn line(&self, gap: &Gap) -> u32 {
        self.up(gap)
            .or_else(|| self.down(gap))
            .map_or(self.migration.downgrade_line, |operation| operation.line)
    }

    pub(crate) fn up(&self, gap: &Gap) -> Option<&'a Operation> {
        self.migration.upgrade.get(gap.up?)
    }

    pub(crate) fn down(&self, gap: &Gap) -> Option<&'a Operation> {
        self.migration.down().get(gap.down?)
    }

    /// Whether an object is there when the upgrade begins, as far as is known; what nobody knows of is taken to be there.
    pub(crate) fn was_there(&self, object: &Object) -> bool {
        match self.before.get(object) {
            Some(state) => state.facts.is_some(),
            None => self.undo.must_have_been(object).unwrap_or_else(|| !self.makes(object)),
        }
    }

    /// Whether the upgrade itself makes a column, or the table or view that it is in.
    fn makes(&self, object: &Object) -> bool {
        self.migration.upgrade.iter().any(|operation| match &operation.kind {
            Kind::CreateTable { table, .. } => Object::table(table) == Object::table(&object.table),
            Kind::AddColumn { table, column, .. } => Object::column(table, &column.name) == *object,
            Kind::Create { object: ObjectKind::View, name, .. } => {
                Object::table(name) == Object::table(&object.table)
            }
            _ => false,
        })
    }

    /// Whether a step of the upgrade changes rows that were there for certain, and how: no matter what they hold.
    pub(crate) fn surely_changes(&self, operation: &Operation) -> bool {
        if operation.conditional {
            return false;
        }
        match &operation.kind {
            Kind::Update { table, values, whole: true, .. } => {
                self.is_old_table(table)
                    && values.iter().any(|(column, value)| self.overwrites(table, column, value))
            }
            Kind::Delete { table, whole: true } | Kind::Truncate { table } => self.is_old_table(table),
            Kind::Insert { table, sources, lenient: false, .. } => {
                sources.is_empty() && self.before.has_table(table) && !self.makes_table(table)
            }
            Kind::Alter { what, .. } | Kind::Raw { sql: what } => makes_or_drops(what),
            _ => false,
        }
    }

    /// Whether no value of a column stays what it was. One that may be NULL may have been NULL everywhere.
    pub(crate) fn overwrites(&self, table: &str, column: &str, value: &Assigned) -> bool {
        let known = self.before.column(table, column);
        match value {
            Assigned::Arithmetic => known.is_some(),
            // Nobody does that where there is nothing.
            Assigned::Literal(None) => known.is_some(),
            Assigned::Literal(_) => known.is_some_and(|facts| facts.get("nullable") == Some("NOT NULL")),
            Assigned::Column(_) | Assigned::Other => false,
        }
    }

    /// Whether the upgrade makes a table of that name, or gives it to another one.
    pub(crate) fn makes_table(&self, table: &str) -> bool {
        self.migration.upgrade.iter().any(|operation| match &operation.kind {
            Kind::CreateTable { table: own, .. } | Kind::RenameTable { to: own, .. } => {
                Object::table(own) == Object::table(table)
            }
            _ => false,
        })
    }

    /// Whether the table of an operation is older than the upgrade.
    pub(crate) fn is_old_table(&self, table: &str) -> bool {
        self.was_there(&Object::table(table))
    }
}

/// Whether a statement that is known by its words alone makes or drops something, whatever there is.
fn makes_or_drops(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let lenient = words.iter().any(|word| matches!(word.as_str(), "EXISTS" | "REPLACE"));
    let acts = |word: &str| matches!(word, "ADD" | "DROP" | "RENAME" | "ATTACH" | "DETACH");
    !lenient
        && (word(0) == "CREATE" || acts(word(0)) || (word(0) == "ALTER" && (acts(word(3)) || acts(word(4)))))
}

/// What is certain is an error.
pub(crate) fn certainly(certain: bool) -> Severity {
    if certain { Severity::Error } else { Severity::Warning }
}

/// Messages speak of the two functions of a revision; a migration of Django has none, and its reverse is Django's.
pub(crate) fn in_words_of_django(message: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("`downgrade()`", "its reverse"),
        ("`upgrade()`", "the migration"),
        ("a `server_default`", "a default"),
        ("the upgrade", "the migration"),
        ("the downgrade", "its reverse"),
        ("Alembic", "Django"),
        ("versions directory", "migrations directory"),
        ("earlier revision", "earlier migration"),
    ];
    WORDS
        .iter()
        .fold(message.to_owned(), |message, (of_alembic, of_django)| message.replace(of_alembic, of_django))
}
