//! Every SQL text that we send and sqlparser's Transact-SQL knows, parsed. It knows neither BACKUP, RESTORE, ALTER DATABASE,
//! ALTER AUTHORIZATION, logins, DBCC, KILL nor security policies, and no EXEC within TRY.

use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;

use super::super::values::{Facts, Reading};
use super::super::{copy, counters, logins, open, processes, session, write};
use super::{name, row};
use crate::database::rows::Value;

fn parses(sql: &str) {
    if let Err(error) = Parser::parse_sql(&MsSqlDialect {}, sql) {
        panic!("{error}\n{sql}");
    }
}

#[test]
fn what_is_asked_is_transact_sql() {
    parses(open::QUESTION);
    parses(logins::QUESTIONS);
    parses(session::COLUMNS);
    parses(session::POLICIES);
    parses(&processes::question("mrt_it's"));
    parses(&counters::question(&[name("t"), name("odd ]name")]));
    parses(&copy::question("mrt_test"));
}

#[test]
fn what_is_read_is_transact_sql() {
    let types = [
        "int",
        "money",
        "date",
        "datetimeoffset",
        "real",
        "float",
        "uniqueidentifier",
        "timestamp",
        "sql_variant",
        "hierarchyid",
        "geometry",
        "varbinary",
        "nvarchar",
        "xml",
        "json",
        "vector",
        "somebodys",
    ];
    let facts = |base: &str| Facts { base: base.to_owned(), ..Facts::default() };
    let selected: Vec<String> =
        types.iter().map(|base| Reading::of(&facts(base)).expression("odd ]'name")).collect();
    for expression in &selected {
        parses(&format!("SELECT {expression} FROM [dbo].[t] AS t"));
    }
}

#[test]
fn what_is_written_is_transact_sql() {
    let known = session::Columns::new();
    let values = [
        ("a", Value::Null),
        ("b", Value::Integer(-1)),
        ("c]", Value::Text("it's".to_owned())),
        ("d", Value::Bytes(vec![1])),
        ("e", Value::Number("-1.5e-3".to_owned())),
    ];
    parses(&write::insert_statement(&row("t", &values), &known));
    parses(&write::insert_statement(&row("t", &[]), &known));
}
