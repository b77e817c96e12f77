//! A strict book-keeper in a database's place: it refuses what any database would refuse, and remembers that it had
//! to. The real databases are asked in the other tests; this one makes thousands of schemas affordable.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::database::catalog::{Catalog, ColumnType, Family, ForeignKey, TableName};
use crate::database::rows::{Contents, NewRow, Reason, Rejection, Value};
use crate::database::{DatabaseError, Dialect, Session};

pub(super) struct Plain;

impl Dialect for Plain {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &sqlparser::dialect::GenericDialect {}
    }
    fn fold(&self, identifier: &str) -> String {
        identifier.to_lowercase()
    }
    fn samples(&self, _: &ColumnType, edge: bool) -> Vec<Value> {
        (0..4).map(|n| Value::Text(format!("sample{n}{edge}"))).collect()
    }
}

type Row = BTreeMap<String, Value>;

pub(super) struct Ledger {
    catalog: Catalog,
    rows: BTreeMap<TableName, Vec<Row>>,
    pub(super) refusals: Vec<String>,
}

impl Ledger {
    pub(super) fn new(catalog: &Catalog) -> Self {
        Self { catalog: catalog.clone(), rows: BTreeMap::new(), refusals: Vec::new() }
    }

    /// Every foreign key of every row leads to a row.
    pub(super) fn assert_whole(&self) {
        for (name, rows) in &self.rows {
            for row in rows {
                for key in &self.catalog.tables[name].foreign_keys {
                    assert!(self.leads_somewhere(key, row), "an orphan in {name}: {row:?}");
                }
            }
        }
    }

    fn leads_somewhere(&self, key: &ForeignKey, row: &Row) -> bool {
        let tuple: Vec<&Value> =
            key.columns.iter().map(|name| row.get(name).unwrap_or(&Value::Null)).collect();
        let same = |parent: &Row| {
            key.parent_columns.iter().zip(&tuple).all(|(name, value)| parent.get(name) == Some(*value))
        };
        tuple.contains(&&Value::Null) || self.rows.get(&key.parent).is_some_and(|rows| rows.iter().any(same))
    }

    fn wrong(&self, row: &NewRow, values: &Row, others: &[Row]) -> Option<(String, Reason, Vec<String>)> {
        let table = &self.catalog.tables[&row.table];
        for column in &table.columns {
            let value = values.get(&column.name).unwrap_or(&Value::Null);
            let bad = match (value, &column.ty.family) {
                (Value::Null, _) => !column.nullable,
                (Value::Text(text), Family::Text { max: Some(max), .. }) => text.chars().count() > *max,
                (Value::Text(text), Family::Enum(labels)) => !labels.contains(text),
                (Value::Integer(number), Family::Integer { min, max }) => !(min..=max).contains(&number),
                (Value::Bytes(bytes), Family::Bytes { max: Some(max) }) => bytes.len() > *max,
                (
                    Value::Text(_),
                    Family::Text { .. } | Family::Uuid { .. } | Family::Json { .. } | Family::Date,
                ) => false,
                (Value::Text(_), Family::Timestamp { .. } | Family::Time { .. } | Family::Interval) => false,
                (Value::Text(_), Family::Array(_) | Family::Other) => false,
                (Value::Bool(_), Family::Boolean)
                | (Value::Number(_), Family::Decimal { .. } | Family::Float { .. }) => false,
                (Value::Bytes(_), Family::Bytes { .. }) => false,
                _ => true,
            };
            if bad {
                return Some((
                    format!("bad value {value:?} for {}", column.name),
                    Reason::Value,
                    vec![column.name.clone()],
                ));
            }
        }
        for set in super::super::plan::unique_columns(table) {
            let of = |row: &Row| -> Vec<Value> {
                set.iter().map(|name| row.get(name).cloned().unwrap_or(Value::Null)).collect()
            };
            let mine = of(values);
            if !mine.contains(&Value::Null) && others.iter().any(|other| of(other) == mine) {
                return Some((format!("{mine:?} is there already in {set:?}"), Reason::Unique, set.clone()));
            }
        }
        None
    }
}

#[async_trait]
impl Session for Ledger {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        Ok(self.catalog.clone())
    }
    async fn contents(&mut self, _: &Catalog) -> Result<Contents, DatabaseError> {
        Ok(Contents::default())
    }
    async fn insert(
        &mut self,
        rows: &[NewRow],
        defer: bool,
    ) -> Result<Vec<Result<(), Rejection>>, DatabaseError> {
        let mut answers = Vec::new();
        for row in rows {
            let values: Row = row.values.iter().cloned().collect();
            let others = self.rows.get(&row.table).cloned().unwrap_or_default();
            let mut wrong = self.wrong(row, &values, &others);
            self.rows.entry(row.table.clone()).or_default().push(values.clone());
            if !defer {
                let orphan = self.catalog.tables[&row.table]
                    .foreign_keys
                    .iter()
                    .find(|key| !self.leads_somewhere(key, &values));
                wrong = wrong.or(orphan.map(|key| {
                    (format!("no parent for {values:?}"), Reason::ForeignKey, key.columns.clone())
                }));
            }
            answers.push(match wrong {
                None => Ok(()),
                Some((message, reason, columns)) => {
                    self.rows.get_mut(&row.table).unwrap().pop();
                    self.refusals.push(format!("{}: {message}", row.table));
                    Err(Rejection { message, reason, constraint: None, columns })
                }
            });
        }
        Ok(answers)
    }
    async fn update(
        &mut self,
        row: &NewRow,
        set: &[(String, Value)],
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        let primary: Vec<(String, Value)> =
            row.values.iter().filter(|(name, _)| row.primary_key.contains(name)).cloned().collect();
        let rows = self.rows.get(&row.table).cloned().unwrap_or_default();
        let at = rows
            .iter()
            .position(|row| primary.iter().all(|(name, value)| row.get(name) == Some(value)))
            .unwrap();
        let mut changed = rows[at].clone();
        changed.extend(set.iter().cloned());
        let others: Vec<Row> =
            rows.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, row)| row.clone()).collect();
        let orphan = self.catalog.tables[&row.table]
            .foreign_keys
            .iter()
            .any(|key| !self.leads_somewhere(key, &changed));
        match self.wrong(row, &changed, &others) {
            None if !orphan => {
                self.rows.get_mut(&row.table).unwrap()[at] = changed;
                Ok(Ok(()))
            }
            _ => Ok(Err(Rejection {
                message: "no".into(),
                reason: Reason::Other,
                constraint: None,
                columns: Vec::new(),
            })),
        }
    }
    async fn satisfying(
        &mut self,
        _: &str,
        _: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        Ok(vec![true; candidates.len()])
    }
    async fn advance_counters(&mut self, _: &[TableName]) -> Result<(), DatabaseError> {
        Ok(())
    }
    async fn try_insert(&mut self, _: &NewRow) -> Result<Result<(), Rejection>, DatabaseError> {
        Ok(Ok(()))
    }
    async fn execute_script(&mut self, _: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        Ok(Ok(()))
    }
}
