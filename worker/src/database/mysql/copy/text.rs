//! Names in SQL that a server has printed.

use crate::database::mysql::quote::ident;

/// A definition in which what names the database `from` names `to`: its quoted name where a part of it follows, outside of
/// literals, as ``nextval(`from`.`s`)``; and the database of CREATE DATABASE.
pub(super) fn renamed(sql: &str, from: &str, to: &str) -> String {
    let (old, new) = (ident(from), ident(to));
    if !sql.contains(&old) {
        return sql.to_owned();
    }
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '`']) {
        let (before, quoted) = rest.split_at(at);
        text.push_str(before);
        let end = quoted_end(quoted);
        let (name, after) = quoted.split_at(end);
        let names_it = name == old && (after.starts_with('.') || text.ends_with("CREATE DATABASE "));
        text.push_str(if names_it { &new } else { name });
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Where what begins with a quote ends.
fn quoted_end(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, quote)) = chars.next() else { return 0 };
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            chars.next();
        } else if c == quote {
            // A doubled quote ends one literal and begins the next, which comes to the same.
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// Code of a person's in which the database's name, wherever it stands as a word, is that of the copy: code may put SQL
/// together out of texts, and no word but the name itself looks like it.
pub(super) fn renamed_in_code(sql: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        text.push_str(before);
        let alone = !before.ends_with(is_word) && !after.starts_with(is_word);
        // What was skipped so far ends where this begins.
        let alone = alone && (!before.is_empty() || !text.ends_with(is_word));
        text.push_str(if alone { to } else { from });
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The items of a printed CREATE TABLE.
pub(super) struct Definition<'a> {
    /// `CREATE TABLE … (`
    head: &'a str,
    /// Columns, keys and constraints, without the commas between them.
    pub(super) items: Vec<&'a str>,
    /// `) ENGINE=…`
    tail: &'a str,
}

impl<'a> Definition<'a> {
    /// Takes apart what the server prints: an item a line.
    pub(super) fn of(create: &'a str) -> Option<Self> {
        let (head, rest) = create.split_once('\n')?;
        let end = rest.find("\n)")?;
        let (body, tail) = (&rest[..end], &rest[end + 1..]);
        let mut items = Vec::new();
        let mut begin = 0;
        // A literal may hold a line's end; what then follows is no item's beginning, or hardly ever.
        for (at, _) in body.match_indices(",\n  ") {
            if at >= begin {
                items.push(body[begin..at].trim_start());
                begin = at + 2;
            }
        }
        items.push(body[begin..].trim_start());
        Some(Self { head, items, tail })
    }

    /// The statement with other items.
    pub(super) fn with(&self, items: &[String]) -> String {
        format!("{}\n  {}\n{}", self.head, items.join(",\n  "), self.tail)
    }
}

/// A key that is over whole columns and nothing else: ``KEY `name` (`a`,`b`)``.
pub(super) fn plain_key(item: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = quoted_name(item.strip_prefix("KEY ")?)?;
    let (columns, rest) = name_list(rest.strip_prefix(' ')?)?;
    rest.is_empty().then_some((name, columns))
}

/// A foreign key: its name, its columns and all that follows its name.
pub(super) fn foreign_key(item: &str) -> Option<(String, Vec<String>, &str)> {
    let (name, rest) = quoted_name(item.strip_prefix("CONSTRAINT ")?)?;
    let definition = rest.strip_prefix(' ')?;
    let (columns, _) = name_list(definition.strip_prefix("FOREIGN KEY ")?)?;
    Some((name, columns, definition))
}

/// The columns of any key, the first one first.
pub(super) fn key_column(item: &str) -> Option<String> {
    if !["PRIMARY KEY", "UNIQUE KEY", "KEY "].iter().any(|words| item.starts_with(words)) {
        return None;
    }
    let (_, list) = item.split_once(" (`")?;
    let (name, rest) = list.split_once('`')?;
    // A prefix of a column, or a key in descending order, serves no reference.
    rest.starts_with([',', ')']).then(|| name.to_owned())
}

fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('`')?.char_indices().peekable();
    let mut name = String::new();
    while let Some((at, c)) = chars.next() {
        if c == '`' && chars.next_if(|(_, next)| *next == '`').is_none() {
            return Some((name, &text[at + 2..]));
        }
        name.push(c);
    }
    None
}

fn name_list(text: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = text.strip_prefix('(')?;
    let mut names = Vec::new();
    loop {
        let (name, after) = quoted_name(rest)?;
        names.push(name);
        if let Some(end) = after.strip_prefix(')') {
            return Some((names, end));
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_renamed_in_definitions() {
        let sql = "CREATE TABLE `t` (`a` int DEFAULT nextval(`db`.`s`) COMMENT 'in `db`.`s`', `db` int, `x``y` text)";
        assert_eq!(
            renamed(sql, "db", "copy"),
            "CREATE TABLE `t` (`a` int DEFAULT nextval(`copy`.`s`) COMMENT 'in `db`.`s`', `db` int, `x``y` text)"
        );
        assert_eq!(renamed("CREATE DATABASE `db` /* x */", "db", "c"), "CREATE DATABASE `c` /* x */");
        assert_eq!(renamed("select 'it\\'s `db`.', `db`.`t`", "db", "c"), "select 'it\\'s `db`.', `c`.`t`");
    }

    #[test]
    fn code_is_renamed_word_by_word() {
        let sql = "begin insert into mrt_a.t select 'mrt_a.x', mrt_ab, xmrt_a, `mrt_a`; end";
        assert_eq!(
            renamed_in_code(sql, "mrt_a", "mrt_b"),
            "begin insert into mrt_b.t select 'mrt_b.x', mrt_ab, xmrt_a, `mrt_b`; end"
        );
        assert_eq!(renamed_in_code("mrt_amrt_a", "mrt_a", "b"), "mrt_amrt_a");
    }

    #[test]
    fn definitions_are_taken_apart() {
        let create = "CREATE TABLE `t` (\n  `id` int NOT NULL COMMENT 'a,\\n  b',\n  `a` int DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  \
             KEY `a``b` (`a`,`id`),\n  KEY `p` (`a`(3)),\n  CONSTRAINT `f` FOREIGN KEY (`a`, `id`) REFERENCES `p` (`id`, `x`) ON \
             DELETE CASCADE,\n  CONSTRAINT `c` CHECK ((`a` > 0))\n) ENGINE=InnoDB";
        let definition = Definition::of(create).unwrap_or_else(|| panic!("it has lines"));
        assert_eq!(definition.items.len(), 7);
        let all: Vec<String> = definition.items.iter().map(|item| (*item).to_owned()).collect();
        assert_eq!(definition.with(&all), create);
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(plain_key(definition.items[3]), Some(("a`b".to_owned(), of(&["a", "id"]))));
        assert_eq!(plain_key(definition.items[4]), None);
        let foreign = foreign_key(definition.items[5]);
        assert_eq!(
            foreign.map(|(name, columns, _)| (name, columns)),
            Some(("f".to_owned(), of(&["a", "id"])))
        );
        assert_eq!(foreign_key(definition.items[6]), None);
        assert_eq!(key_column(definition.items[2]).as_deref(), Some("id"));
        assert_eq!(key_column(definition.items[4]), None);
    }
}
