//! MRT830 to MRT833: indexes, keys and defaults that an engine does not take.

use mrt_chain::settings::EngineKind;

use crate::case::{Case, Findings};
use crate::operation::{Column, ConstraintRule, Index, Kind, Operation, Setting, Type, Written};

/// What a step makes a key of: columns of a table.
struct Key<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
}

fn keys(kind: &Kind) -> Vec<Key<'_>> {
    fn of_index<'a>(table: &'a str, index: &'a Index) -> Key<'a> {
        Key { table, columns: index.columns.iter().flatten().map(String::as_str).collect() }
    }
    let is_key = |rule: &ConstraintRule| matches!(rule, ConstraintRule::PrimaryKey | ConstraintRule::Unique);
    match kind {
        Kind::CreateIndex { table, index, .. } => vec![of_index(table, index)],
        Kind::CreateConstraint { table, constraint, .. } if is_key(&constraint.rule) => {
            vec![Key { table, columns: constraint.columns.iter().map(String::as_str).collect() }]
        }
        Kind::CreateTable { table, columns, constraints, indexes, .. } => {
            let own = columns.iter().filter(|column| is_indexed(column));
            let mut keys: Vec<Key<'_>> =
                own.map(|column| Key { table, columns: vec![&column.name] }).collect();
            keys.extend(indexes.iter().map(|index| of_index(table, index)));
            keys.extend(
                constraints
                    .iter()
                    .filter(|own| is_key(&own.rule))
                    .map(|own| Key { table, columns: own.columns.iter().map(String::as_str).collect() }),
            );
            keys
        }
        Kind::AddColumn { table, column, .. } if is_indexed(column) => {
            vec![Key { table, columns: vec![&column.name] }]
        }
        _ => Vec::new(),
    }
}

fn is_indexed(column: &Column) -> bool {
    column.unique || column.index || column.primary_key
}

/// What the upgrade surely does, by position.
fn upgrade<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Operation)> {
    case.migration.upgrade.iter().enumerate().filter(|(_, operation)| !operation.conditional)
}

/// The type that a step of this upgrade has given a column, up to one of them; `None` where none has, `Some(None)` where it is not
/// known.
fn given<'a>(case: &Case<'a>, at: usize, table: &str, name: &str) -> Option<Option<&'a Type>> {
    let is_table = |own: &str| own.eq_ignore_ascii_case(table);
    let is_it = |own_table: &str, own: &str| is_table(own_table) && own.eq_ignore_ascii_case(name);
    case.migration.upgrade[..=at].iter().rev().find_map(|operation| match &operation.kind {
        Kind::CreateTable { table: own, columns, .. } if is_table(own) => {
            let column = columns.iter().find(|column| is_it(own, &column.name));
            Some(column.and_then(|column| column.ty.as_ref()))
        }
        Kind::AddColumn { table: own, column, .. } if is_it(own, &column.name) => Some(column.ty.as_ref()),
        Kind::AlterColumn { table: own, column, change }
            if is_it(own, change.name.as_deref().unwrap_or(column)) =>
        {
            match &change.ty {
                Some(ty) => Some(ty.as_ref()),
                None => change.name.as_ref().map(|_| None),
            }
        }
        Kind::DropTable { table: own, .. } | Kind::RenameTable { to: own, .. } if is_table(own) => Some(None),
        _ => None,
    })
}

/// The type that a column has when a step of the upgrade is done, as far as is known.
fn type_of(case: &Case<'_>, at: usize, table: &str, name: &str) -> Option<String> {
    match given(case, at, table, name) {
        Some(ty) => ty.map(|ty| ty.text.clone()),
        None => case.before.column(table, name).and_then(|facts| facts.get("type").map(str::to_owned)),
    }
}

/// Whether values of a type have no bound that a key could count with.
fn is_endless(ty: &str, engine: EngineKind) -> bool {
    let word = ty.split('(').next().unwrap_or_default().trim();
    let texts = ["TEXT", "MEDIUMTEXT", "LONGTEXT", "TINYTEXT", "BLOB", "MEDIUMBLOB", "LONGBLOB", "TINYBLOB"];
    texts.contains(&word)
        || match engine {
            EngineKind::MySql => word == "JSON",
            EngineKind::SqlServer => {
                let ty = ty.to_uppercase();
                ty == "JSON" || ty.ends_with("(MAX)")
            }
            EngineKind::Oracle => matches!(word, "CLOB" | "NCLOB"),
            _ => false,
        }
}

pub(super) fn endless_key(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in upgrade(case) {
        for key in keys(&operation.kind) {
            for column in key.columns {
                let Some(ty) = type_of(case, at, key.table, column) else { continue };
                if is_endless(&ty, case.engine) {
                    findings.add(
                        operation.line,
                        format!(
                            "`{}.{column}` is `{ty}`, and {} makes no key of that; {}",
                            key.table,
                            case.engine.title(),
                            if case.engine == EngineKind::MySql {
                                "give a length (`mysql_length`), or the column one"
                            } else {
                                "give the column a length"
                            }
                        ),
                    );
                }
            }
        }
    }
}

pub(super) fn long_key(case: &Case<'_>, findings: &mut Findings<'_>) {
    /// What InnoDB takes, and what a character of utf8mb4 may need.
    const MOST: u64 = 3072;
    const CHARACTER: u64 = 4;
    for (at, operation) in upgrade(case) {
        for key in keys(&operation.kind) {
            // Of an older column nobody knows the collation, and thereby what a character needs.
            let types = key.columns.iter().filter_map(|column| given(case, at, key.table, column).flatten());
            let types = types.filter(|ty| !ty.collated);
            let bytes =
                types.filter_map(|ty| characters(&ty.text)).map(|length| length * CHARACTER).sum::<u64>();
            if bytes > MOST {
                findings.add(
                    operation.line,
                    format!(
                        "`{} ({})` needs up to {bytes} bytes as a key in utf8mb4, and MySQL takes {MOST}; shorten the columns, or give the \
                         key a length",
                        key.table,
                        key.columns.join(", ")
                    ),
                );
            }
        }
    }
}

/// How many characters a text may have.
fn characters(ty: &str) -> Option<u64> {
    let (word, sizes) = ty.split_once('(')?;
    let is_text = matches!(word.trim(), "VARCHAR" | "CHAR" | "NVARCHAR" | "NCHAR");
    is_text.then(|| sizes.trim_end_matches(')').trim().parse().ok())?
}

pub(super) fn default_of_a_text(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in upgrade(case) {
        let (table, columns): (&str, Vec<(&str, &Setting)>) = match &operation.kind {
            Kind::CreateTable { table, columns, .. } => {
                (table, columns.iter().map(|column| (column.name.as_str(), &column.default)).collect())
            }
            Kind::AddColumn { table, column, .. } => (table, vec![(&column.name, &column.default)]),
            Kind::AlterColumn { table, column, change } => {
                let name = change.name.as_deref().unwrap_or(column);
                (table, change.default.iter().map(|default| (name, default)).collect())
            }
            _ => continue,
        };
        for (column, default) in columns {
            let Setting::Is(default) = default else { continue };
            if is_literal(default)
                && type_of(case, at, table, column).is_some_and(|ty| is_endless(&ty, case.engine))
            {
                findings.add(
                    operation.line,
                    format!(
                        "`{table}.{column}` has the default {default}, and MySQL gives a TEXT, BLOB or JSON none but an expression; \
                         put it into parentheses (`sa.text(\"({})\")`)",
                        default.replace('"', "\\\"")
                    ),
                );
            }
        }
    }
}

fn is_literal(default: &str) -> bool {
    (default.starts_with('\'') && default.ends_with('\''))
        || default.parse::<f64>().is_ok()
        || matches!(default, "true" | "false")
}

pub(super) fn partial_index(case: &Case<'_>, findings: &mut Findings<'_>) {
    let is_sql = |operation: &&Operation| matches!(operation.written, Written::Sql | Written::Connection);
    for operation in super::surely(case).filter(is_sql) {
        if let Kind::CreateIndex { index, .. } = &operation.kind
            && index.predicate != Setting::None
        {
            findings.add(
                operation.line,
                format!(
                    "`{}` has a WHERE, and {} has no partial indexes: the statement fails; index an expression that is NULL elsewhere",
                    index.name.as_deref().unwrap_or("the index"),
                    case.engine.title()
                ),
            );
        }
    }
}
