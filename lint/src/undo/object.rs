//! The objects of a schema, by name, and what is known of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::operation::{
    Column, Constraint, ConstraintKind, ConstraintRule, Index, ObjectKind, Options, Setting, Type,
};
use crate::sql::normal;

/// An object. Names are compared without case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// The table to which it belongs, or which it is; empty for others.
    pub table: String,
    /// What it is.
    pub part: Part,
    /// Its name within the table; empty for the table itself.
    pub name: String,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A table.
    Table,
    /// A column.
    Column,
    /// An index.
    Index,
    /// A constraint.
    Constraint,
    /// Something beside tables.
    Other(ObjectKind),
}

impl Object {
    /// A table.
    pub fn table(table: &str) -> Self {
        Self::part(table, Part::Table, "")
    }

    /// A column.
    pub fn column(table: &str, column: &str) -> Self {
        Self::part(table, Part::Column, column)
    }

    /// An index.
    pub fn index(table: &str, index: &str) -> Self {
        Self::part(table, Part::Index, index)
    }

    /// A constraint, by its name or its role (`unique(email)`).
    pub fn constraint(table: &str, constraint: &str) -> Self {
        Self::part(table, Part::Constraint, constraint)
    }

    /// Something beside tables.
    pub fn other(kind: ObjectKind, name: &str) -> Self {
        Self::part("", Part::Other(kind), name)
    }

    /// The table to which it belongs.
    pub(super) fn whole(&self) -> Self {
        Self { table: self.table.clone(), part: Part::Table, name: String::new() }
    }

    fn part(table: &str, part: Part, name: &str) -> Self {
        Self { table: table.to_lowercase(), part, name: name.to_lowercase() }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.table.as_str(), self.name.as_str()) {
            (table, "") => f.write_str(table),
            ("", name) => f.write_str(name),
            (table, name) => write!(f, "{table}.{name}"),
        }
    }
}

/// What is known of an object that is there. Copies share what they know: a schema under way is copied at every step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// It is the one that was there before the upgrade, with its rows and values.
    pub original: bool,
    /// All of a table's columns are known.
    pub complete: bool,
    /// The columns that an index or constraint is about.
    pub columns: Arc<Vec<String>>,
    /// What is known; an attribute that is not here is not known.
    pub attributes: Arc<BTreeMap<&'static str, Cow<'static, str>>>,
}

/// An attribute's value; `None` where it is not known.
pub(super) type Known = Option<Cow<'static, str>>;

/// What is known not to be set.
pub(super) const NONE: Cow<'static, str> = Cow::Borrowed("none");

impl Facts {
    /// An attribute, when it is known.
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(Cow::as_ref)
    }

    pub(super) fn set(&mut self, attribute: &'static str, value: Known) {
        match value {
            Some(value) => _ = Arc::make_mut(&mut self.attributes).insert(attribute, value),
            None if self.attributes.contains_key(attribute) => {
                Arc::make_mut(&mut self.attributes).remove(attribute);
            }
            None => {}
        }
    }

    /// What is said besides; of these options, what is not said there is not.
    pub(super) fn say(&mut self, all: &[&'static str], said: &Options) {
        for option in all {
            self.set(option, Some(NONE));
        }
        for (option, value) in said {
            self.set(option, of_option(value));
        }
    }

    pub(super) fn of_column(column: &Column) -> Self {
        let mut facts = Self::default();
        facts.set("type", column.ty.as_ref().map(of_type));
        facts.set("nullable", column.nullable.map(of_nullable));
        facts.set("default", if column.automatic { None } else { of_default(&column.default) });
        facts.set("comment", of_setting(&column.comment));
        facts.say(COLUMN_OPTIONS, &column.options);
        facts.set(
            "generated",
            Some(column.generated.as_deref().map_or("no".into(), |text| normal(text).into())),
        );
        facts
    }

    pub(super) fn of_index(index: &Index) -> Self {
        let mut facts = Self {
            columns: Arc::new(index.columns.iter().flatten().map(|column| bare_column(column)).collect()),
            ..Self::default()
        };
        facts.set(
            "columns",
            index.columns.as_ref().map(|columns| {
                let columns: Vec<String> =
                    columns.iter().map(|column| normal(column).trim_end_matches(" asc").to_owned()).collect();
                columns.join(", ").into()
            }),
        );
        facts.set(
            "uniqueness",
            index.unique.map(|unique| if unique { "unique" } else { "not unique" }.into()),
        );
        facts.set("predicate", of_setting(&index.predicate));
        facts.say(INDEX_OPTIONS, &index.options);
        facts
    }

    pub(super) fn of_constraint(constraint: &Constraint) -> Self {
        let columns: Vec<String> = constraint.columns.iter().map(|column| column.to_lowercase()).collect();
        let mut facts = Self { columns: Arc::new(columns.clone()), ..Self::default() };
        facts.set("kind", Some(constraint.rule.kind().as_str().into()));
        if !columns.is_empty() {
            facts.set("columns", Some(columns.join(", ").into()));
        }
        facts.set("validated", Some("yes".into()));
        facts.set(
            "deferral",
            Some(if constraint.deferred.is_empty() { NONE } else { constraint.deferred.clone().into() }),
        );
        facts.say(CONSTRAINT_OPTIONS, &constraint.options);
        match &constraint.rule {
            ConstraintRule::Check { condition } => {
                facts.set("condition", condition.as_deref().map(|text| normal(text).into()))
            }
            ConstraintRule::ForeignKey { table, columns, on_delete, on_update } => {
                facts.set("references", table.as_ref().map(|table| table.to_lowercase().into()));
                if !columns.is_empty() {
                    facts.set("referenced columns", Some(columns.join(", ").to_lowercase().into()));
                }
                facts.set("on delete", of_setting(on_delete));
                facts.set("on update", of_setting(on_update));
            }
            ConstraintRule::PrimaryKey | ConstraintRule::Unique | ConstraintRule::Exclude => {}
        }
        facts
    }
}

/// Options that a column, an index and a constraint do not have unless that is said.
/// SQL Server's defaults are constraints, which have names.
pub(crate) const DEFAULT_NAME: &str = "name of its default";
pub(super) const COLUMN_OPTIONS: &[&str] = &[
    "collation",
    "character set",
    "on update",
    "visibility",
    "reference system",
    "autoincrement",
    "statistics target",
];
pub(super) const TABLE_OPTIONS: &[&str] = &[
    "engine",
    "row format",
    "comment",
    "key block size",
    "character set",
    "collation",
    "strictness",
    "row ids",
    "fillfactor",
    "autovacuum_enabled",
    "row security",
    "forced row security",
    "logged",
    "inheritance",
    "replica identity",
    "cluster",
    "partitioning",
    "system_versioning",
];
pub(super) const INDEX_OPTIONS: &[&str] = &[
    "method",
    "storage",
    "operator classes",
    "included columns",
    "nulls",
    "index type",
    "clustering",
    "visibility",
];
pub(super) const CONSTRAINT_OPTIONS: &[&str] = &["nulls", "enforced", "on conflict"];

/// An option's value in one spelling; what is so unless something else is said is `none`.
pub(super) fn of_option(setting: &Setting) -> Known {
    let text = of_setting(setting)?;
    Some(match text.as_ref() {
        "btree" | "using btree" | "nonclustered" | "visible" | "not ignored" | "default" | "innodb" => NONE,
        _ => text,
    })
}

/// The column of an index, without the length of its prefix: `title` of `title(20)`.
fn bare_column(column: &str) -> String {
    let column = column.to_lowercase();
    match column.split_once('(') {
        Some((name, rest)) if rest.trim_end_matches(')').parse::<u32>().is_ok() => name.to_owned(),
        _ => column,
    }
}

/// Whether a name tells of a primary key, as servers and people call them.
pub(super) fn is_key_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("_pkey") || name.starts_with("pk_") || name.ends_with("_pk") || name == "primary"
}

/// Whether a constraint is known by its role, since the server has named it.
pub(super) fn is_role(name: &str) -> bool {
    name.contains('(') || name == ConstraintKind::PrimaryKey.as_str()
}

/// A constraint's name, or its role where the server names it.
pub(super) fn constraint_name(constraint: &Constraint) -> String {
    match (&constraint.name, &constraint.rule) {
        // A table has one, whatever it is called.
        (Some(name), rule) if *rule != ConstraintRule::PrimaryKey => name.clone(),
        _ => role(constraint),
    }
}

fn role(constraint: &Constraint) -> String {
    let kind = constraint.rule.kind().as_str();
    match &constraint.rule {
        ConstraintRule::PrimaryKey => kind.to_owned(),
        ConstraintRule::Check { condition } => {
            format!("{kind}({})", condition.as_deref().map_or("?".to_owned(), normal))
        }
        _ => format!("{kind}({})", constraint.columns.join(", ")),
    }
}

pub(super) fn of_type(ty: &Type) -> Cow<'static, str> {
    ty.text.clone().into()
}

pub(super) fn of_nullable(nullable: bool) -> Cow<'static, str> {
    if nullable { "NULL" } else { "NOT NULL" }.into()
}

/// A default in one spelling: without a cast, and with one word for the time.
pub(super) fn of_default(setting: &Setting) -> Known {
    if *setting == Setting::None {
        return Some(NONE);
    }
    let text = of_setting(setting)?;
    let text = text.split(" :: ").next().unwrap_or(&text).trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(number.to_string().into());
    }
    let text = match text {
        "'f'" | "'false'" => "false",
        "'t'" | "'true'" => "true",
        other => other,
    };
    let text = text.replace("now (", "current_timestamp (");
    Some(text.replace("current_timestamp ( )", "current_timestamp").into())
}

/// `None` where it is not known.
pub(super) fn of_setting(setting: &Setting) -> Known {
    match setting {
        Setting::None => Some(NONE),
        Setting::Is(text) => Some(normal(text).into()),
        Setting::Unknown => None,
    }
}
