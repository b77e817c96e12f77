//! What the schemas of a server share and migrations can change: users that are none of ours, roles, their rights and
//! memberships, public synonyms, directories, contexts, profiles.
//!
//! All is read as the statement that makes it. What comes with the server is left out, as the server itself marks it; so are
//! rights on what lies in schemas of ours, which go with those.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::quote::{ident, literal};
use super::wire::{Connection, Row};
use crate::database::catalog::{Attributes, MEMBER, ObjectKey, ObjectKind, PASSWORD};

/// Everything that is shared, by kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Users {
    things: BTreeMap<(Kind, String), String>,
    grants: BTreeSet<Grant>,
}

/// What is shared, in the order in which it can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Profile,
    Role,
    User,
    Directory,
    Context,
    Synonym,
}

/// One privilege or role of one grantee.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    to: String,
    to_role: bool,
    what: What,
    /// With what is behind it: it may be handed on.
    option: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    System(String),
    Role(String),
    /// A privilege, and on what, as GRANT has it.
    Object(String, String),
}

impl Kind {
    /// The noun, as statements and paths have it.
    fn noun(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Role => "role",
            Self::User => "user",
            Self::Directory => "directory",
            Self::Context => "context",
            Self::Synonym => "public synonym",
        }
    }

    fn dropped(self, name: &str) -> String {
        let name = ident(name);
        match self {
            Self::Profile => format!("DROP PROFILE {name} CASCADE"),
            Self::User => format!("DROP USER {name} CASCADE"),
            other => format!("DROP {} {name}", other.noun().to_uppercase()),
        }
    }

    /// The statement that changes what is there into what another statement made.
    fn altered(self, definition: &str) -> String {
        match self {
            // They are made with OR REPLACE.
            Self::Directory | Self::Context | Self::Synonym => definition.to_owned(),
            Self::Profile | Self::Role | Self::User => definition.replacen("CREATE", "ALTER", 1),
        }
    }
}

/// What is shared and made in words that the dictionary's own printer knows, which differ by version. Names that begin like
/// ours belong to runs.
const PRINTED: [(Kind, &str); 3] = [
    (
        Kind::Profile,
        "SELECT p.profile, DBMS_METADATA.GET_DDL('PROFILE', p.profile) FROM (SELECT DISTINCT profile FROM dba_profiles \
         WHERE profile <> 'DEFAULT' AND profile NOT LIKE 'ORA!_%' ESCAPE '!') p",
    ),
    (
        Kind::Role,
        "SELECT role, DBMS_METADATA.GET_DDL('ROLE', role) FROM dba_roles WHERE oracle_maintained = 'N'",
    ),
    (
        Kind::User,
        "SELECT username, DBMS_METADATA.GET_DDL('USER', username) FROM dba_users \
         WHERE oracle_maintained = 'N' AND username NOT LIKE 'MRT!_%' ESCAPE '!'",
    ),
];

const DIRECTORIES: &str = "SELECT d.directory_name, d.directory_path FROM dba_directories d JOIN dba_objects o \
     ON o.owner = d.owner AND o.object_name = d.directory_name AND o.object_type = 'DIRECTORY' \
     WHERE o.oracle_maintained = 'N'";

const CONTEXTS: &str = "SELECT c.namespace, c.schema, c.package, c.type FROM dba_context c JOIN dba_objects o \
     ON o.object_name = c.namespace AND o.object_type = 'CONTEXT' WHERE o.oracle_maintained = 'N'";

const SYNONYMS: &str = "SELECT s.synonym_name, s.table_owner, s.table_name, s.db_link FROM dba_synonyms s JOIN dba_objects o \
     ON o.owner = s.owner AND o.object_name = s.synonym_name AND o.object_type = 'SYNONYM' \
     WHERE s.owner = 'PUBLIC' AND o.oracle_maintained = 'N'";

/// Users and roles that are neither the server's nor ours.
macro_rules! grantees {
    () => {
        "(SELECT role AS name, 'Y' AS is_role FROM dba_roles WHERE oracle_maintained = 'N' UNION ALL \
         SELECT username, 'N' FROM dba_users WHERE oracle_maintained = 'N' AND username NOT LIKE 'MRT!_%' ESCAPE '!') g \
         ON g.name = p.grantee"
    };
}

const SYSTEM_PRIVILEGES: &str =
    concat!("SELECT g.name, g.is_role, p.privilege, p.admin_option FROM dba_sys_privs p JOIN ", grantees!());

const GRANTED_ROLES: &str = concat!(
    "SELECT g.name, g.is_role, p.granted_role, p.admin_option FROM dba_role_privs p JOIN ",
    grantees!()
);

/// What is in the recycle bin cannot be granted on.
const OBJECT_PRIVILEGES: &str = concat!(
    "SELECT g.name, g.is_role, p.privilege, p.grantable, p.owner, p.table_name, p.type FROM dba_tab_privs p JOIN ",
    grantees!(),
    " WHERE p.owner NOT LIKE 'MRT!_%' ESCAPE '!' AND p.table_name NOT LIKE 'BIN$%'"
);

/// Reads all of it.
pub(super) async fn read(connection: &mut Connection) -> Result<Users, Error> {
    let mut users = Users::default();
    for (kind, sql) in PRINTED {
        for row in connection.rows(sql, &[]).await? {
            users.things.insert((kind, row.string(0)), one_line(&row.string(1)));
        }
    }
    for row in connection.rows(DIRECTORIES, &[]).await? {
        let (name, path) = (row.string(0), row.string(1));
        let made = format!("CREATE OR REPLACE DIRECTORY {} AS {}", ident(&name), literal(&path));
        users.things.insert((Kind::Directory, name), made);
    }
    for row in connection.rows(CONTEXTS, &[]).await? {
        let (name, schema, package) = (row.string(0), row.string(1), row.string(2));
        let kind = match row.text(3) {
            Some("ACCESSED GLOBALLY") => " ACCESSED GLOBALLY",
            Some("INITIALIZED EXTERNALLY") => " INITIALIZED EXTERNALLY",
            Some("INITIALIZED GLOBALLY") => " INITIALIZED GLOBALLY",
            _ => "",
        };
        let by = format!("{}.{}", ident(&schema), ident(&package));
        let made = format!("CREATE OR REPLACE CONTEXT {} USING {by}{kind}", ident(&name));
        users.things.insert((Kind::Context, name), made);
    }
    for row in connection.rows(SYNONYMS, &[]).await? {
        users.things.insert((Kind::Synonym, row.string(0)), synonym(&row));
    }
    users.grants = grants(connection).await?;
    Ok(users)
}

fn synonym(row: &Row) -> String {
    let owner = row.text(1).map_or_else(String::new, |owner| format!("{}.", ident(owner)));
    let link = row.text(3).map_or_else(String::new, |link| format!("@{}", ident(link)));
    format!(
        "CREATE OR REPLACE PUBLIC SYNONYM {} FOR {owner}{}{link}",
        ident(&row.string(0)),
        ident(&row.string(2))
    )
}

/// What is granted to users and roles that are neither the server's nor ours.
async fn grants(connection: &mut Connection) -> Result<BTreeSet<Grant>, Error> {
    let mut grants = BTreeSet::new();
    let mut add = |row: &Row, what: What| {
        grants.insert(Grant { to: row.string(0), to_role: row.flag(1), what, option: row.flag(3) });
    };
    for row in connection.rows(SYSTEM_PRIVILEGES, &[]).await? {
        add(&row, What::System(row.string(2)));
    }
    for row in connection.rows(GRANTED_ROLES, &[]).await? {
        add(&row, What::Role(row.string(2)));
    }
    for row in connection.rows(OBJECT_PRIVILEGES, &[]).await? {
        let (owner, name) = (ident(&row.string(4)), ident(&row.string(5)));
        let on = match row.text(6) {
            Some("DIRECTORY") => format!("DIRECTORY {name}"),
            Some("USER") => format!("USER {name}"),
            _ => format!("{owner}.{name}"),
        };
        add(&row, What::Object(row.string(2), on));
    }
    Ok(grants)
}

/// The printer begins with an empty line and breaks lines as it likes.
fn one_line(ddl: &str) -> String {
    ddl.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches([';', ' ']).to_owned()
}

impl Grant {
    fn statement(&self) -> String {
        let to = ident(&self.to);
        let option = match (&self.what, self.option) {
            (_, false) => "",
            (What::Object(..), true) => " WITH GRANT OPTION",
            (What::System(_) | What::Role(_), true) => " WITH ADMIN OPTION",
        };
        match &self.what {
            What::System(privilege) => format!("GRANT {privilege} TO {to}{option}"),
            What::Role(role) => format!("GRANT {} TO {to}{option}", ident(role)),
            What::Object(privilege, on) => format!("GRANT {privilege} ON {on} TO {to}{option}"),
        }
    }

    fn taken_back(&self) -> String {
        let from = ident(&self.to);
        match &self.what {
            What::System(privilege) => format!("REVOKE {privilege} FROM {from}"),
            What::Role(role) => format!("REVOKE {} FROM {from}", ident(role)),
            What::Object(privilege, on) => format!("REVOKE {privilege} ON {on} FROM {from}"),
        }
    }

    /// The grantee's path.
    fn grantee(&self) -> String {
        format!("{} {}", if self.to_role { "role" } else { "user" }, self.to)
    }
}

impl Users {
    /// The comparing view. Of passwords it tells apart those that are as in `opened` and others, since they are salted.
    pub(super) fn objects(&self, opened: &Self) -> BTreeMap<ObjectKey, Attributes> {
        let mut objects: BTreeMap<ObjectKey, Attributes> = BTreeMap::new();
        let key =
            |owner: Option<String>, path: String| ObjectKey { owner, kind: ObjectKind::ServerWide, path };
        for ((kind, name), definition) in &self.things {
            let (public, secret) = apart(definition);
            let mut attributes = Attributes::from([("definition", public)]);
            if let Some(secret) = secret {
                let known = opened.things.get(&(*kind, name.clone())).and_then(|it| apart(it).1);
                let told = if known.as_ref() == Some(&secret) { "as it was given" } else { "set" };
                attributes.insert(PASSWORD, told.to_owned());
            }
            objects.insert(key(None, format!("{} {name}", kind.noun())), attributes);
        }
        for grant in &self.grants {
            let name = grant.grantee();
            match &grant.what {
                What::Role(role) => {
                    let role = format!("role {role}");
                    let told = if grant.option { "with admin option" } else { "without admin option" };
                    let attributes = Attributes::from([(MEMBER, name.clone()), ("grants", told.to_owned())]);
                    objects.insert(
                        key(Some(role.clone()), format!("membership of {name} in {role}")),
                        attributes,
                    );
                }
                What::System(privilege) => {
                    let path = format!("rights of {name}");
                    add(objects.entry(key(Some(name), path)).or_default(), privilege, grant.option);
                }
                What::Object(privilege, on) => {
                    let path = format!("rights of {name} on {on}");
                    add(objects.entry(key(Some(name), path)).or_default(), privilege, grant.option);
                }
            }
        }
        objects
    }

    /// What turns `self` into `wanted`, in an order that works.
    pub(super) fn statements_to(&self, wanted: &Self) -> Vec<String> {
        let mut statements = Vec::new();
        let surplus = self.things.keys().filter(|thing| !wanted.things.contains_key(*thing));
        statements.extend(surplus.rev().map(|(kind, name)| kind.dropped(name)));
        for (thing, definition) in &wanted.things {
            match self.things.get(thing) {
                None => statements.push(definition.clone()),
                Some(found) if found != definition => statements.push(thing.0.altered(definition)),
                Some(_) => {}
            }
        }
        // What is dropped has lost its rights by that.
        let is_dropped = |grant: &&Grant| {
            let gone = |kind: Kind, name: &String| {
                let thing = (kind, name.clone());
                self.things.contains_key(&thing) && !wanted.things.contains_key(&thing)
            };
            let grantee = if grant.to_role { Kind::Role } else { Kind::User };
            gone(grantee, &grant.to) || matches!(&grant.what, What::Role(role) if gone(Kind::Role, role))
        };
        let taken = self.grants.difference(&wanted.grants).filter(|grant| !is_dropped(grant));
        statements.extend(taken.map(Grant::taken_back));
        statements.extend(wanted.grants.difference(&self.grants).map(Grant::statement));
        statements
    }
}

fn add(attributes: &mut Attributes, privilege: &str, option: bool) {
    let told = attributes.entry("privileges").or_default();
    told.push_str(if told.is_empty() { "" } else { ", " });
    told.push_str(privilege);
    told.push_str(if option { " with grant option" } else { "" });
}

/// A definition without its password, and what the server keeps of that.
fn apart(definition: &str) -> (String, Option<String>) {
    const BEFORE: &str = "IDENTIFIED BY VALUES '";
    let Some(at) = definition.find(BEFORE) else { return (definition.to_owned(), None) };
    let begin = at + BEFORE.len();
    let rest = &definition[begin..];
    let end = rest.find('\'').unwrap_or(rest.len());
    (format!("{}{}", &definition[..begin], &rest[end..]), Some(rest[..end].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::quote::parses;
    use super::*;

    #[test]
    fn questions_are_sql() {
        PRINTED.iter().for_each(|(_, sql)| parses(sql));
        [DIRECTORIES, CONTEXTS, SYNONYMS, SYSTEM_PRIVILEGES, GRANTED_ROLES, OBJECT_PRIVILEGES]
            .iter()
            .for_each(|sql| parses(sql));
    }

    fn grant(to: &str, to_role: bool, what: What, option: bool) -> Grant {
        Grant { to: to.to_owned(), to_role, what, option }
    }

    fn users(things: &[(Kind, &str, &str)], grants: &[Grant]) -> Users {
        Users {
            things: things
                .iter()
                .map(|(kind, name, made)| ((*kind, (*name).to_owned()), (*made).to_owned()))
                .collect(),
            grants: grants.iter().cloned().collect(),
        }
    }

    #[test]
    fn passwords_are_never_told() {
        let made = one_line("\n   CREATE USER \"A\" IDENTIFIED BY VALUES 'S:12;T:34'\n      PROFILE \"P\"\n");
        let (public, secret) = apart(&made);
        assert_eq!(public, "CREATE USER \"A\" IDENTIFIED BY VALUES '' PROFILE \"P\"");
        assert_eq!(secret.as_deref(), Some("S:12;T:34"));
        let objects = users(&[(Kind::User, "A", &made)], &[]).objects(&Users::default());
        assert!(!format!("{objects:?}").contains("S:12"));
    }

    #[test]
    fn what_was_made_is_dropped_and_what_was_dropped_is_made() {
        let member = |role: &str| grant("A", false, What::Role(role.to_owned()), false);
        let reads = grant("R", true, What::Object("SELECT".into(), "\"HR\".\"T\"".into()), true);
        let before = users(
            &[(Kind::Role, "R", "CREATE ROLE \"R\""), (Kind::User, "A", "CREATE USER \"A\" x")],
            &[member("R"), reads.clone()],
        );
        let after = users(
            &[
                (Kind::User, "A", "CREATE USER \"A\" y"),
                (Kind::Role, "N", "CREATE ROLE \"N\""),
                (Kind::Synonym, "S", "CREATE OR REPLACE PUBLIC SYNONYM \"S\" FOR \"HR\".\"T\""),
            ],
            &[member("N"), grant("A", false, What::System("CREATE TABLE".into()), false)],
        );
        assert_eq!(
            after.statements_to(&before),
            [
                "DROP PUBLIC SYNONYM \"S\"",
                "DROP ROLE \"N\"",
                "CREATE ROLE \"R\"",
                "ALTER USER \"A\" x",
                "REVOKE CREATE TABLE FROM \"A\"",
                "GRANT \"R\" TO \"A\"",
                "GRANT SELECT ON \"HR\".\"T\" TO \"R\" WITH GRANT OPTION",
            ]
        );
        assert!(before.statements_to(&before).is_empty());
    }

    #[test]
    fn rights_are_objects_of_their_grantee() {
        let shared = users(
            &[(Kind::Role, "R", "CREATE ROLE \"R\"")],
            &[
                grant("R", true, What::System("CREATE TABLE".into()), true),
                grant("R", true, What::System("CREATE VIEW".into()), false),
                grant("A", false, What::Role("R".into()), false),
            ],
        );
        let objects = shared.objects(&shared);
        let paths: Vec<&str> = objects.keys().map(|key| key.path.as_str()).collect();
        assert_eq!(paths, ["role R", "membership of user A in role R", "rights of role R"]);
        let rights =
            objects.iter().find(|(key, _)| key.path == "rights of role R").map(|(_, it)| &it["privileges"]);
        assert_eq!(rights.map(String::as_str), Some("CREATE TABLE with grant option, CREATE VIEW"));
    }
}
