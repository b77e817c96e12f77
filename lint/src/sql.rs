//! SQL as operations, by a parser of the engine's dialect. What does not parse is known by its first words, or is raw.

mod alter;
mod create;
mod definition;
mod extras;
mod head;
mod names;
mod oracle;
mod phrase;
mod settings;
mod words;

use mrt_chain::settings::EngineKind;
use sqlparser::ast::{
    self, Assignment, AssignmentTarget, BinaryOperator, Expr, FromTable, Ident, ObjectName, ObjectType,
    SetExpr, TableFactor, TableObject, TableWithJoins, UnaryOperator, Value,
};
use sqlparser::dialect::{
    Dialect, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, SQLiteDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

pub(crate) use words::{mentions, names, normal};

use crate::operation::{Assigned, Kind, ObjectKind, Said};
use crate::python::HOLE;
use crate::undo::Object;

/// Longer texts are known by their first words alone: what is built of them is as deep as they are long.
const LONGEST: usize = 64 << 10;

/// One statement.
#[derive(Default)]
pub(crate) struct Statement {
    /// What it does: nothing, one thing or several.
    pub(crate) kinds: Vec<Kind>,
    /// What it says besides.
    pub(crate) said: Said,
    /// It ends a transaction, or begins one (`false`).
    pub(crate) commits: Option<bool>,
    /// Its first words, where it is refused inside of a transaction.
    pub(crate) alone: Option<String>,
}

impl Statement {
    /// What it does, thing by thing; its names and texts go with the first.
    pub(crate) fn into_said(self) -> impl Iterator<Item = (Kind, Said)> {
        let if_table_exists = self.said.if_table_exists;
        let mut said = self.said;
        let rest = move || Said { if_table_exists, ..Said::default() };
        self.kinds.into_iter().map(move |kind| (kind, std::mem::replace(&mut said, rest())))
    }
}

/// What a text of SQL does, statement by statement.
pub(crate) fn read(text: &str, engine: EngineKind) -> Vec<Statement> {
    let dialect = dialect(engine);
    let Some(tokens) = (text.len() <= LONGEST).then(|| tokens(text, &*dialect, engine)).flatten() else {
        let mut kinds = Vec::new();
        let words: Vec<Token> =
            text.split_whitespace().take(8).map(|word| Token::make_word(word, None)).collect();
        head::read(&words, text, &mut kinds);
        return vec![Statement { kinds, ..Statement::default() }];
    };
    let mut out = Vec::new();
    let statements = head::statements(&tokens, engine);
    for statement in statements.into_iter().filter(|statement| head::first_word(statement).is_some()) {
        let plain = if engine == EngineKind::Oracle { oracle::without_parentheses(statement) } else { None };
        let statement = plain.as_deref().unwrap_or(statement);
        let mut kinds = Vec::new();
        let bare = statement_of(statement, &*dialect, engine, &mut kinds);
        let if_table_exists = head::begins_with(statement, &["ALTER", "TABLE", "IF", "EXISTS"]);
        let said = Said { bare, texts: words::texts(statement), if_table_exists, ..Said::default() };
        kinds.retain(|kind| !words::is_quiet(kind));
        for kind in &mut kinds {
            if words::has_hole(kind) {
                *kind = Kind::Raw { sql: shown(text) };
            }
        }
        let commits = match head::first_word(statement).as_deref() {
            Some("COMMIT" | "END") => Some(true),
            Some("BEGIN" | "START") if statements_are_short(statement) => Some(false),
            _ => None,
        };
        let alone = head::wants_no_transaction(statement, engine);
        out.push(Statement { kinds, said, commits, alone });
    }
    out
}

/// Reads one statement; the answer is the names that stand in it without quotes, as far as it parses.
fn statement_of(
    statement: &[Token],
    dialect: &dyn Dialect,
    engine: EngineKind,
    out: &mut Vec<Kind>,
) -> Vec<String> {
    let parse = |tokens: &[Token]| Parser::new(dialect).with_tokens(tokens.to_vec()).parse_statements();
    if let Some(parts) = alter::apart(statement, engine) {
        return parts.iter().flat_map(|part| statement_of(part, dialect, engine, out)).collect();
    }
    if let Ok([parsed]) = parse(statement).as_deref() {
        of(parsed, statement, engine, out);
        return names::bare(parsed);
    }
    if let Some(plain) = extras::without(statement)
        && let Ok([parsed]) = parse(&plain.tokens).as_deref()
    {
        let from = out.len();
        of(parsed, statement, engine, out);
        plain.add_to(&mut out[from..]);
        return names::bare(parsed);
    }
    if engine == EngineKind::SqlServer
        && let Some(modified) = alter::as_modify(statement)
        && let Ok([ast::Statement::AlterTable(parsed)]) =
            Parser::new(&MySqlDialect {}).with_tokens(modified).parse_statements().as_deref()
    {
        alter::table(parsed, engine, statement, out);
        return Vec::new();
    }
    match settings::read(statement) {
        Some(kinds) => out.extend(kinds),
        None => head::read(statement, &text_of(statement), out),
    }
    Vec::new()
}

/// `BEGIN` alone, and no block of statements.
fn statements_are_short(tokens: &[Token]) -> bool {
    tokens.iter().filter(|token| matches!(token, Token::Word(_))).count() <= 2
}

fn dialect(engine: EngineKind) -> Box<dyn Dialect> {
    match engine {
        EngineKind::Sqlite => Box::new(SQLiteDialect {}),
        EngineKind::Postgres => Box::new(PostgreSqlDialect {}),
        EngineKind::MySql | EngineKind::MariaDb => Box::new(MySqlDialect {}),
        EngineKind::SqlServer => Box::new(MsSqlDialect {}),
        EngineKind::Oracle => Box::new(OracleDialect {}),
    }
}

/// The tokens of a text. PostgreSQL makes small letters of names without quotes.
fn tokens(text: &str, dialect: &dyn Dialect, engine: EngineKind) -> Option<Vec<Token>> {
    let mut tokens = Tokenizer::new(dialect, text).tokenize().ok()?;
    if engine == EngineKind::Postgres {
        for token in &mut tokens {
            if let Token::Word(word) = token
                && word.quote_style.is_none()
                && (word.keyword == Keyword::NoKeyword || is_mixed(&word.value))
            {
                word.value = word.value.to_lowercase();
            }
        }
    }
    Some(tokens)
}

/// Nobody writes words of SQL in both cases, but names.
fn is_mixed(word: &str) -> bool {
    word.contains(char::is_lowercase) && word.contains(char::is_uppercase)
}

fn text_of(tokens: &[Token]) -> String {
    tokens.iter().map(ToString::to_string).collect::<String>().trim().to_owned()
}

/// Raw SQL as people see it: one line, not too long.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(HOLE, "…");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn of(statement: &ast::Statement, tokens: &[Token], engine: EngineKind, out: &mut Vec<Kind>) {
    let kind = match statement {
        ast::Statement::CreateTable(table) => {
            let made = create::table(table, engine);
            out.push(made);
            let options = definition::of_table(tokens);
            if !options.is_empty() {
                out.push(Kind::Set { object: Object::table(&name_of(&table.name)), options });
            }
            return;
        }
        ast::Statement::CreateVirtualTable { name, if_not_exists, .. } => {
            head::table(name_of(name), *if_not_exists)
        }
        ast::Statement::CreateIndex(index) => create::index(index),
        ast::Statement::AlterTable(alter) => {
            alter::table(alter, engine, tokens, out);
            return;
        }
        ast::Statement::AlterIndex { name, operation } => {
            let sqlparser::ast::AlterIndexOperation::RenameIndex { index_name } = operation;
            Kind::Rename {
                object: ObjectKind::Index,
                from: last_of(name),
                to: last_of(index_name),
                table: None,
            }
        }
        ast::Statement::AlterType(alter) => alter::ty(alter),
        ast::Statement::RenameTable(renames) => {
            out.extend(renames.iter().map(|rename| Kind::RenameTable {
                from: name_of(&rename.old_name),
                to: name_of(&rename.new_name),
            }));
            return;
        }
        ast::Statement::Drop { object_type, if_exists, names, cascade, table, .. } => {
            let missing_ok = *if_exists;
            out.extend(names.iter().map(|name| {
                let object = match object_type {
                    ObjectType::Table => {
                        // Tables that go together may refer to each other.
                        let cascade = *cascade || names.len() > 1;
                        return Kind::DropTable { table: name_of(name), cascade, missing_ok };
                    }
                    ObjectType::Index => {
                        return Kind::DropIndex {
                            name: last_of(name),
                            table: table.as_ref().map(name_of),
                            concurrently: words::has_word(tokens, "CONCURRENTLY"),
                            missing_ok,
                        };
                    }
                    ObjectType::View | ObjectType::MaterializedView => ObjectKind::View,
                    ObjectType::Schema => ObjectKind::Schema,
                    ObjectType::Sequence => ObjectKind::Sequence,
                    ObjectType::Type => ObjectKind::Type,
                    ObjectType::Role | ObjectType::User => ObjectKind::Role,
                    _ => return Kind::Raw { sql: shown(&text_of(tokens)) },
                };
                Kind::Drop { object, name: name_of(name), table: None, missing_ok, cascade: *cascade }
            }));
            return;
        }
        ast::Statement::Insert(insert) => match &insert.table {
            TableObject::TableName(name) => Kind::Insert {
                table: name_of(name),
                columns: insert.columns.iter().map(last_of).collect(),
                sources: insert
                    .source
                    .as_ref()
                    .filter(|query| !matches!(*query.body, SetExpr::Values(_)))
                    .map(|query| words::of_text(&query.to_string()))
                    .unwrap_or_default(),
                bulk: false,
                lenient: insert.ignore || insert.or.is_some() || insert.on.is_some() || insert.replace_into,
            },
            _ => Kind::Raw { sql: shown(&text_of(tokens)) },
        },
        ast::Statement::Update(update) => match table_of(&update.table) {
            Some(table) => Kind::Update {
                table,
                columns: update
                    .assignments
                    .iter()
                    .flat_map(|assignment| match &assignment.target {
                        AssignmentTarget::ColumnName(name) => vec![last_of(name)],
                        AssignmentTarget::Tuple(names) => names.iter().map(last_of).collect(),
                    })
                    .collect(),
                reads: {
                    let values = update.assignments.iter().map(|assignment| assignment.value.to_string());
                    let mut reads: Vec<String> = values.flat_map(|value| words::of_text(&value)).collect();
                    reads.extend(update.from.iter().flat_map(words::of_from));
                    reads
                },
                values: update.assignments.iter().filter_map(assigned).collect(),
                whole: update.selection.is_none(),
            },
            None => Kind::Raw { sql: shown(&text_of(tokens)) },
        },
        ast::Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            match from.first().and_then(table_of) {
                Some(table) => {
                    Kind::Delete { table, whole: delete.selection.is_none() && delete.using.is_none() }
                }
                None => Kind::Raw { sql: shown(&text_of(tokens)) },
            }
        }
        ast::Statement::Truncate(truncate) => {
            out.extend(
                truncate.table_names.iter().map(|target| Kind::Truncate { table: name_of(&target.name) }),
            );
            return;
        }
        ast::Statement::Query(_) => {
            if let Some(kind) = head::query(tokens) {
                out.push(kind);
            }
            return;
        }
        ast::Statement::CreateView(view) => Kind::Create {
            object: ObjectKind::View,
            name: name_of(&view.name),
            table: None,
            definition: Some(create::view(view)),
            replaces: view.or_replace || view.or_alter,
            exists_ok: view.if_not_exists,
        },
        ast::Statement::CreateType { name, representation } => Kind::Create {
            object: ObjectKind::Type,
            name: name_of(name),
            table: None,
            definition: representation.as_ref().map(ToString::to_string),
            replaces: false,
            exists_ok: false,
        },
        _ => {
            match settings::read(tokens) {
                Some(kinds) => out.extend(kinds),
                None => head::read(tokens, &text_of(tokens), out),
            }
            return;
        }
    };
    out.push(kind);
}

/// `schema.table`, without quotes.
pub(crate) fn name_of(name: &ObjectName) -> String {
    let parts: Vec<&str> =
        name.0.iter().filter_map(|part| part.as_ident()).map(|ident: &Ident| ident.value.as_str()).collect();
    match parts.as_slice() {
        ["public" | "dbo" | "main", name] => (*name).to_owned(),
        parts => parts.join("."),
    }
}

fn last_of(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
}

fn table_of(table: &TableWithJoins) -> Option<String> {
    match &table.relation {
        TableFactor::Table { name, .. } => Some(name_of(name)),
        _ => None,
    }
}

/// A column, and what it becomes.
fn assigned(assignment: &Assignment) -> Option<(String, Assigned)> {
    let AssignmentTarget::ColumnName(name) = &assignment.target else { return None };
    let column = last_of(name);
    let literal = |value: &Expr| match value {
        Expr::Value(value) => Some(match &value.value {
            Value::Null => None,
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }),
        _ => None,
    };
    let name_of_column = |value: &Expr| match value {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        _ => None,
    };
    let is_own = |value: &Expr| name_of_column(value).is_some_and(|name| name.eq_ignore_ascii_case(&column));
    let is_number = |value: &Expr| literal(value).flatten().is_some_and(|text| text.parse::<f64>().is_ok());
    let value = match &assignment.value {
        Expr::Nested(inner) => inner,
        other => other,
    };
    let assigned = match value {
        Expr::BinaryOp {
            left,
            op:
                BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide,
            right,
        } if (is_own(left) && is_number(right)) || (is_number(left) && is_own(right)) => Assigned::Arithmetic,
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
            name_of_column(expr).map_or(Assigned::Other, Assigned::Column)
        }
        value => match (literal(value), name_of_column(value)) {
            (Some(text), _) => Assigned::Literal(text),
            (None, Some(name)) => Assigned::Column(name),
            (None, None) => Assigned::Other,
        },
    };
    Some((column, assigned))
}

fn expression(expression: &Expr) -> String {
    expression.to_string()
}
