//! What was read of a schema, before it becomes the two views of the catalog, or a copy.

use std::collections::BTreeMap;

use super::code_rows::*;
use super::dictionary::{Dictionary, FromRow, Question};
use super::names::is_part_of_another;
use super::tables_rows::*;
use crate::database::oracle::error::Error;
use crate::database::oracle::quote::ident;
use crate::database::oracle::wire::{Connection, Param};

/// Declares what a reading consists of.
macro_rules! raw {
    ($($field:ident: $row:ident),* $(,)?) => {
        /// Everything of one schema.
        #[derive(Debug, Clone, Default)]
        pub(in crate::database::oracle) struct Raw {
            /// The schema's own name, which is no part of what it holds.
            pub(in crate::database::oracle) owner: String,
            /// Code in whole, by kind and name.
            pub(in crate::database::oracle) code: BTreeMap<(String, String), String>,
            $(pub(in crate::database::oracle) $field: Vec<$row>,)*
        }

        /// All questions that a reading can ask.
        pub(in crate::database::oracle) fn questions() -> Vec<Question> {
            vec![$(<$row as FromRow>::QUESTION),*]
        }
    };
}

raw! {
    users: UserRow,
    objects: ObjectRow,
    tables: TableRow,
    object_tables: ObjectTableRow,
    columns: ColumnRow,
    defaults: DefaultRow,
    identities: IdentityRow,
    constraints: ConstraintRow,
    conditions: ConditionRow,
    constraint_columns: ConstraintColumnRow,
    foreign_parents: ForeignParentRow,
    indexes: IndexRow,
    index_columns: IndexColumnRow,
    index_expressions: IndexExpressionRow,
    part_tables: PartTableRow,
    part_keys: PartKeyRow,
    subpart_keys: SubpartKeyRow,
    partitions: PartitionRow,
    subpartitions: SubpartitionRow,
    part_indexes: PartIndexRow,
    index_partitions: IndexPartitionRow,
    lobs: LobRow,
    encrypted: EncryptedRow,
    externals: ExternalRow,
    external_files: ExternalFileRow,
    nested: NestedRow,
    blockchains: BlockchainRow,
    immutables: ImmutableRow,
    clusters: ClusterRow,
    comments: CommentRow,
    column_comments: ColumnCommentRow,
    mview_comments: MviewCommentRow,
    views: ViewRow,
    dualities: DualityRow,
    mviews: MviewRow,
    mview_logs: MviewLogRow,
    mview_log_columns: MviewLogColumnRow,
    sequences: SequenceRow,
    triggers: TriggerRow,
    trigger_order: TriggerOrderRow,
    sources: SourceRow,
    synonyms: SynonymRow,
    links: LinkRow,
    privileges: PrivilegeRow,
    column_privileges: ColumnPrivilegeRow,
    policies: PolicyRow,
    policy_columns: PolicyColumnRow,
    audits: AuditRow,
    jobs: JobRow,
    domains: DomainRow,
    domain_columns: DomainColumnRow,
    domain_constraints: DomainConstraintRow,
    annotations: AnnotationRow,
}

/// How the comment on a materialized view, and on the table of its rows, begins where nobody has said anything; the rest is
/// its name and its schema's.
const SAID_BY_SERVER: &str = "snapshot table for snapshot ";

/// Kinds of objects that the server finds to be broken only when it next compiles them.
const COMPILED: &[&str] =
    &["VIEW", "PROCEDURE", "FUNCTION", "PACKAGE", "PACKAGE BODY", "TYPE", "TYPE BODY", "TRIGGER"];

/// Reads everything of `owner`'s schema. What is only of use to a few schemas is asked for where something says that it is
/// there: a question costs milliseconds, whatever its answer.
pub(in crate::database::oracle) async fn read(
    connection: &mut Connection,
    dictionary: &Dictionary,
    owner: &str,
) -> Result<Raw, Error> {
    macro_rules! ask {
        () => {
            dictionary.ask(connection, owner).await?
        };
    }
    let mut objects: Vec<ObjectRow> = ask!();
    if objects.iter().any(is_doubtful) {
        compile(connection, owner).await?;
        objects = ask!();
    }
    objects.retain(|object| object.secondary != "Y" && !is_part_of_another(&object.name));
    let mut raw = Raw { owner: owner.to_owned(), users: ask!(), ..Raw::default() };
    let there = |kinds: &[&str]| objects.iter().any(|object| kinds.contains(&object.kind.as_str()));
    let mut has_partitions = false;
    if there(&["TABLE", "VIEW", "MATERIALIZED VIEW", "CLUSTER"]) {
        raw.columns = ask!();
        raw.defaults = ask!();
        raw.constraints = ask!();
        raw.constraint_columns = ask!();
        raw.comments = ask!();
        raw.column_comments = ask!();
        raw.column_privileges = ask!();
        raw.policies = ask!();
        raw.audits = ask!();
    }
    if there(&["TABLE", "CLUSTER"]) {
        raw.tables = ask!();
        raw.indexes = ask!();
        raw.index_columns = ask!();
        raw.index_expressions = ask!();
        raw.encrypted = ask!();
        raw.blockchains = ask!();
        raw.immutables = ask!();
        has_partitions = raw.tables.iter().any(|table| table.partitioned == "YES")
            || raw.indexes.iter().any(|index| index.partitioned == "YES");
        if raw.columns.iter().any(|column| column.identity == "YES") {
            raw.identities = ask!();
        }
        if raw.columns.iter().any(super::types::is_large) {
            raw.lobs = ask!();
        }
        if raw.tables.iter().any(|table| table.external == "YES" || table.hybrid == "YES") {
            raw.externals = ask!();
            raw.external_files = ask!();
        }
        if raw.constraints.iter().any(|it| it.kind == "C" && it.condition.len() >= 3900) {
            raw.conditions = ask!();
        }
        if raw.constraints.iter().any(|it| it.kind == "R" && it.parent_owner != owner) {
            raw.foreign_parents = ask!();
        }
    }
    let is_relational = |name: &String| raw.tables.iter().any(|table| table.name == *name);
    if objects.iter().any(|object| object.kind == "TABLE" && !is_relational(&object.name)) {
        raw.object_tables = ask!();
        raw.nested = ask!();
    }
    if there(&["CLUSTER"]) {
        raw.clusters = ask!();
    }
    if has_partitions {
        raw.part_tables = ask!();
        raw.part_keys = ask!();
        raw.subpart_keys = ask!();
        raw.partitions = ask!();
        raw.subpartitions = ask!();
        raw.part_indexes = ask!();
        raw.index_partitions = ask!();
    }
    if there(&["VIEW"]) {
        raw.views = ask!();
        raw.dualities = ask!();
    }
    if there(&["MATERIALIZED VIEW"]) {
        raw.mviews = ask!();
        raw.mview_comments = ask!();
    }
    // The log's own table is all that tells of it.
    raw.mview_logs = ask!();
    if !raw.mview_logs.is_empty() {
        raw.mview_log_columns = ask!();
    }
    if there(&["SEQUENCE"]) || !raw.identities.is_empty() {
        raw.sequences = ask!();
    }
    if there(&["TRIGGER"]) {
        raw.triggers = ask!();
        raw.trigger_order = ask!();
    }
    if there(COMPILED) || there(&["JAVA SOURCE"]) {
        raw.sources = ask!();
    }
    if there(&["SYNONYM"]) {
        raw.synonyms = ask!();
    }
    if there(&["JOB"]) {
        raw.jobs = ask!();
    }
    if there(&["DOMAIN"]) {
        raw.domains = ask!();
        raw.domain_columns = ask!();
        raw.domain_constraints = ask!();
    }
    if !raw.policies.is_empty() {
        raw.policy_columns = ask!();
    }
    raw.links = ask!();
    raw.privileges = ask!();
    raw.annotations = ask!();
    raw.objects = objects;
    raw.settle();
    Ok(raw)
}

fn is_doubtful(object: &ObjectRow) -> bool {
    object.status == "INVALID" && COMPILED.contains(&object.kind.as_str())
}

/// The statement that compiles an object which is marked as invalid.
fn compiling(owner: &str, kind: &str, name: &str) -> Option<String> {
    let (kind, what) = match kind {
        "TYPE" => ("TYPE", " SPECIFICATION"),
        "TYPE BODY" => ("TYPE", " BODY"),
        "PACKAGE" => ("PACKAGE", " SPECIFICATION"),
        "PACKAGE BODY" => ("PACKAGE", " BODY"),
        kind @ ("VIEW" | "PROCEDURE" | "FUNCTION" | "TRIGGER") => (kind, ""),
        _ => return None,
    };
    Some(format!("ALTER {kind} {}.{} COMPILE{what}", ident(owner), ident(name)))
}

/// What of a schema is marked as invalid.
const INVALID: &str = "SELECT OBJECT_TYPE, OBJECT_NAME FROM SYS.DBA_OBJECTS WHERE OWNER = :1 AND STATUS = 'INVALID' \
     AND SUBOBJECT_NAME IS NULL ORDER BY OBJECT_TYPE, OBJECT_NAME";

/// Compiling a specification makes what uses it invalid, which the next round mends.
const ROUNDS: usize = 4;

/// Compiles what is marked as invalid. A table that was changed and changed back leaves that mark on all that reads it, until
/// somebody next uses it: only what the mark comes back to is broken.
///
/// One by one: the server's own way to compile a whole schema (UTL_RECOMP) keeps its work in tables of the whole database, and
/// fails where two do that at the same time.
pub(in crate::database::oracle) async fn compile(
    connection: &mut Connection,
    owner: &str,
) -> Result<(), Error> {
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        let rows = connection.rows(INVALID, &[Param::from(owner)]).await?;
        let statements: Vec<String> =
            rows.iter().filter_map(|row| compiling(owner, &row.string(0), &row.string(1))).collect();
        if statements.is_empty() || statements == before {
            break;
        }
        for statement in &statements {
            match connection.execute(statement.as_str(), &[]).await {
                Err(error) if error.ends_connection() => return Err(error),
                // It stays invalid.
                _ => {}
            }
        }
        before = statements;
    }
    Ok(())
}

impl Raw {
    /// Puts together what the dictionary keeps apart, and leaves out what nobody has said or made.
    fn settle(&mut self) {
        self.tables.retain(|table| !is_part_of_another(&table.name));
        self.jobs.retain(|job| !is_part_of_another(&job.name));
        self.comments.retain(|comment| !comment.text.starts_with(SAID_BY_SERVER));
        self.mview_comments.retain(|comment| !comment.text.starts_with(SAID_BY_SERVER));
        let whole: BTreeMap<String, String> =
            std::mem::take(&mut self.conditions).into_iter().map(|row| (row.name, row.condition)).collect();
        for constraint in &mut self.constraints {
            if let Some(condition) = whole.get(&constraint.name) {
                constraint.condition.clone_from(condition);
            }
        }
        // Those of a domain's own are read with the domain's.
        self.annotations.retain(|annotation| annotation.domain.is_empty());
        for line in std::mem::take(&mut self.sources) {
            self.code.entry((line.kind, line.name)).or_default().push_str(&line.text);
        }
    }

    /// Whether an object is one of those that were read, or a part of one.
    pub(in crate::database::oracle) fn is_read(&self, object: &ObjectRow) -> bool {
        let name = &object.name;
        match object.kind.as_str() {
            "TABLE" => {
                self.tables.iter().any(|it| it.name == *name)
                    || self.object_tables.iter().any(|it| it.name == *name)
                    || self.nested.iter().any(|it| it.storage == *name)
                    || self.is_mview(name)
            }
            "VIEW" => self.views.iter().any(|it| it.name == *name),
            "MATERIALIZED VIEW" => self.is_mview(name),
            "SEQUENCE" => self.sequences.iter().any(|it| it.name == *name),
            "TRIGGER" => self.triggers.iter().any(|it| it.name == *name),
            "SYNONYM" => self.synonyms.iter().any(|it| it.name == *name),
            "CLUSTER" => self.clusters.iter().any(|it| it.name == *name),
            "DOMAIN" => self.domains.iter().any(|it| it.name == *name),
            "JOB" => self.jobs.iter().any(|it| it.name == *name),
            "PROCEDURE" | "FUNCTION" | "PACKAGE" | "PACKAGE BODY" | "TYPE" | "TYPE BODY" => {
                !self.source(&object.kind, name).is_empty()
            }
            // They come with tables, and links are read by themselves.
            "INDEX" | "LOB" | "DATABASE LINK" => true,
            _ => false,
        }
    }

    /// Names of tables that hold the rows of materialized views.
    pub(in crate::database::oracle) fn is_mview(&self, name: &str) -> bool {
        self.mviews.iter().any(|view| view.name == name)
    }

    /// Whether an object of that kind stays invalid.
    pub(in crate::database::oracle) fn is_invalid(&self, kind: &str, name: &str) -> bool {
        self.objects.iter().any(|it| it.kind == kind && it.name == name && is_doubtful(it))
    }

    /// The default of a column, or what it is computed from.
    pub(in crate::database::oracle) fn default_of(&self, table: &str, column: &str) -> Option<&str> {
        let row = self.defaults.iter().find(|row| row.table == table && row.column == column)?;
        let text = row.text.trim();
        // What ALTER TABLE … DEFAULT NULL leaves, and the empty text, which is NULL.
        let nothing = text.is_empty() || text.eq_ignore_ascii_case("NULL") || text == "''";
        (!nothing).then_some(text)
    }

    /// The columns of a constraint, in its order.
    pub(in crate::database::oracle) fn columns_of(&self, owner: &str, constraint: &str) -> Vec<&str> {
        let own = self
            .constraint_columns
            .iter()
            .filter(|row| row.owner == owner && row.constraint == constraint)
            .map(|row| row.column.as_str());
        let others = self
            .foreign_parents
            .iter()
            .filter(|row| row.owner == owner && row.constraint == constraint)
            .map(|row| row.column.as_str());
        own.chain(others).collect()
    }

    /// The table to which a constraint belongs.
    pub(in crate::database::oracle) fn table_of(&self, owner: &str, constraint: &str) -> Option<&str> {
        let own = self.constraint_columns.iter().filter(|row| row.owner == owner);
        let own = own.filter(|row| row.constraint == constraint).map(|row| row.table.as_str());
        let others = self.foreign_parents.iter().filter(|row| row.owner == owner);
        let others = others.filter(|row| row.constraint == constraint).map(|row| row.table.as_str());
        own.chain(others).next()
    }

    /// A piece of code, as it is stored.
    pub(in crate::database::oracle) fn source(&self, kind: &str, name: &str) -> &str {
        self.code.get(&(kind.to_owned(), name.to_owned())).map(String::as_str).unwrap_or_default()
    }

    /// What there is of a kind of code, in order.
    pub(in crate::database::oracle) fn names_of_code(&self, kind: &str) -> Vec<&str> {
        let own = self.code.keys().filter(|(it, name)| it == kind && !is_part_of_another(name));
        own.map(|(_, name)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_put_together() {
        let text = |text: &str| text.to_owned();
        let line = |line: &str| SourceRow { name: text("P"), kind: text("PROCEDURE"), text: text(line) };
        let mut raw = Raw {
            comments: vec![
                CommentRow { name: text("M"), text: text("snapshot table for snapshot MRT_1.M") },
                CommentRow { name: text("T"), text: text("a table") },
            ],
            constraints: vec![ConstraintRow {
                name: text("C"),
                condition: text("a > 0 and"),
                ..ConstraintRow::default()
            }],
            conditions: vec![ConditionRow { name: text("C"), condition: text("a > 0 and b > 0") }],
            sources: vec![line("procedure p is\n"), line("begin null; end;")],
            tables: vec![TableRow { name: text("MLOG$_T"), ..TableRow::default() }],
            ..Raw::default()
        };
        raw.settle();
        assert_eq!(raw.comments.len(), 1);
        assert_eq!(raw.constraints[0].condition, "a > 0 and b > 0");
        assert_eq!(raw.source("PROCEDURE", "P"), "procedure p is\nbegin null; end;");
        assert_eq!(raw.names_of_code("PROCEDURE"), ["P"]);
        assert!(raw.tables.is_empty());
    }

    #[test]
    fn what_is_marked_is_compiled_once_more() {
        let compiling = |kind| compiling("MRT", kind, "X");
        assert_eq!(compiling("TYPE BODY").as_deref(), Some("ALTER TYPE \"MRT\".\"X\" COMPILE BODY"));
        assert_eq!(
            compiling("PACKAGE").as_deref(),
            Some("ALTER PACKAGE \"MRT\".\"X\" COMPILE SPECIFICATION")
        );
        assert_eq!(compiling("VIEW").as_deref(), Some("ALTER VIEW \"MRT\".\"X\" COMPILE"));
        // A materialized view is stale, not broken.
        assert_eq!(compiling("MATERIALIZED VIEW"), None);
    }
}
