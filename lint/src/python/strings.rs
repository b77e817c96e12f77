//! Texts: what formatting and the methods of `str` make of them.

use super::value::{Arguments, HOLE, Value};

/// What a method of a text gives; `None` for one that is not looked into.
pub(super) fn method<'a>(text: &str, name: &str, arguments: &Arguments<'a>) -> Option<Value<'a>> {
    let first = arguments.positional.first();
    let text_of = |value: Option<&Value<'a>>| match value {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    };
    Some(match name {
        "format" => Value::str(format(text, arguments)),
        "join" => {
            let items = first?.items()?;
            let words: Vec<String> = items.iter().map(Value::display).collect();
            Value::str(words.join(text))
        }
        "strip" if first.is_none() => Value::str(text.trim()),
        "lstrip" if first.is_none() => Value::str(text.trim_start()),
        "rstrip" if first.is_none() => Value::str(text.trim_end()),
        "lower" => Value::str(text.to_lowercase()),
        "upper" => Value::str(text.to_uppercase()),
        "replace" => {
            let (from, to) = (text_of(first)?, text_of(arguments.positional.get(1))?);
            if from.is_empty() || from.contains(HOLE) {
                return None;
            }
            Value::str(text.replace(&from, &to))
        }
        "split" => {
            let parts: Vec<Value<'a>> = match first {
                None => text.split_whitespace().map(Value::str).collect(),
                Some(_) => {
                    let by = text_of(first).filter(|by| !by.is_empty())?;
                    text.split(by.as_str()).map(Value::str).collect()
                }
            };
            Value::list(parts)
        }
        "startswith" => Value::Bool(text.starts_with(text_of(first)?.as_str())),
        "endswith" => Value::Bool(text.ends_with(text_of(first)?.as_str())),
        _ => return None,
    })
}

/// `"…{}…{name}…".format(…)`.
fn format(text: &str, arguments: &Arguments<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut next = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            out.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let Some(end) = brace.find('}').filter(|_| brace.starts_with('{')) else {
            out.push_str(brace);
            return out;
        };
        let field = &brace[1..end];
        let value = if field.is_empty() {
            next += 1;
            arguments.positional.get(next - 1)
        } else if let Ok(position) = field.parse::<usize>() {
            arguments.positional.get(position)
        } else {
            arguments.named(field)
        };
        out.push_str(&value.map_or(HOLE.to_string(), Value::display));
        rest = &brace[end + 1..];
    }
    out.push_str(rest);
    out
}

/// `"…%s…" % value`.
pub(super) fn percent(text: &str, value: &Value<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut next = 0;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let mut key = None;
        if let Some(named) = rest.strip_prefix('(')
            && let Some(end) = named.find(')')
        {
            key = Some(&named[..end]);
            rest = &named[end + 1..];
        }
        let item = match (key, value) {
            (Some(key), Value::Dict(items)) => items
                .iter()
                .find(|(own, _)| matches!(own, Value::Str(own) if &**own == key))
                .map(|(_, value)| value),
            (None, Value::List(items)) => items.get(next),
            (None, single) if next == 0 => Some(single),
            _ => None,
        };
        next += 1;
        let width = rest.find(|c: char| c.is_alphabetic()).unwrap_or(rest.len());
        let spec = rest[width..].chars().next();
        match (width, spec) {
            (0, Some('s' | 'd' | 'i')) => out.push_str(&item.map_or(HOLE.to_string(), Value::display)),
            _ => out.push(HOLE),
        }
        rest = &rest[width + spec.map_or(0, char::len_utf8)..];
    }
    out.push_str(rest);
    out
}

/// `textwrap.dedent`: for SQL, blanks at the beginning of lines mean nothing.
pub(super) fn dedent(text: &str) -> String {
    text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
}
