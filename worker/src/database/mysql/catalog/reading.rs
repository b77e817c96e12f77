//! The questions to a server, and how an answer that it cannot give spoils no other one.

use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};

use super::raw::View;
use super::text::{Cursor, tokens, without_database};
use crate::database::mysql::wire::{Row, batch_into};

/// Takes the values of a row one by one.
pub(super) struct Fields(std::vec::IntoIter<Option<Vec<u8>>>);

impl Fields {
    pub(super) fn new(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn option(&mut self) -> Option<String> {
        self.0.next().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn text(&mut self) -> String {
        self.option().unwrap_or_default()
    }

    /// A text that is as good as absent when it is empty: a comment.
    pub(super) fn some(&mut self) -> Option<String> {
        self.option().filter(|text| !text.is_empty())
    }

    pub(super) fn number(&mut self) -> u64 {
        self.option().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// Asks each question, in one message; an error of the server's about one of them is the answer to that one, and the rest is
/// asked again. It happens with a table whose engine is not there, or one that is damaged.
pub(super) async fn ask(
    connection: &mut MySqlConnection,
    questions: &[String],
) -> Result<Vec<Result<Vec<Row>, String>>, sqlx::Error> {
    let mut answers: Vec<Result<Vec<Row>, String>> = Vec::with_capacity(questions.len());
    while answers.len() < questions.len() {
        let rest = &questions[answers.len()..];
        let mut answered = Vec::new();
        let outcome = batch_into(connection, rest.join("; "), &mut answered).await;
        answers.extend(answered.into_iter().take(rest.len()).map(Ok));
        match outcome {
            Ok(()) if answers.len() < questions.len() => {
                // An answer too few would read as a database in which there is less.
                return Err(sqlx::Error::Protocol(format!(
                    "{} answers to {} questions about the catalog",
                    answers.len(),
                    questions.len()
                )));
            }
            Ok(()) => {}
            Err(sqlx::Error::Database(error))
                if answers.len() < questions.len() && is_about_the_object(error.as_ref()) =>
            {
                answers.push(Err(error.message().to_owned()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}

/// Whether an error is about the object that was asked for, and would be the same at any other time: it is damaged, or what it
/// is made of is not there. (1033 to 1035 a broken definition; 1146, 1168, 1932 the table or a part of it is missing; 1194 and
/// 1195 it is marked as crashed; 1286 its engine is not there; 1049, 1054, 1305, 1356, 1449 what a view reads or its definer is
/// not there; 1812 its tablespace.)
fn is_about_the_object(error: &dyn DatabaseError) -> bool {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(
        number,
        Some(1033..=1035 | 1049 | 1054 | 1146 | 1168 | 1194 | 1195 | 1286 | 1305 | 1356 | 1449 | 1812 | 1932)
    )
}

/// The text of an object in the answer to `SHOW CREATE`, the name before it left out, without the database's own name.
pub(super) fn created(rows: Vec<Row>, database: &str) -> Option<String> {
    let mut fields = Fields::new(rows.into_iter().next()?);
    fields.option()?;
    Some(without_database(&fields.option()?, database))
}

/// Line ends are what an editor makes of them, and a semicolon at the end is what a client makes of it.
pub(super) fn body(text: &str, database: &str) -> String {
    without_database(&text.replace("\r\n", "\n"), database)
        .trim_end_matches(|c: char| c == ';' || c.is_whitespace())
        .to_owned()
}

/// Reads the text of a view.
pub(super) fn view(name: &str, text: &str) -> Option<View> {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(&tokens);
    let mut view = View { name: name.to_owned(), ..View::default() };
    let mut sort = Vec::new();
    loop {
        if cursor.eat(&["ALGORITHM"]) {
            cursor.eat_symbol("=");
            view.algorithm = cursor.name()?;
        } else if cursor.eat(&["DEFINER"]) {
            cursor.eat_symbol("=");
            view.definer = cursor.name()?;
            // A role has no host.
            if cursor.eat_symbol("@") {
                view.definer = format!("{}@{}", view.definer, cursor.name()?);
            }
        } else if cursor.eat(&["SQL", "SECURITY"]) {
            view.security = cursor.name()?;
        } else if cursor.eat(&["VIEW"]) {
            cursor.name()?;
            break;
        } else {
            let word = cursor.name()?.to_ascii_lowercase();
            if word != "create" {
                sort.push(word);
            }
        }
    }
    view.sort = (!sort.is_empty()).then(|| sort.join(" "));
    if let Some(columns) = cursor.group() {
        view.columns = Some(super::expression::expression(columns, "").shown);
    }
    cursor.eat(&["AS"]);
    let mut definition = cursor.rest();
    for words in [["CASCADED", "CHECK", "OPTION"], ["LOCAL", "CHECK", "OPTION"]] {
        let end = definition.len().saturating_sub(4);
        let mut tail = Cursor::new(&definition[end..]);
        if tail.eat(&["WITH"]) && tail.eat(&words) {
            definition = &definition[..end];
            view.check_option = Some(words[0].to_ascii_lowercase());
        }
    }
    let definition = super::expression::expression(definition, "");
    view.definition = definition.shown;
    view.sql = definition.sql;
    Some(view)
}
