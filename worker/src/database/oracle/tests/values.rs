//! Types and values: every type and its extremes, written and read.

use std::collections::BTreeSet;

use super::{db, engines, migrate, name, read, row, text};
use crate::database::Engine as _;
use crate::database::catalog::{ColumnType, Family};
use crate::database::oracle::samples;
use crate::database::rows::{NewRow, Value};

/// Types, values of each as they are written, and as they are read where that is not the same.
const TYPES: &[(&str, &[(&str, &str)])] = &[
    (
        "NUMBER",
        &[
            ("1E125", TEN_TO_125),
            ("-1E125", MINUS_TEN_TO_125),
            ("0", ""),
            ("0.5", ""),
            ("-0.000000001", ""),
            ("12345678901234567890123456789012345678", ""),
            ("0.1234567890123456789012345678901234567", ""),
        ],
    ),
    ("NUMBER(38)", &[("99999999999999999999999999999999999999", ""), ("-1", "")]),
    ("NUMBER(18)", &[("999999999999999999", ""), ("-999999999999999999", "")]),
    ("NUMBER(10,2)", &[("-99999999.99", ""), ("0.01", ""), ("1.50", "1.5"), ("0", "")]),
    ("NUMBER(5,-2)", &[("1234567", "1234600"), ("-100", "")]),
    ("NUMBER(3,5)", &[("0.00999", ""), ("-0.00001", "")]),
    ("INTEGER", &[("42", ""), ("-1", "")]),
    ("FLOAT", &[("0.1", ""), ("1E100", ONE_AND_100_ZEROS)]),
    ("FLOAT(10)", &[("123", ""), ("0.125", "")]),
    (
        "BINARY_FLOAT",
        &[
            ("3.4028235E38", "3.4028235e38"),
            ("0.1", ""),
            ("NaN", ""),
            ("Inf", "Infinity"),
            ("-Inf", "-Infinity"),
        ],
    ),
    (
        "BINARY_DOUBLE",
        &[
            ("1.7976931348623157E308", "1.7976931348623157e308"),
            ("2.2250738585072014E-308", "2.2250738585072014e-308"),
            ("0.30000000000000004", ""),
            ("NaN", ""),
            ("Inf", "Infinity"),
            ("-Inf", "-Infinity"),
            ("0", ""),
        ],
    ),
    (
        "VARCHAR2(40 CHAR)",
        &[
            (" ", ""),
            ("a", ""),
            ("A", ""),
            ("a ", ""),
            ("ä€𝄞", ""),
            ("line\nbreak\t\\ '\"", ""),
            ("%_:1 ?", ""),
        ],
    ),
    ("NVARCHAR2(40)", &[("ä€𝄞", ""), ("日本", "")]),
    ("CHAR(3 CHAR)", &[("abc", ""), ("ab", "ab "), ("ä", "ä  ")]),
    ("NCHAR(3)", &[("ab", "ab ")]),
    ("CLOB", &[("", "\0empty"), ("x", ""), ("ä€𝄞 ", "")]),
    ("NCLOB", &[("", "\0empty"), ("日本", "")]),
    ("LONG", &[("x", ""), ("ä€𝄞", "")]),
    (
        "DATE",
        &[
            ("2024-02-29", "2024-02-29 00:00:00"),
            ("9999-12-31 23:59:59", ""),
            ("0001-01-01", "0001-01-01 00:00:00"),
            ("-4712-01-01 00:00:00", ""),
        ],
    ),
    ("TIMESTAMP(0)", &[("2020-01-01 00:00:00", "")]),
    (
        "TIMESTAMP",
        &[
            ("9999-12-31 23:59:59.999999", ""),
            ("-4712-01-01 00:00:00", ""),
            ("2020-01-01 00:00:00.000001", ""),
        ],
    ),
    ("TIMESTAMP(9)", &[("2020-01-01 00:00:00.123456789", ""), ("2020-01-01 00:00:00", "")]),
    (
        "TIMESTAMP(6) WITH TIME ZONE",
        &[
            ("2021-10-31 01:30:00.123456+05:30", "2021-10-31 01:30:00.123456 +05:30"),
            ("2021-07-04 23:45:06-08", "2021-07-04 23:45:06 -08:00"),
            ("2021-07-04 23:45:06", "2021-07-04 23:45:06 +00:00"),
            ("2021-10-31 12:00:00 Europe/Berlin", "2021-10-31 12:00:00 EUROPE/BERLIN +01:00"),
        ],
    ),
    (
        "TIMESTAMP(6) WITH LOCAL TIME ZONE",
        &[
            ("2021-10-31 01:30:00+05:30", "2021-10-30 20:00:00"),
            ("2021-07-04 23:45:06.5", "2021-07-04 23:45:06.5"),
        ],
    ),
    ("INTERVAL YEAR(4) TO MONTH", &[("9999-11", ""), ("-9999-11", ""), ("0-01", ""), ("2-00", "")]),
    (
        "INTERVAL DAY(9) TO SECOND(9)",
        &[
            ("999999999 23:59:59.999999999", ""),
            ("-9999 days -23:59:59.999999", "-9999 23:59:59.999999"),
            ("0", "0 00:00:00"),
            ("1 days 00:00:00.000001", "1 00:00:00.000001"),
        ],
    ),
    ("XMLTYPE", &[("<a b=\"1\">ä</a>", "")]),
];

const ONE_AND_100_ZEROS: &str =
    "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
const TEN_TO_125: &str = "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
const MINUS_TEN_TO_125: &str = "-100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// The types that came with a version, with values.
fn newer(major: u32) -> Vec<(&'static str, Vec<(Value, &'static str)>)> {
    let mut types = Vec::new();
    if major >= 21 {
        types.push((
            "JSON",
            vec![(text("{\"a\":1}"), "{\"a\":1}"), (text("[1,\"ä\"]"), "[1,\"ä\"]"), (text("null"), "null")],
        ));
    }
    if major >= 23 {
        types.push(("BOOLEAN", vec![(Value::Bool(true), "true"), (Value::Bool(false), "false")]));
        types.push(("VECTOR(2, FLOAT32)", vec![(text("[1, -0.5]"), "[1.0E+000,-5.0E-001]")]));
    }
    types
}

#[test]
fn the_largest_number_is_spelt_out() {
    assert_eq!(TEN_TO_125, format!("1{}", "0".repeat(125)));
    assert_eq!(MINUS_TEN_TO_125, format!("-{TEN_TO_125}"));
    assert_eq!(ONE_AND_100_ZEROS, format!("1{}", "0".repeat(100)));
}

#[tokio::test]
async fn every_value_comes_back_as_itself() {
    for engine in engines("every_value_comes_back_as_itself").await {
        engine.create(&db(0)).await.unwrap();
        let mut types: Vec<(String, Vec<(Value, String)>)> = TYPES
            .iter()
            .map(|(ty, values)| {
                let value = |written: &str| match *ty {
                    ty if ty.starts_with("NUMBER")
                        || ty.contains("FLOAT")
                        || ty == "INTEGER"
                        || ty == "BINARY_DOUBLE" =>
                    {
                        Value::Number(written.to_owned())
                    }
                    _ => text(written),
                };
                let read = |(written, read): &(&str, &str)| match *read {
                    "" => (*written).to_owned(),
                    "\0empty" => String::new(),
                    read => read.to_owned(),
                };
                ((*ty).to_owned(), values.iter().map(|pair| (value(pair.0), read(pair))).collect())
            })
            .collect();
        for (ty, values) in newer(engine.shared.major) {
            types.push((ty.to_owned(), values.into_iter().map(|(v, read)| (v, read.to_owned())).collect()));
        }
        for ty in ["RAW(4)", "BLOB", "LONG RAW"] {
            let bytes: &[&[u8]] = &[&[0], &[0, 255, 39, 10]];
            let mut values: Vec<(Value, String)> = bytes
                .iter()
                .map(|b| (Value::Bytes(b.to_vec()), crate::database::oracle::types::hex(b)))
                .collect();
            if ty == "BLOB" {
                values.push((Value::Bytes(Vec::new()), "0x".to_owned()));
            }
            types.push((ty.to_owned(), values));
        }
        for (at, (ty, values)) in types.iter().enumerate() {
            let table = format!("T{at}");
            migrate(&engine, &db(0), &format!("CREATE TABLE {table} (id NUMBER(9) PRIMARY KEY, v {ty})"))
                .await;
            let mut session = engine.connect(&db(0)).await.unwrap();
            let mut rows: Vec<NewRow> = Vec::new();
            for (id, (value, _)) in values.iter().enumerate() {
                rows.push(row(&table, &[("ID", Value::Integer(id as i128)), ("V", value.clone())]));
            }
            let last = values.len() as i128;
            rows.push(row(&table, &[("ID", Value::Integer(last)), ("V", Value::Null)]));
            for (answer, row) in session.insert(&rows, false).await.unwrap().iter().zip(&rows) {
                assert_eq!(answer, &Ok(()), "{ty}: {row:?}");
            }
            let found = read(&mut *session, &table).await;
            let expected: Vec<Vec<Option<String>>> = values
                .iter()
                .map(|(_, read)| Some(read.clone()))
                .chain([None])
                .enumerate()
                .map(|(id, read)| vec![Some(id.to_string()), read])
                .collect();
            assert_eq!(found, expected, "{ty}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_text_is_null() {
    for engine in engines("an_empty_text_is_null").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id NUMBER PRIMARY KEY, a VARCHAR2(9), b VARCHAR2(9) NOT NULL)",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let rows = [
            row("T", &[("ID", Value::Integer(1)), ("A", text("")), ("B", text("b"))]),
            row("T", &[("ID", Value::Integer(2)), ("A", text("a")), ("B", text(""))]),
        ];
        let answers = session.insert(&rows, false).await.unwrap();
        assert_eq!(answers[0], Ok(()));
        assert_eq!(answers[1].as_ref().unwrap_err().columns, ["B"]);
        let one = |text: &str| Some(text.to_owned());
        assert_eq!(read(&mut *session, "T").await, [[one("1"), None, one("b")]]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn long_texts_and_bytes_come_back_whole() {
    for engine in engines("long_texts_and_bytes_come_back_whole").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id NUMBER PRIMARY KEY, a CLOB, b BLOB)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let long = "ä€𝄞x".repeat(30_000);
        let bytes: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        let rows =
            [row("T", &[("ID", Value::Integer(1)), ("A", text(&long)), ("B", Value::Bytes(bytes.clone()))])];
        assert_eq!(session.insert(&rows, false).await.unwrap(), [Ok(())]);
        let found = read(&mut *session, "T").await;
        assert_eq!(found[0][1].as_deref(), Some(long.as_str()));
        assert_eq!(found[0][2].as_deref(), Some(crate::database::oracle::types::hex(&bytes).as_str()));
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn samples_are_taken_and_differ() {
    for engine in engines("samples_are_taken_and_differ").await {
        engine.create(&db(0)).await.unwrap();
        let mut types = vec![
            "XMLTYPE",
            "INTERVAL YEAR(2) TO MONTH",
            "INTERVAL DAY(2) TO SECOND(6)",
            "ROWID",
            "UROWID(100)",
            "BFILE",
        ];
        if engine.shared.major >= 23 {
            types.extend(["VECTOR(3, FLOAT32)", "VECTOR(16, BINARY)"]);
        }
        for (at, ty) in types.into_iter().enumerate() {
            let table = format!("T{at}");
            migrate(&engine, &db(0), &format!("CREATE TABLE {table} (id NUMBER PRIMARY KEY, v {ty})")).await;
            let mut session = engine.connect(&db(0)).await.unwrap();
            let values: Vec<Value> =
                samples::of(ty, false).into_iter().chain(samples::of(ty, true)).collect();
            let rows: Vec<NewRow> = values
                .iter()
                .enumerate()
                .map(|(id, value)| row(&table, &[("ID", Value::Integer(id as i128)), ("V", value.clone())]))
                .collect();
            for (answer, row) in session.insert(&rows, false).await.unwrap().iter().zip(&rows) {
                assert_eq!(answer, &Ok(()), "{ty}: {row:?}");
            }
            let found = read(&mut *session, &table).await;
            let distinct: BTreeSet<_> = found.iter().map(|row| &row[1]).collect();
            assert_eq!(distinct.len(), values.len(), "{ty}: {found:?}");
            assert!(!distinct.contains(&None), "{ty}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn objects_and_collections_are_told_apart() {
    for engine in engines("objects_and_collections_are_told_apart").await {
        engine.create(&db(0)).await.unwrap();
        let make = "CREATE TYPE place AS OBJECT (x NUMBER, y VARCHAR2(9));\n/\nCREATE TYPE list AS VARRAY(3) OF NUMBER;\n/\n\
             CREATE TABLE t (id NUMBER PRIMARY KEY, p place, l list);\n\
             INSERT INTO t VALUES (1, place(1, 'a'), list(1, 2));\nINSERT INTO t VALUES (2, place(1, 'b'), list(2, 1));\n\
             INSERT INTO t VALUES (3, NULL, NULL);";
        migrate(&engine, &db(0), make).await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let found = read(&mut *session, "T").await;
        assert!(found[0][1] != found[1][1] && found[0][2] != found[1][2], "{found:?}");
        assert_eq!((&found[2][1], &found[2][2]), (&None, &None));
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn families_have_values_that_columns_take() {
    for engine in engines("families_have_values_that_columns_take").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id NUMBER(9) PRIMARY KEY, r RAW(16), f FLOAT, x XMLTYPE)")
            .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = session.catalog().await.unwrap();
        for column in &catalog.tables[&name("T")].columns {
            let ColumnType { family, native, .. } = &column.ty;
            let has_values = *family != Family::Other || !samples::of(native, false).is_empty();
            assert!(has_values, "{native}: {family:?}");
        }
        engine.close().await.unwrap();
    }
}
