//! What MySQL alone says, out of its data dictionary.

use super::objects::modes;
use super::raw::{Event, Raw, Routine, Trigger};
use super::reading::{Fields, body};
use crate::database::catalog::{Attributes, DEFINER};
use crate::database::mysql::flavor::Server;
use crate::database::mysql::quote::literal;
use crate::database::mysql::wire::Row;
use crate::database::objects::Builder;

/// The questions about what is not a table or view, in the order in which [`take`] reads the answers.
pub(super) fn questions(server: Server, database: &str) -> Vec<String> {
    let database = literal(database);
    let read_only = if server.version >= READ_ONLY_FROM {
        format!("(SELECT OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS WHERE SCHEMA_NAME = {database})")
    } else {
        "NULL".to_owned()
    };
    let mut questions = vec![
        format!(
            "SELECT DEFAULT_COLLATION_NAME, DEFAULT_ENCRYPTION, {read_only} FROM information_schema.SCHEMATA \
             WHERE SCHEMA_NAME = {database}"
        ),
        format!(
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, ACTION_STATEMENT, \
             SQL_MODE, DEFINER, DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {database} \
             ORDER BY TRIGGER_NAME"
        ),
        format!(
            "SELECT ROUTINE_TYPE, ROUTINE_NAME, EXTERNAL_LANGUAGE, ROUTINE_DEFINITION, IS_DETERMINISTIC, SQL_DATA_ACCESS, \
             SECURITY_TYPE, SQL_MODE, ROUTINE_COMMENT, DEFINER, DATABASE_COLLATION FROM information_schema.ROUTINES \
             WHERE ROUTINE_SCHEMA = {database} ORDER BY ROUTINE_TYPE, ROUTINE_NAME"
        ),
        format!(
            "SELECT ROUTINE_TYPE, SPECIFIC_NAME, ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER, \
             COLLATION_NAME FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = {database} \
             ORDER BY ROUTINE_TYPE, SPECIFIC_NAME, ORDINAL_POSITION"
        ),
        super::EVENTS.replace("{database}", &database),
    ];
    if has_libraries(server) {
        questions.push(format!(
            "SELECT LIBRARY_NAME, LANGUAGE, LIBRARY_DEFINITION, SQL_MODE, LIBRARY_COMMENT, CREATOR \
             FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = {database} ORDER BY LIBRARY_NAME"
        ));
        questions.push(format!(
            "SELECT ROUTINE_TYPE, ROUTINE_NAME, LIBRARY_SCHEMA, LIBRARY_NAME FROM information_schema.ROUTINE_LIBRARIES \
             WHERE ROUTINE_SCHEMA = {database} ORDER BY ROUTINE_TYPE, ROUTINE_NAME, LIBRARY_SCHEMA, LIBRARY_NAME"
        ));
    }
    questions
}

/// From this version on a database can be read only.
const READ_ONLY_FROM: (u32, u32, u32) = (8, 0, 22);

/// Whether there are libraries; they began in 9.2 with fewer attributes.
fn has_libraries(server: Server) -> bool {
    server.is_mysql_from(9, 7)
}

/// Reads the answers.
pub(super) fn take(
    answers: &mut impl Iterator<Item = Vec<Row>>,
    server: Server,
    database: &str,
    raw: &mut Raw,
) {
    let mut next = || answers.next().unwrap_or_default().into_iter().map(Fields::new);
    for mut fields in next() {
        let (collation, encryption) = (fields.text(), fields.text());
        raw.database = Builder::default()
            .text("collation", collation)
            .flag("encryption", encryption == "YES")
            .some("options", fields.some())
            .done();
    }
    raw.triggers = next().map(|fields| trigger(fields, database)).collect();
    raw.routines = next().map(|fields| routine(fields, database)).collect();
    for mut fields in next() {
        let (kind, name, position) = (fields.text(), fields.text(), fields.number());
        let Some(routine) = raw.routines.iter_mut().find(|r| r.kind == kind && r.name == name) else {
            continue;
        };
        let (mode, parameter, ty) = (fields.option(), fields.option(), fields.text());
        let collation = fields.option().map(|name| format!(" collate {name}")).unwrap_or_default();
        let ty = format!("{ty}{collation}");
        if position == 0 {
            routine.returns = Some(ty);
            continue;
        }
        // A function's parameters are all read alone.
        let mode = mode.filter(|_| kind == "PROCEDURE").map(|m| format!("{} ", m.to_ascii_lowercase()));
        if !routine.parameters.is_empty() {
            routine.parameters.push_str(", ");
        }
        let parameter = parameter.unwrap_or_default();
        routine.parameters.push_str(&format!("{}{parameter} {ty}", mode.unwrap_or_default()));
    }
    raw.events = next().map(|fields| event(fields, database)).collect();
    if has_libraries(server) {
        raw.libraries = next().map(|fields| library(fields, database)).collect();
        for mut fields in next() {
            let (kind, name) = (fields.text(), fields.text());
            let schema = fields.option().filter(|schema| schema != database);
            let library = schema.map(|schema| format!("{schema}.")).unwrap_or_default() + &fields.text();
            for routine in raw.routines.iter_mut().filter(|r| r.kind == kind && r.name == name) {
                let others = routine.libraries.take().map(|others| format!("{others}, ")).unwrap_or_default();
                routine.libraries = Some(others + &library);
            }
        }
    }
}

fn library(mut fields: Fields, database: &str) -> (String, Attributes) {
    let name = fields.text();
    let attributes = Builder::default()
        .text("language", fields.text())
        .text("body", body(&fields.text(), database))
        .text("sql mode", modes(&fields.text()))
        .some("comment", fields.some())
        .text(DEFINER, fields.text())
        .done();
    (name, attributes)
}

/// The answer about a trigger, which both servers give alike.
pub(super) fn trigger(mut fields: Fields, database: &str) -> Trigger {
    Trigger {
        name: fields.text(),
        table: fields.text(),
        event: fields.text(),
        timing: fields.text(),
        order: fields.number(),
        body: body(&fields.text(), database),
        sql_mode: fields.text(),
        definer: fields.text(),
        database_collation: fields.text(),
    }
}

fn routine(mut fields: Fields, database: &str) -> Routine {
    Routine {
        kind: fields.text(),
        name: fields.text(),
        language: fields.some().filter(|language| language != "SQL"),
        body: body(&fields.text(), database),
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

/// The answer about an event, which both servers give alike.
pub(super) fn event(mut fields: Fields, database: &str) -> Event {
    let name = fields.text();
    let (value, unit) = (fields.option(), fields.text());
    let schedule = match value {
        Some(value) => {
            format!("every {} {}", value.trim_matches('\''), unit.to_ascii_lowercase().replace('_', " "))
        }
        // The moment is worked out when the event is made, mostly from that moment.
        None => "once".to_owned(),
    };
    let (starts, ends, created, altered) =
        (fields.option(), fields.option(), fields.option(), fields.option());
    Event {
        name,
        schedule,
        // Where nobody says it, the server puts in the moment of making.
        starts: starts.filter(|starts| Some(starts) != created.as_ref() && Some(starts) != altered.as_ref()),
        ends,
        time_zone: fields.text(),
        status: fields.text(),
        on_completion: fields.text(),
        body: body(&fields.text(), database),
        sql_mode: fields.text(),
        comment: fields.some(),
        definer: fields.text(),
        database_collation: fields.text(),
    }
}
