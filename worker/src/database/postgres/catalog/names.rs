//! Which names the server invented.
//!
//! PostgreSQL builds a default name as `{table}_{columns}_{label}`, cuts it to 63 bytes and appends a number
//! when the name is taken. Such a name is nobody's choice, so it is not compared; the object's role is.

/// The longest name, in bytes.
const LIMIT: usize = 63;

/// Whether the server may have invented `name` for an object with that `label` (`key`, `fkey`, `idx`, …) over
/// `columns` of `table`.
///
/// The table may have had another name then (a table that is built beside the old one and renamed), so any
/// table name will do as long as nothing was cut.
pub(super) fn is_invented(name: &str, table: &str, columns: &[&str], label: &str) -> bool {
    let joined = join(columns);
    let Some(position) = name.rfind(label) else { return false };
    let (stem, numbered) = name.split_at(position);
    let number = &numbered[label.len()..];
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let made = object_name(table, &joined, numbered);
    if made == name {
        return true;
    }
    let addition = if joined.is_empty() { "_".to_owned() } else { format!("_{joined}_") };
    stem.strip_suffix(&addition).is_some_and(|table| !table.is_empty())
}

/// Column names as they go into a default name; it stops once the limit is passed.
fn join(columns: &[&str]) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > LIMIT {
            break;
        }
    }
    joined
}

/// `{first}_{second}_{label}` cut to the limit: the longer of the first two parts gives way.
fn object_name(first: &str, second: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!second.is_empty());
    let available = LIMIT.saturating_sub(overhead);
    let (mut one, mut two) = (first.len(), second.len());
    while one + two > available {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let first = &first[..first.floor_char_boundary(one)];
    let second = &second[..second.floor_char_boundary(two)];
    if second.is_empty() { format!("{first}_{label}") } else { format!("{first}_{second}_{label}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_names_are_recognised() {
        assert!(is_invented("users_pkey", "users", &[], "pkey"));
        assert!(is_invented("users_pkey1", "users", &[], "pkey"));
        assert!(is_invented("users_email_key", "users", &["email"], "key"));
        assert!(is_invented("users_a_b_key12", "users", &["a", "b"], "key"));
        assert!(is_invented("users_lower_idx", "users", &["lower"], "idx"));
    }

    #[test]
    fn a_table_that_was_renamed_keeps_invented_names() {
        assert!(is_invented("users_new_pkey", "users", &[], "pkey"));
        assert!(is_invented("users_new_email_key", "users", &["email"], "key"));
    }

    #[test]
    fn chosen_names_are_not() {
        assert!(!is_invented("pk_users", "users", &[], "pkey"));
        assert!(!is_invented("uq_api_key", "users", &["email"], "key"));
        assert!(!is_invented("users_email_key_old", "users", &["email"], "key"));
        assert!(!is_invented("email_key", "users", &["email"], "key"));
        assert!(!is_invented("users_email_unique", "users", &["email"], "key"));
    }

    #[test]
    fn cut_names_are_recognised() {
        let table = "a_table_with_a_name_that_is_quite_long_in_deed";
        let column = "a_column_with_a_name_that_is_long_as_well";
        let made = object_name(table, column, "key");
        assert_eq!(made.len(), LIMIT);
        assert!(is_invented(&made, table, &[column], "key"));
        // Characters of several bytes are not cut in the middle.
        let made = object_name(&"é".repeat(40), "", "pkey");
        assert!(made.len() <= LIMIT && made.ends_with("_pkey"));
    }
}
