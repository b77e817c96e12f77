//! What the data dictionary is asked, and of what it consists on this server.
//!
//! A row type and the question that it answers are declared together, so that columns and fields cannot part. Views and
//! columns that came with a later release (or with one of its updates: 19.11 has immutable tables, 19.28 annotations) have a
//! `?` before their name; a server that lacks them has nothing of that sort. All others must be there, and a server that says
//! otherwise has refused.

use std::collections::BTreeSet;

use crate::database::oracle::error::Error;
use crate::database::oracle::wire::{Connection, Param};

/// A question about one schema; `:1` is its owner.
#[derive(Debug, Clone, Copy)]
pub(in crate::database::oracle) struct Question {
    pub(in crate::database::oracle) view: &'static str,
    pub(in crate::database::oracle) columns: &'static [&'static str],
    pub(in crate::database::oracle) condition: &'static str,
    pub(in crate::database::oracle) order: &'static str,
}

/// A row of an answer. NULL and the empty text are one thing to Oracle, and so here.
pub(in crate::database::oracle) trait FromRow: Sized {
    /// What it answers.
    const QUESTION: Question;

    /// From values in the order of the question's columns.
    fn from_values(values: impl Iterator<Item = String>) -> Self;
}

/// Declares row types, each with its question.
macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident from $view:literal where $condition:literal order by $order:literal
        { $($field:ident: $column:literal),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub(in crate::database::oracle) struct $name {
                $(pub(in crate::database::oracle) $field: String,)*
            }

            impl $crate::database::oracle::catalog::dictionary::FromRow for $name {
                const QUESTION: $crate::database::oracle::catalog::dictionary::Question =
                    $crate::database::oracle::catalog::dictionary::Question {
                        view: $view,
                        columns: &[$($column),*],
                        condition: $condition,
                        order: $order,
                    };

                fn from_values(mut values: impl Iterator<Item = String>) -> Self {
                    Self { $($field: values.next().unwrap_or_default(),)* }
                }
            }
        )*
    };
}
pub(super) use rows;

/// The views and columns that not every release has and this server does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::database::oracle) struct Dictionary {
    there: BTreeSet<(String, String)>,
}

impl Dictionary {
    /// Asks a server. What it says holds for as long as it runs.
    pub(in crate::database::oracle) async fn of(connection: &mut Connection) -> Result<Self, Error> {
        let optional = super::raw::questions().into_iter().filter(Question::is_optional);
        let views: BTreeSet<&str> = optional.map(|question| question.name()).collect();
        let views: Vec<String> = views.into_iter().map(|view| format!("'{view}'")).collect();
        let sql = format!(
            "SELECT TABLE_NAME, COLUMN_NAME FROM SYS.DBA_TAB_COLUMNS WHERE OWNER = 'SYS' AND TABLE_NAME IN ({})",
            views.join(", ")
        );
        let rows = connection.rows(sql, &[]).await?;
        Ok(Self::from_pairs(rows.iter().map(|row| (row.string(0), row.string(1)))))
    }

    pub(in crate::database::oracle) fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { there: pairs.into_iter().collect() }
    }

    fn has_view(&self, view: &str) -> bool {
        self.there.iter().any(|(name, _)| name == view)
    }

    fn has_column(&self, view: &str, column: &str) -> bool {
        self.there.contains(&(view.to_owned(), column.to_owned()))
    }

    /// Asks about `owner`'s schema.
    pub(super) async fn ask<T: FromRow>(
        &self,
        connection: &mut Connection,
        owner: &str,
    ) -> Result<Vec<T>, Error> {
        let Some(sql) = T::QUESTION.sql(self) else { return Ok(Vec::new()) };
        let params = vec![Param::from(owner); T::QUESTION.condition.matches(':').count()];
        let rows = connection.rows(sql, &params).await?;
        let count = T::QUESTION.columns.len();
        Ok(rows.iter().map(|row| T::from_values((0..count).map(|at| row.string(at)))).collect())
    }
}

impl Question {
    /// The view's name.
    fn name(&self) -> &'static str {
        self.view.trim_start_matches('?')
    }

    fn is_optional(&self) -> bool {
        self.view.starts_with('?') || self.columns.iter().any(|column| column.starts_with('?'))
    }

    /// The query; none where the server has no such view.
    pub(in crate::database::oracle) fn sql(&self, dictionary: &Dictionary) -> Option<String> {
        if self.view.starts_with('?') && !dictionary.has_view(self.name()) {
            return None;
        }
        let column = |column: &&'static str| match column.strip_prefix('?') {
            Some(name) if dictionary.has_column(self.name(), name) => name,
            Some(_) => "CAST(NULL AS VARCHAR2(1))",
            None => *column,
        };
        let columns: Vec<&str> = self.columns.iter().map(column).collect();
        let (view, condition, order) = (self.name(), self.condition, self.order);
        Some(format!("SELECT {} FROM SYS.{view} WHERE {condition} ORDER BY {order}", columns.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::OracleDialect;
    use sqlparser::parser::Parser;

    use super::*;
    use crate::database::oracle::catalog::raw::questions;

    rows! {
        /// For this test.
        Sample from "?DBA_SAMPLES" where "OWNER = :1" order by "NAME" { name: "NAME", late: "?LATE" }
    }

    #[test]
    fn what_a_server_lacks_is_not_asked_for() {
        let pair = |view: &str, column: &str| (view.to_owned(), column.to_owned());
        let none = Dictionary::default();
        assert_eq!(Sample::QUESTION.sql(&none), None);
        let early = Dictionary::from_pairs([pair("DBA_SAMPLES", "NAME")]);
        let sql = Sample::QUESTION.sql(&early);
        assert_eq!(
            sql.as_deref(),
            Some(
                "SELECT NAME, CAST(NULL AS VARCHAR2(1)) FROM SYS.DBA_SAMPLES WHERE OWNER = :1 ORDER BY NAME"
            )
        );
        let late = Dictionary::from_pairs([pair("DBA_SAMPLES", "NAME"), pair("DBA_SAMPLES", "LATE")]);
        let sql = Sample::QUESTION.sql(&late);
        assert_eq!(
            sql.as_deref(),
            Some("SELECT NAME, LATE FROM SYS.DBA_SAMPLES WHERE OWNER = :1 ORDER BY NAME")
        );
        let row = Sample::from_values(["A".to_owned()].into_iter());
        assert_eq!(row, Sample { name: "A".to_owned(), late: String::new() });
    }

    /// What a server says that has everything.
    fn latest() -> Dictionary {
        let names = |question: Question| {
            let view = question.view.trim_start_matches('?').to_owned();
            question
                .columns
                .iter()
                .map(move |column| (view.clone(), column.trim_start_matches('?').to_owned()))
        };
        Dictionary::from_pairs(questions().into_iter().flat_map(names))
    }

    #[test]
    fn every_question_is_sql() {
        for dictionary in [Dictionary::default(), latest()] {
            for question in questions() {
                let Some(sql) = question.sql(&dictionary) else { continue };
                // The parser takes this word for the beginning of a literal; to the server it is a name like any other.
                let readable = sql.replace(" INTERVAL,", " \"INTERVAL\",");
                let parsed = Parser::parse_sql(&OracleDialect {}, &readable);
                assert!(parsed.is_ok(), "{sql}\n{parsed:?}");
                assert!(sql.contains(":1"), "{sql} is not about one schema");
                assert!(sql.contains("ORDER BY"), "{sql}");
            }
        }
    }

    #[test]
    fn only_what_came_later_may_be_missing() {
        let late: Vec<String> = questions()
            .into_iter()
            .filter(|question| question.view.starts_with('?'))
            .map(|question| question.view.to_owned())
            .collect();
        assert_eq!(
            late,
            [
                "?DBA_BLOCKCHAIN_TABLES",
                "?DBA_IMMUTABLE_TABLES",
                "?DBA_JSON_DUALITY_VIEWS",
                "?DBA_DOMAINS",
                "?DBA_DOMAIN_COLS",
                "?DBA_DOMAIN_CONSTRAINTS",
                "?DBA_ANNOTATIONS_USAGE",
            ]
        );
    }
}
