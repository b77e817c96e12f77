//! Views: in an order that works, and those that no order helps.

use sqlx::mysql::MySqlConnection;

use super::source::View;
use super::text::renamed;
use crate::database::mysql::error;
use crate::database::mysql::quote::ident;
use crate::database::mysql::wire::batch;

/// Makes views, each after those that it reads.
pub(super) async fn make(
    connection: &mut MySqlConnection,
    views: &[View],
    from: &str,
    to: &str,
) -> Result<(), sqlx::Error> {
    if views.is_empty() {
        return Ok(());
    }
    let ordered = in_order(views);
    let statement = |view: &&View| format!("{}; {}", view.settings, renamed(&view.create, from, to));
    let all: Vec<String> = ordered.iter().map(statement).collect();
    batch(connection, all.join("; ")).await.map(drop)
}

/// Makes views over what is not there: for as long as it takes, there are tables of the names and with the columns that the
/// server misses.
pub(super) async fn make_broken(
    connection: &mut MySqlConnection,
    views: &[View],
    from: &str,
    to: &str,
) -> Result<(), sqlx::Error> {
    let mut made = Vec::new();
    for view in in_order(views) {
        make_one_broken(connection, view, &mut made, from, to).await?;
    }
    if made.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = made.iter().map(|name| ident(name)).collect();
    batch(connection, format!("DROP TABLE {}", names.join(", "))).await.map(drop)
}

/// Sorted so that a view comes after those whose names it has.
fn in_order(views: &[View]) -> Vec<&View> {
    let mut open: Vec<&View> = views.iter().collect();
    let mut ordered: Vec<&View> = Vec::new();
    while !open.is_empty() {
        let reads =
            |view: &View, other: &View| view.name != other.name && view.create.contains(&ident(&other.name));
        // Names may also be those of columns, and go round in a circle; the server will say so if it matters.
        let at = open.iter().position(|view| !open.iter().any(|other| reads(view, other))).unwrap_or(0);
        ordered.push(open.remove(at));
    }
    ordered
}

/// How many things are made up for one view before it is given up.
const TRIES: usize = 300;

async fn make_one_broken(
    connection: &mut MySqlConnection,
    view: &View,
    made: &mut Vec<String>,
    from: &str,
    to: &str,
) -> Result<(), sqlx::Error> {
    let create = renamed(&view.create, from, to);
    for _ in 0..TRIES {
        let failure = match batch(connection, format!("{}; {create}", view.settings)).await {
            Ok(_) => return Ok(()),
            Err(failure) => failure,
        };
        let number = error::number(&failure).unwrap_or_default();
        match missing(number, error::message(&failure), made) {
            Some(Missing::Table(name)) => {
                let sql = format!("CREATE TABLE {} (`mrt` INT)", ident(&name));
                batch(connection, sql).await?;
                made.push(name);
            }
            Some(Missing::Column(name)) => {
                // Whichever of them is meant under that alias.
                for table in &*made {
                    let sql = format!("ALTER TABLE {} ADD COLUMN {} INT", ident(table), ident(&name));
                    match batch(connection, sql).await {
                        Ok(_) => {}
                        Err(error) if error::number(&error) == Some(1060) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            None => return Err(failure),
        }
    }
    batch(connection, format!("{}; {create}", view.settings)).await.map(drop)
}

#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Table(String),
    Column(String),
}

/// What a failure says is not there.
fn missing(number: u16, message: &str, made: &[String]) -> Option<Missing> {
    let quoted = message.split('\'').nth(1)?;
    let last = quoted.rsplit('.').next()?.to_owned();
    match number {
        // "Table 'd.t' doesn't exist"
        1146 if !made.contains(&last) => Some(Missing::Table(last)),
        // "Unknown column 't.c' in 'field list'"
        1054 if !made.is_empty() => Some(Missing::Column(last)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_comes_after_what_it_reads() {
        let view = |name: &str, create: &str| View {
            name: name.to_owned(),
            create: create.to_owned(),
            settings: String::new(),
        };
        let views = [
            view("a", "select from `c`"),
            view("b", "select from `a` join `c`"),
            view("c", "select from `t`"),
        ];
        let names: Vec<&str> = in_order(&views).iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, ["c", "a", "b"]);
    }

    #[test]
    fn what_is_missing_is_read_from_the_message() {
        assert_eq!(missing(1146, "Table 'd.t' doesn't exist", &[]), Some(Missing::Table("t".to_owned())));
        let made = ["t".to_owned()];
        assert_eq!(
            missing(1054, "Unknown column 'x.c' in 'field list'", &made),
            Some(Missing::Column("c".to_owned()))
        );
        assert_eq!(missing(1146, "Table 'd.t' doesn't exist", &made), None);
    }
}
