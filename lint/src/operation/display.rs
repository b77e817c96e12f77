//! Operations as people read them, one line each.

use std::fmt;

use super::{
    Change, Column, Constraint, ConstraintKind, ConstraintRule, Index, Kind, ObjectKind, Operation, Setting,
    Type, Written,
};

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.written {
            Written::Call => "",
            Written::Batch => " [batch]",
            Written::Sql => " [sql]",
            Written::Connection => " [connection]",
            Written::Django => " [django]",
        };
        let maybe = if self.conditional { " [maybe]" } else { "" };
        let autocommit = if self.autocommit { " [autocommit]" } else { "" };
        write!(f, "{}: {}{how}{maybe}{autocommit}", self.line, self.kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTable { table, columns, constraints, indexes, from_query, complete, .. } => {
                write!(f, "create table {table} (")?;
                let parts = columns.iter().map(ToString::to_string);
                let parts = parts.chain(constraints.iter().map(ToString::to_string));
                let parts: Vec<String> = parts.chain(indexes.iter().map(ToString::to_string)).collect();
                let as_query = if from_query.is_some() { " as query" } else { "" };
                write!(f, "{}){as_query}{}", parts.join(", "), if *complete { "" } else { " …" })
            }
            Self::DropTable { table, cascade, .. } => {
                write!(f, "drop table {table}{}", if *cascade { " cascade" } else { "" })
            }
            Self::RenameTable { from, to } => write!(f, "rename table {from} to {to}"),
            Self::AddColumn { table, column, .. } => write!(f, "add column {table}.{column}"),
            Self::DropColumn { table, column, .. } => write!(f, "drop column {table}.{column}"),
            Self::AlterColumn { table, column, change } => write!(f, "alter column {table}.{column}{change}"),
            Self::CreateIndex { table, index, concurrently, .. } => {
                write!(f, "create {index} on {table}{}", if *concurrently { " concurrently" } else { "" })
            }
            Self::DropIndex { name, table, concurrently, .. } => {
                let table = table.as_ref().map(|table| format!(" on {table}")).unwrap_or_default();
                write!(f, "drop index {name}{table}{}", if *concurrently { " concurrently" } else { "" })
            }
            Self::CreateConstraint { table, constraint, validated } => {
                write!(f, "create {constraint} on {table}{}", if *validated { "" } else { " not valid" })
            }
            Self::DropConstraint { table, name, kind, .. } => {
                let kind = kind.map_or("constraint", ConstraintKind::as_str);
                write!(f, "drop {kind} {} on {table}", name.as_deref().unwrap_or("(unnamed)"))
            }
            Self::Create { object, name, .. } => write!(f, "create {object} {name}"),
            Self::Drop { object, name, .. } => write!(f, "drop {object} {name}"),
            Self::Rename { object, from, to, .. } => write!(f, "rename {object} {from} to {to}"),
            Self::Alter { object, name, what } => write!(f, "alter {object} {name}: {what}"),
            Self::Set { object, options } => {
                let words = options.iter().map(|(option, value)| format!("{option} {value}"));
                write!(f, "set {object}: {}", words.collect::<Vec<_>>().join(", "))
            }
            Self::AddEnumValue { name, value } => write!(f, "add label {value} to {name}"),
            Self::Insert { table, sources, bulk, .. } => {
                let from =
                    if sources.is_empty() { String::new() } else { format!(" from {}", sources.join(", ")) };
                write!(f, "{}insert into {table}{from}", if *bulk { "bulk " } else { "" })
            }
            Self::Update { table, columns, whole, .. } => {
                write!(f, "update {table} set {}{}", columns.join(", "), if *whole { "" } else { " where …" })
            }
            Self::Delete { table, whole } => {
                write!(f, "delete from {table}{}", if *whole { "" } else { " where …" })
            }
            Self::Truncate { table } => write!(f, "truncate {table}"),
            Self::Raw { sql } => write!(f, "sql {sql:?}"),
            Self::Opaque { what } => write!(f, "python {what:?}"),
            Self::Raise => f.write_str("raise"),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.ty {
            Some(ty) => write!(f, " {ty}")?,
            None => f.write_str(" ?")?,
        }
        match self.nullable {
            Some(false) => f.write_str(" not null")?,
            Some(true) => {}
            None => f.write_str(" null?")?,
        }
        match &self.default {
            Setting::None => {}
            default => write!(f, " default {default}")?,
        }
        let words = [
            (self.primary_key, " primary key"),
            (self.unique, " unique"),
            (self.index, " index"),
            (self.generated.is_some(), " generated"),
            (self.automatic, " automatic"),
        ];
        for word in words.into_iter().filter_map(|(is, word)| is.then_some(word)) {
            f.write_str(word)?;
        }
        self.foreign_keys.iter().try_for_each(|key| write!(f, " {key}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(Some(ty)) => write!(f, " type {ty}")?,
            Some(None) => f.write_str(" type ?")?,
            None => {}
        }
        match self.nullable {
            Some(true) => f.write_str(" null")?,
            Some(false) => f.write_str(" not null")?,
            None => {}
        }
        if let Some(default) = &self.default {
            write!(f, " default {default}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " rename to {name}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Is(value) => f.write_str(value),
            Self::Unknown => f.write_str("?"),
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unique = if self.unique == Some(true) { "unique " } else { "" };
        let name = self.name.as_deref().unwrap_or("(unnamed)");
        let columns = self.columns.as_ref().map_or("?".to_owned(), |columns| columns.join(", "));
        write!(f, "{unique}index {name} ({columns})")?;
        match &self.predicate {
            Setting::None => Ok(()),
            predicate => write!(f, " where {predicate}"),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.kind().as_str())?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        if !self.columns.is_empty() {
            write!(f, " ({})", self.columns.join(", "))?;
        }
        match &self.rule {
            ConstraintRule::Check { condition } => write!(f, " {}", condition.as_deref().unwrap_or("?")),
            ConstraintRule::ForeignKey { table, on_delete, .. } => {
                write!(f, " to {}", table.as_deref().unwrap_or("?"))?;
                match on_delete {
                    Setting::None => Ok(()),
                    action => write!(f, " on delete {action}"),
                }
            }
            ConstraintRule::PrimaryKey | ConstraintRule::Unique | ConstraintRule::Exclude => Ok(()),
        }
    }
}

impl ConstraintKind {
    /// As SQL says it, in small letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique",
            Self::Check => "check",
            Self::ForeignKey => "foreign key",
            Self::Exclude => "exclude",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Type => "type",
            Self::Sequence => "sequence",
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Grant => "grant",
            Self::Comment => "comment",
            Self::Rule => "rule",
            Self::Statistics => "statistics",
            Self::Event => "event",
            Self::Package => "package",
            Self::Constraint => "constraint",
            Self::Database => "database",
        })
    }
}
