//! What the databases of a server share and migrations can change: logins, server roles, their memberships and rights; and
//! databases that are not ours.

use std::collections::{BTreeMap, BTreeSet};

use tiberius::Row;
use tiberius::error::Error;

use super::quote::ident;
use super::wire::Cells as _;
use crate::database::catalog::{Attributes, MEMBER, ObjectKey, ObjectKind, PASSWORD};

/// What [`Logins::of`] takes the answers of. The server's own principals have names in number signs; what is granted to everybody
/// (`public`) is granted in the same way to a role.
pub(super) const QUESTIONS: &str = "\
    SELECT CONVERT(nvarchar(128), p.name), CONVERT(nvarchar(2), p.type), p.is_disabled, \
    CONVERT(nvarchar(128), p.default_database_name), CONVERT(nvarchar(128), p.default_language_name), \
    CONVERT(nvarchar(200), CONVERT(varchar(200), p.sid, 1)), l.is_policy_checked, l.is_expiration_checked, \
    CONVERT(nvarchar(1000), CONVERT(varchar(1000), l.password_hash, 1)), CONVERT(nvarchar(128), o.name) \
    FROM sys.server_principals p LEFT JOIN sys.sql_logins l ON l.principal_id = p.principal_id \
    LEFT JOIN sys.server_principals o ON o.principal_id = p.owning_principal_id \
    WHERE p.name NOT LIKE N'##%##' AND p.is_fixed_role = 0 ORDER BY p.name; \
    SELECT CONVERT(nvarchar(128), m.name), CONVERT(nvarchar(128), r.name) FROM sys.server_role_members rm \
    JOIN sys.server_principals r ON r.principal_id = rm.role_principal_id \
    JOIN sys.server_principals m ON m.principal_id = rm.member_principal_id \
    WHERE m.name NOT LIKE N'##%##' ORDER BY 1, 2; \
    SELECT CONVERT(nvarchar(128), g.name), CONVERT(nvarchar(60), p.state_desc), CONVERT(nvarchar(128), p.permission_name), \
    CASE WHEN p.class = 101 THEN CASE WHEN s.type = 'R' THEN N'SERVER ROLE' ELSE N'LOGIN' END \
    WHEN p.class = 105 THEN N'ENDPOINT' ELSE N'' END, CONVERT(nvarchar(128), COALESCE(s.name, e.name, N'')) \
    FROM sys.server_permissions p JOIN sys.server_principals g ON g.principal_id = p.grantee_principal_id \
    LEFT JOIN sys.server_principals s ON p.class = 101 AND s.principal_id = p.major_id \
    LEFT JOIN sys.endpoints e ON p.class = 105 AND e.endpoint_id = p.major_id \
    WHERE g.name NOT LIKE N'##%##' AND p.class IN (100, 101, 105) ORDER BY 1, 3, 4, 5; \
    SELECT CONVERT(nvarchar(128), name) FROM sys.databases WHERE database_id > 4 AND name NOT LIKE N'mrt[_]%' ORDER BY name";

/// All logins and server roles, and the names of all databases that are not ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Logins {
    principals: BTreeMap<String, Principal>,
    databases: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Principal {
    /// `S` for a login with a password, `U` and `G` for those of Windows, `R` for a role, others for keys and certificates.
    sort: String,
    is_disabled: bool,
    database: Option<String>,
    language: Option<String>,
    identifier: Option<String>,
    checks_policy: bool,
    checks_expiration: bool,
    /// What the server keeps of the password.
    hash: Option<String>,
    /// The owner of a role.
    owner: Option<String>,
    /// Roles that it is a member of.
    member_of: BTreeSet<String>,
    rights: BTreeSet<Right>,
}

/// A right on the server, or on something of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    permission: String,
    /// `GRANT`, `GRANT_WITH_GRANT_OPTION`, `DENY`.
    state: String,
    /// `LOGIN`, `SERVER ROLE`, `ENDPOINT`; nothing for the server itself.
    class: String,
    on: String,
}

impl Logins {
    pub(super) fn of(
        answers: Vec<Vec<Row>>,
        is_meant: impl Fn(&str) -> bool,
        with_databases: bool,
    ) -> Result<Self, Error> {
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let mut logins = Self::default();
        for row in next() {
            let name = row.string(0)?;
            if !is_meant(&name) {
                continue;
            }
            let principal = Principal {
                sort: row.string(1)?,
                is_disabled: row.flag(2)?,
                database: row.text(3)?,
                language: row.text(4)?,
                identifier: row.text(5)?,
                checks_policy: row.flag(6)?,
                checks_expiration: row.flag(7)?,
                hash: row.text(8)?,
                owner: row.text(9)?,
                ..Principal::default()
            };
            logins.principals.insert(name, principal);
        }
        for row in next() {
            if let Some(member) = logins.principals.get_mut(&row.string(0)?) {
                member.member_of.insert(row.string(1)?);
            }
        }
        for row in next() {
            if let Some(principal) = logins.principals.get_mut(&row.string(0)?) {
                let [state, permission, class, on] =
                    [row.string(1)?, row.string(2)?, row.string(3)?, row.string(4)?];
                principal.rights.insert(Right { permission, state, class, on });
            }
        }
        for row in next() {
            logins.databases.insert(row.string(0)?);
        }
        if !with_databases {
            logins.databases.clear();
        }
        Ok(logins)
    }

    /// The comparing view. Of passwords it tells apart those that are as in `opened` and others, since the former can be made
    /// up for one run. Salted hashes of one password differ, so that they say only that there is one.
    pub(super) fn objects(&self, opened: &Self) -> BTreeMap<ObjectKey, Attributes> {
        let mut objects = BTreeMap::new();
        let key =
            |owner: Option<String>, path: String| ObjectKey { owner, kind: ObjectKind::ServerWide, path };
        for (name, principal) in &self.principals {
            let path = principal.path(name);
            let mut attributes = Attributes::from([("sort", principal.sort.clone())]);
            let told = [
                ("default database", &principal.database),
                ("default language", &principal.language),
                ("owner", &principal.owner),
            ];
            attributes.extend(told.into_iter().filter_map(|(what, value)| Some((what, value.clone()?))));
            let flags = [
                ("disabled", principal.is_disabled),
                ("checks policy", principal.checks_policy),
                ("checks expiration", principal.checks_expiration),
            ];
            attributes
                .extend(flags.iter().filter(|(_, is_on)| *is_on).map(|(what, _)| (*what, "yes".to_owned())));
            if let Some(hash) = &principal.hash {
                let known = opened.principals.get(name).and_then(|known| known.hash.as_ref());
                let told = if known == Some(hash) { "as it was given".to_owned() } else { "set".to_owned() };
                attributes.insert(PASSWORD, told);
            }
            objects.insert(key(None, path.clone()), attributes);
            for role in &principal.member_of {
                let attributes = Attributes::from([(MEMBER, path.clone())]);
                let role = format!("server role {role}");
                objects
                    .insert(key(Some(role.clone()), format!("membership of {path} in {role}")), attributes);
            }
            for right in &principal.rights {
                let on = right.on();
                let at = format!("right {} of {path}{on}", right.permission);
                let attributes = Attributes::from([("state", right.state.clone())]);
                objects.insert(key(Some(path.clone()), at), attributes);
            }
        }
        for name in &self.databases {
            objects.insert(key(None, format!("database {name}")), Attributes::new());
        }
        objects
    }

    /// What turns `self` into `wanted`, in an order that works. A database that is missing cannot be brought back.
    pub(super) fn statements_to(&self, wanted: &Self) -> Vec<String> {
        let mut statements = Vec::new();
        let surplus = self.databases.difference(&wanted.databases);
        // Whoever is still connected to one keeps it.
        statements.extend(surplus.flat_map(|name| {
            let name = ident(name);
            [
                format!("ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"),
                format!("DROP DATABASE {name}"),
            ]
        }));
        for (name, principal) in &self.principals {
            if wanted.principals.contains_key(name) {
                continue;
            }
            if principal.is_role() {
                let members = self.principals.iter().filter(|(_, other)| other.member_of.contains(name));
                statements.extend(members.map(|(member, _)| membership(name, "DROP", member)));
            }
            let kind = if principal.is_role() { "SERVER ROLE" } else { "LOGIN" };
            statements.push(format!("DROP {kind} {}", ident(name)));
        }
        for (name, principal) in &wanted.principals {
            match self.principals.get(name) {
                None => statements.extend(principal.made(name)),
                Some(found) => statements.extend(principal.changed(name, found)),
            }
        }
        for (name, principal) in &wanted.principals {
            let none = Principal::default();
            let found = self.principals.get(name).unwrap_or(&none);
            let gone =
                |role: &String| self.principals.contains_key(role) && !wanted.principals.contains_key(role);
            statements.extend(
                found
                    .member_of
                    .difference(&principal.member_of)
                    .filter(|role| !gone(role))
                    .map(|role| membership(role, "DROP", name)),
            );
            statements.extend(
                principal.member_of.difference(&found.member_of).map(|role| membership(role, "ADD", name)),
            );
            statements.extend(found.rights.difference(&principal.rights).map(|right| right.taken_from(name)));
            statements.extend(principal.rights.difference(&found.rights).map(|right| right.given_to(name)));
        }
        statements
    }
}

impl Principal {
    fn is_role(&self) -> bool {
        self.sort == "R"
    }

    fn path(&self, name: &str) -> String {
        if self.is_role() { format!("server role {name}") } else { format!("login {name}") }
    }

    /// Makes it. A login by a key or certificate cannot be made again, since those live in `master`.
    fn made(&self, name: &str) -> Vec<String> {
        let quoted = ident(name);
        let mut statements = match self.sort.as_str() {
            "R" => {
                let owner = self.owner.as_deref().map(|owner| format!(" AUTHORIZATION {}", ident(owner)));
                vec![format!("CREATE SERVER ROLE {quoted}{}", owner.unwrap_or_default())]
            }
            "S" => {
                let identifier = self.identifier.as_deref().map(|it| format!(", SID = {it}"));
                vec![format!(
                    "CREATE LOGIN {quoted} WITH {}{}{}",
                    self.password(),
                    identifier.unwrap_or_default(),
                    self.options()
                )]
            }
            "U" | "G" => vec![format!("CREATE LOGIN {quoted} FROM WINDOWS")],
            _ => Vec::new(),
        };
        if self.is_disabled && !statements.is_empty() {
            statements.push(format!("ALTER LOGIN {quoted} DISABLE"));
        }
        statements
    }

    /// Makes it what it was.
    fn changed(&self, name: &str, found: &Self) -> Vec<String> {
        let quoted = ident(name);
        let mut statements = Vec::new();
        if self.is_role() {
            if self.owner != found.owner {
                let owner = self.owner.as_deref().unwrap_or("sa");
                statements.push(format!("ALTER AUTHORIZATION ON SERVER ROLE::{quoted} TO {}", ident(owner)));
            }
            return statements;
        }
        if self.sort == "S" && (self.hash != found.hash || self.options() != found.options()) {
            if self.hash != found.hash {
                // While there is a policy for passwords, none is taken that is hashed already.
                if found.checks_policy {
                    let off = "CHECK_EXPIRATION = OFF, CHECK_POLICY = OFF";
                    statements.push(format!("ALTER LOGIN {quoted} WITH {off}"));
                }
                statements.push(format!("ALTER LOGIN {quoted} WITH {}", self.password()));
            }
            statements.push(format!("ALTER LOGIN {quoted} WITH {}", self.options().trim_start_matches(", ")));
        }
        if self.is_disabled != found.is_disabled {
            let verb = if self.is_disabled { "DISABLE" } else { "ENABLE" };
            statements.push(format!("ALTER LOGIN {quoted} {verb}"));
        }
        statements
    }

    fn password(&self) -> String {
        format!("PASSWORD = {} HASHED", self.hash.as_deref().unwrap_or("0x"))
    }

    fn options(&self) -> String {
        let mut options = String::new();
        for (what, value) in [("DEFAULT_DATABASE", &self.database), ("DEFAULT_LANGUAGE", &self.language)] {
            if let Some(value) = value {
                options.push_str(&format!(", {what} = {}", ident(value)));
            }
        }
        // The second one asks for the first.
        for (what, is_on) in
            [("CHECK_POLICY", self.checks_policy), ("CHECK_EXPIRATION", self.checks_expiration)]
        {
            options.push_str(&format!(", {what} = {}", if is_on { "ON" } else { "OFF" }));
        }
        options
    }
}

impl Right {
    fn on(&self) -> String {
        if self.class.is_empty() { String::new() } else { format!(" ON {}::{}", self.class, ident(&self.on)) }
    }

    fn given_to(&self, name: &str) -> String {
        let (verb, option) = match self.state.as_str() {
            "DENY" => ("DENY", ""),
            "GRANT_WITH_GRANT_OPTION" => ("GRANT", " WITH GRANT OPTION"),
            _ => ("GRANT", ""),
        };
        format!("{verb} {}{} TO {}{option}", self.permission, self.on(), ident(name))
    }

    fn taken_from(&self, name: &str) -> String {
        format!("REVOKE {}{} FROM {} CASCADE", self.permission, self.on(), ident(name))
    }
}

fn membership(role: &str, verb: &str, member: &str) -> String {
    format!("ALTER SERVER ROLE {} {verb} MEMBER {}", ident(role), ident(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(hash: &str) -> Principal {
        Principal {
            sort: "S".to_owned(),
            database: Some("master".to_owned()),
            identifier: Some("0x01".to_owned()),
            hash: Some(hash.to_owned()),
            ..Principal::default()
        }
    }

    fn role() -> Principal {
        Principal { sort: "R".to_owned(), owner: Some("sa".to_owned()), ..Principal::default() }
    }

    fn logins(principals: &[(&str, Principal)]) -> Logins {
        let principals =
            principals.iter().map(|(name, principal)| ((*name).to_owned(), principal.clone())).collect();
        Logins { principals, databases: BTreeSet::new() }
    }

    fn right(state: &str) -> Right {
        let [permission, class, on] = ["CONTROL SERVER", "", ""].map(str::to_owned);
        Right { permission, state: state.to_owned(), class, on }
    }

    #[test]
    fn what_was_made_goes_and_what_went_is_made() {
        let member = Principal { member_of: ["readers".to_owned()].into(), ..login("0xA0") };
        let opened = logins(&[("old", login("0xA1")), ("sa", login("0xA0"))]);
        let found = logins(&[("readers", role()), ("sa", member)]);
        assert_eq!(
            found.statements_to(&opened),
            [
                "ALTER SERVER ROLE [readers] DROP MEMBER [sa]",
                "DROP SERVER ROLE [readers]",
                "CREATE LOGIN [old] WITH PASSWORD = 0xA1 HASHED, SID = 0x01, DEFAULT_DATABASE = [master], \
             CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF",
            ]
        );
        assert!(opened.statements_to(&opened).is_empty());
    }

    #[test]
    fn what_changed_is_changed_back() {
        let other = Principal {
            is_disabled: true,
            checks_policy: true,
            rights: [right("GRANT")].into(),
            ..login("0xB0")
        };
        let wanted = Principal { rights: [right("DENY")].into(), ..login("0xA0") };
        assert_eq!(
            logins(&[("a", other)]).statements_to(&logins(&[("a", wanted)])),
            [
                "ALTER LOGIN [a] WITH CHECK_EXPIRATION = OFF, CHECK_POLICY = OFF",
                "ALTER LOGIN [a] WITH PASSWORD = 0xA0 HASHED",
                "ALTER LOGIN [a] WITH DEFAULT_DATABASE = [master], CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF",
                "ALTER LOGIN [a] ENABLE",
                "REVOKE CONTROL SERVER FROM [a] CASCADE",
                "DENY CONTROL SERVER TO [a]",
            ]
        );
    }

    #[test]
    fn passwords_are_never_told() {
        let (opened, now) = (logins(&[("a", login("0xA0"))]), logins(&[("a", login("0xB0"))]));
        let told = |logins: &Logins| {
            let objects = logins.objects(&opened);
            assert!(!format!("{objects:?}").contains("0xA0") && !format!("{objects:?}").contains("0xB0"));
            objects.values().next().and_then(|attributes| attributes.get(PASSWORD)).cloned()
        };
        assert_eq!(told(&opened).as_deref(), Some("as it was given"));
        assert_eq!(told(&now).as_deref(), Some("set"));
    }
}
