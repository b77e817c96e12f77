//! What the databases of a server share and migrations can change: users, roles, their rights and memberships; and databases
//! that are not ours, which these servers call schemas.
//!
//! All is read and given back in the server's own words (`SHOW CREATE USER`, `SHOW GRANTS`). Rights on databases of ours go with
//! those ([`super::grants`]) and are left out here.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::mysql::MySqlConnection;

use super::error;
use super::flavor::Server;
use super::quote::{ident, literal};
use super::wire::{Row, batch, fixed};
use crate::database::catalog::{Attributes, MEMBER, ObjectKey, ObjectKind, PASSWORD};
use crate::database::credentials;

/// All accounts, and all databases that are not ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Users {
    accounts: BTreeMap<Account, State>,
    /// CREATE DATABASE by name.
    databases: BTreeMap<String, String>,
}

/// A user, or a role of MariaDB's, which has no host. MySQL's roles are users that cannot log in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    name: String,
    host: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    /// CREATE USER; nothing for a role.
    definition: Option<String>,
    /// GRANT and SET DEFAULT ROLE, one each.
    grants: BTreeSet<String>,
}

impl Account {
    fn sql(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{}", literal(&self.name), literal(host)),
            None => ident(&self.name),
        }
    }

    fn path(&self) -> String {
        match &self.host {
            Some(host) => format!("user {}@{host}", self.name),
            None => format!("role {}", self.name),
        }
    }

    /// Whether SQL of the server's names this account, in backticks.
    fn of(quoted: &str) -> Option<Self> {
        let mut parts = quoted.split('`').filter(|part| !part.is_empty() && *part != "@");
        Some(Self { name: parts.next()?.to_owned(), host: parts.next().map(str::to_owned) })
    }
}

/// Accounts that belong to the server.
const INTERNAL: [&str; 5] = ["mysql.infoschema", "mysql.session", "mysql.sys", "mariadb.sys", "PUBLIC"];

/// Databases that belong to the server.
const SYSTEM: [&str; 4] = ["mysql", "information_schema", "performance_schema", "sys"];

/// Reads the accounts that `is_meant`, and the databases if `with_databases`.
pub(super) async fn read(
    connection: &mut MySqlConnection,
    server: Server,
    is_meant: impl Fn(&str) -> bool,
    with_databases: bool,
) -> Result<Users, sqlx::Error> {
    let list = if server.is_mariadb() {
        "SELECT user, host, is_role FROM mysql.user; \
         SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'mrt\\\\_%'"
    } else {
        // A hash of random bytes is no text otherwise.
        "SELECT user, host, 'N' FROM mysql.user; SELECT schema_name FROM information_schema.schemata \
         WHERE schema_name NOT LIKE 'mrt\\\\_%'; SET print_identified_with_as_hex = 1"
    };
    let mut answers = batch(connection, list.to_owned()).await?.into_iter();
    let mut accounts = Vec::new();
    for row in answers.next().unwrap_or_default() {
        let [name, host, is_role] = fixed(row);
        if is_meant(&name) && !INTERNAL.contains(&name.as_str()) {
            accounts.push(Account { name, host: (is_role != "Y").then_some(host) });
        }
    }
    let mut databases: Vec<String> =
        answers.next().unwrap_or_default().into_iter().map(|row| fixed::<1>(row)[0].clone()).collect();
    databases.retain(|name| with_databases && !SYSTEM.contains(&name.as_str()));
    let mut questions: Vec<String> = accounts.iter().map(question).collect();
    questions.extend(databases.iter().map(|name| format!("SHOW CREATE DATABASE {}; DO 0", ident(name))));
    let mut users = Users::default();
    if questions.is_empty() {
        return Ok(users);
    }
    let answers = match batch(connection, questions.join("; ")).await {
        Ok(answers) => answers,
        Err(error) if is_about_nobody(&error) => one_by_one(connection, questions).await?,
        Err(error) => return Err(error),
    };
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default().into_iter();
    for account in accounts {
        let definition = next().next().map(|row| fixed::<1>(row)[0].clone());
        let grants = next().map(|row| fixed::<1>(row)[0].clone());
        let grants = grants.filter_map(|grant| without_password(&grant)).collect();
        if definition.is_some() || account.host.is_none() {
            users.accounts.insert(account, State { definition, grants });
        }
    }
    for name in databases {
        let create = next().next().map(|row| fixed::<2>(row)[1].clone());
        next();
        users.databases.extend(create.map(|create| (name, create)));
    }
    Ok(users)
}

/// Asks for an account, in two statements.
fn question(account: &Account) -> String {
    let name = account.sql();
    let definition =
        if account.host.is_some() { format!("SHOW CREATE USER {name}") } else { "DO 0".to_owned() };
    format!("{definition}; SHOW GRANTS FOR {name}")
}

/// "No matching row in the user table", "no such grant", "operation failed for": what is listed is not always there. Somebody
/// may just have dropped it, and a host's name counts for nothing with a server that looks up none.
fn is_about_nobody(error: &sqlx::Error) -> bool {
    matches!(error::number(error), Some(1049 | 1133 | 1141 | 1269 | 1396))
}

/// Two answers for each question, empty for what is not there.
async fn one_by_one(
    connection: &mut MySqlConnection,
    questions: Vec<String>,
) -> Result<Vec<Vec<Row>>, sqlx::Error> {
    let mut all = Vec::new();
    for question in questions {
        match batch(connection, question).await {
            Ok(answers) => all.extend(answers),
            Err(error) if is_about_nobody(&error) => all.extend([Vec::new(), Vec::new()]),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// A grant without what the definition says, too; nothing for one that says no more, and for what is granted on databases of
/// ours.
fn without_password(grant: &str) -> Option<String> {
    let mut text = grant.to_owned();
    if let Some(at) = text.find(" IDENTIFIED ").or_else(|| text.find(" REQUIRE ")) {
        let option = if text.ends_with(" WITH GRANT OPTION") || text.contains(" WITH GRANT OPTION ") {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        text.truncate(at);
        text.push_str(option);
    }
    let is_ours = text.split_once(" ON ").is_some_and(|(_, on)| {
        on.trim_start_matches("FUNCTION ")
            .trim_start_matches("PROCEDURE ")
            .trim_start_matches('`')
            .starts_with("mrt")
    });
    (!is_ours && !text.starts_with("GRANT USAGE ON *.* TO ")).then_some(text)
}

impl Users {
    /// The comparing view. Of passwords it tells apart those that are as in `opened` and others, since the former can be made
    /// up for one run.
    pub(super) fn objects(&self, opened: &Self) -> BTreeMap<ObjectKey, Attributes> {
        let mut objects: BTreeMap<ObjectKey, Attributes> = BTreeMap::new();
        let key =
            |owner: Option<String>, path: String| ObjectKey { owner, kind: ObjectKind::ServerWide, path };
        for (account, state) in &self.accounts {
            let mut attributes = Attributes::new();
            if let Some(definition) = &state.definition {
                let (public, secret) = apart(definition);
                attributes.insert("definition", public);
                let known = opened.accounts.get(account).and_then(|state| state.definition.as_deref());
                let known = known.and_then(|definition| apart(definition).1);
                if let Some(secret) = secret {
                    let told = if known.as_ref() == Some(&secret) {
                        "as it was given".to_owned()
                    } else {
                        fingerprint(&secret)
                    };
                    attributes.insert(PASSWORD, told);
                }
            }
            objects.insert(key(None, account.path()), attributes);
            for grant in &state.grants {
                let owned = |path: String| key(Some(account.path()), path);
                let name = account.path();
                match parts(grant) {
                    Some((role, None, option)) => {
                        let role = Account::of(role).map_or_else(|| role.to_owned(), |role| role.path());
                        let path = format!("membership of {name} in {role}");
                        let attributes = Attributes::from([
                            (MEMBER, name),
                            (
                                "grants",
                                if option { "with admin option" } else { "without admin option" }.to_owned(),
                            ),
                        ]);
                        objects.insert(key(Some(role), path), attributes);
                    }
                    Some((privileges, Some(object), option)) => {
                        let at = objects.entry(owned(format!("rights of {name} on {object}"))).or_default();
                        // Static and dynamic privileges have a line each.
                        let told = at.entry("privileges").or_default();
                        told.push_str(if told.is_empty() { "" } else { "; " });
                        told.push_str(privileges);
                        told.push_str(if option { " with grant option" } else { "" });
                    }
                    None => {
                        let at = objects.entry(owned(format!("default role of {name}"))).or_default();
                        at.insert("statement", grant.clone());
                    }
                }
            }
        }
        for (name, create) in &self.databases {
            let attributes = Attributes::from([("definition", create.clone())]);
            objects.insert(key(None, format!("database {name}")), attributes);
        }
        objects
    }

    /// What turns `self` into `wanted`, in an order that works. An account is changed first; where that has not helped, as with
    /// a password that once was to expire, it is made `anew`, but for the one that does so.
    pub(super) fn statements_to(&self, wanted: &Self, anew: bool, administrator: &str) -> Vec<String> {
        let mut statements = Vec::new();
        let surplus = self.databases.keys().filter(|name| !wanted.databases.contains_key(*name));
        statements.extend(surplus.map(|name| format!("DROP DATABASE {}", ident(name))));
        for (name, create) in &wanted.databases {
            match self.databases.get(name) {
                None => statements.push(create.clone()),
                Some(found) if found != create => statements.push(create.replacen("CREATE", "ALTER", 1)),
                Some(_) => {}
            }
        }
        for account in self.accounts.keys().filter(|account| !wanted.accounts.contains_key(*account)) {
            let kind = if account.host.is_some() { "USER" } else { "ROLE" };
            statements.push(format!("DROP {kind} {}", account.sql()));
        }
        // Accounts first, since rights may be those to be another one.
        for (account, state) in &wanted.accounts {
            let found = self.accounts.get(account);
            match (&state.definition, found) {
                (Some(definition), None) => statements.push(definition.clone()),
                (None, None) => statements.push(format!("CREATE ROLE {}", account.sql())),
                (Some(definition), Some(found)) if found.definition.as_ref() != Some(definition) => {
                    if anew && account.name != administrator {
                        statements.extend([format!("DROP USER {}", account.sql()), definition.clone()]);
                    } else {
                        statements.push(definition.replacen("CREATE", "ALTER", 1));
                    }
                }
                _ => {}
            }
        }
        for (account, state) in &wanted.accounts {
            let none = BTreeSet::new();
            let found = self.accounts.get(account).map_or(&none, |found| &found.grants);
            statements.extend(found.difference(&state.grants).flat_map(|grant| taken_back(grant, account)));
            statements.extend(state.grants.difference(found).cloned());
        }
        statements
    }
}

/// What is granted, on what (nothing for a role), and whether it may be handed on.
fn parts(grant: &str) -> Option<(&str, Option<&str>, bool)> {
    let rest = grant.strip_prefix("GRANT ")?;
    let option = rest.ends_with(" WITH GRANT OPTION") || rest.ends_with(" WITH ADMIN OPTION");
    let (what, _) = rest.rsplit_once(" TO ")?;
    Some(match what.split_once(" ON ") {
        Some((privileges, object)) => (privileges, Some(object), option),
        None => (what, None, option),
    })
}

/// Statements that undo a grant.
fn taken_back(grant: &str, account: &Account) -> Vec<String> {
    let name = account.sql();
    match parts(grant) {
        Some((role, None, _)) => vec![format!("REVOKE {role} FROM {name}")],
        Some((privileges, Some(object), option)) => {
            let grants = option.then(|| format!("REVOKE GRANT OPTION ON {object} FROM {name}"));
            let proxies = privileges == "PROXY";
            let rest = format!("REVOKE {privileges} ON {object} FROM {name}");
            grants.filter(|_| !proxies).into_iter().chain([rest]).collect()
        }
        None => vec![format!("SET DEFAULT ROLE NONE FOR {name}")],
    }
}

/// A definition without its password, and the password's hash.
fn apart(definition: &str) -> (String, Option<String>) {
    for before in [" AS 0x", " AS '", " BY PASSWORD '", " USING '"] {
        let Some(at) = definition.find(before) else { continue };
        let begin = at + before.len();
        let rest = &definition[begin..];
        let end = if before.ends_with('\'') { rest.find('\'') } else { rest.find(' ') }.unwrap_or(rest.len());
        let public = format!("{}{}", &definition[..begin], &rest[end..]);
        return (public, Some(rest[..end].to_owned()));
    }
    (definition.to_owned(), None)
}

/// Tells passwords apart without telling them. Salted hashes of one password differ, so they say only that there is one.
fn fingerprint(secret: &str) -> String {
    // `mysql_native_password`: a star and a hash of a hash.
    if !secret.starts_with('*') && !secret.starts_with("2A") {
        return "set".to_owned();
    }
    credentials::fingerprint(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_told() {
        let (public, secret) = apart("CREATE USER `u`@`%` IDENTIFIED BY PASSWORD '*B69027' ACCOUNT LOCK");
        assert_eq!(public, "CREATE USER `u`@`%` IDENTIFIED BY PASSWORD '' ACCOUNT LOCK");
        assert_eq!(secret.as_deref(), Some("*B69027"));
        let (public, secret) = apart("CREATE USER `u`@`%` IDENTIFIED WITH 'x' AS 0x2441 REQUIRE NONE");
        assert_eq!(public, "CREATE USER `u`@`%` IDENTIFIED WITH 'x' AS 0x REQUIRE NONE");
        assert_eq!(secret.as_deref(), Some("2441"));
        assert_ne!(fingerprint("*aaaa"), fingerprint("*aaab"));
        assert_eq!(fingerprint("2441aa"), fingerprint("2441bb"));
        assert_eq!(
            without_password(
                "GRANT ALL PRIVILEGES ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B6' WITH GRANT OPTION"
            )
            .as_deref(),
            Some("GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION")
        );
        assert_eq!(without_password("GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B6'"), None);
        assert_eq!(without_password("GRANT SELECT ON `mrt_a`.* TO `u`@`%`"), None);
    }

    #[test]
    fn grants_are_taken_back() {
        let account = Account { name: "u".to_owned(), host: Some("%".to_owned()) };
        assert_eq!(
            taken_back("GRANT SELECT (`a`), INSERT ON `d`.`t` TO `u`@`%` WITH GRANT OPTION", &account),
            [
                "REVOKE GRANT OPTION ON `d`.`t` FROM 'u'@'%'",
                "REVOKE SELECT (`a`), INSERT ON `d`.`t` FROM 'u'@'%'",
            ]
        );
        assert_eq!(
            taken_back("GRANT `r`@`%` TO `u`@`%` WITH ADMIN OPTION", &account),
            ["REVOKE `r`@`%` FROM 'u'@'%'"]
        );
        assert_eq!(
            taken_back("SET DEFAULT ROLE `r` FOR `u`@`%`", &account),
            ["SET DEFAULT ROLE NONE FOR 'u'@'%'"]
        );
    }
}
