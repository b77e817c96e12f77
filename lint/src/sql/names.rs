//! Names that stand alone and without quotes, where a name must stand: a reserved word is a mistake there.

use sqlparser::ast::{
    AlterTableOperation, AssignmentTarget, Expr, FromTable, Ident, IndexColumn, ObjectName,
    RenameTableNameKind, Statement, TableConstraint, TableFactor, TableObject, TableWithJoins,
};

use crate::python::HOLE;

/// Such names of a statement.
pub(super) fn bare(statement: &Statement) -> Vec<String> {
    let mut names = Bare(Vec::new());
    names.of(statement);
    names.0.retain(|name| !name.contains(HOLE));
    names.0
}

struct Bare(Vec<String>);

impl Bare {
    fn of(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(table) => {
                self.name(&table.name);
                for column in &table.columns {
                    self.ident(&column.name);
                }
                for constraint in &table.constraints {
                    self.constraint(constraint);
                }
            }
            Statement::CreateIndex(index) => {
                if let Some(name) = &index.name {
                    self.name(name);
                }
                self.name(&index.table_name);
                self.keys(&index.columns);
            }
            Statement::AlterTable(alter) => {
                self.name(&alter.name);
                for operation in &alter.operations {
                    self.change(operation);
                }
            }
            Statement::RenameTable(renames) => {
                for rename in renames {
                    self.name(&rename.old_name);
                    self.name(&rename.new_name);
                }
            }
            Statement::Drop { names, .. } => {
                for name in names {
                    self.name(name);
                }
            }
            Statement::Insert(insert) => {
                if let TableObject::TableName(name) = &insert.table {
                    self.name(name);
                }
                for column in &insert.columns {
                    self.name(column);
                }
            }
            Statement::Update(update) => {
                self.table(&update.table);
                for assignment in &update.assignments {
                    if let AssignmentTarget::ColumnName(name) = &assignment.target {
                        self.name(name);
                    }
                }
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
                for table in from {
                    self.table(table);
                }
            }
            Statement::CreateView(view) => self.name(&view.name),
            _ => {}
        }
    }

    fn change(&mut self, operation: &AlterTableOperation) {
        match operation {
            AlterTableOperation::AddColumn { column_def, .. } => self.ident(&column_def.name),
            AlterTableOperation::AddConstraint { constraint, .. } => self.constraint(constraint),
            AlterTableOperation::DropColumn { has_column_keyword: true, column_names, .. } => {
                for name in column_names {
                    self.ident(name);
                }
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                self.ident(old_column_name);
                self.ident(new_column_name);
            }
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::As(to) | RenameTableNameKind::To(to),
            } => self.name(to),
            AlterTableOperation::ModifyColumn { col_name, .. } => self.ident(col_name),
            AlterTableOperation::ChangeColumn { old_name, new_name, .. } => {
                self.ident(old_name);
                self.ident(new_name);
            }
            AlterTableOperation::AlterColumn { column_name, .. } => self.ident(column_name),
            _ => {}
        }
    }

    fn constraint(&mut self, constraint: &TableConstraint) {
        match constraint {
            TableConstraint::Unique(unique) => self.keys(&unique.columns),
            TableConstraint::PrimaryKey(key) => self.keys(&key.columns),
            TableConstraint::ForeignKey(key) => {
                self.name(&key.foreign_table);
                for column in key.columns.iter().chain(&key.referred_columns) {
                    self.ident(column);
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, columns: &[IndexColumn]) {
        for column in columns {
            if let Expr::Identifier(name) = &column.column.expr {
                self.ident(name);
            }
        }
    }

    /// A table with a name of its own beside it may be a modifier that the parser does not know (`UPDATE LOW_PRIORITY t`).
    fn table(&mut self, table: &TableWithJoins) {
        if let TableFactor::Table { name, alias: None, .. } = &table.relation {
            self.name(name);
        }
    }

    /// Behind a schema any word is a name.
    fn name(&mut self, name: &ObjectName) {
        if let [part] = name.0.as_slice()
            && let Some(name) = part.as_ident()
        {
            self.ident(name);
        }
    }

    fn ident(&mut self, name: &Ident) {
        if name.quote_style.is_none() {
            self.0.push(name.value.clone());
        }
    }
}
