//! ALTER TABLE and ALTER TYPE.

use mrt_chain::settings::EngineKind;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, AlterType, AlterTypeOperation, ColumnOption,
    DataType, Ident, RenameTableNameKind,
};
use sqlparser::tokenizer::{Token, Whitespace};

use super::phrase::{self, Words};
use super::{create, expression, head, name_of, settings, shown, text_of};
use crate::operation::{Change, ConstraintKind, Kind, ObjectKind, Setting};

pub(super) fn table(alter: &AlterTable, engine: EngineKind, tokens: &[Token], out: &mut Vec<Kind>) {
    let table = name_of(&alter.name);
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                out.extend(column_names.iter().map(|column| Kind::DropColumn {
                    table: table.clone(),
                    column: column.value.clone(),
                    missing_ok: *if_exists,
                }));
            }
            other => match (one(&table, other, engine), alter.operations.len()) {
                (Some(kind), _) => out.push(kind),
                (None, 1) => match settings::read(tokens) {
                    Some(kinds) => out.extend(kinds),
                    None => out.push(Kind::Raw { sql: shown(&text_of(tokens)) }),
                },
                (None, _) => out.push(Kind::Raw { sql: shown(&text_of(tokens)) }),
            },
        }
    }
}

fn one(table: &str, operation: &AlterTableOperation, engine: EngineKind) -> Option<Kind> {
    let table = table.to_owned();
    let drop = |name: Option<&Ident>, kind, missing_ok| Kind::DropConstraint {
        table: table.clone(),
        name: name.map(|name| name.value.clone()),
        kind,
        missing_ok,
    };
    Some(match operation {
        AlterTableOperation::AddColumn { if_not_exists, column_def, .. } => {
            Kind::AddColumn { column: create::column(column_def, engine), exists_ok: *if_not_exists, table }
        }
        AlterTableOperation::AddConstraint { constraint, not_valid } => match create::plain_index(constraint)
        {
            Some(index) => Kind::CreateIndex { table, index, concurrently: false, exists_ok: false },
            None => Kind::CreateConstraint {
                constraint: create::constraint(constraint)?,
                validated: !not_valid,
                table,
            },
        },
        AlterTableOperation::DropConstraint { name, if_exists, .. } => drop(Some(name), None, *if_exists),
        AlterTableOperation::DropForeignKey { name, .. } => {
            drop(Some(name), Some(ConstraintKind::ForeignKey), false)
        }
        AlterTableOperation::DropPrimaryKey { .. } => drop(None, Some(ConstraintKind::PrimaryKey), false),
        AlterTableOperation::DropIndex { name } => Kind::DropIndex {
            name: name.value.clone(),
            table: Some(table),
            concurrently: false,
            missing_ok: false,
        },
        AlterTableOperation::RenameColumn { old_column_name, new_column_name } => Kind::AlterColumn {
            table,
            column: old_column_name.value.clone(),
            change: Change { name: Some(new_column_name.value.clone()), ..Change::default() },
        },
        AlterTableOperation::RenameTable {
            table_name: RenameTableNameKind::As(to) | RenameTableNameKind::To(to),
        } => {
            // The new name stands without the schema.
            let to = match table.rsplit_once('.') {
                Some((schema, _)) if !name_of(to).contains('.') => format!("{schema}.{}", name_of(to)),
                _ => name_of(to),
            };
            Kind::RenameTable { from: table, to }
        }
        // Oracle's, where the type may stay unsaid.
        AlterTableOperation::ModifyColumn { data_type, .. }
            if matches!(data_type.to_string().to_uppercase().as_str(), "DEFAULT" | "NOT" | "NULL") =>
        {
            return None;
        }
        AlterTableOperation::ModifyColumn { col_name, data_type, options, .. } => Kind::AlterColumn {
            table,
            column: col_name.value.clone(),
            change: restated(col_name, data_type, options, engine),
        },
        AlterTableOperation::ChangeColumn { old_name, new_name, data_type, options, .. } => {
            let mut change = restated(new_name, data_type, options, engine);
            change.name = Some(new_name.value.clone()).filter(|name| *name != old_name.value);
            Kind::AlterColumn { table, column: old_name.value.clone(), change }
        }
        AlterTableOperation::AlterColumn { column_name, op } => {
            Kind::AlterColumn { table, column: column_name.value.clone(), change: change(op)? }
        }
        AlterTableOperation::ValidateConstraint { .. }
        | AlterTableOperation::OwnerTo { .. }
        | AlterTableOperation::Algorithm { .. }
        | AlterTableOperation::Lock { .. } => Kind::Raw { sql: String::new() },
        _ => return None,
    })
}

fn change(operation: &AlterColumnOperation) -> Option<Change> {
    let change = Change::default();
    Some(match operation {
        AlterColumnOperation::SetNotNull => Change { nullable: Some(false), ..change },
        AlterColumnOperation::DropNotNull => Change { nullable: Some(true), ..change },
        AlterColumnOperation::SetDefault { value } => {
            Change { default: Some(create::default(&expression(value))), ..change }
        }
        AlterColumnOperation::DropDefault => Change { default: Some(Setting::None), ..change },
        AlterColumnOperation::SetDataType { data_type, using, .. } => Change {
            ty: Some(Some(create::data_type(data_type))),
            using: using.as_ref().map(expression),
            ..change
        },
        AlterColumnOperation::AddGenerated { .. } => return None,
    })
}

/// Each action of an ALTER TABLE that has several, as a statement of its own, so that one which the parser does not know leaves the
/// others known.
pub(super) fn apart(tokens: &[Token], engine: EngineKind) -> Option<Vec<Vec<Token>>> {
    const ACTIONS: &[&str] = &[
        "ADD",
        "ALGORITHM",
        "ALTER",
        "CHANGE",
        "CLUSTER",
        "DISABLE",
        "DROP",
        "ENABLE",
        "FORCE",
        "INHERIT",
        "LOCK",
        "MODIFY",
        "NO",
        "OWNER",
        "RENAME",
        "REPLICA",
        "RESET",
        "SET",
        "VALIDATE",
    ];
    if !matches!(engine, EngineKind::Postgres | EngineKind::MySql | EngineKind::MariaDb)
        || !head::begins_with(tokens, &["ALTER", "TABLE"])
        || !tokens.contains(&Token::Comma)
    {
        return None;
    }
    let words = phrase::significant(tokens);
    let reader = Words(&words);
    let at = settings::table_at(&reader);
    let (_, length) = reader.name(at)?;
    let (before, actions) = words.split_at(at + length);
    let actions = phrase::split_at_commas(actions);
    let is_action = |tokens: &&[Token]| ACTIONS.contains(&Words(tokens).word(0).as_str());
    (actions.len() > 1 && actions.iter().all(is_action)).then(|| {
        let space = || Token::Whitespace(Whitespace::Space);
        let spaced =
            |tokens: &[Token]| tokens.iter().cloned().flat_map(|token| [token, space()]).collect::<Vec<_>>();
        actions.into_iter().map(|action| [spaced(before), spaced(action)].concat()).collect()
    })
}

/// SQL Server's ALTER COLUMN says type and NULL anew, as MySQL's MODIFY does, by whose words it can be read.
pub(super) fn as_modify(tokens: &[Token]) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).cloned().collect();
    let is = |token: &Token, wanted: &str| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(wanted));
    let at = tokens.windows(2).skip(2).position(|pair| is(&pair[0], "ALTER") && is(&pair[1], "COLUMN"))? + 2;
    tokens[at] = Token::make_word("MODIFY", None);
    Some(tokens)
}

/// MySQL's MODIFY and CHANGE: whatever is not said is gone. SQL Server keeps default and comment.
fn restated(name: &Ident, ty: &DataType, options: &[ColumnOption], engine: EngineKind) -> Change {
    let column = create::with_options(name, ty, options.iter(), engine);
    if engine == EngineKind::Oracle {
        // There, what is not said stays.
        let said = |wanted: fn(&ColumnOption) -> bool| options.iter().any(wanted);
        return Change {
            ty: Some(column.ty),
            nullable: column
                .nullable
                .filter(|_| said(|option| matches!(option, ColumnOption::Null | ColumnOption::NotNull))),
            default: said(|option| matches!(option, ColumnOption::Default(_))).then_some(column.default),
            options: column.options,
            ..Change::default()
        };
    }
    if engine == EngineKind::SqlServer {
        return Change {
            ty: Some(column.ty),
            nullable: column.nullable,
            options: column.options,
            ..Change::default()
        };
    }
    Change {
        ty: Some(column.ty),
        nullable: column.nullable,
        default: Some(column.default),
        comment: Some(column.comment),
        options: column.options,
        restated: true,
        ..Change::default()
    }
}

pub(super) fn ty(alter: &AlterType) -> Kind {
    let name = name_of(&alter.name);
    match &alter.operation {
        AlterTypeOperation::AddValue(add) => Kind::AddEnumValue { name, value: add.value.value.clone() },
        AlterTypeOperation::Rename(rename) => Kind::Rename {
            object: ObjectKind::Type,
            from: name,
            to: rename.new_name.value.clone(),
            table: None,
        },
        AlterTypeOperation::RenameValue(rename) => Kind::Alter {
            object: ObjectKind::Type,
            name,
            what: format!("RENAME VALUE {} TO {}", rename.from.value, rename.to.value),
        },
    }
}
