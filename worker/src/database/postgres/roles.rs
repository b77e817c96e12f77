//! What the databases of a server share and migrations can change: roles, their memberships and settings.
//!
//! Restoring is plain SQL by the administrator, so a role that was dropped comes back as another object of the same
//! name: no database may refer to it, which is why `Engine::reset` drops those of ours first. Predefined roles (`pg_…`)
//! are never made or dropped; who is a member of them counts.

use std::collections::{BTreeMap, BTreeSet};

use super::quote::{self, array_elements, ident, literal};
use super::wire::Row;
use crate::database::catalog::{Attributes, MEMBER, ObjectKey, ObjectKind, PASSWORD};
use crate::database::credentials;

/// Boolean attributes, in the order in which the query reads them: as compared, and as SQL says them.
const FLAGS: [(&str, &str); 7] = [
    ("superuser", "SUPERUSER"),
    ("inherits", "INHERIT"),
    ("can create roles", "CREATEROLE"),
    ("can create databases", "CREATEDB"),
    ("can log in", "LOGIN"),
    ("replication", "REPLICATION"),
    ("bypasses row security", "BYPASSRLS"),
];

/// All roles with all memberships.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roles {
    roles: BTreeMap<String, Role>,
    memberships: BTreeMap<Membership, Options>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Role {
    flags: [bool; FLAGS.len()],
    connection_limit: String,
    /// As stored: a hash.
    password: Option<String>,
    valid_until: Option<String>,
    comment: Option<String>,
    /// `name=value`, for all databases.
    settings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Membership {
    role: String,
    member: String,
    /// From version 16 on each grantor's grant stands for itself; before it is only a note.
    grantor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    admin: bool,
    /// From version 16 on: whether rights are inherited, and whether SET ROLE is allowed.
    inherit_and_set: Option<(bool, bool)>,
}

/// Reads everything: two statements, whose answers [`Roles::of`] takes.
pub(super) fn query(version: u32) -> String {
    let (grantor, options) = if version >= 160_000 {
        ("pg_get_userbyid(grantor)", "inherit_option, set_option")
    } else {
        ("NULL", "NULL, NULL")
    };
    format!(
        "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, \
         rolbypassrls, rolconnlimit, rolpassword, (nullif(rolvaliduntil, 'infinity') AT TIME ZONE 'UTC')::text, \
         shobj_description(oid, 'pg_authid'), \
         (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = 0 AND setrole = a.oid) \
         FROM pg_authid a WHERE rolname !~ '^pg_'; \
         SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), {grantor}, admin_option, {options} \
         FROM pg_auth_members WHERE pg_get_userbyid(member) !~ '^pg_'"
    )
}

impl Roles {
    /// What [`query`] was answered.
    pub(super) fn of(answers: Vec<Vec<Row>>) -> Self {
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or_default().into_iter();
        let is = |value: &Option<String>| value.as_deref() == Some("t");
        let roles = next().map(|row| {
            let [name, flags @ .., limit, password, until, comment, settings] =
                <[Option<String>; 13]>::try_from(row).unwrap_or_default();
            let role = Role {
                flags: flags.each_ref().map(is),
                connection_limit: limit.unwrap_or_default(),
                password,
                valid_until: until,
                comment,
                settings: settings.map(|list| array_elements(&list)).unwrap_or_default(),
            };
            (name.unwrap_or_default(), role)
        });
        let roles = roles.collect();
        let memberships = next().map(|row| {
            let [role, member, grantor, admin, inherit, set] =
                <[Option<String>; 6]>::try_from(row).unwrap_or_default();
            let membership =
                Membership { role: role.unwrap_or_default(), member: member.unwrap_or_default(), grantor };
            let inherit_and_set = inherit.is_some().then(|| (is(&inherit), is(&set)));
            (membership, Options { admin: is(&admin), inherit_and_set })
        });
        Self { roles, memberships: memberships.collect() }
    }

    /// Only the roles that `is_meant`, and the memberships of those.
    pub(super) fn only(mut self, is_meant: impl Fn(&str) -> bool) -> Self {
        self.roles.retain(|name, _| is_meant(name));
        self.memberships.retain(|membership, _| is_meant(&membership.member));
        self
    }

    /// The comparing view. Of passwords it tells apart those that are as in `opened` and others, since the former
    /// can be made up for one run.
    pub(super) fn objects(&self, opened: &Self) -> BTreeMap<ObjectKey, Attributes> {
        let path = |role: &str| format!("role {role}");
        let mut objects = BTreeMap::new();
        for (name, role) in &self.roles {
            let mut attributes = Attributes::new();
            for ((attribute, _), set) in FLAGS.iter().zip(role.flags) {
                if set {
                    attributes.insert(attribute, "yes".to_owned());
                }
            }
            if role.connection_limit != "-1" {
                attributes.insert("connection limit", role.connection_limit.clone());
            }
            let known = opened.roles.get(name).and_then(|role| role.password.as_ref());
            let password = role.password.as_ref().map(|stored| {
                if known == Some(stored) { "as it was given".to_owned() } else { fingerprint(stored) }
            });
            let settings = (!role.settings.is_empty()).then(|| role.settings.join(", "));
            let optional = [
                (PASSWORD, password),
                ("valid until", role.valid_until.clone()),
                ("comment", role.comment.clone()),
                ("settings", settings),
            ];
            attributes.extend(optional.into_iter().filter_map(|(name, value)| value.map(|v| (name, v))));
            objects.insert(
                ObjectKey { owner: None, kind: ObjectKind::ServerWide, path: path(name) },
                attributes,
            );
        }
        for (membership, options) in &self.memberships {
            let Membership { role, member, grantor } = membership;
            let key = ObjectKey {
                owner: Some(path(role)),
                kind: ObjectKind::ServerWide,
                path: format!("membership of {member} in {role}"),
            };
            let mut told =
                if options.admin { "with admin option" } else { "without admin option" }.to_owned();
            if let Some((inherit, set)) = options.inherit_and_set {
                told.push_str(&format!(", inherit {inherit}, set {set}"));
            }
            if let Some(grantor) = grantor {
                told.push_str(&format!(", granted by {grantor}"));
            }
            let attributes: &mut Attributes = objects.entry(key).or_default();
            attributes.insert(MEMBER, path(member));
            // Several grantors may have granted the same.
            let grants = attributes.entry("grants").or_default();
            if !grants.is_empty() {
                grants.push_str("; ");
            }
            grants.push_str(&told);
        }
        objects
    }

    /// What turns `self` into `wanted`, in an order that works.
    pub(super) fn statements_to(&self, wanted: &Self) -> Vec<String> {
        let mut statements = Vec::new();
        for (membership, options) in &self.memberships {
            if wanted.memberships.get(membership) != Some(options) {
                let Membership { role, member, grantor } = membership;
                let by = grantor.as_ref().map_or_else(String::new, |g| format!(" GRANTED BY {}", ident(g)));
                statements.push(format!("REVOKE {} FROM {}{by} CASCADE", ident(role), ident(member)));
            }
        }
        let surplus: Vec<&String> =
            self.roles.keys().filter(|name| !wanted.roles.contains_key(*name)).collect();
        // Privileges on what is not in a database (parameters, other databases) go first.
        statements.extend(surplus.iter().map(|name| format!("DROP OWNED BY {}", ident(name))));
        statements.extend(surplus.iter().map(|name| format!("DROP ROLE {}", ident(name))));
        for (name, role) in &wanted.roles {
            if self.roles.get(name) == Some(role) {
                continue;
            }
            if !self.roles.contains_key(name) {
                statements.push(format!("CREATE ROLE {}", ident(name)));
            }
            statements.extend(role.definition(name));
        }
        // A grant by somebody who must first be granted the right comes after that.
        let mut open: BTreeSet<&Membership> = wanted
            .memberships
            .iter()
            .filter(|(membership, options)| self.memberships.get(*membership) != Some(*options))
            .map(|(membership, _)| membership)
            .collect();
        while let Some(next) = open
            .iter()
            .find(|one| {
                !open
                    .iter()
                    .any(|other| other.role == one.role && one.grantor.as_ref() == Some(&other.member))
            })
            .or(open.first())
            .copied()
        {
            open.remove(next);
            let Membership { role, member, grantor } = next;
            let Some(options) = wanted.memberships.get(next) else { continue };
            let mut grant = format!("GRANT {} TO {}", ident(role), ident(member));
            match options.inherit_and_set {
                Some((inherit, set)) => {
                    grant.push_str(&format!(" WITH ADMIN {}, INHERIT {inherit}, SET {set}", options.admin))
                }
                None if options.admin => grant.push_str(" WITH ADMIN OPTION"),
                None => {}
            }
            if let Some(grantor) = grantor {
                grant.push_str(&format!(" GRANTED BY {}", ident(grantor)));
            }
            statements.push(grant);
        }
        statements
    }
}

impl Role {
    fn definition(&self, name: &str) -> Vec<String> {
        let name = ident(name);
        let mut words = String::new();
        for ((_, word), set) in FLAGS.iter().zip(self.flags) {
            words.push_str(if set { " " } else { " NO" });
            words.push_str(word);
        }
        let password = self.password.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        // A time that was set cannot be unset, but "for ever" means the same and is read as none.
        let until = match self.valid_until.as_deref() {
            None => "infinity".to_owned(),
            Some("-infinity") => "-infinity".to_owned(),
            Some(time) => format!("{time}+00"),
        };
        let mut statements = vec![
            format!(
                "ALTER ROLE {name}{words} CONNECTION LIMIT {} PASSWORD {password} VALID UNTIL {}",
                self.connection_limit,
                literal(&until)
            ),
            format!("ALTER ROLE {name} RESET ALL"),
        ];
        let settings = self.settings.iter();
        statements
            .extend(settings.map(|setting| format!("ALTER ROLE {name} SET {}", quote::setting(setting))));
        let comment = self.comment.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        statements.push(format!("COMMENT ON ROLE {name} IS {comment}"));
        statements
    }
}

/// Tells passwords apart without telling them. Salted hashes of one password differ, so they say only that there is
/// one.
fn fingerprint(stored: &str) -> String {
    if !stored.starts_with("md5") {
        return "set".to_owned();
    }
    credentials::fingerprint(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[&str], memberships: &[(&str, &str, &str)]) -> Roles {
        let role = Role { connection_limit: "-1".to_owned(), ..Role::default() };
        let membership = |(role, member, grantor): &(&str, &str, &str)| {
            let membership = Membership {
                role: (*role).to_owned(),
                member: (*member).to_owned(),
                grantor: Some((*grantor).to_owned()),
            };
            (membership, Options { admin: true, inherit_and_set: Some((true, false)) })
        };
        Roles {
            roles: names.iter().map(|name| ((*name).to_owned(), role.clone())).collect(),
            memberships: memberships.iter().map(membership).collect(),
        }
    }

    /// Version 16 remembers who granted what, and a grantor needs the right to.
    #[test]
    fn a_grant_comes_after_the_one_on_which_it_rests() {
        let all = ["admin", "amy", "staff", "zoe"];
        let wanted = roles(&all, &[("staff", "amy", "zoe"), ("staff", "zoe", "admin")]);
        let statements = roles(&all, &[]).statements_to(&wanted);
        assert_eq!(
            statements,
            [
                r#"GRANT "staff" TO "zoe" WITH ADMIN true, INHERIT true, SET false GRANTED BY "admin""#,
                r#"GRANT "staff" TO "amy" WITH ADMIN true, INHERIT true, SET false GRANTED BY "zoe""#,
            ]
        );
        assert!(wanted.statements_to(&wanted).is_empty());
    }

    #[test]
    fn what_is_new_goes_and_what_is_gone_comes_back() {
        let found = roles(&["new", "staff"], &[("staff", "new", "staff")]);
        let statements = found.statements_to(&roles(&["old", "staff"], &[]));
        assert_eq!(
            statements[..4],
            [
                r#"REVOKE "staff" FROM "new" GRANTED BY "staff" CASCADE"#,
                r#"DROP OWNED BY "new""#,
                r#"DROP ROLE "new""#,
                r#"CREATE ROLE "old""#,
            ]
        );
    }

    #[test]
    fn a_password_is_never_told() {
        let stored = "md5aaaabbbbccccddddaaaabbbbccccdddd";
        assert!(!fingerprint(stored).contains("aaaa"));
        assert_ne!(fingerprint(stored), fingerprint("md5aaaabbbbccccddddaaaabbbbccccddde"));
        assert_eq!(fingerprint("SCRAM-SHA-256$4096:salt$a:b"), fingerprint("SCRAM-SHA-256$4096:other$c:d"));
    }
}
