//! Types and values: every type and its extremes, written and read.

use std::collections::BTreeSet;

use super::{db, engines, migrate, name, row, tables};
use crate::database::Engine as _;
use crate::database::catalog::{ColumnType, Family};
use crate::database::rows::{NewRow, Value};

/// Types of both servers, and values of each that all differ; extremes among them.
const TYPES: &[(&str, &[&str])] = &[
    ("tinyint", &["-128", "0", "127"]),
    ("tinyint(1)", &["0", "1", "2"]),
    ("tinyint unsigned", &["0", "255"]),
    ("smallint", &["-32768", "0", "32767"]),
    ("mediumint", &["-8388608", "0", "8388607"]),
    ("int", &["-2147483648", "0", "2147483647"]),
    ("int unsigned", &["0", "4294967295"]),
    ("int(5) zerofill", &["0", "42", "4294967295"]),
    ("bigint", &["-9223372036854775808", "0", "9223372036854775807"]),
    ("bigint unsigned", &["0", "18446744073709551615"]),
    ("decimal(10,2)", &["-99999999.99", "0.01", "0", "99999999.99"]),
    ("decimal(10,2) zerofill", &["0.01", "10.5", "0"]),
    (
        "decimal(65,30)",
        &[
            "-99999999999999999999999999999999999.999999999999999999999999999999",
            "0.000000000000000000000000000001",
        ],
    ),
    ("decimal(5,0)", &["-99999", "99999"]),
    (
        "float",
        &[
            "1.17549e-38",
            "3.4e38",
            "-0.1",
            "0.1",
            "0.10000001",
            "0.100000024",
            "16777216",
            "16777215",
            "1e-45",
            "0",
            "123456789",
        ],
    ),
    ("float(7,3)", &["9999.999", "9999.998", "0.001", "-0.001", "0"]),
    ("float unsigned", &["0", "0.333333343"]),
    (
        "double",
        &[
            "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "-1.7976931348623157e308",
            "5e-324",
            "0.1",
            "0.30000000000000004",
            "0.3",
            "9007199254740993e0",
            "9007199254740991",
            "100000000000000000000",
            "0",
        ],
    ),
    ("double(20,5)", &["123456789012345.12345", "0.00001", "0"]),
    ("char(3)", &["abc", "ab", "", "ä𝄞", "A", "a"]),
    ("varchar(20)", &["", " ", "a", "A", "a ", " a ", "ä€𝄞", "line\nbreak\t\\ '\"", "%_", "NULL", "a\0b"]),
    ("varchar(20) character set latin1", &["", "a", "ä", "€", "é"]),
    ("varchar(20) character set ucs2", &["", "a", "ä", "\u{ffee}"]),
    ("tinytext", &["", "x"]),
    ("text", &["", "x", "x ", "ß", "ss"]),
    ("mediumtext", &["", "x"]),
    ("longtext", &["", "x"]),
    (
        "date",
        &["1000-01-01", "9999-12-31", "2000-02-29", "0000-00-00", "2020-00-00", "2020-01-00", "0001-01-01"],
    ),
    ("time", &["-838:59:59", "838:59:59", "00:00:00", "24:00:00", "00:00:01", "-00:00:01"]),
    ("time(6)", &["-838:59:59", "838:59:58.999999", "00:00:00.000001", "-00:00:00.000001", "12:00:00"]),
    (
        "datetime",
        &["1000-01-01 00:00:00", "9999-12-31 23:59:59", "0000-00-00 00:00:00", "2020-01-01 00:00:00"],
    ),
    ("datetime(6)", &["9999-12-31 23:59:59.999999", "2020-01-01 00:00:00.000001", "2020-01-01 00:00:00"]),
    (
        "timestamp",
        &["1970-01-01 00:00:01", "2038-01-19 03:14:07", "0000-00-00 00:00:00", "2021-03-28 02:30:00"],
    ),
    ("timestamp(3)", &["2020-01-01 00:00:00.123", "2020-01-01 00:00:00.124"]),
    ("year", &["1901", "2155", "0000", "2020"]),
    ("enum('low','high','it''s','ä')", &["low", "high", "it's", "ä"]),
    ("enum('','x')", &["", "x"]),
    ("set('a','b','c d')", &["", "a", "b", "a,b"]),
    (
        "json",
        &[
            "{\"b\": 1, \"a\": 2}",
            "{\"a\": 1}",
            "null",
            "\"x\"",
            "1.0",
            "1",
            "[]",
            "[1, \"ä\\n\"]",
            "0.30000000000000004",
        ],
    ),
];

/// Types whose values are bytes or numbers, not text.
fn binaries() -> Vec<(&'static str, Vec<Value>)> {
    let bytes = |all: &[&[u8]]| all.iter().map(|b| Value::Bytes(b.to_vec())).collect::<Vec<_>>();
    let numbers = |all: &[i128]| all.iter().copied().map(Value::Integer).collect::<Vec<_>>();
    vec![
        ("bit(1)", numbers(&[0, 1])),
        ("bit(8)", numbers(&[0, 1, 65, 255])),
        ("bit(9)", numbers(&[0, 255, 256, 511])),
        ("bit(64)", numbers(&[0, 1, u64::MAX.into(), 1 << 63])),
        ("binary(3)", bytes(&[&[0, 255, 39], &[1], &[1, 1], b"\\'x", b"abc"])),
        ("varbinary(9)", bytes(&[&[], &[0], &[0, 0], &[0, 255, 92, 39], b"abc", b"ABC", b"abc "])),
        ("tinyblob", bytes(&[&[], &[255]])),
        ("blob", bytes(&[&[], &[0xde, 0xad, 0xbe, 0xef]])),
        ("mediumblob", bytes(&[&[], &[1]])),
        ("longblob", bytes(&[&[], &[1]])),
    ]
}

#[tokio::test]
async fn every_value_comes_back_as_itself() {
    for engine in engines("every_value_comes_back_as_itself").await {
        engine.create(&db(0)).await.unwrap();
        let server = engine.shared.server;
        let mut types: Vec<(String, Vec<Value>)> = Vec::new();
        for (ty, values) in TYPES {
            types.push(((*ty).to_owned(), values.iter().map(|v| Value::Text((*v).to_owned())).collect()));
        }
        types.extend(binaries().into_iter().map(|(ty, values)| (ty.to_owned(), values)));
        let mut others = vec![
            "point",
            "linestring",
            "polygon",
            "multipoint",
            "multilinestring",
            "multipolygon",
            "geometrycollection",
            "geometry",
        ];
        if server.is_mariadb() {
            others.push("inet6");
        }
        if server.is_mariadb_from(10, 10) {
            others.push("inet4");
        }
        if server.is_mysql_from(9, 0) || server.is_mariadb_from(11, 7) {
            others.push("vector(3)");
        }
        for ty in others {
            let column =
                ColumnType { family: Family::Other, native: ty.to_owned(), domain_checks: Vec::new() };
            let samples = |edge| engine.dialect().samples(&column, edge);
            types.push((ty.to_owned(), samples(false).into_iter().chain(samples(true)).collect()));
        }
        if server.is_mariadb_from(10, 7) {
            let values = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
            types.push(("uuid".to_owned(), values.map(|v| Value::Text(v.to_owned())).to_vec()));
        }
        let mut sql = String::new();
        for (at, (ty, _)) in types.iter().enumerate() {
            sql.push_str(&format!("create table t{at}(id int primary key, v {ty} null);"));
        }
        migrate(&engine, &db(0), &sql).await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let new_row = |at: usize, id: usize, value: &Value| {
            row(&format!("t{at}"), &[("id", Value::Integer(id as i128)), ("v", value.clone())])
        };
        for (at, (ty, values)) in types.iter().enumerate() {
            let rows: Vec<NewRow> = values.iter().enumerate().map(|(id, v)| new_row(at, id, v)).collect();
            for (answer, value) in session.insert(&rows, false).await.unwrap().iter().zip(values) {
                assert!(answer.is_ok(), "{ty} {value:?}: {answer:?}");
            }
        }
        let catalog = tables(&engine, &db(0)).await;
        let first = session.contents(&catalog).await.unwrap();
        // What differs reads differently; and each value, written anew, is found by what was read of it.
        for (at, (ty, values)) in types.iter().enumerate() {
            let rows = &first.tables[&name(&format!("t{at}"))].rows;
            let texts: Vec<&str> = rows.iter().map(|r| r[1].as_deref().unwrap()).collect();
            let distinct: BTreeSet<&str> = texts.iter().copied().collect();
            assert_eq!(distinct.len(), values.len(), "{ty}: {texts:?}");
            let plain = values.iter().all(|value| matches!(value, Value::Text(_)));
            let again: Vec<NewRow> = values
                .iter()
                .zip(&texts)
                .enumerate()
                .map(|(id, (value, text))| {
                    let value = if plain { Value::Text((*text).to_owned()) } else { value.clone() };
                    new_row(at, 100 + id, &value)
                })
                .collect();
            for (answer, text) in session.insert(&again, false).await.unwrap().iter().zip(&texts) {
                assert!(answer.is_ok(), "{ty} {text}: {answer:?}");
            }
        }
        // Settings of the server do not change how we read.
        drop(session);
        let mut session = engine.connect(&db(0)).await.unwrap();
        let second = session.contents(&catalog).await.unwrap();
        for (at, (ty, values)) in types.iter().enumerate() {
            let rows = &second.tables[&name(&format!("t{at}"))].rows;
            for (one, other) in rows[..values.len()].iter().zip(&rows[values.len()..]) {
                assert_eq!(one[1], other[1], "{ty}");
            }
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_no_insert_would_store_is_told_apart() {
    for engine in engines("what_no_insert_would_store_is_told_apart").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "set sql_mode = ''; create table e(id int primary key, v enum('','no label') not null); \
             insert into e values (1, ''), (2, 'no label'), (3, 'x'); \
             create table s(id int primary key, v set('','a') not null); insert into s values (1, 0), (2, 1), (3, 2), (4, 3); \
             create table f(id int primary key, v enum('a') not null); insert into f values (1, 'a'), (2, 'x')",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = tables(&engine, &db(0)).await;
        let contents = session.contents(&catalog).await.unwrap();
        for (table, rows) in [("e", 3), ("s", 4), ("f", 2)] {
            let read: BTreeSet<_> =
                contents.tables[&name(table)].rows.iter().map(|row| row[1].clone()).collect();
            assert_eq!(read.len(), rows, "{table}: {read:?}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn samples_are_taken_by_their_types() {
    for engine in engines("samples_are_taken_by_their_types").await {
        engine.create(&db(0)).await.unwrap();
        let types = [
            "set('a','b','C d')",
            "bit(1)",
            "bit(7)",
            "bit(64)",
            "year",
            "point",
            "geometry",
            "multipolygon",
        ];
        let mut session = engine.connect(&db(0)).await.unwrap();
        for (at, ty) in types.iter().enumerate() {
            migrate(&engine, &db(0), &format!("create table t{at}(id int primary key, v {ty})")).await;
            let column =
                ColumnType { family: Family::Other, native: (*ty).to_owned(), domain_checks: Vec::new() };
            let samples: Vec<Value> =
                [false, true].into_iter().flat_map(|edge| engine.dialect().samples(&column, edge)).collect();
            assert!(samples.len() > 2, "{ty}");
            let rows: Vec<NewRow> = samples
                .iter()
                .enumerate()
                .map(|(id, v)| {
                    row(&format!("t{at}"), &[("id", Value::Integer(id as i128)), ("v", v.clone())])
                })
                .collect();
            for (answer, sample) in session.insert(&rows, false).await.unwrap().iter().zip(&samples) {
                assert!(answer.is_ok(), "{ty} {sample:?}: {answer:?}");
            }
        }
        engine.close().await.unwrap();
    }
}
