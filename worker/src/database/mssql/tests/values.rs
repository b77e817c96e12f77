//! Types and values: every type and its extremes, written and read.

use std::collections::BTreeSet;

use super::{db, engines, migrate, name, row};
use crate::database::Engine as _;
use crate::database::catalog::{ColumnType, Family};
use crate::database::rows::{NewRow, Value};

/// Types, and values of each that all differ; extremes among them. Written as texts.
const TYPES: &[(&str, &[&str])] = &[
    ("date", &["0001-01-01", "9999-12-31", "2000-02-29"]),
    ("time(0)", &["00:00:00", "23:59:59"]),
    ("time(7)", &["00:00:00", "00:00:00.0000001", "23:59:59.9999999"]),
    ("datetime", &["1753-01-01 00:00:00", "9999-12-31 23:59:59.997", "2020-01-01 00:00:00.003"]),
    ("smalldatetime", &["1900-01-01 00:00:00", "2079-06-06 23:59:00"]),
    ("datetime2(0)", &["0001-01-01 00:00:00", "9999-12-31 23:59:59"]),
    ("datetime2(7)", &["0001-01-01 00:00:00", "9999-12-31 23:59:59.9999999", "2020-01-01 00:00:00.0000001"]),
    (
        "datetimeoffset(7)",
        &[
            "0001-01-01 00:00:00 +00:00",
            "9999-12-31 23:59:59.9999999 +00:00",
            "2020-01-01 00:00:00 +14:00",
            "2020-01-01 00:00:00 -12:00",
            "2020-01-01 00:00:00.0000001 +05:30",
        ],
    ),
    ("char(3)", &["abc", "ab", "", "A", "a"]),
    ("varchar(20)", &["", " ", "a", "A", "a ", " a ", "ä€", "line\nbreak\t\\ '\"", "%_[", "NULL"]),
    ("varchar(20) COLLATE Cyrillic_General_CI_AS", &["", "a", "Жук"]),
    ("varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8", &["", "ä€𝄞", "Жук"]),
    ("nchar(3)", &["abc", "ä", "𝄞", ""]),
    ("nvarchar(20)", &["", " ", "a", "A", "a ", "ä€𝄞", "a\0b", "\u{ffff}"]),
    ("varchar(max)", &["", "x"]),
    ("nvarchar(max)", &["", "x", "x ", "ß", "ss"]),
    ("text", &["", "x"]),
    ("ntext", &["", "ä"]),
    ("sysname", &["a", "A"]),
    ("xml", &["<a/>", "<a b=\"1\"/>", "<a> </a>", "text", "<a>ä</a><b/>", ""]),
    ("uniqueidentifier", &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
];

/// Types whose values are bytes or numbers, not texts.
fn others() -> Vec<(&'static str, Vec<Value>)> {
    let bytes = |all: &[&[u8]]| all.iter().map(|b| Value::Bytes(b.to_vec())).collect::<Vec<_>>();
    let integers = |all: &[i128]| all.iter().copied().map(Value::Integer).collect::<Vec<_>>();
    let numbers = |all: &[&str]| all.iter().map(|n| Value::Number((*n).to_owned())).collect::<Vec<_>>();
    let nines = "9".repeat(38);
    vec![
        ("bit", vec![Value::Bool(false), Value::Bool(true)]),
        ("tinyint", integers(&[0, 1, 255])),
        ("smallint", integers(&[-32768, 0, 32767])),
        ("int", integers(&[i32::MIN.into(), 0, i32::MAX.into()])),
        ("bigint", integers(&[i64::MIN.into(), 0, i64::MAX.into()])),
        ("decimal(10, 2)", numbers(&["-99999999.99", "0.01", "0", "99999999.99"])),
        ("decimal(38, 0)", numbers(&[&nines, &format!("-{nines}"), "0"])),
        ("decimal(38, 38)", numbers(&[&format!("0.{nines}"), &format!("0.{}1", "0".repeat(37)), "0"])),
        ("money", numbers(&["-922337203685477.5808", "922337203685477.5807", "0.0001", "0", "1234.5"])),
        ("smallmoney", numbers(&["-214748.3648", "214748.3647", "0.0001"])),
        ("real", numbers(&["3.4e38", "-0.1", "0.1", "0.10000001", "16777216", "16777215", "1.18e-38", "0"])),
        (
            "float",
            numbers(&[
                "2.2250738585072014e-308",
                "1.7976931348623157e308",
                "-1.7976931348623157e308",
                "0.1",
                "0.30000000000000004",
                "0.3",
                "9007199254740993e0",
                "9007199254740991",
                "1e20",
                "0",
            ]),
        ),
        ("binary(3)", bytes(&[&[0, 255, 39], &[1], b"\\'x", b"abc"])),
        ("varbinary(9)", bytes(&[&[], &[0], &[0, 0], &[0, 255, 92, 39], b"abc", b"abc "])),
        ("varbinary(max)", bytes(&[&[], &[0xde, 0xad, 0xbe, 0xef]])),
        ("image", bytes(&[&[], &[1]])),
        (
            "sql_variant",
            vec![
                Value::Integer(1),
                Value::Text("1".to_owned()),
                Value::Number("1.0".to_owned()),
                Value::Number("1e0".to_owned()),
                Value::Bytes(vec![1]),
                Value::Text("ä".to_owned()),
            ],
        ),
    ]
}

#[tokio::test]
async fn every_value_comes_back_as_itself() {
    for engine in engines("every_value_comes_back_as_itself").await {
        engine.create(&db(0)).await.unwrap();
        let mut types: Vec<(String, Vec<Value>)> = Vec::new();
        for (ty, values) in TYPES {
            types.push(((*ty).to_owned(), values.iter().map(|v| Value::Text((*v).to_owned())).collect()));
        }
        types.extend(others().into_iter().map(|(ty, values)| (ty.to_owned(), values)));
        let mut sampled = vec!["hierarchyid", "geometry", "geography", "xml"];
        if engine.shared.major >= 17 {
            sampled.push("vector(3)");
            let json = ["{\"b\":1,\"a\":2}", "[]", "null", "1"].map(|v| Value::Text(v.to_owned()));
            types.push(("json".to_owned(), json.to_vec()));
        }
        for ty in sampled {
            let column =
                ColumnType { family: Family::Other, native: ty.to_owned(), domain_checks: Vec::new() };
            let samples = |edge| engine.dialect().samples(&column, edge);
            types.push((ty.to_owned(), samples(false).into_iter().chain(samples(true)).collect()));
        }
        let mut sql = "CREATE TYPE phone FROM varchar(20) NOT NULL\nGO\n".to_owned();
        types.push(("phone".to_owned(), vec![Value::Text("1".to_owned()), Value::Text("2".to_owned())]));
        for (at, (ty, _)) in types.iter().enumerate() {
            sql.push_str(&format!("CREATE TABLE t{at} (id int PRIMARY KEY, v {ty} NULL);\n"));
        }
        migrate(&engine, &db(0), &sql).await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let new_row = |at: usize, id: usize, value: &Value| {
            row(&format!("t{at}"), &[("id", Value::Integer(id as i128)), ("v", value.clone())])
        };
        for (at, (ty, values)) in types.iter().enumerate() {
            let mut rows: Vec<NewRow> = values.iter().enumerate().map(|(id, v)| new_row(at, id, v)).collect();
            rows.push(new_row(at, 99, &Value::Null));
            for (answer, value) in session.insert(&rows, false).await.unwrap().iter().zip(values) {
                assert!(answer.is_ok(), "{ty} {value:?}: {answer:?}");
            }
        }
        let catalog = session.catalog().await.unwrap();
        let first = session.contents(&catalog).await.unwrap();
        // What differs reads differently; NULL reads as NULL; and each value, written anew, reads as before.
        for (at, (ty, values)) in types.iter().enumerate() {
            let rows = &first.tables[&name(&format!("t{at}"))].rows;
            let texts: Vec<Option<&str>> = rows.iter().map(|r| r[1].as_deref()).collect();
            assert_eq!(texts.last(), Some(&None), "{ty}");
            let distinct: BTreeSet<Option<&str>> = texts.iter().copied().collect();
            assert_eq!(distinct.len(), values.len() + 1, "{ty}: {texts:?}");
            let again: Vec<NewRow> =
                values.iter().enumerate().map(|(id, v)| new_row(at, 100 + id, v)).collect();
            for (answer, text) in session.insert(&again, false).await.unwrap().iter().zip(&texts) {
                assert!(answer.is_ok(), "{ty} {text:?}: {answer:?}");
            }
        }
        drop(session);
        let mut session = engine.connect(&db(0)).await.unwrap();
        let second = session.contents(&catalog).await.unwrap();
        for (at, (ty, values)) in types.iter().enumerate() {
            let rows = &second.tables[&name(&format!("t{at}"))].rows;
            for (one, other) in rows[..values.len()].iter().zip(&rows[values.len() + 1..]) {
                assert_eq!(one[1], other[1], "{ty}");
            }
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn half_a_letter_is_told_apart_from_another_half() {
    for engine in engines("half_a_letter_is_told_apart_from_another_half").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id int PRIMARY KEY, v nvarchar(9) COLLATE Latin1_General_CI_AS); \
             INSERT INTO t VALUES (1, NCHAR(0xD83D)), (2, NCHAR(0xD83C)), (3, N'a')",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let values: BTreeSet<_> =
            super::read(&mut *session, "t").await.into_iter().map(|row| row[1].clone()).collect();
        assert_eq!(values.len(), 3, "{values:?}");
        engine.close().await.unwrap();
    }
}
