//! CREATE TABLE and CREATE INDEX.

use mrt_chain::settings::EngineKind;
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ConstraintCharacteristics, CreateIndex, CreateTable,
    CreateTableOptions, CreateView, DataType, DeferrableInitial, ForeignKeyConstraint,
    GeneratedExpressionMode, Ident, IndexColumn, NullsDistinctOption, TableConstraint, UniqueConstraint,
};

use super::{expression, last_of, name_of};
use crate::operation::{Column, Constraint, ConstraintRule, Index, Kind, Options, Setting, Type};
use crate::undo::DEFAULT_NAME;

pub(super) fn table(create: &CreateTable, engine: EngineKind) -> Kind {
    let mut indexes = Vec::new();
    let constraints: Vec<Constraint> = create
        .constraints
        .iter()
        .filter_map(|constraint| match plain_index(constraint) {
            Some(index) => {
                indexes.push(index);
                None
            }
            None => self::constraint(constraint),
        })
        .collect();
    let key: Vec<String> = constraints
        .iter()
        .filter(|constraint| constraint.rule == ConstraintRule::PrimaryKey)
        .flat_map(|constraint| constraint.columns.clone())
        .collect();
    let mut columns: Vec<Column> =
        create.columns.iter().map(|definition| column(definition, engine)).collect();
    for column in &mut columns {
        if key.contains(&column.name) && engine != EngineKind::Sqlite {
            column.nullable = Some(false);
        }
    }
    Kind::CreateTable {
        table: name_of(&create.name),
        complete: create.query.is_none()
            && create.like.is_none()
            && create.partition_of.is_none()
            && create.inherits.is_none(),
        columns,
        constraints,
        indexes,
        from_query: create.query.as_ref().map(ToString::to_string),
        partition_of: create.partition_of.as_ref().map(name_of),
        exists_ok: create.if_not_exists,
    }
}

/// MySQL says an index where others say constraints.
pub(super) fn plain_index(constraint: &TableConstraint) -> Option<Index> {
    let (name, columns, kind) = match constraint {
        TableConstraint::Index(index) => (&index.name, &index.columns, None),
        TableConstraint::FulltextOrSpatial(index) => {
            let kind = if index.fulltext { "FULLTEXT" } else { "SPATIAL" };
            (&index.opt_index_name, &index.columns, Some(kind))
        }
        _ => return None,
    };
    Some(Index {
        name: name.as_ref().map(|name| name.value.clone()),
        columns: Some(columns.iter().map(index_column).collect()),
        unique: Some(false),
        predicate: Setting::None,
        options: kind.into_iter().map(|kind| ("index type", Setting::Is(kind.to_owned()))).collect(),
    })
}

pub(super) fn index(create: &CreateIndex) -> Kind {
    Kind::CreateIndex {
        table: name_of(&create.table_name),
        index: Index {
            name: create.name.as_ref().map(last_of),
            columns: Some(create.columns.iter().map(index_column).collect()),
            unique: Some(create.unique),
            predicate: create
                .predicate
                .as_ref()
                .map_or(Setting::None, |predicate| Setting::Is(expression(predicate))),
            options: index_options(create),
        },
        concurrently: create.concurrently,
        exists_ok: create.if_not_exists,
    }
}

pub(super) fn column(definition: &ColumnDef, engine: EngineKind) -> Column {
    let options = definition.options.iter().map(|option| &option.option);
    let mut column = with_options(&definition.name, &definition.data_type, options, engine);
    for option in &definition.options {
        if let (ColumnOption::Default(_), Some(name)) = (&option.option, &option.name) {
            column.options.insert(DEFAULT_NAME, Setting::Is(name.value.clone()));
        }
    }
    for (option, key) in definition.options.iter().filter_map(|option| match &option.option {
        ColumnOption::ForeignKey(key) => Some((option, key)),
        _ => None,
    }) {
        let name = option.name.as_ref().or(key.name.as_ref());
        let mut key = foreign_key(key, name, vec![definition.name.value.clone()]);
        key.options.insert("place", Setting::Is("column".to_owned()));
        column.foreign_keys.push(key);
    }
    column
}

/// A column as a list of options says it, without its foreign keys.
pub(super) fn with_options<'o>(
    name: &Ident,
    data_type: &DataType,
    options: impl Iterator<Item = &'o ColumnOption>,
    engine: EngineKind,
) -> Column {
    let ty = self::data_type(data_type);
    let mut column = Column {
        name: name.value.clone(),
        automatic: ty.text.contains("SERIAL"),
        nullable: Some(!ty.text.contains("SERIAL")),
        ty: Some(ty),
        ..Column::default()
    };
    for option in options {
        match option {
            ColumnOption::NotNull => column.nullable = Some(false),
            ColumnOption::Null => column.nullable = Some(true),
            ColumnOption::Default(value) => column.default = default(&expression(value)),
            ColumnOption::PrimaryKey(_) => {
                column.primary_key = true;
                if engine != EngineKind::Sqlite {
                    column.nullable = Some(false);
                }
            }
            ColumnOption::Unique(_) => column.unique = true,
            ColumnOption::Collation(name) => {
                column.options.insert("collation", Setting::Is(last_of(name)));
            }
            ColumnOption::CharacterSet(name) => {
                column.options.insert("character set", Setting::Is(last_of(name)));
            }
            ColumnOption::Invisible => {
                column.options.insert("visibility", Setting::Is("invisible".to_owned()));
            }
            ColumnOption::Srid(system) => {
                column.options.insert("reference system", Setting::Is(expression(system)));
            }
            ColumnOption::OnUpdate(value) => {
                column.options.insert("on update", Setting::Is(expression(value)));
            }
            ColumnOption::Comment(text) => column.comment = Setting::Is(format!("'{text}'")),
            ColumnOption::Generated { generation_expr: Some(value), generation_expr_mode: mode, .. } => {
                let mode =
                    if matches!(mode, Some(GeneratedExpressionMode::Stored)) { "STORED" } else { "VIRTUAL" };
                column.generated = Some(format!("{} {mode}", expression(value)));
            }
            ColumnOption::Generated { .. } | ColumnOption::Identity(_) => column.automatic = true,
            ColumnOption::DialectSpecific(tokens)
                if ["AUTO_INCREMENT", "AUTOINCREMENT"]
                    .iter()
                    .any(|word| super::words::has_word(tokens, word)) =>
            {
                column.automatic = true;
            }
            _ => {}
        }
    }
    if column.automatic {
        column.options.insert("autoincrement", Setting::Is("yes".to_owned()));
    }
    column
}

pub(super) fn default(text: &str) -> Setting {
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inner) if inner.parse::<f64>().is_ok() => Setting::Is(inner.to_owned()),
        _ if text.eq_ignore_ascii_case("null") => Setting::None,
        _ => Setting::Is(text.to_owned()),
    }
}

pub(super) fn constraint(constraint: &TableConstraint) -> Option<Constraint> {
    let word = |name: &Option<Ident>| name.as_ref().map(|name| name.value.clone());
    Some(match constraint {
        TableConstraint::Unique(unique) => Constraint {
            name: word(&unique.name).or_else(|| word(&unique.index_name)),
            rule: ConstraintRule::Unique,
            columns: unique.columns.iter().map(index_column).collect(),
            deferred: deferred(unique.characteristics.as_ref()),
            options: unique_options(unique),
        },
        TableConstraint::PrimaryKey(key) => Constraint {
            name: word(&key.name),
            rule: ConstraintRule::PrimaryKey,
            columns: key.columns.iter().map(index_column).collect(),
            deferred: deferred(key.characteristics.as_ref()),
            options: Options::new(),
        },
        TableConstraint::ForeignKey(key) => foreign_key(
            key,
            key.name.as_ref(),
            key.columns.iter().map(|column| column.value.clone()).collect(),
        ),
        TableConstraint::Check(check) => Constraint {
            name: word(&check.name),
            rule: ConstraintRule::Check { condition: Some(expression(&check.expr)) },
            columns: Vec::new(),
            deferred: String::new(),
            options: check_options(check),
        },
        TableConstraint::Exclude(exclude) => Constraint {
            name: word(&exclude.name),
            rule: ConstraintRule::Exclude,
            columns: Vec::new(),
            deferred: String::new(),
            options: Options::new(),
        },
        _ => return None,
    })
}

fn index_options(create: &CreateIndex) -> Options {
    let mut options = Options::new();
    let mut say = |option, words: Vec<String>| {
        if !words.is_empty() {
            options.insert(option, Setting::Is(words.join(", ")));
        }
    };
    say("method", create.using.iter().map(ToString::to_string).collect());
    say("included columns", create.include.iter().map(|column| column.value.clone()).collect());
    say("storage", create.with.iter().map(expression).collect());
    say(
        "operator classes",
        create
            .columns
            .iter()
            .filter_map(|column| Some(format!("{} {}", column.column.expr, column.operator_class.as_ref()?)))
            .collect(),
    );
    if create.nulls_distinct == Some(false) {
        options.insert("nulls", Setting::Is("not distinct".to_owned()));
    }
    options
}

fn unique_options(unique: &UniqueConstraint) -> Options {
    match unique.nulls_distinct {
        NullsDistinctOption::NotDistinct => {
            Options::from([("nulls", Setting::Is("not distinct".to_owned()))])
        }
        NullsDistinctOption::None | NullsDistinctOption::Distinct => Options::new(),
    }
}

fn check_options(check: &CheckConstraint) -> Options {
    let mut options = Options::new();
    if check.enforced == Some(false) {
        options.insert("enforced", Setting::Is("no".to_owned()));
    }
    if check.no_inherit {
        options.insert("inherited", Setting::Is("no".to_owned()));
    }
    options
}

fn foreign_key(key: &ForeignKeyConstraint, name: Option<&Ident>, columns: Vec<String>) -> Constraint {
    let action = |action: &Option<sqlparser::ast::ReferentialAction>| match action {
        None | Some(sqlparser::ast::ReferentialAction::NoAction) => Setting::None,
        Some(action) => Setting::Is(action.to_string()),
    };
    Constraint {
        name: name.map(|name| name.value.clone()),
        columns,
        deferred: deferred(key.characteristics.as_ref()),
        options: Options::new(),
        rule: ConstraintRule::ForeignKey {
            table: Some(name_of(&key.foreign_table)),
            columns: key.referred_columns.iter().map(|column| column.value.clone()).collect(),
            on_delete: action(&key.on_delete),
            on_update: action(&key.on_update),
        },
    }
}

fn index_column(column: &IndexColumn) -> String {
    let text = column.column.to_string();
    // A name is compared with those of `op.create_index`, which have no quotes.
    match &column.column.expr {
        sqlparser::ast::Expr::Identifier(name) => text.replacen(&name.to_string(), &name.value, 1),
        _ => text,
    }
}

/// A type in one spelling.
pub(super) fn data_type(ty: &DataType) -> Type {
    let upper = match ty.to_string() {
        // Labels have a case.
        text if text.contains('\'') => text,
        text => text.to_uppercase(),
    };
    let (word, rest) = upper.find('(').map_or((upper.as_str(), ""), |at| upper.split_at(at));
    let word = match word.trim() {
        "INT" | "INT4" => "INTEGER",
        "INT8" => "BIGINT",
        "INT2" => "SMALLINT",
        "CHARACTER VARYING" | "VARCHAR2" | "CHAR VARYING" => "VARCHAR",
        "CHARACTER" => "CHAR",
        "DECIMAL" | "DEC" => "NUMERIC",
        "BOOL" => "BOOLEAN",
        "TIMESTAMP WITHOUT TIME ZONE" => "TIMESTAMP",
        "TIMESTAMPTZ" => "TIMESTAMP WITH TIME ZONE",
        "BYTEA" => "BLOB",
        other => other,
    };
    let rest = rest.replace(", ", ",").replace(',', ", ");
    Type { text: format!("{word}{rest}"), enum_name: None, makes_enum: false, collated: false }
}

fn deferred(characteristics: Option<&ConstraintCharacteristics>) -> String {
    match characteristics {
        Some(ConstraintCharacteristics {
            deferrable: Some(true),
            initially: Some(DeferrableInitial::Deferred),
            ..
        }) => "deferrable initially deferred".to_owned(),
        Some(ConstraintCharacteristics { deferrable: Some(true), .. }) => "deferrable".to_owned(),
        _ => String::new(),
    }
}

/// What a view is, with whose rights and how it is read.
pub(super) fn view(view: &CreateView) -> String {
    let mut text = view.query.to_string();
    if !matches!(view.options, CreateTableOptions::None) {
        text.push_str(&format!(" {}", view.options));
    }
    if let Some(security) = view.params.as_ref().and_then(|params| params.security.as_ref()) {
        text.push_str(&format!(" with security {security}"));
    }
    text
}
