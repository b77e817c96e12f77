//! Values of the types that the common families do not cover.

use crate::database::rows::Value;

/// How many ordinary values a type has.
const COUNT: u32 = 12;

/// Values of the type. The first ones are ordinary, `edge` ones are extremes.
pub(super) fn of(native: &str, edge: bool) -> Vec<Value> {
    let native = native.to_ascii_lowercase();
    let bare = native.rsplit('.').next().unwrap_or(&native).trim_matches(['[', ']']);
    let end = bare.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(bare.len());
    let (name, rest) = bare.split_at(end);
    match (name, edge) {
        ("xml", false) => count(|n| format!("<entry id=\"{n}\">text</entry>")),
        ("xml", true) => texts(&["<e a=\"ä &amp; '\"> <x /> </e>", "<a>1</a><b>2</b>", ""]),
        ("hierarchyid", false) => count(|n| format!("/{n}/")),
        ("hierarchyid", true) => texts(&["/", "/1/2.1/-3/", "/100000/"]),
        ("sql_variant", false) => count(|n| format!("value {n}")),
        ("sql_variant", true) => {
            vec![Value::Integer(-1), Value::Number("0.10".to_owned()), Value::Bytes(vec![0, 255])]
        }
        ("geometry", false) => count(|n| format!("POINT ({n} {})", n + 1)),
        ("geometry", true) => {
            texts(&["POLYGON ((0 0, 1 0, 1 1, 0 0))", "GEOMETRYCOLLECTION EMPTY", "POINT (-1.5 0.1 2 3)"])
        }
        // Longitude and latitude.
        ("geography", false) => count(|n| format!("POINT ({n} {})", n + 1)),
        ("geography", true) => texts(&["POINT (-179.9 -89.9)", "LINESTRING (-1 0, 1 0.5)", "POINT EMPTY"]),
        ("vector", _) => vectors(rest, edge),
        _ => Vec::new(),
    }
}

fn count(make: impl Fn(u32) -> String) -> Vec<Value> {
    (1..=COUNT).map(|n| Value::Text(make(n))).collect()
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::Text((*text).to_owned())).collect()
}

/// `(3)` or `(3, float32)`.
fn vectors(rest: &str, edge: bool) -> Vec<Value> {
    let digits: String = rest.trim_start_matches('(').chars().take_while(char::is_ascii_digit).collect();
    let Ok(length) = digits.parse::<usize>() else { return Vec::new() };
    let vector = |first: &str, others: &str| {
        let numbers = std::iter::once(first).chain(std::iter::repeat_n(others, length.saturating_sub(1)));
        Value::Text(format!("[{}]", numbers.collect::<Vec<_>>().join(", ")))
    };
    if edge {
        return vec![vector("-60000", "0.125"), vector("0", "0")];
    }
    (1..=COUNT).map(|n| vector(&n.to_string(), "0.5")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_differ() {
        for native in
            ["xml", "hierarchyid", "sql_variant", "geometry", "geography", "vector(3)", "[sys].[geometry]"]
        {
            let values: Vec<Value> = of(native, false).into_iter().chain(of(native, true)).collect();
            let distinct: std::collections::BTreeSet<&Value> = values.iter().collect();
            assert_eq!(distinct.len(), values.len(), "{native}");
            assert!(!of(native, true).is_empty(), "{native}");
        }
        assert!(of("varchar(3)", false).is_empty());
        assert_eq!(of("vector(3)", false)[0], Value::Text("[1, 0.5, 0.5]".to_owned()));
    }
}
