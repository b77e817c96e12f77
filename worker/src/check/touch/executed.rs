//! What Transact-SQL executes, as it stands in a statement or in code.

use sqlparser::tokenizer::Token;

use super::{Names, Seen};

/// Procedures of Transact-SQL whose arguments name all that they touch, or that touch no rows.
const HARMLESS: [&str; 14] = [
    "sp_rename",
    "sp_addextendedproperty",
    "sp_updateextendedproperty",
    "sp_dropextendedproperty",
    "sp_bindefault",
    "sp_unbindefault",
    "sp_bindrule",
    "sp_unbindrule",
    "sp_refreshview",
    "sp_refreshsqlmodule",
    "sp_settriggerorder",
    "sp_tableoption",
    "sp_getapplock",
    "sp_releaseapplock",
];

impl Names<'_> {
    /// What Transact-SQL executes: text that is at hand is read, a procedure that is known is followed by its name, and of
    /// anything else nothing is known.
    pub(super) fn executed(&self, tokens: &[Token], seen: &mut Seen, depth: u32) {
        let word = |at: usize| match tokens.get(at) {
            Some(Token::Word(word)) => Some(word.value.as_str()),
            _ => None,
        };
        let text = |token: Option<&Token>| match token {
            Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => Some(text.clone()),
            _ => None,
        };
        for at in 0..tokens.len() {
            if !word(at)
                .is_some_and(|word| ["EXEC", "EXECUTE"].iter().any(|it| word.eq_ignore_ascii_case(it)))
            {
                continue;
            }
            // WITH EXECUTE AS OWNER; GRANT EXECUTE ON.
            if word(at + 1)
                .is_some_and(|next| ["AS", "ON", "TO"].iter().any(|it| next.eq_ignore_ascii_case(it)))
            {
                continue;
            }
            // EXEC @result = procedure.
            let has_result = matches!(tokens.get(at + 2), Some(Token::Eq));
            let mut name = at + if has_result { 3 } else { 1 };
            let mut argument = name;
            let mut called = None;
            while let Some(part) = word(name) {
                called = Some(part.to_lowercase());
                argument = name + 1;
                if tokens.get(name + 1) != Some(&Token::Period) {
                    break;
                }
                name += 2;
            }
            let called = called.filter(|called| !called.starts_with('@'));
            let dynamic = match called.as_deref() {
                None | Some("sp_executesql") => true,
                Some(name) if HARMLESS.contains(&name) => continue,
                Some(name) => {
                    seen.touched.everything |= !self.code.contains_key(&self.dialect.fold(name));
                    false
                }
            };
            if !dynamic {
                continue;
            }
            let first = argument + usize::from(tokens.get(argument) == Some(&Token::LParen));
            match text(tokens.get(first)) {
                Some(sql) => self.read(&sql, seen, depth + 1),
                None => seen.touched.everything = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::{Touched, touched};
    use crate::database::catalog::{Catalog, Code, ObjectKind, Table, TableName};
    use crate::database::mssql::TransactSqlDialect;
    use crate::host::Statement;

    fn touches(sql: &str) -> Touched {
        let name = |name: &str| TableName { schema: None, name: name.to_owned() };
        let table = Table {
            columns: Vec::new(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        };
        let code = Code {
            kind: ObjectKind::Procedure,
            name: "log_it".to_owned(),
            table: None,
            body: "CREATE PROCEDURE dbo.log_it AS INSERT INTO audit DEFAULT VALUES".to_owned(),
        };
        let catalog = Catalog {
            tables: BTreeMap::from([(name("users"), table.clone()), (name("audit"), table)]),
            code: vec![code],
            ..Catalog::default()
        };
        let statement = Statement { sql: sql.to_owned(), parameters: Vec::new(), line: Some(1) };
        touched([&statement], &[&catalog], &TransactSqlDialect::default(), "alembic_version")
    }

    #[test]
    fn what_is_executed_tells_what_it_touches() {
        let dropped = "declare @name varchar(256) select @name = QUOTENAME([name]) from sys.default_constraints \
             where parent_object_id = object_id('users') exec('alter table users drop constraint ' + @name)";
        for (sql, tables) in [
            ("EXEC sp_rename 'users.phone', mobile, 'COLUMN'", &["users"][..]),
            ("EXEC sp_rename 'dbo.users.phone', mobile, 'COLUMN'", &["users"]),
            (dropped, &["users"]),
            ("EXEC sp_executesql N'UPDATE [dbo].[audit] SET a = 1'", &["audit"]),
            ("EXECUTE dbo.log_it", &["audit"]),
            ("EXEC @result = log_it 1", &["audit"]),
            ("GRANT EXECUTE ON SCHEMA::dbo TO reader", &[]),
        ] {
            let found = touches(sql);
            let named: BTreeSet<String> = found.tables.iter().map(ToString::to_string).collect();
            assert_eq!(named, tables.iter().map(|it| (*it).to_owned()).collect(), "{sql}");
            assert!(!found.everything, "{sql}");
        }
    }

    #[test]
    fn what_cannot_be_read_may_touch_everything() {
        for sql in [
            "EXEC (@sql)",
            "EXEC sp_executesql @sql",
            "EXEC somebody_elses_procedure",
            "EXEC sp_MSforeachtable N'x'",
        ] {
            assert!(touches(sql).everything, "{sql}");
        }
    }
}
