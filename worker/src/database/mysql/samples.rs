//! Values of the types that the common families do not cover.

use super::values::labels;
use crate::database::rows::Value;

/// How many ordinary values a type has, where they can be counted out.
const COUNT: u32 = 12;

/// Values of the type, as `information_schema` prints it. The first ones are ordinary, `edge` ones are extremes.
pub(super) fn of(native: &str, edge: bool) -> Vec<Value> {
    let native = native.to_ascii_lowercase_outside_of_quotes();
    let end = native.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(native.len());
    let (name, rest) = native.split_at(end);
    let length = rest.trim_start_matches('(').split(')').next().and_then(|digits| digits.parse::<u32>().ok());
    match name {
        "set" => sets(&labels(rest), edge),
        "bit" => bits(length.unwrap_or(1), edge),
        "year" if edge => integers(&[1901, 2155, 0]),
        "year" => (1..=COUNT).map(|n| Value::Integer((2000 + n).into())).collect(),
        "inet4" if edge => texts(&["0.0.0.0", "255.255.255.255"]),
        "inet4" => count(|n| format!("192.0.2.{n}")),
        "inet6" if edge => texts(&["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:192.0.2.1"]),
        "inet6" => count(|n| format!("2001:db8::{n:x}")),
        "xmltype" if edge => texts(&["<e a=\"ä &amp; '\"> <x/> </e>"]),
        "xmltype" => count(|n| format!("<entry id=\"{n}\">text</entry>")),
        "vector" => vectors(length.unwrap_or(2048) as usize, edge),
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" | "geomcollection" => {
            geometries(name, reference_system(rest), edge)
        }
        _ => Vec::new(),
    }
}

/// The number behind `srid`, without which a column of MySQL's takes no value.
fn reference_system(rest: &str) -> u32 {
    let number = rest.split_once("srid ").map(|(_, number)| number.split(' ').next().unwrap_or_default());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

trait LowerCase {
    fn to_ascii_lowercase_outside_of_quotes(&self) -> String;
}

impl LowerCase for str {
    fn to_ascii_lowercase_outside_of_quotes(&self) -> String {
        let mut quoted = false;
        self.chars()
            .map(|c| {
                quoted ^= c == '\'';
                if quoted { c } else { c.to_ascii_lowercase() }
            })
            .collect()
    }
}

fn count(make: impl Fn(u32) -> String) -> Vec<Value> {
    (1..=COUNT).map(|n| Value::Text(make(n))).collect()
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::Text((*text).to_owned())).collect()
}

fn integers(values: &[i128]) -> Vec<Value> {
    values.iter().copied().map(Value::Integer).collect()
}

/// Each label alone, then pairs; the empty set and the full one are extremes.
fn sets(labels: &[String], edge: bool) -> Vec<Value> {
    if edge {
        return vec![Value::Text(labels.join(",")), Value::Text(String::new())];
    }
    let labels: Vec<&String> = labels.iter().filter(|label| !label.is_empty()).collect();
    let alone = labels.iter().map(|label| (*label).clone());
    let pairs = labels.windows(2).map(|pair| format!("{},{}", pair[0], pair[1]));
    alone.chain(pairs).take(COUNT as usize).map(Value::Text).collect()
}

fn bits(length: u32, edge: bool) -> Vec<Value> {
    let largest = (1i128 << length.min(64)) - 1;
    if edge {
        return integers(&[largest, 0]);
    }
    (1..=i128::from(COUNT)).filter(|n| *n <= largest + 1).map(|n| Value::Integer(n % (largest + 1))).collect()
}

fn vectors(length: usize, edge: bool) -> Vec<Value> {
    let vector = |first: f32, others: f32| {
        let numbers = std::iter::once(first).chain(std::iter::repeat_n(others, length.saturating_sub(1)));
        Value::Bytes(numbers.flat_map(f32::to_le_bytes).collect())
    };
    if edge {
        return vec![vector(-1e15, 0.1), vector(f32::MIN_POSITIVE, 1e15)];
    }
    (1..=COUNT).map(|n| vector(n as f32, 0.5)).collect()
}

/// As both servers store them, and take them in place of what `ST_GeomFromText` makes: the reference system, then well-known
/// binary.
fn geometries(name: &str, system: u32, edge: bool) -> Vec<Value> {
    let ends: Vec<f64> =
        if edge { vec![0.0, -179.999_999_999_999] } else { (1..=COUNT).map(f64::from).collect() };
    ends.into_iter()
        .map(|n| {
            let mut bytes = system.to_le_bytes().to_vec();
            shape(&mut bytes, name, n);
            Value::Bytes(bytes)
        })
        .collect()
}

fn shape(bytes: &mut Vec<u8>, name: &str, n: f64) {
    let kind: u32 = match name {
        "linestring" => 2,
        "polygon" => 3,
        "multipoint" => 4,
        "multilinestring" => 5,
        "multipolygon" => 6,
        "geometrycollection" | "geomcollection" => 7,
        _ => 1,
    };
    bytes.push(1);
    bytes.extend(kind.to_le_bytes());
    let point = |bytes: &mut Vec<u8>, x: f64, y: f64| {
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
    };
    let points = |bytes: &mut Vec<u8>, list: &[(f64, f64)]| {
        bytes.extend((list.len() as u32).to_le_bytes());
        list.iter().for_each(|(x, y)| point(bytes, *x, *y));
    };
    match kind {
        1 => point(bytes, n, n / 2.0),
        2 => points(bytes, &[(n, 0.0), (n, 1.5)]),
        3 => {
            bytes.extend(1u32.to_le_bytes());
            points(bytes, &[(n, 0.0), (n + 1.0, 0.0), (n + 1.0, 1.0), (n, 0.0)]);
        }
        kind => {
            let member = ["point", "linestring", "polygon", "point"][(kind - 4) as usize];
            bytes.extend(1u32.to_le_bytes());
            shape(bytes, member, n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_differ() {
        for native in [
            "bit(1)",
            "bit(64)",
            "set('a','b','C')",
            "year(4)",
            "vector(3)",
            "point",
            "multipolygon",
            "inet6",
        ] {
            let values: Vec<Value> = of(native, false).into_iter().chain(of(native, true)).collect();
            let distinct: std::collections::BTreeSet<&Value> = values.iter().collect();
            assert!(distinct.len() >= 2, "{native}");
            let ordinary = of(native, false);
            let distinct: std::collections::BTreeSet<&Value> = ordinary.iter().collect();
            assert_eq!(distinct.len(), ordinary.len(), "{native}");
        }
        assert!(of("varchar(3)", false).is_empty());
        let Some(Value::Bytes(point)) = of("point SRID 4326", false).into_iter().next() else {
            panic!("no point")
        };
        assert_eq!(point[..4], 4326u32.to_le_bytes());
        assert!(of("set('A')", false).contains(&Value::Text("A".to_owned())));
    }
}
