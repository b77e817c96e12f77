//! What MariaDB alone says. Its `information_schema` takes routines apart one by one for their parameters, so they come as
//! the server has them stored; sequences and packages are its own.

use super::mysql::{event, trigger};
use super::raw::{Raw, Routine};
use super::reading::{Fields, body};
use super::text::{Cursor, Token, tokens};
use crate::database::catalog::Attributes;
use crate::database::mysql::quote::literal;
use crate::database::mysql::wire::Row;
use crate::database::objects::Builder;

/// The questions about what is not a table or view, in the order in which [`take`] reads the answers.
pub(super) fn questions(database: &str) -> Vec<String> {
    let database = literal(database);
    vec![
        format!(
            "SELECT DEFAULT_COLLATION_NAME, SCHEMA_COMMENT FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {database}"
        ),
        // Without the second condition every table of the server is looked at.
        format!(
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, ACTION_STATEMENT, \
             SQL_MODE, DEFINER, DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {database} \
             AND EVENT_OBJECT_SCHEMA = {database} ORDER BY TRIGGER_NAME"
        ),
        format!(
            "SELECT type, name, CONVERT(param_list USING utf8mb4), CONVERT(returns USING utf8mb4), aggregate, body_utf8, \
             language, is_deterministic, sql_data_access, security_type, sql_mode, comment, definer, db_collation \
             FROM mysql.proc WHERE db = {database} ORDER BY type, name"
        ),
        super::EVENTS.replace("{database}", &database),
    ]
}

/// Reads the answers.
pub(super) fn take(answers: &mut impl Iterator<Item = Vec<Row>>, database: &str, raw: &mut Raw) {
    let mut next = || answers.next().unwrap_or_default().into_iter().map(Fields::new);
    for mut fields in next() {
        let (collation, comment) = (fields.text(), fields.some());
        raw.database = Builder::default().text("collation", collation).some("comment", comment).done();
    }
    raw.triggers = next().map(|fields| trigger(fields, database)).collect();
    raw.routines = next().map(|fields| routine(fields, database)).collect();
    raw.events = next().map(|fields| event(fields, database)).collect();
}

fn routine(mut fields: Fields, database: &str) -> Routine {
    Routine {
        kind: fields.text(),
        name: fields.text(),
        parameters: one_line(&body(&fields.text(), database)),
        returns: fields.some().map(|returns| one_line(&returns)),
        aggregate: fields.text() == "GROUP",
        body: body(&fields.text(), database),
        language: fields.some().filter(|language| language != "SQL"),
        deterministic: fields.text() == "YES",
        data_access: fields.text(),
        security: fields.text(),
        sql_mode: fields.text(),
        comment: fields.some(),
        definer: fields.text(),
        database_collation: fields.text(),
        ..Routine::default()
    }
}

/// Parameters stand as they were written; blanks between them mean nothing.
fn one_line(text: &str) -> String {
    super::text::joined(&tokens(text))
}

/// Reads the text of a sequence; its position is not in there.
pub(super) fn sequence(text: &str) -> Attributes {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(&tokens);
    cursor.eat(&["CREATE", "SEQUENCE"]);
    cursor.next();
    let mut builder = Builder::default();
    let mut options = Vec::new();
    while cursor.peek().is_some() {
        if cursor.eat(&["AS"]) {
            let ty = cursor.name();
            let unsigned = if cursor.eat(&["UNSIGNED"]) { " unsigned" } else { "" };
            builder = builder.some("type", ty.map(|ty| format!("{ty}{unsigned}")));
        } else if cursor.eat(&["START", "WITH"]) {
            builder = builder.some("start", number(&mut cursor));
        } else if cursor.eat(&["MINVALUE"]) {
            builder = builder.some("minimum", number(&mut cursor));
        } else if cursor.eat(&["MAXVALUE"]) {
            builder = builder.some("maximum", number(&mut cursor));
        } else if cursor.eat(&["INCREMENT", "BY"]) {
            builder = builder.some("increment", number(&mut cursor));
        } else if cursor.eat(&["CACHE"]) {
            builder = builder.some("cache", number(&mut cursor));
        } else if cursor.eat(&["CYCLE"]) {
            builder = builder.flag("cycle", true);
        } else if cursor.eat(&["COMMENT"]) {
            cursor.eat_symbol("=");
            builder = builder.some("comment", cursor.next().map(Token::text));
        } else if cursor.eat(&["NOCYCLE"]) || cursor.eat(&["NOCACHE"]) {
        } else {
            options.extend(cursor.next().copied());
        }
    }
    builder.some("options", (!options.is_empty()).then(|| super::text::joined(&options))).done()
}

fn number(cursor: &mut Cursor<'_, '_>) -> Option<String> {
    let sign = if cursor.eat_symbol("-") { "-" } else { "" };
    cursor.name().map(|digits| format!("{sign}{digits}"))
}
