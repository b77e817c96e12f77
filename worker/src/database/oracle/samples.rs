//! Values of the types that the common families do not cover.

use super::types::Kind;
use crate::database::rows::Value;

/// How many ordinary values a type has, where they can be counted out.
const COUNT: u32 = 12;

/// Numbers of a vector that does not say how many it has.
const DIMENSIONS: usize = 3;

/// Values of the type, as the dictionary names it. The first ones are ordinary, `edge` ones are extremes.
pub(super) fn of(native: &str, edge: bool) -> Vec<Value> {
    let upper = native.to_ascii_uppercase();
    match Kind::of(native) {
        Kind::Xml if edge => texts(&["<e a=\"ä &amp; '\"> <x/> </e>"]),
        Kind::Xml => count(|n| format!("<entry id=\"{n}\">text</entry>")),
        Kind::YearMonth => {
            // Digits of the years; two when nothing is said.
            let digits = numbers(&upper).first().copied().unwrap_or(2).clamp(1, 9) as usize;
            let most = "9".repeat(digits);
            if edge {
                texts(&[&format!("{most}-11"), &format!("-{most}-11"), "0-00"])
            } else {
                count(|n| format!("{}-{:02}", n % 9 + 1, n % 12))
            }
        }
        Kind::DaySecond if edge => texts(&["99 23:59:59.999999", "-99 23:59:59.999999", "0 00:00:00"]),
        Kind::DaySecond => count(|n| format!("{n} 0{}:30:00", n % 10)),
        Kind::Vector => vectors(&upper, edge),
        // Neither the directory nor the file has to be there.
        Kind::File => {
            count(|n| format!("BFILENAME('MRT_FILES', '{}{n}.bin')", if edge { "edge" } else { "file" }))
        }
        Kind::Plain if upper.starts_with("ROWID") || upper.starts_with("UROWID") => {
            let row = |n: u32| char::from(b'A' + u8::try_from(n % 26).unwrap_or_default());
            let file = if edge { 'B' } else { 'A' };
            (0..COUNT).map(|n| Value::Text(format!("AAAR3sAA{file}AAAACXAA{}", row(n)))).collect()
        }
        Kind::Object if upper.replace('"', "").ends_with("SDO_GEOMETRY") => {
            let places: Vec<u32> = if edge { vec![0, 179] } else { (1..=COUNT).collect() };
            let point = |n| {
                format!("MDSYS.SDO_GEOMETRY(2001, NULL, MDSYS.SDO_POINT_TYPE({n}, {n}.5, NULL), NULL, NULL)")
            };
            places.into_iter().map(|n| Value::Text(point(n))).collect()
        }
        _ => Vec::new(),
    }
}

fn count(make: impl Fn(u32) -> String) -> Vec<Value> {
    (1..=COUNT).map(|n| Value::Text(make(n))).collect()
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::Text((*text).to_owned())).collect()
}

/// The numbers in a type's name.
fn numbers(native: &str) -> Vec<u32> {
    let words = native.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|digits| digits.parse().ok()).collect()
}

/// `VECTOR(3, FLOAT32)`; of bits eight make a number.
fn vectors(native: &str, edge: bool) -> Vec<Value> {
    let inner = native.split_once('(').map_or("", |(_, rest)| rest);
    let mut parts = inner.trim_end_matches(')').split(',').map(str::trim);
    let length = parts.next().and_then(|it| it.parse::<usize>().ok()).unwrap_or(DIMENSIONS);
    let format = parts.next().unwrap_or_default();
    let (length, extremes): (usize, &[&str]) = match format {
        "BINARY" => ((length / 8).max(1), &["255", "0"]),
        "INT8" => (length, &["127", "-128"]),
        _ => (length, &["1.0E+015", "-1.0E-015"]),
    };
    let vector = |first: String| {
        let others = std::iter::repeat_n("1".to_owned(), length.saturating_sub(1));
        Value::Text(format!("[{}]", std::iter::once(first).chain(others).collect::<Vec<_>>().join(", ")))
    };
    if edge {
        return extremes.iter().map(|text| vector((*text).to_owned())).collect();
    }
    (1..=COUNT).map(|n| vector(n.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn samples_differ() {
        for native in [
            "XMLTYPE",
            "INTERVAL YEAR(2) TO MONTH",
            "INTERVAL DAY(2) TO SECOND(6)",
            "VECTOR(3, FLOAT32)",
            "VECTOR(16, BINARY)",
            "BFILE",
            "ROWID",
            "UROWID(4000)",
            "\"MDSYS\".\"SDO_GEOMETRY\"",
        ] {
            let ordinary = of(native, false);
            assert_eq!(ordinary.iter().collect::<BTreeSet<_>>().len(), 12, "{native}");
            assert!(!of(native, true).is_empty(), "{native}");
        }
        assert!(of("VARCHAR2(3)", false).is_empty());
        assert!(of("\"HR\".\"ADDRESS\"", false).is_empty());
        let Some(Value::Text(vector)) = of("VECTOR(16, BINARY)", true).into_iter().next() else {
            panic!("no vector")
        };
        assert_eq!(vector, "[255, 1]");
        assert!(of("INTERVAL YEAR(4) TO MONTH", true).contains(&Value::Text("9999-11".to_owned())));
    }
}
