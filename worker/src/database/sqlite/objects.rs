//! Makes the catalog of what was read: no I/O in here.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{ColumnFacts, Entry, Schema, TableFacts, TableKind};
use super::ddl;
use super::definition::{Body, ColumnText, Constraint, Reference, TableText, Term};
use super::normal::{self, Scope};
use super::token::{Token, tokens};
use super::types::{self, Affinity};
use crate::database::catalog::{
    Attributes, COLUMN_ORDER, Catalog, Check, Code, Column, ForeignKey, ObjectKey, ObjectKind, Table,
    TableName, Unique,
};

/// The catalog of a schema.
pub(super) fn build(schema: &Schema) -> Catalog {
    let mut builder = Builder::new(schema);
    let versions = [("user_version", schema.user_version), ("application_id", schema.application_id)];
    let versions = versions.map(|(name, value)| (name, value.to_string()));
    builder.add(None, ObjectKind::Database, "main", versions.into());
    for table in &schema.tables {
        builder.table(table);
    }
    for index in &schema.indexes {
        builder.index(index);
    }
    for view in &schema.views {
        builder.view(view);
    }
    for trigger in &schema.triggers {
        builder.trigger(trigger);
    }
    builder.finish()
}

struct Builder<'a> {
    schema: &'a Schema,
    /// By lower-cased name.
    tables: BTreeMap<String, &'a TableFacts>,
    /// Lower-cased names of all tables, views and columns.
    names: BTreeSet<String>,
    objects: Vec<(ObjectKey, Attributes)>,
    catalog: Catalog,
}

impl<'a> Builder<'a> {
    fn new(schema: &'a Schema) -> Self {
        let columns = schema.tables.iter().flat_map(|table| &table.columns).map(|column| &column.name);
        let tables = schema.tables.iter().map(|table| &table.name);
        let views = schema.views.iter().map(|view| &view.name);
        let names = columns.chain(tables).chain(views).chain(schema.view_columns.values().flatten());
        let everywhere = ["new", "old", "excluded", "rowid", "main"].map(str::to_owned);
        let names = names.map(|name| name.to_ascii_lowercase()).chain(everywhere).collect();
        let tables = schema.tables.iter().map(|table| (table.name.to_ascii_lowercase(), table)).collect();
        Self { schema, tables, names, objects: Vec::new(), catalog: Catalog::default() }
    }

    fn add(&mut self, owner: Option<&str>, kind: ObjectKind, path: &str, attributes: Attributes) {
        let key = ObjectKey { owner: owner.map(str::to_owned), kind, path: path.to_owned() };
        self.objects.push((key, attributes));
    }

    /// Two constraints without names can play the same role; they are told apart by number, in a fixed order.
    fn finish(mut self) -> Catalog {
        self.objects.sort();
        for (key, attributes) in self.objects {
            let mut unique = key.clone();
            for number in 2.. {
                if !self.catalog.objects.contains_key(&unique) {
                    break;
                }
                unique.path = format!("{} #{number}", key.path);
            }
            self.catalog.objects.insert(unique, attributes);
        }
        // A table that was rebuilt has its constraints in another order, and must be seeded alike.
        for table in self.catalog.tables.values_mut() {
            table.uniques.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
            table
                .foreign_keys
                .sort_by(|a, b| (&a.columns, &a.parent, &a.name).cmp(&(&b.columns, &b.parent, &b.name)));
            table.checks.sort_by(|a, b| (&a.name, &a.condition).cmp(&(&b.name, &b.condition)));
        }
        self.catalog
    }

    fn stored_table(&self, name: &str) -> Option<&'a TableFacts> {
        self.tables.get(&name.to_ascii_lowercase()).copied()
    }

    /// The normal form of text that can name anything in the schema.
    fn free_text(&self, tokens: &[Token]) -> String {
        normal::text(tokens, Scope::Schema { names: &self.names, own: &normal::own_names(tokens) })
    }

    fn table(&mut self, table: &TableFacts) {
        let mut attributes = Attributes::new();
        match &table.kind {
            TableKind::Shadow { of } => {
                self.add(of.as_deref(), ObjectKind::Table, &table.name, attributes);
            }
            TableKind::Virtual => {
                let module = ddl::after_name(&table.sql);
                attributes.insert("definition", self.free_text(&module));
                self.add(None, ObjectKind::Table, &table.name, attributes);
                // An index over another table's rows holds none of its own.
                let elsewhere =
                    module.windows(2).any(|two| two[0].is_word("content") && two[1].is_symbol("="));
                if !table.columns.is_empty() && !elsewhere {
                    self.insert_table(&Shape::new(table, None, &[]));
                }
            }
            TableKind::Read(text) => {
                if text.strict {
                    attributes.insert("strict", "yes".to_owned());
                }
                if text.without_rowid {
                    attributes.insert("without rowid", "yes".to_owned());
                }
                self.base_table(&Shape::new(table, Some(text), &text.constraints), attributes);
            }
            TableKind::Unread(constraints) => {
                attributes.insert("definition", self.free_text(&ddl::after_name(&table.sql)));
                self.base_table(&Shape::new(table, None, constraints), attributes);
            }
        }
    }

    fn base_table(&mut self, shape: &Shape<'_>, mut attributes: Attributes) {
        attributes.insert(COLUMN_ORDER, shape.names.join(", "));
        self.add(None, ObjectKind::Table, shape.name, attributes);
        for column in shape.columns {
            let path = format!("{}.{}", shape.name, column.name);
            self.add(Some(shape.name), ObjectKind::Column, &path, shape.column_attributes(column));
        }
        for constraint in shape.constraints {
            let (kind, role, attributes) = self.constraint(shape, constraint);
            let path = format!("{}.{}", shape.name, constraint.name.as_deref().unwrap_or(&role));
            self.add(Some(shape.name), kind, &path, attributes);
        }
        self.insert_table(shape);
    }

    /// What a constraint is, and the name that it goes by if it has none.
    fn constraint(&self, shape: &Shape<'_>, constraint: &Constraint) -> (ObjectKind, String, Attributes) {
        let mut attributes = Attributes::new();
        if let Some(resolution) = &constraint.on_conflict {
            attributes.insert("on conflict", resolution.clone());
        }
        let (kind, role) = match &constraint.body {
            Body::PrimaryKey { terms, autoincrement, .. } => {
                attributes.insert("columns", shape.terms(terms));
                if *autoincrement {
                    attributes.insert("autoincrement", "yes".to_owned());
                }
                if shape.rowid_alias.is_some() {
                    attributes.insert("rowid alias", "yes".to_owned());
                }
                (ObjectKind::PrimaryKey, "primary key".to_owned())
            }
            Body::Unique { terms } => {
                let columns = shape.terms(terms);
                attributes.insert("columns", columns);
                (ObjectKind::Unique, shape.unique_role(terms))
            }
            Body::Check { condition } => {
                let condition = normal::expression(condition, shape.scope());
                let role = format!("check({condition})");
                attributes.insert("condition", condition);
                (ObjectKind::Check, role)
            }
            Body::ForeignKey(reference) => {
                let (parent, parent_columns) = self.parent(reference);
                let columns = shape.stored_names(&reference.columns).join(", ");
                attributes.insert(
                    "references",
                    match parent_columns.as_slice() {
                        [] => parent,
                        columns => format!("{parent}({})", columns.join(", ")),
                    },
                );
                let action = |action: &Option<String>| action.clone().unwrap_or("NO ACTION".to_owned());
                attributes.insert("on delete", action(&reference.on_delete));
                attributes.insert("on update", action(&reference.on_update));
                attributes.extend(reference.matching.clone().map(|matching| ("match", matching)));
                if reference.deferrable {
                    let initially = if reference.initially_deferred { "deferred" } else { "immediate" };
                    attributes.insert("deferrable", format!("initially {initially}"));
                }
                let role = format!("foreign key({columns})");
                attributes.insert("columns", columns);
                (ObjectKind::ForeignKey, role)
            }
        };
        (kind, role, attributes)
    }

    /// The referenced table and columns in their stored spelling; without columns it is the parent's primary key.
    fn parent(&self, reference: &Reference) -> (String, Vec<String>) {
        let Some(parent) = self.stored_table(&reference.parent) else {
            return (reference.parent.clone(), reference.parent_columns.clone());
        };
        let columns = if reference.parent_columns.is_empty() {
            key_columns(parent)
        } else {
            let stored = |name: &String| {
                let own = parent.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
                own.map_or(name, |column| &column.name).clone()
            };
            reference.parent_columns.iter().map(stored).collect()
        };
        (parent.name.clone(), columns)
    }

    fn insert_table(&mut self, shape: &Shape<'_>) {
        let mut table = Table {
            columns: shape.typed_columns(),
            primary_key: key_columns(shape.facts),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        };
        for constraint in shape.constraints {
            let name = constraint.name.clone();
            match &constraint.body {
                Body::PrimaryKey { .. } => {}
                Body::Unique { terms } => table.uniques.push(Unique {
                    name: name.unwrap_or_else(|| shape.unique_role(terms)),
                    columns: shape.read_by(terms),
                    plain: true,
                    nulls_equal: false,
                }),
                Body::Check { condition } => table.checks.push(Check {
                    name,
                    condition: normal::expression(condition, shape.scope()),
                    columns: normal::columns_read(condition, &shape.names),
                }),
                Body::ForeignKey(reference) => {
                    let (parent, parent_columns) = self.parent(reference);
                    let acts = |action: &String| matches!(&**action, "CASCADE" | "SET NULL" | "SET DEFAULT");
                    table.foreign_keys.push(ForeignKey {
                        name,
                        columns: shape.stored_names(&reference.columns),
                        parent: table_name(&parent),
                        parent_columns,
                        acts_on_delete: reference.on_delete.as_ref().is_some_and(acts),
                        // Whatever was declared: a pragma defers all of them.
                        deferrable: true,
                    });
                }
            }
        }
        self.catalog.tables.insert(table_name(shape.name), table);
    }

    fn index(&mut self, entry: &Entry) {
        let table = self.stored_table(&entry.table);
        let owner = table.map_or(entry.table.as_str(), |table| &table.name);
        let path = format!("{owner}.{}", entry.name);
        let mut attributes = Attributes::new();
        let (Some(table), Some(index)) = (table, ddl::index(&entry.sql)) else {
            attributes.insert("definition", self.free_text(&ddl::after_name(&entry.sql)));
            self.add(Some(owner), ObjectKind::Index, &path, attributes);
            return;
        };
        let text = if let TableKind::Read(text) = &table.kind { Some(text) } else { None };
        let shape = Shape::new(table, text, &[]);
        attributes.insert("columns", shape.terms(&index.terms));
        attributes.insert("unique", if index.unique { "yes" } else { "no" }.to_owned());
        if let Some(predicate) = &index.predicate {
            attributes.insert("where", normal::expression(predicate, shape.scope()));
        }
        self.add(Some(owner), ObjectKind::Index, &path, attributes);

        if index.unique
            && let Some(typed) = self.catalog.tables.get_mut(&table_name(owner))
        {
            let only_columns = index.terms.iter().all(|term| shape.column_of(term).is_some());
            typed.uniques.push(Unique {
                name: entry.name.clone(),
                columns: shape.read_by(&index.terms),
                plain: only_columns && index.predicate.is_none(),
                nulls_equal: false,
            });
        }
    }

    fn view(&mut self, view: &Entry) {
        let definition = self.free_text(&ddl::after_name(&view.sql));
        let mut attributes = Attributes::from([("definition", definition)]);
        if let Some(columns) = self.schema.view_columns.get(&view.name) {
            attributes.insert("columns", columns.join(", "));
        }
        self.add(None, ObjectKind::View, &view.name, attributes);
        self.code(ObjectKind::View, view, None);
    }

    fn trigger(&mut self, trigger: &Entry) {
        let view = self.schema.views.iter().find(|view| view.name.eq_ignore_ascii_case(&trigger.table));
        let stored =
            self.stored_table(&trigger.table).map(|table| &table.name).or(view.map(|view| &view.name));
        let owner = stored.unwrap_or(&trigger.table).clone();
        let definition = self.free_text(&ddl::trigger(&trigger.sql));
        let path = format!("{owner}.{}", trigger.name);
        self.add(Some(&owner), ObjectKind::Trigger, &path, Attributes::from([("definition", definition)]));
        self.code(ObjectKind::Trigger, trigger, Some(table_name(&owner)));
    }

    fn code(&mut self, kind: ObjectKind, entry: &Entry, table: Option<TableName>) {
        let (name, body) = (entry.name.clone(), entry.sql.clone());
        self.catalog.code.push(Code { kind, name, table, body });
    }
}

fn table_name(name: &str) -> TableName {
    TableName { schema: None, name: name.to_owned() }
}

fn key_columns(table: &TableFacts) -> Vec<String> {
    let mut key: Vec<_> = table.columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    key.into_iter().map(|column| column.name.clone()).collect()
}

/// A table with everything that its parts need to know of it.
struct Shape<'a> {
    facts: &'a TableFacts,
    name: &'a str,
    columns: &'a [ColumnFacts],
    names: Vec<String>,
    text: Option<&'a TableText>,
    constraints: &'a [Constraint],
    /// The column that is the rowid by another name.
    rowid_alias: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn new(facts: &'a TableFacts, text: Option<&'a TableText>, constraints: &'a [Constraint]) -> Self {
        let without_rowid = text.is_some_and(|text| text.without_rowid);
        let rowid_alias = constraints.iter().find_map(|constraint| match &constraint.body {
            Body::PrimaryKey { terms, column_desc: false, .. } if !without_rowid => match terms.as_slice() {
                [one] => facts.columns.iter().find(|column| {
                    one.name().is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
                        && column.declared.eq_ignore_ascii_case("INTEGER")
                }),
                _ => None,
            },
            _ => None,
        });
        Self {
            facts,
            name: &facts.name,
            columns: &facts.columns,
            names: facts.columns.iter().map(|column| column.name.clone()).collect(),
            text,
            constraints,
            rowid_alias: rowid_alias.map(|column| column.name.as_str()),
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope::Row { table: self.name, columns: &self.names }
    }

    fn text_of(&self, column: &str) -> Option<&'a ColumnText> {
        self.text?.columns.iter().find(|text| text.name.eq_ignore_ascii_case(column))
    }

    fn stored_names(&self, names: &[String]) -> Vec<String> {
        let stored = |name: &String| {
            let own = self.names.iter().find(|own| own.eq_ignore_ascii_case(name));
            own.unwrap_or(name).clone()
        };
        names.iter().map(stored).collect()
    }

    /// The column that a term is, in its stored spelling.
    fn column_of(&self, term: &Term) -> Option<&String> {
        let name = term.name()?;
        self.names.iter().find(|own| own.eq_ignore_ascii_case(name))
    }

    /// The columns that a key reads, each once.
    fn read_by(&self, terms: &[Term]) -> Vec<String> {
        let mut read = Vec::new();
        for term in terms {
            let columns = match self.column_of(term) {
                Some(column) => vec![column.clone()],
                None => normal::columns_read(&term.expression, &self.names),
            };
            read.extend(columns.into_iter().filter(|column| !read.contains(column)).collect::<Vec<_>>());
        }
        read
    }

    fn unique_role(&self, terms: &[Term]) -> String {
        format!("unique({})", self.read_by(terms).join(", "))
    }

    /// A key in its normal form; a collation is said where it is not the column's own.
    fn terms(&self, terms: &[Term]) -> String {
        let term = |term: &Term| {
            let (mut out, own) = match self.column_of(term) {
                Some(column) => {
                    let own = self.text_of(column).and_then(|text| text.collation.as_deref());
                    (column.clone(), Some(own.unwrap_or("BINARY")))
                }
                None => (normal::expression(&term.expression, self.scope()), None),
            };
            if let Some(collation) = term.collation.as_deref().filter(|collation| own != Some(*collation)) {
                out.push_str(&format!(" collate {collation}"));
            }
            if term.desc {
                out.push_str(" desc");
            }
            out
        };
        terms.iter().map(term).collect::<Vec<_>>().join(", ")
    }

    fn default(&self, column: &ColumnFacts) -> Option<String> {
        let any = column.declared.eq_ignore_ascii_case("ANY") && self.text.is_some_and(|text| text.strict);
        let affinity = if any { Affinity::Blob } else { Affinity::of(&column.declared) };
        normal::default(&tokens(column.default.as_ref()?), affinity)
    }

    fn is_rowid(&self, column: &ColumnFacts) -> bool {
        self.rowid_alias == Some(&*column.name)
    }

    fn column_attributes(&self, column: &ColumnFacts) -> Attributes {
        let mut attributes = Attributes::new();
        let declared = types::comparable(&column.declared);
        if !declared.is_empty() {
            attributes.insert("type", declared);
        }
        // A rowid is never NULL, whether or not that was written.
        let not_null = column.not_null || self.is_rowid(column);
        attributes.insert("not null", if not_null { "yes" } else { "no" }.to_owned());
        if let Some(default) = self.default(column) {
            attributes.insert("default", default);
        }
        let Some(text) = self.text_of(&column.name) else { return attributes };
        if let Some(resolution) = &text.on_conflict {
            attributes.insert("on conflict", resolution.clone());
        }
        if let Some(collation) = text.collation.as_ref().filter(|collation| *collation != "BINARY") {
            attributes.insert("collation", collation.clone());
        }
        if let Some(generated) = &text.generated {
            let kind = if generated.stored { "stored" } else { "virtual" };
            let expression = normal::expression(&generated.expression, self.scope());
            attributes.insert("generated", format!("{kind}: {expression}"));
        }
        if !text.names.is_empty() {
            let names = text.names.iter().map(|(what, name)| format!("{what}: {name}"));
            attributes.insert("constraint names", names.collect::<Vec<_>>().join(", "));
        }
        attributes
    }

    fn typed_columns(&self) -> Vec<Column> {
        // Hidden columns are a virtual table's own business.
        let columns = self.columns.iter().filter(|column| column.hidden != 1);
        columns
            .map(|column| Column {
                name: column.name.clone(),
                ty: types::column_type(&column.declared),
                // SQLite allows NULL in most primary keys; nobody means it.
                nullable: !column.not_null && column.key == 0,
                default: self.default(column).and(column.default.clone()),
                generated: column.hidden > 1,
                counter: self.is_rowid(column),
                identity_always: false,
            })
            .collect()
    }
}
