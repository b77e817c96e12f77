//! What is made by the server's own words for it.

use super::text::{literal, renamed, statements};
use super::{Statements, Uncopyable, tables};
use crate::database::oracle::catalog::Raw;
use crate::database::oracle::catalog::indexes::own;
use crate::database::oracle::error::Error;
use crate::database::oracle::wire::Connection;

/// How the server is to print. Where segments lie is its own affair in each schema; keys are part of what it prints whole,
/// but for foreign ones, whose tables may not be there yet.
const PRINTING: &[(&str, &str)] = &[
    ("PRETTY", "FALSE"),
    ("SQLTERMINATOR", "TRUE"),
    ("STORAGE", "FALSE"),
    ("CONSTRAINTS", "TRUE"),
    ("REF_CONSTRAINTS", "FALSE"),
    ("CONSTRAINTS_AS_ALTER", "FALSE"),
];

/// When something is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before the rows.
    Before,
    /// After them.
    After,
}

/// An object that the server is to print.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// As `DBMS_METADATA` calls the kind.
    kind: String,
    name: String,
    when: When,
    /// Its foreign key is part of it.
    with_reference: bool,
}

/// What the server has printed.
#[derive(Debug, Default)]
pub(super) struct Printed(Vec<(Wanted, Option<String>)>);

/// Asks for all that words of ours do not say.
pub(super) async fn read(connection: &mut Connection, raw: &Raw) -> Result<Printed, Error> {
    let wanted = wanted(raw);
    if wanted.is_empty() {
        return Ok(Printed::default());
    }
    let mut printed = Vec::new();
    connection.execute(printing(PRINTING), &[]).await?;
    for with_reference in [false, true] {
        let these: Vec<&Wanted> = wanted.iter().filter(|it| it.with_reference == with_reference).collect();
        if these.is_empty() {
            continue;
        }
        if with_reference {
            connection.execute(printing(&[("REF_CONSTRAINTS", "TRUE")]), &[]).await?;
        }
        for it in these {
            let rows = connection.rows(question(&raw.owner, it), &[]).await?;
            let text = rows.first().map(|row| row.string(0)).filter(|text| !text.is_empty());
            printed.push((it.clone(), text));
        }
    }
    // The connection serves others, too.
    connection.execute(printing(&[("DEFAULT", "TRUE")]), &[]).await?;
    Ok(Printed(printed))
}

fn printing(settings: &[(&str, &str)]) -> String {
    let each: String = settings
        .iter()
        .map(|(name, value)| {
            format!("SYS.DBMS_METADATA.SET_TRANSFORM_PARAM(SYS.DBMS_METADATA.SESSION_TRANSFORM, '{name}', {value}); ")
        })
        .collect();
    format!("BEGIN {each}END;")
}

fn question(owner: &str, wanted: &Wanted) -> String {
    format!(
        "SELECT SYS.DBMS_METADATA.GET_DDL({}, {}, {}) FROM SYS.DUAL",
        literal(&wanted.kind),
        literal(&wanted.name),
        literal(owner)
    )
}

fn wanted(raw: &Raw) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut want = |kind: &str, name: &str, when| {
        wanted.push(Wanted { kind: kind.to_owned(), name: name.to_owned(), when, with_reference: false });
    };
    for domain in &raw.domains {
        want("SQL_DOMAIN", &domain.name, When::Before);
    }
    for name in raw.names_of_code("TYPE") {
        want("TYPE_SPEC", name, When::Before);
    }
    for cluster in &raw.clusters {
        want("CLUSTER", &cluster.name, When::Before);
    }
    let special = raw.tables.iter().filter(|it| !raw.is_mview(&it.name) && !tables::is_plain(raw, it));
    for table in special.map(|it| &it.name).chain(raw.object_tables.iter().map(|it| &it.name)) {
        want("TABLE", table, When::Before);
    }
    for index in own(raw).filter(|it| !tables::is_plain_index(raw, it)) {
        // No row goes into a cluster that has no index.
        let when = if index.kind == "CLUSTER" { When::Before } else { When::After };
        want("INDEX", &index.name, when);
    }
    for view in raw.views.iter().filter(|view| !super::code::is_plain_view(raw, view)) {
        want("VIEW", &view.name, When::Before);
    }
    for view in &raw.mviews {
        want("MATERIALIZED_VIEW", &view.name, When::After);
    }
    for object in raw.objects.iter().filter(|object| !raw.is_read(object)) {
        want(&object.kind.replace(' ', "_"), &object.name, When::After);
    }
    for it in wanted.iter_mut().filter(|it| it.kind == "TABLE") {
        let mut own = raw.part_tables.iter().filter(|row| row.table == it.name);
        it.with_reference = own.any(|row| !row.reference.is_empty());
    }
    wanted
}

impl Printed {
    /// Whether a table is printed with its keys.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.0.iter().any(|(it, _)| it.kind == "TABLE" && it.name == name)
    }

    /// Adds what is made at that time.
    pub(super) fn add(
        &self,
        raw: &Raw,
        to: &str,
        when: When,
        out: &mut Statements,
    ) -> Result<(), Uncopyable> {
        for (it, text) in self.0.iter().filter(|(it, _)| it.when == when) {
            let Some(text) = text else {
                return Err(Uncopyable::Kind { kind: it.kind.clone(), name: it.name.clone() });
            };
            let text = renamed(text, &raw.owner, to);
            // A type's methods are parted by commas, so its `;` ends it, too.
            out.extend(statements(&text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::database::oracle::catalog::tables_rows::{IndexRow, ObjectRow, PartTableRow, TableRow};

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn raw() -> Raw {
        let table =
            |name: &str, iot: &str| TableRow { name: text(name), iot_type: text(iot), ..TableRow::default() };
        Raw {
            owner: text("A"),
            tables: vec![table("PLAIN", ""), table("IOT", "IOT"), table("CHILD", "")],
            part_tables: vec![PartTableRow {
                table: text("CHILD"),
                method: text("REFERENCE"),
                reference: text("FK"),
                ..PartTableRow::default()
            }],
            indexes: vec![IndexRow {
                owner: text("A"),
                name: text("CLUSTERED"),
                kind: text("CLUSTER"),
                table: text("C"),
                ..IndexRow::default()
            }],
            objects: vec![
                ObjectRow { name: text("D"), kind: text("DIMENSION"), ..ObjectRow::default() },
                ObjectRow { name: text("IOT"), kind: text("TABLE"), ..ObjectRow::default() },
            ],
            ..Raw::default()
        }
    }

    #[test]
    fn only_what_words_of_ours_do_not_say_is_printed() {
        let wanted: Vec<_> =
            wanted(&raw()).into_iter().map(|it| (it.kind, it.name, it.when, it.with_reference)).collect();
        let one =
            |kind: &str, name: &str, when, with_reference| (text(kind), text(name), when, with_reference);
        assert_eq!(
            wanted,
            [
                one("TABLE", "IOT", When::Before, false),
                one("TABLE", "CHILD", When::Before, true),
                one("INDEX", "CLUSTERED", When::Before, false),
                one("DIMENSION", "D", When::After, false),
            ]
        );
    }

    #[test]
    fn what_is_printed_is_made_under_its_new_name_and_nothing_is_passed_by() {
        let raw = raw();
        let mut all = wanted(&raw).into_iter();
        let words = "\n  CREATE TABLE \"A\".\"IOT\" (\"K\" NUMBER, PRIMARY KEY (\"K\") ENABLE) ORGANIZATION INDEX ;\n";
        let mut printed = Printed(vec![(all.next().unwrap(), Some(words.to_owned()))]);
        assert!(printed.has_table("IOT") && !printed.has_table("CHILD"));
        let mut out = Statements::new();
        printed.add(&raw, "B", When::Before, &mut out).unwrap();
        printed.add(&raw, "B", When::After, &mut out).unwrap();
        assert_eq!(
            out,
            ["CREATE TABLE \"B\".\"IOT\" (\"K\" NUMBER, PRIMARY KEY (\"K\") ENABLE) ORGANIZATION INDEX"]
        );
        printed.0.push((all.next().unwrap(), None));
        assert!(printed.add(&raw, "B", When::Before, &mut out).is_err());
    }

    #[test]
    fn the_server_is_told_how_to_print() {
        assert_eq!(
            printing(&[("PRETTY", "FALSE")]),
            "BEGIN SYS.DBMS_METADATA.SET_TRANSFORM_PARAM(SYS.DBMS_METADATA.SESSION_TRANSFORM, 'PRETTY', FALSE); END;"
        );
        let wanted =
            Wanted { kind: text("TABLE"), name: text("it's"), when: When::Before, with_reference: false };
        assert_eq!(
            question("A", &wanted),
            "SELECT SYS.DBMS_METADATA.GET_DDL('TABLE', 'it''s', 'A') FROM SYS.DUAL"
        );
    }
}
