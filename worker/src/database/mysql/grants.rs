//! What was granted on a database and on what is in it. It goes with the name, not with the database: it outlives it, and a copy
//! has none of it.

use super::Mysql;
use super::quote::{ident, idents, literal};
use super::wire::{Row, fixed};
use crate::database::DatabaseError;

/// Privileges of one account on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    privileges: String,
    object: Object,
    /// As a GRANT names it.
    account: String,
    grantable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Object {
    /// The database; whether its name is written as the pattern that it is, in which `_` stands for any character.
    Database {
        escaped: bool,
    },
    Table(String),
    /// Columns of a table.
    Columns {
        table: String,
        columns: Vec<String>,
    },
    /// A routine, with its kind.
    Routine {
        kind: String,
        name: String,
    },
}

/// A database's name as a pattern that no other name fits.
fn escaped(database: &str) -> String {
    database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}

/// Queries whose answers [`read`] takes.
pub(super) fn queries(database: &str) -> [String; 4] {
    let (name, pattern) = (literal(database), literal(&escaped(database)));
    [
        format!(
            "SELECT grantee, privilege_type, is_grantable, table_schema <> {name} FROM \
             information_schema.schema_privileges WHERE table_schema IN ({name}, {pattern}) ORDER BY 1, 4, 2"
        ),
        format!(
            "SELECT grantee, privilege_type, is_grantable, table_name FROM information_schema.table_privileges \
             WHERE table_schema = {name} ORDER BY 1, 4, 2"
        ),
        format!(
            "SELECT grantee, privilege_type, is_grantable, table_name, column_name FROM \
             information_schema.column_privileges WHERE table_schema = {name} ORDER BY 1, 4, 2, 5"
        ),
        format!(
            "SELECT user, host, routine_type, routine_name, proc_priv FROM mysql.procs_priv WHERE db = {name} \
             ORDER BY 1, 2, 3, 4"
        ),
    ]
}

/// What the queries were answered.
pub(super) fn read(answers: Vec<Vec<Row>>, _database: &str) -> Vec<Grant> {
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut grants: Vec<Grant> = Vec::new();
    for row in next() {
        let [account, privilege, grantable, escaped] = fixed(row);
        let object = Object::Database { escaped: escaped == "1" };
        add(&mut grants, account, &privilege, grantable == "YES", object);
    }
    for row in next() {
        let [account, privilege, grantable, table] = fixed(row);
        add(&mut grants, account, &privilege, grantable == "YES", Object::Table(table));
    }
    for row in next() {
        let [account, privilege, grantable, table, column] = fixed(row);
        let account = without_host(account);
        let same = grants.iter_mut().find(|grant| {
            grant.account == account
                && grant.privileges == privilege
                && matches!(&grant.object, Object::Columns { table: other, .. } if *other == table)
        });
        match same {
            Some(Grant { object: Object::Columns { columns, .. }, .. }) => columns.push(column),
            _ => grants.push(Grant {
                privileges: privilege,
                object: Object::Columns { table, columns: vec![column] },
                account,
                grantable: grantable == "YES",
            }),
        }
    }
    for row in next() {
        let [user, host, kind, name, privileges] = fixed(row);
        let mut listed: Vec<&str> = privileges.split(',').collect();
        let grantable = listed.contains(&"Grant");
        listed.retain(|privilege| *privilege != "Grant");
        let privileges =
            if listed.iter().all(|it| it.is_empty()) { "USAGE".to_owned() } else { listed.join(", ") };
        let account =
            if host.is_empty() { literal(&user) } else { format!("{}@{}", literal(&user), literal(&host)) };
        grants.push(Grant { privileges, object: Object::Routine { kind, name }, account, grantable });
    }
    grants
}

/// A role of MariaDB's has no host, and must not be given one.
fn without_host(account: String) -> String {
    account.strip_suffix("@''").map_or_else(|| account.clone(), str::to_owned)
}

fn add(grants: &mut Vec<Grant>, account: String, privilege: &str, grantable: bool, object: Object) {
    let account = without_host(account);
    match grants.last_mut() {
        Some(last) if last.account == account && last.object == object && last.grantable == grantable => {
            last.privileges.push_str(", ");
            last.privileges.push_str(privilege);
        }
        _ => grants.push(Grant { privileges: privilege.to_owned(), object, account, grantable }),
    }
}

impl Grant {
    fn object(&self, database: &str) -> String {
        match &self.object {
            Object::Database { escaped: true } => format!("{}.*", ident(&escaped(database))),
            Object::Database { escaped: false } => format!("{}.*", ident(database)),
            Object::Table(table) | Object::Columns { table, .. } => {
                format!("{}.{}", ident(database), ident(table))
            }
            Object::Routine { kind, name } => format!("{kind} {}.{}", ident(database), ident(name)),
        }
    }

    /// The same grant on another database.
    pub(super) fn on(&self, database: &str) -> String {
        let privileges = match &self.object {
            Object::Columns { columns, .. } => {
                let columns = idents(columns.iter().map(String::as_str));
                let each = self.privileges.split(", ").map(|privilege| format!("{privilege} ({columns})"));
                each.collect::<Vec<_>>().join(", ")
            }
            _ => self.privileges.clone(),
        };
        let option = if self.grantable { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {privileges} ON {} TO {}{option}", self.object(database), self.account)
    }

    /// Takes the grant back, in two statements.
    fn revoked(&self, database: &str) -> [String; 2] {
        let object = self.object(database);
        ["GRANT OPTION", "ALL PRIVILEGES"]
            .map(|what| format!("REVOKE {what} ON {object} FROM {}", self.account))
    }
}

impl Mysql {
    /// Takes away what is granted on a database that is about to go.
    pub(super) async fn forget_grants(&self, database: &str) -> Result<(), DatabaseError> {
        let action = format!("take back what is granted on database {database}");
        let (name, pattern) = (literal(database), literal(&escaped(database)));
        let any = format!(
            "SELECT 1 FROM mysql.db WHERE db IN ({name}, {pattern}) UNION ALL SELECT 1 FROM mysql.tables_priv WHERE db = {name} \
             UNION ALL SELECT 1 FROM mysql.procs_priv WHERE db = {name} LIMIT 1"
        );
        if self.run(&action, &any).await?.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let answers = self.run(&action, &queries(database).join("; ")).await?;
        let mut statements: Vec<String> =
            read(answers, database).iter().flat_map(|grant| grant.revoked(database)).collect();
        statements.sort();
        statements.dedup();
        for statement in statements {
            match self.try_run(&statement).await {
                Ok(_) => {}
                // "There is no such grant defined": the one before was a part of it.
                Err(error) if matches!(super::error::number(&error), Some(1141 | 1147 | 1403)) => {}
                Err(error) => return Err(super::error::classify(error, &action, database)),
            }
        }
        Ok(())
    }
}
