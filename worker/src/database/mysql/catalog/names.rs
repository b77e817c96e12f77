//! Which names the server invented.
//!
//! Nobody chose such a name, so it is not compared; the object's role is. Whoever chose the very name that the server would
//! have invented loses nothing by that.

/// Whether the server may have invented `name` for a key that begins with this column: it takes the column's name, with a
/// number from 2 on where that is taken. `None` is a key that begins with an expression. One that it makes for a foreign key
/// is named after that, if that is named.
pub(super) fn is_invented_key(name: &str, first: Option<&str>) -> bool {
    if is_counted(name, "_ibfk_") {
        return true;
    }
    let stem = first.unwrap_or("functional_index");
    // The server compares names without regard to case, and keeps the first spelling.
    let Some((head, rest)) = name.split_at_checked(stem.len()) else { return false };
    head.eq_ignore_ascii_case(stem) && (rest.is_empty() || rest.strip_prefix('_').is_some_and(is_number))
}

/// Whether it may have invented it for a foreign key: `users_ibfk_1`, after the table's name, which follows when the table
/// is renamed; MariaDB from 12 on counts within the table.
pub(super) fn is_invented_foreign_key(name: &str) -> bool {
    is_number(name) || is_counted(name, "_ibfk_")
}

/// Whether it may have invented it for a check: `users_chk_1` is MySQL's, `CONSTRAINT_1` MariaDB's.
pub(super) fn is_invented_check(name: &str) -> bool {
    is_counted(name, "_chk_") || name.strip_prefix("CONSTRAINT_").is_some_and(is_number)
}

fn is_counted(name: &str, label: &str) -> bool {
    name.rsplit_once(label).is_some_and(|(table, number)| !table.is_empty() && is_number(number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_names_are_recognised() {
        for name in ["email", "email_2", "Email_17"] {
            assert!(is_invented_key(name, Some("email")), "{name}");
        }
        assert!(is_invented_key("functional_index_2", None));
        for name in ["users_ibfk_1", "a_ibfk_b_ibfk_12", "1"] {
            assert!(is_invented_foreign_key(name), "{name}");
        }
        for name in ["users_chk_1", "CONSTRAINT_2"] {
            assert!(is_invented_check(name), "{name}");
        }
    }

    #[test]
    fn chosen_names_are_not() {
        for name in ["uq_email", "email_key", "email_", "email_2a", "emails"] {
            assert!(!is_invented_key(name, Some("email")), "{name}");
        }
        assert!(!is_invented_key("é", Some("a")));
        for name in ["fk_users", "_ibfk_1", "users_ibfk_", "users_ibfk_1a"] {
            assert!(!is_invented_foreign_key(name), "{name}");
        }
        for name in ["ck_age", "_chk_1", "CONSTRAINT_", "constraint_x"] {
            assert!(!is_invented_check(name), "{name}");
        }
    }
}
