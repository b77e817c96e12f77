//! Tables, said again: those that have nothing unusual about them in words of ours, the others in the server's.

use super::Statements;
use super::text::{ident, idents, piece, renamed};
use crate::database::oracle::catalog::constraints::{is_column_rule, is_named, rule_column, state};
use crate::database::oracle::catalog::indexes::{Over, own, parts, unusual_attributes};
use crate::database::oracle::catalog::names::is_invented;
use crate::database::oracle::catalog::raw::Raw;
use crate::database::oracle::catalog::tables::{column as column_attributes, table as table_attributes};
use crate::database::oracle::catalog::tables_rows::{ColumnRow, ConstraintRow, IndexRow, TableRow};
use crate::database::oracle::catalog::types::native;

/// Attributes of a column that only the server's words say in full.
const SPECIAL: &[&str] =
    &["encrypted", "large objects", "nested table", "domain", "annotations", "collation"];

/// Whether words of ours say all of a table.
pub(super) fn is_plain(raw: &Raw, table: &TableRow) -> bool {
    let attributes = table_attributes(raw, table).done();
    let columns = raw.columns.iter().filter(|column| column.table == table.name);
    attributes.keys().all(|name| *name == "temporary")
        && !raw.annotations.iter().any(|it| it.object == table.name)
        && columns.into_iter().all(|column| {
            let attributes = column_attributes(raw, column);
            column.type_owner.is_empty() && !SPECIAL.iter().any(|name| attributes.contains_key(name))
        })
}

/// Whether words of ours say all of an index.
pub(super) fn is_plain_index(raw: &Raw, index: &IndexRow) -> bool {
    let attributes = unusual_attributes(raw, index).done();
    let ours = |(name, value): (&&str, &String)| match *name {
        "reverse" | "invisible" | "unusable" | "without logging" => true,
        "type" => value == "bitmap",
        _ => false,
    };
    attributes.iter().all(ours) && !raw.annotations.iter().any(|it| it.object == index.name)
}

/// Statements that make a plain table, its columns' own rules included.
pub(super) fn create(raw: &Raw, table: &TableRow, to: &str) -> String {
    let columns = raw.columns.iter().filter(|column| column.table == table.name);
    let columns: Vec<String> = columns.map(|column| self::column(raw, column, to)).collect();
    let (temporary, on_commit) = match (table.temporary.as_str(), table.duration.as_str()) {
        ("Y", "SYS$SESSION") => ("GLOBAL TEMPORARY ", " ON COMMIT PRESERVE ROWS"),
        ("Y", _) => ("GLOBAL TEMPORARY ", " ON COMMIT DELETE ROWS"),
        _ => ("", ""),
    };
    format!(
        "CREATE {temporary}TABLE {}.{} ({}){on_commit}",
        ident(to),
        ident(&table.name),
        columns.join(", ")
    )
}

fn column(raw: &Raw, column: &ColumnRow, to: &str) -> String {
    let ColumnRow { table, name, .. } = column;
    let text = raw.default_of(table, name).map(|text| piece(text, &raw.owner, to));
    let mut said = format!("{} {}", ident(name), native(column, &raw.owner));
    if column.hidden == "YES" {
        said.push_str(" INVISIBLE");
    }
    if column.is_virtual == "YES" {
        said.push_str(&format!(" GENERATED ALWAYS AS ({}) VIRTUAL", text.unwrap_or_default()));
    } else if column.identity == "YES" {
        said.push_str(&identity(raw, column).map(|it| format!(" {it}")).unwrap_or_default());
    } else if let Some(text) = text {
        let on_null = match (column.default_on_null.as_str(), column.default_on_null_upd.as_str()) {
            (_, "YES") => " ON NULL FOR INSERT AND UPDATE",
            ("YES", _) => " ON NULL",
            _ => "",
        };
        said.push_str(&format!(" DEFAULT{on_null} {text}"));
    }
    said + &rule(raw, column)
}

/// A column's NOT NULL.
fn rule(raw: &Raw, column: &ColumnRow) -> String {
    let of_column = |it: &&ConstraintRow| {
        is_column_rule(raw, it) && rule_column(raw, it).is_some_and(|rule| rule == column)
    };
    match raw.constraints.iter().find(of_column) {
        Some(it) => format!("{} NOT NULL{}", constraint_name(it), characteristics(it)),
        None => String::new(),
    }
}

fn constraint_name(constraint: &ConstraintRow) -> String {
    if is_named(constraint) { format!(" CONSTRAINT {}", ident(&constraint.name)) } else { String::new() }
}

/// What comes after an identity column's type; the next value is the source's.
pub(super) fn identity(raw: &Raw, column: &ColumnRow) -> Option<String> {
    let row = raw.identities.iter().find(|it| it.table == column.table && it.column == column.name)?;
    let on_null = if column.default_on_null == "YES" && row.generation != "ALWAYS" { " ON NULL" } else { "" };
    let counts = raw.sequences.iter().find(|it| it.name == row.sequence).map(super::code::counting);
    let counts = counts.map(|counts| format!(" ({counts})")).unwrap_or_default();
    Some(format!("GENERATED {}{on_null} AS IDENTITY{counts}", row.generation))
}

/// How a constraint is enforced, in the order that the grammar wants.
fn characteristics(constraint: &ConstraintRow) -> String {
    let (early, late) = halves(constraint);
    format!("{early}{late}")
}

/// What stands before the index and what stands after it.
fn halves(constraint: &ConstraintRow) -> (String, String) {
    let said = state(constraint).unwrap_or_default();
    let is = |word: &str| said.split(", ").any(|it| it == word);
    let mut early = String::new();
    if is("deferrable") {
        early.push_str(" DEFERRABLE");
    }
    if is("initially deferred") {
        early.push_str(" INITIALLY DEFERRED");
    }
    if is("rely") {
        early.push_str(" RELY");
    }
    let mut late = String::new();
    if is("disabled") {
        late.push_str(if is("validated") { " DISABLE VALIDATE" } else { " DISABLE NOVALIDATE" });
    } else if is("not validated") {
        late.push_str(" ENABLE NOVALIDATE");
    }
    if is("precheck") {
        late.push_str(" PRECHECK");
    }
    (early, late)
}

/// Makes indexes and then constraints, the foreign keys last.
pub(super) fn keys(raw: &Raw, to: &str, said_whole: &dyn Fn(&str) -> bool, out: &mut Statements) {
    for index in own(raw).filter(|index| is_plain_index(raw, index)) {
        self::index(raw, index, to, out);
    }
    for kinds in ["PUC", "R"] {
        for it in raw.constraints.iter().filter(|it| kinds.contains(it.kind.as_str()) && !it.kind.is_empty())
        {
            let is_table = raw.tables.iter().any(|table| table.name == it.table)
                || raw.views.iter().any(|v| v.name == it.table);
            // A domain brings its own.
            let comes_along = !it.of_domain.is_empty() || is_column_rule(raw, it) || raw.is_mview(&it.table);
            let is_said = said_whole(&it.table) && (it.kind != "R" || raw.is_reference(&it.name));
            if is_table && !comes_along && !is_said {
                out.push(constraint(raw, it, to));
            }
        }
    }
}

fn index(raw: &Raw, index: &IndexRow, to: &str, out: &mut Statements) {
    let attributes = unusual_attributes(raw, index).done();
    let parts: Vec<String> = parts(raw, index)
        .into_iter()
        .map(|part| {
            let over = match part.over {
                Over::Column(name) => ident(&name),
                Over::Expression(text) => renamed(&text, &raw.owner, to),
            };
            format!("{over}{}", if part.descending { " DESC" } else { "" })
        })
        .collect();
    let kind = match (index.uniqueness.as_str(), attributes.contains_key("type")) {
        ("UNIQUE", _) => "UNIQUE ",
        (_, true) => "BITMAP ",
        _ => "",
    };
    let said = |name: &str, words: &'static str| if attributes.contains_key(name) { words } else { "" };
    let owner = if index.owner == raw.owner { to } else { index.owner.as_str() };
    let name = format!("{}.{}", ident(owner), ident(&index.name));
    out.push(format!(
        "CREATE {kind}INDEX {name} ON {}.{} ({}){}{}{}",
        ident(to),
        ident(&index.table),
        parts.join(", "),
        said("reverse", " REVERSE"),
        said("without logging", " NOLOGGING"),
        said("invisible", " INVISIBLE"),
    ));
    if attributes.contains_key("unusable") {
        out.push(format!("ALTER INDEX {name} UNUSABLE"));
    }
}

fn constraint(raw: &Raw, it: &ConstraintRow, to: &str) -> String {
    let on = format!("{}.{}", ident(to), ident(&it.table));
    let alter = if raw.views.iter().any(|view| view.name == it.table) { "VIEW" } else { "TABLE" };
    let (early, late) = halves(it);
    let columns = || idents(raw.columns_of(&raw.owner, &it.name));
    // The dictionary does not say which of the two a disabled rule is; this is what people write.
    if let Some(column) =
        rule_column(raw, it).filter(|_| it.status == "DISABLED" || it.validated == "NOT VALIDATED")
    {
        let name = constraint_name(it);
        return format!("ALTER TABLE {on} MODIFY ({}{name} NOT NULL{early}{late})", ident(&column.name));
    }
    let says = match it.kind.as_str() {
        "P" => format!("PRIMARY KEY ({})", columns()),
        "U" => format!("UNIQUE ({})", columns()),
        "C" => format!("CHECK ({})", piece(&it.condition, &raw.owner, to)),
        _ => {
            let parent = raw.table_of(&it.parent_owner, &it.parent_constraint).unwrap_or_default();
            let owner = if it.parent_owner == raw.owner { to } else { it.parent_owner.as_str() };
            let parents = idents(raw.columns_of(&it.parent_owner, &it.parent_constraint));
            let action = match it.delete_rule.as_str() {
                "CASCADE" => " ON DELETE CASCADE",
                "SET NULL" => " ON DELETE SET NULL",
                _ => "",
            };
            format!(
                "FOREIGN KEY ({}) REFERENCES {}.{} ({parents}){action}",
                columns(),
                ident(owner),
                ident(parent)
            )
        }
    };
    let index = self::index_of(raw, it, to);
    format!("ALTER {alter} {on} ADD{} {says}{early}{index}{late}", constraint_name(it))
}

/// The index that enforces a key, where it is not the one that the server makes.
fn index_of(raw: &Raw, it: &ConstraintRow, to: &str) -> String {
    let Some(index) = raw.indexes.iter().find(|index| index.table == it.table && index.name == it.index_name)
    else {
        return String::new();
    };
    if index.name != it.name && !is_invented(&index.name) {
        let owner = if index.owner == raw.owner { to } else { index.owner.as_str() };
        return format!(" USING INDEX {}.{}", ident(owner), ident(&index.name));
    }
    let attributes = unusual_attributes(raw, index).done();
    let mut said = String::new();
    if attributes.contains_key("reverse") {
        said.push_str(" REVERSE");
    }
    if attributes.contains_key("compressed") {
        said.push_str(&format!(" COMPRESS {}", index.prefix_length));
    }
    if let Some(tablespace) = attributes.get("tablespace") {
        said.push_str(&format!(" TABLESPACE {}", ident(tablespace)));
    }
    if attributes.contains_key("without logging") {
        said.push_str(" NOLOGGING");
    }
    if said.is_empty() { said } else { format!(" USING INDEX{said}") }
}

impl Raw {
    /// Whether a foreign key is what a table is partitioned by.
    pub(super) fn is_reference(&self, constraint: &str) -> bool {
        self.part_tables.iter().any(|it| it.reference == constraint)
    }
}
