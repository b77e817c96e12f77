//! Reads the schema from SQLite: what it stores as text, and what its pragmas tell of columns.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, FromRow};

use super::cache::{Catalogs, Stored};
use super::ddl;
use super::definition::{Body, Constraint, Reference, TableText, Term};
use super::error::{engine_error, refusal};
use super::objects;
use super::session::{Link, rejected};
use crate::database::DatabaseError;
use crate::database::catalog::Catalog;

const ACTION: &str = "read the catalog";

/// Everything that SQLite says about a schema.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) user_version: i64,
    pub(super) application_id: i64,
    pub(super) tables: Vec<TableFacts>,
    pub(super) indexes: Vec<Entry>,
    pub(super) views: Vec<Entry>,
    pub(super) triggers: Vec<Entry>,
    /// Columns of views; absent for a view that cannot be used (it reads something that is not there).
    pub(super) view_columns: BTreeMap<String, Vec<String>>,
}

/// What `sqlite_schema` says of an object.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) table: String,
    pub(super) sql: String,
}

/// What `pragma_table_xinfo` says of a column.
#[derive(Debug, Clone)]
pub(super) struct ColumnFacts {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// Its place in the primary key, from 1; 0 outside of it.
    pub(super) key: i64,
    /// 0 ordinary, 1 hidden (of a virtual table), 2 generated and virtual, 3 generated and stored.
    pub(super) hidden: i64,
}

/// A table, as far as it could be read.
#[derive(Debug)]
pub(super) struct TableFacts {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) columns: Vec<ColumnFacts>,
    pub(super) kind: TableKind,
}

/// How much of a table's text is understood.
#[derive(Debug)]
pub(super) enum TableKind {
    /// All of it.
    Read(TableText),
    /// Not all of it: constraints are what the pragmas tell, and the text as a whole counts as well.
    Unread(Vec<Constraint>),
    /// `CREATE VIRTUAL TABLE`: the text belongs to the module.
    Virtual,
    /// A module keeps its data in there; nobody else writes to it.
    Shadow {
        /// The virtual table.
        of: Option<String>,
    },
}

/// Reads the catalog, or finds that it was read before.
pub(super) async fn read(link: &mut Link<'_>, known: &Catalogs) -> Result<Catalog, DatabaseError> {
    let stored = stored(link).await?;
    if let Some(catalog) = known.get(&stored) {
        return Ok((*catalog).clone());
    }
    let catalog = understood(link, &stored, ddl::table).await?;
    known.put(stored, &catalog);
    Ok(catalog)
}

/// Reads the catalog with the given way to understand a `CREATE TABLE`.
#[cfg(test)]
pub(super) async fn read_with(
    link: &mut Link<'_>,
    understand: fn(&str) -> Option<TableText>,
) -> Result<Catalog, DatabaseError> {
    let stored = stored(link).await?;
    understood(link, &stored, understand).await
}

async fn stored(link: &mut Link<'_>) -> Result<Stored, DatabaseError> {
    let (user_version, application_id) =
        one(link, "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id")
            .await?;
    let entries = all(
        link,
        "SELECT type, name, tbl_name, sql, coalesce(rootpage, 0) = 0 FROM main.sqlite_schema ORDER BY name",
    )
    .await?;
    Ok(Stored { user_version, application_id, entries })
}

async fn understood(
    link: &mut Link<'_>,
    stored: &Stored,
    understand: fn(&str) -> Option<TableText>,
) -> Result<Catalog, DatabaseError> {
    let mut schema = Schema {
        user_version: stored.user_version,
        application_id: stored.application_id,
        ..Schema::default()
    };
    let mut tables = Vec::new();
    let mut virtuals = BTreeSet::new();
    for (kind, name, table, sql, rootless) in stored.entries.clone() {
        // What SQLite makes for itself has no text, or a name of this sort.
        let Some(sql) = sql.filter(|_| !name.to_ascii_lowercase().starts_with("sqlite_")) else { continue };
        let entry = Entry { name, table, sql };
        match kind.as_str() {
            "table" => {
                if rootless {
                    virtuals.insert(entry.name.clone());
                }
                tables.push(entry);
            }
            "index" => schema.indexes.push(entry),
            "view" => schema.views.push(entry),
            _ => schema.triggers.push(entry),
        }
    }

    let mut columns: BTreeMap<String, Vec<ColumnFacts>> = BTreeMap::new();
    for row in all::<ColumnRow>(link, &table_columns("m.type = 'table' AND m.rootpage <> 0")).await? {
        let (table, column) = column_facts(row);
        columns.entry(table).or_default().push(column);
    }
    let shadows = shadows(link, &virtuals).await?;
    for table in tables {
        let is_virtual = virtuals.contains(&table.name);
        let columns = if is_virtual {
            columns_if_usable(link, &table.name).await?
        } else {
            columns.remove(&table.name).unwrap_or_default()
        };
        let kind = if is_virtual {
            TableKind::Virtual
        } else if let Some(of) = shadows.get(&table.name) {
            TableKind::Shadow { of: of.clone() }
        } else {
            match understand(&table.sql).filter(|text| agrees(text, &columns)) {
                Some(text) => TableKind::Read(text),
                None => TableKind::Unread(constraints_of_pragmas(link, &table.name, &columns).await?),
            }
        };
        schema.tables.push(TableFacts { name: table.name, sql: table.sql, columns, kind });
    }
    for view in &schema.views {
        let columns = columns_if_usable(link, &view.name).await?;
        if !columns.is_empty() {
            let names = columns.into_iter().map(|column| column.name).collect();
            schema.view_columns.insert(view.name.clone(), names);
        }
    }
    Ok(objects::build(&schema))
}

/// Table, name, declared type, not null, default, place in the primary key, hidden.
type ColumnRow = (String, String, String, bool, Option<String>, i64, i64);

fn table_columns(which: &str) -> String {
    format!(
        "SELECT m.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden FROM main.sqlite_schema m, \
         pragma_table_xinfo(m.name, 'main') x WHERE {which} ORDER BY m.name, x.cid"
    )
}

fn column_facts(row: ColumnRow) -> (String, ColumnFacts) {
    let (table, name, declared, not_null, default, key, hidden) = row;
    (table, ColumnFacts { name, declared, not_null, default, key, hidden })
}

/// A view or virtual table can be broken: its parent or its module is not there. Then it has no columns.
async fn columns_if_usable(link: &mut Link<'_>, name: &str) -> Result<Vec<ColumnFacts>, DatabaseError> {
    let sql = table_columns("m.type IN ('table', 'view') AND m.name = ?");
    let query = sqlx::query_as::<_, ColumnRow>(AssertSqlSafe(sql)).bind(name);
    match query.fetch_all(&mut *link.connection).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| column_facts(row).1).collect()),
        Err(error) => rejected(refusal(error, None, ACTION, link.path)).map(|_| Vec::new()),
    }
}

/// Tables in which modules keep their data, with the virtual table that each belongs to.
async fn shadows(
    link: &mut Link<'_>,
    virtuals: &BTreeSet<String>,
) -> Result<BTreeMap<String, Option<String>>, DatabaseError> {
    if virtuals.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names: Vec<(String,)> =
        all(link, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'").await?;
    let of = |name: &str| {
        let owner = virtuals.iter().filter(|owner| name.starts_with(&format!("{owner}_")));
        owner.max_by_key(|owner| owner.len()).cloned()
    };
    Ok(names.into_iter().map(|(name,)| (name.clone(), of(&name))).collect())
}

/// Whether our reading of a text is SQLite's, as far as it can be told.
fn agrees(text: &TableText, columns: &[ColumnFacts]) -> bool {
    let key = text.constraints.iter().find_map(|constraint| match &constraint.body {
        Body::PrimaryKey { terms, .. } => Some(terms.as_slice()),
        _ => None,
    });
    let place = |name: &str| {
        let place = key
            .unwrap_or_default()
            .iter()
            .position(|term| term.name().is_some_and(|own| own.eq_ignore_ascii_case(name)));
        place.and_then(|place| i64::try_from(place).ok()).map_or(0, |place| place + 1)
    };
    text.columns.len() == columns.len()
        && text.columns.iter().zip(columns).all(|(own, column)| {
            let not_null = own.not_null || (text.without_rowid && column.key > 0);
            own.name == column.name
                && own.generated.is_some() == (column.hidden > 1)
                && place(&own.name) == column.key
                && not_null == column.not_null
        })
}

/// The constraints of a table whose text is not understood, without names and CHECKs.
async fn constraints_of_pragmas(
    link: &mut Link<'_>,
    table: &str,
    columns: &[ColumnFacts],
) -> Result<Vec<Constraint>, DatabaseError> {
    let unnamed = |body| Constraint { name: None, on_conflict: None, body };
    let mut constraints = Vec::new();

    let mut key: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    if !key.is_empty() {
        let terms = key.iter().map(|column| Term::column(&column.name)).collect();
        constraints.push(unnamed(Body::PrimaryKey { terms, autoincrement: false, column_desc: false }));
    }

    let uniques: Vec<(String, Option<String>, bool, Option<String>)> = all_of(
        link,
        "SELECT l.name, x.name, x.\"desc\", x.coll FROM pragma_index_list(?, 'main') l, pragma_index_xinfo(l.name, 'main') x \
         WHERE l.origin = 'u' AND x.key ORDER BY l.name, x.seqno",
        table,
    )
    .await?;
    for unique in uniques.chunk_by(|one, other| one.0 == other.0) {
        let terms = unique.iter().map(|(_, column, desc, collation)| Term {
            desc: *desc,
            collation: collation.clone(),
            ..Term::column(column.as_deref().unwrap_or_default())
        });
        constraints.push(unnamed(Body::Unique { terms: terms.collect() }));
    }

    let references: Vec<(i64, String, String, Option<String>, String, String)> = all_of(
        link,
        "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete \
         FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq",
        table,
    )
    .await?;
    for key in references.chunk_by(|one, other| one.0 == other.0) {
        let (_, parent, _, _, on_update, on_delete) = &key[0];
        let action = |action: &str| (action != "NO ACTION").then(|| action.to_owned());
        constraints.push(unnamed(Body::ForeignKey(Reference {
            columns: key.iter().map(|row| row.2.clone()).collect(),
            parent: parent.clone(),
            parent_columns: key.iter().filter_map(|row| row.3.clone()).collect(),
            on_delete: action(on_delete),
            on_update: action(on_update),
            ..Reference::default()
        })));
    }
    Ok(constraints)
}

type SqliteRow = sqlx::sqlite::SqliteRow;

async fn all<T>(link: &mut Link<'_>, sql: &str) -> Result<Vec<T>, DatabaseError>
where
    T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let query = sqlx::query_as(AssertSqlSafe(sql.to_owned()));
    let rows = query.fetch_all(&mut *link.connection).await;
    rows.map_err(|error| engine_error(error, ACTION, link.path))
}

async fn all_of<T>(link: &mut Link<'_>, sql: &'static str, table: &str) -> Result<Vec<T>, DatabaseError>
where
    T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let rows = sqlx::query_as(sql).bind(table).fetch_all(&mut *link.connection).await;
    rows.map_err(|error| engine_error(error, ACTION, link.path))
}

async fn one<T>(link: &mut Link<'_>, sql: &'static str) -> Result<T, DatabaseError>
where
    T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let row = sqlx::query_as(sql).fetch_one(&mut *link.connection).await;
    row.map_err(|error| engine_error(error, ACTION, link.path))
}
