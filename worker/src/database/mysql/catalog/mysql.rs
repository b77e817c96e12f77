//! What MySQL alone says, out of its data dictionary.

use super::objects::Builder;
use super::raw::{Event, Raw, Routine, Trigger};
use super::reading::{Fields, body};
use crate::database::mysql::quote::literal;
use crate::database::mysql::wire::Row;

/// The questions about what is not a table or view, in the order in which [`take`] reads the answers.
pub(super) fn questions(database: &str) -> Vec<String> {
    let database = literal(database);
    vec![
        format!(
            "SELECT DEFAULT_COLLATION_NAME, DEFAULT_ENCRYPTION FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {database}"
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
    ]
}

/// Reads the answers.
pub(super) fn take(answers: &mut impl Iterator<Item = Vec<Row>>, database: &str, raw: &mut Raw) {
    let mut next = || answers.next().unwrap_or_default().into_iter().map(Fields::new);
    for mut fields in next() {
        let (collation, encryption) = (fields.text(), fields.text());
        raw.database =
            Builder::default().text("collation", collation).flag("encryption", encryption == "YES").done();
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
