//! What the catalog queries answer, as Rust values; the two views of a catalog are made of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::TableName;
use crate::database::postgres::quote::array_elements;
use crate::database::postgres::wire::Row;

/// An object's id on the server; never compared, never shown.
pub(super) type Oid = u32;

/// Takes the values of a row one after the other.
pub(super) struct Cursor(std::vec::IntoIter<Option<String>>);

impl Cursor {
    pub(super) fn new(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn option(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    pub(super) fn text(&mut self) -> String {
        self.option().unwrap_or_default()
    }

    pub(super) fn flag(&mut self) -> bool {
        self.option().as_deref() == Some("t")
    }

    /// A number; 0 where there is none, as the server itself does with ids.
    pub(super) fn number<T: std::str::FromStr + Default>(&mut self) -> T {
        self.option().and_then(|n| n.parse().ok()).unwrap_or_default()
    }

    /// A one-character code.
    pub(super) fn letter(&mut self) -> char {
        self.option().and_then(|t| t.chars().next()).unwrap_or(' ')
    }

    /// Numbers, printed as an array (`{1,2}`) or a vector (`1 2`).
    pub(super) fn numbers<T: std::str::FromStr>(&mut self) -> Vec<T> {
        let text = self.text();
        text.split(|c: char| "{}, ".contains(c)).filter_map(|n| n.parse().ok()).collect()
    }

    /// Elements of an array, sorted; `None` for NULL and for none.
    pub(super) fn elements(&mut self) -> Option<Vec<String>> {
        let mut elements = array_elements(&self.option()?);
        elements.sort();
        (!elements.is_empty()).then_some(elements)
    }

    pub(super) fn json(&mut self) -> Vec<String> {
        self.option().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }
}

/// A table, view, sequence or composite type.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: Oid,
    pub(super) name: TableName,
    pub(super) kind: char,
    pub(super) persistence: char,
    pub(super) owner: String,
    pub(super) privileges: Option<Vec<String>>,
    pub(super) options: Option<Vec<String>>,
    pub(super) row_security: bool,
    pub(super) force_row_security: bool,
    pub(super) replica_identity: char,
    pub(super) tablespace: Option<String>,
    pub(super) partition_key: Option<String>,
    pub(super) bound: Option<String>,
    pub(super) populated: bool,
    pub(super) of_type: Option<String>,
    pub(super) access_method: Oid,
    pub(super) definition: Option<String>,
    pub(super) partition_condition: Option<String>,
    /// Server and options.
    pub(super) foreign: Option<String>,
}

impl Relation {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            name: name(c.text(), c.text()),
            kind: c.letter(),
            persistence: c.letter(),
            owner: c.text(),
            privileges: c.elements(),
            options: c.elements(),
            row_security: c.flag(),
            force_row_security: c.flag(),
            replica_identity: c.letter(),
            tablespace: c.option(),
            partition_key: c.option(),
            bound: c.option(),
            populated: c.flag(),
            of_type: c.option(),
            access_method: c.number(),
            definition: c.option(),
            partition_condition: c.option(),
            foreign: c.option(),
        }
    }

    pub(super) fn is_partition(&self) -> bool {
        self.bound.is_some()
    }
}

/// A column.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) number: i32,
    pub(super) name: String,
    pub(super) native: String,
    pub(super) ty: Oid,
    pub(super) modifier: i32,
    pub(super) not_null: bool,
    pub(super) identity: char,
    pub(super) generated: char,
    /// Where it is not the type's own.
    pub(super) collation: Oid,
    pub(super) storage: Option<String>,
    pub(super) compression: Option<String>,
    pub(super) statistics_target: Option<String>,
    pub(super) privileges: Option<Vec<String>>,
    pub(super) options: Option<Vec<String>>,
    pub(super) foreign_options: Option<Vec<String>>,
    pub(super) effective_collation: Oid,
    pub(super) default: Option<String>,
    pub(super) local: bool,
    pub(super) inherited: bool,
    /// The element type of an array type.
    pub(super) element: Oid,
}

impl Attribute {
    pub(super) fn read(row: Row) -> (Oid, Self) {
        let mut c = Cursor::new(row);
        (
            c.number(),
            Self {
                number: c.number(),
                name: c.text(),
                native: c.text(),
                ty: c.number(),
                modifier: c.number(),
                not_null: c.flag(),
                identity: c.letter(),
                generated: c.letter(),
                collation: c.number(),
                storage: c.option(),
                compression: c.option(),
                statistics_target: c.option(),
                privileges: c.elements(),
                options: set_by_people(c.elements()),
                foreign_options: c.elements(),
                effective_collation: c.number(),
                default: c.option(),
                local: c.flag(),
                inherited: c.flag(),
                element: c.number(),
            },
        )
    }

    pub(super) fn is_generated(&self) -> bool {
        matches!(self.generated, 's' | 'v')
    }

    pub(super) fn is_identity(&self) -> bool {
        matches!(self.identity, 'a' | 'd')
    }
}

/// A constraint of a table or a domain.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) oid: Oid,
    pub(super) name: String,
    pub(super) kind: char,
    pub(super) relation: Oid,
    pub(super) domain: Oid,
    pub(super) index: Oid,
    pub(super) deferrable: bool,
    pub(super) deferred: bool,
    pub(super) validated: bool,
    pub(super) enforced: bool,
    pub(super) local: bool,
    pub(super) no_inherit: bool,
    pub(super) parent: Oid,
    pub(super) on_update: char,
    pub(super) on_delete: char,
    pub(super) match_kind: char,
    pub(super) columns: Vec<i32>,
    pub(super) parent_columns: Vec<i32>,
    pub(super) set_columns: Vec<i32>,
    pub(super) period: bool,
    pub(super) expression: Option<String>,
}

impl Constraint {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            name: c.text(),
            kind: c.letter(),
            relation: c.number(),
            domain: c.number(),
            index: c.number(),
            deferrable: c.flag(),
            deferred: c.flag(),
            validated: c.flag(),
            enforced: c.flag(),
            local: c.flag(),
            no_inherit: c.flag(),
            parent: c.number(),
            on_update: c.letter(),
            on_delete: c.letter(),
            match_kind: c.letter(),
            columns: c.numbers(),
            parent_columns: c.numbers(),
            set_columns: c.numbers(),
            period: c.flag(),
            expression: c.option(),
        }
    }
}

/// An index.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) oid: Oid,
    pub(super) relation: Oid,
    pub(super) name: String,
    pub(super) method: Oid,
    pub(super) unique: bool,
    pub(super) primary: bool,
    pub(super) valid: bool,
    pub(super) replica_identity: bool,
    pub(super) clustered: bool,
    pub(super) nulls_equal: bool,
    pub(super) key_count: usize,
    /// Column numbers, keys first; 0 is an expression.
    pub(super) columns: Vec<i32>,
    pub(super) classes: Vec<Oid>,
    pub(super) collations: Vec<Oid>,
    /// Per key: 1 descending, 2 NULLs first.
    pub(super) order: Vec<i32>,
    pub(super) options: Option<Vec<String>>,
    pub(super) tablespace: Option<String>,
    pub(super) predicate: Option<String>,
    /// The only key that is an expression.
    pub(super) expression: Option<String>,
    /// Every key printed, when several are expressions.
    pub(super) printed: Vec<String>,
    /// The names that the server gave its columns, when one is an expression and the index's own name may come
    /// of them.
    pub(super) column_names: Vec<String>,
    /// Columns that it reads, when one key is an expression and rows must differ in it.
    pub(super) reads: Vec<i32>,
}

impl Index {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            relation: c.number(),
            name: c.text(),
            method: c.number(),
            unique: c.flag(),
            primary: c.flag(),
            valid: c.flag(),
            replica_identity: c.flag(),
            clustered: c.flag(),
            nulls_equal: c.flag(),
            key_count: c.number(),
            columns: c.numbers(),
            classes: c.numbers(),
            collations: c.numbers(),
            order: c.numbers(),
            options: c.elements(),
            tablespace: c.option(),
            predicate: c.option(),
            expression: c.option(),
            printed: c.json(),
            column_names: c.json(),
            reads: c.numbers(),
        }
    }

    pub(super) fn keys(&self) -> &[i32] {
        &self.columns[..self.key_count.min(self.columns.len())]
    }
}

/// A sequence and the column that owns it.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) ty: String,
    pub(super) start: String,
    pub(super) min: String,
    pub(super) max: String,
    pub(super) increment: String,
    pub(super) cycle: bool,
    pub(super) cache: String,
    pub(super) table: Oid,
    pub(super) column: i32,
    /// Made for an identity column.
    pub(super) identity: bool,
}

impl Sequence {
    pub(super) fn read(row: Row) -> (Oid, Self) {
        let mut c = Cursor::new(row);
        (
            c.number(),
            Self {
                ty: c.text(),
                start: c.text(),
                min: c.text(),
                max: c.text(),
                increment: c.text(),
                cycle: c.flag(),
                cache: c.text(),
                table: c.number(),
                column: c.number(),
                identity: c.letter() == 'i',
            },
        )
    }
}

/// A type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) oid: Oid,
    pub(super) name: TableName,
    pub(super) kind: char,
    pub(super) element: Oid,
    pub(super) base: Oid,
    pub(super) modifier: i32,
    pub(super) relation: Oid,
    pub(super) owner: String,
    pub(super) privileges: Option<Vec<String>>,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) base_native: Option<String>,
    pub(super) collation: Oid,
    pub(super) labels: Vec<String>,
    pub(super) range: Option<String>,
    pub(super) base_definition: Option<String>,
    /// Of a domain's base, the element type of an array type.
    pub(super) base_element: Oid,
}

impl Type {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            name: name(c.text(), c.text()),
            kind: c.letter(),
            element: c.number(),
            base: c.number(),
            modifier: c.number(),
            relation: c.number(),
            owner: c.text(),
            privileges: c.elements(),
            not_null: c.flag(),
            default: c.option(),
            base_native: c.option(),
            collation: c.number(),
            labels: c.json(),
            range: c.option(),
            base_definition: c.option(),
            base_element: c.number(),
        }
    }
}

/// A function or procedure.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) oid: Oid,
    pub(super) name: TableName,
    pub(super) arguments: String,
    pub(super) owner: String,
    pub(super) privileges: Option<Vec<String>>,
    pub(super) definition: String,
}

impl Function {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            name: name(c.text(), c.text()),
            arguments: c.text(),
            owner: c.text(),
            privileges: c.elements(),
            definition: c.text(),
        }
    }
}

/// A trigger.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) oid: Oid,
    pub(super) relation: Oid,
    pub(super) name: String,
    pub(super) enabled: char,
    pub(super) definition: String,
}

impl Trigger {
    pub(super) fn read(row: Row) -> Self {
        let mut c = Cursor::new(row);
        Self {
            oid: c.number(),
            relation: c.number(),
            name: c.text(),
            enabled: c.letter(),
            definition: c.text(),
        }
    }
}

/// Everything, extension members left out where they are objects of their own.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) members: BTreeSet<(Oid, Oid)>,
    /// By class, object and column (0 for the object itself).
    pub(super) comments: BTreeMap<(Oid, Oid, i32), String>,
    pub(super) special_classes: BTreeMap<Oid, String>,
    pub(super) methods: BTreeMap<Oid, String>,
    pub(super) collations: BTreeMap<Oid, String>,
    pub(super) relations: BTreeMap<Oid, Relation>,
    /// Parents by child.
    pub(super) parents: BTreeMap<Oid, Vec<Oid>>,
    /// Children by parent.
    pub(super) children: BTreeMap<Oid, Vec<Oid>>,
    pub(super) columns: BTreeMap<Oid, Vec<Attribute>>,
    /// By table; in the order of their making.
    pub(super) constraints: BTreeMap<Oid, Vec<Constraint>>,
    /// By domain.
    pub(super) domain_constraints: BTreeMap<Oid, Vec<Constraint>>,
    /// By table; in the order of their making.
    pub(super) indexes: BTreeMap<Oid, Vec<Index>>,
    /// Options and statistics targets of an index's columns.
    pub(super) index_column_options: BTreeMap<Oid, Vec<String>>,
    pub(super) sequences: BTreeMap<Oid, Sequence>,
    /// The sequence that belongs to a column.
    pub(super) counters: BTreeMap<(Oid, i32), Oid>,
    pub(super) types: BTreeMap<Oid, Type>,
    pub(super) functions: Vec<Function>,
    pub(super) triggers: Vec<Trigger>,
    /// (role, setting).
    pub(super) settings: Vec<(Option<String>, String)>,
}

impl Raw {
    pub(super) fn comment(&self, class: Oid, object: Oid, column: i32) -> Option<String> {
        self.comments.get(&(class, object, column)).cloned()
    }

    /// The columns of a table, in their order.
    pub(super) fn columns_of(&self, relation: Oid) -> &[Attribute] {
        self.columns.get(&relation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn column(&self, relation: Oid, number: i32) -> Option<&Attribute> {
        let columns = self.columns_of(relation);
        columns.binary_search_by_key(&number, |c| c.number).ok().map(|at| &columns[at])
    }

    /// Names of columns by number.
    pub(super) fn column_names(&self, relation: Oid, numbers: &[i32]) -> Vec<&str> {
        numbers.iter().filter_map(|n| self.column(relation, *n)).map(|c| c.name.as_str()).collect()
    }

    pub(super) fn constraints_of(&self, relation: Oid) -> &[Constraint] {
        self.constraints.get(&relation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn indexes_of(&self, relation: Oid) -> &[Index] {
        self.indexes.get(&relation).map_or(&[], Vec::as_slice)
    }

    /// The index behind a constraint.
    pub(super) fn index_of(&self, constraint: &Constraint) -> Option<&Index> {
        self.indexes_of(constraint.relation).iter().find(|i| i.oid == constraint.index)
    }

    /// Collations that must be named: those that are not the default of their type.
    pub(super) fn unnamed_collations(&self) -> BTreeSet<Oid> {
        let columns = self.columns.values().flatten().map(|c| c.collation);
        let indexes = self.indexes.values().flatten().flat_map(|i| i.collations.iter().copied());
        let types = self.types.values().map(|t| t.collation);
        columns.chain(indexes).chain(types).filter(|oid| !matches!(oid, 0 | 100)).collect()
    }

    /// Columns that are text by type, for which a cast to text says nothing.
    pub(super) fn text_columns(&self, relation: Oid) -> BTreeSet<&str> {
        let columns = self.columns_of(relation);
        columns.iter().filter(|c| matches!(c.ty, 25 | 1042 | 1043)).map(|c| c.name.as_str()).collect()
    }

    pub(super) fn path(&self, relation: Oid) -> Option<String> {
        self.relations.get(&relation).map(|r| r.name.to_string())
    }
}

/// A name as the model has it: without schema in the default one.
pub(super) fn name(schema: String, name: String) -> TableName {
    TableName { schema: (schema != "public").then_some(schema), name }
}

/// The options of a column that somebody has set: late minor releases (17.12) keep a mark of their own among them, `pg_attver`,
/// which is another one for each table that is made.
pub(super) fn set_by_people(options: Option<Vec<String>>) -> Option<Vec<String>> {
    let set: Vec<String> = options?.into_iter().filter(|option| !option.starts_with("pg_")).collect();
    (!set.is_empty()).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_the_servers_is_no_option() {
        let kept = |options: &[&str]| set_by_people(Some(options.iter().map(|o| (*o).to_owned()).collect()));
        assert_eq!(kept(&["pg_attver=22120600"]), None);
        assert_eq!(kept(&["pg_attver=7", "n_distinct=5"]), Some(vec!["n_distinct=5".to_owned()]));
    }
}
