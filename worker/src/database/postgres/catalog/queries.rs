//! The queries that read a catalog, for PostgreSQL 12 to 18.
//!
//! All go to the server in one message. They read the system tables by ranges of object ids where they can
//! (objects of users begin at 16384), and call the server's printing functions only where a definition is
//! stored as an expression tree: those functions open the tables that they print, which is what makes reading a
//! catalog slow.

use std::collections::BTreeSet;

/// Ids of system tables, as comments and extension members refer to them.
pub(super) mod class {
    pub(in super::super) const RELATION: u32 = 1259;
    pub(in super::super) const TYPE: u32 = 1247;
    pub(in super::super) const CONSTRAINT: u32 = 2606;
    pub(in super::super) const TRIGGER: u32 = 2620;
    pub(in super::super) const FUNCTION: u32 = 1255;
}

/// Opens the reading: one snapshot, and names printed without schema exactly in the default schema.
pub(super) const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public; ";

/// Closes the reading.
pub(super) const END: &str = "; COMMIT";

/// `given` from that version on, else `before`.
pub(super) fn since<'a>(version: u32, from: u32, given: &'a str, before: &'a str) -> &'a str {
    if version >= from { given } else { before }
}

/// A path in SQL: without schema in the default one.
pub(super) const PATH: &str =
    "CASE WHEN n.nspname IN ('public', 'pg_catalog') THEN '' ELSE n.nspname || '.' END || ";

/// Members of extensions: (class, object).
pub(super) const MEMBERS: &str =
    "SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'";

/// Comments: (class, object, column, text).
pub(super) const COMMENTS: &str = "SELECT classoid, objoid, objsubid, description FROM pg_description \
     WHERE objoid >= 16384 OR (objoid = 2200 AND classoid = 'pg_namespace'::regclass)";

/// Operator classes that are not their type's default: (oid, name).
pub(super) const OPCLASSES: &str = "SELECT oid, opcname FROM pg_opclass WHERE NOT opcdefault";

/// Access methods: (oid, name).
pub(super) const METHODS: &str = "SELECT oid, amname FROM pg_am";

/// Collations by id: (oid, printed name). Few schemas name any.
pub(super) fn collations(oids: &BTreeSet<u32>) -> String {
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!(
        "SELECT c.oid, {PATH} quote_ident(c.collname) FROM pg_collation c \
         JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid IN ({})",
        list.join(", ")
    )
}

/// Tables, views, sequences, composite types.
pub(super) const RELATIONS: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), \
     coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner)), \
     c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, \
     CASE WHEN c.reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END, \
     CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, \
     CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END, \
     c.relispopulated, \
     CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END, \
     CASE WHEN c.relkind IN ('r', 'm', 'p') THEN c.relam END, \
     CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, \
     CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END, \
     CASE WHEN c.relkind = 'f' THEN (SELECT concat_ws(' ', srvname, ftoptions) FROM pg_foreign_table \
     JOIN pg_foreign_server s ON s.oid = ftserver WHERE ftrelid = c.oid) END \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND c.relpersistence <> 't' \
     AND n.nspname <> 'information_schema' ORDER BY c.oid";

/// Inheritance: (child, parent), in order.
pub(super) const INHERITANCE: &str =
    "SELECT inhrelid, inhparent FROM pg_inherits WHERE inhrelid >= 16384 ORDER BY inhrelid, inhseqno";

/// Columns.
pub(super) fn columns(version: u32) -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, \
         a.attnotnull, a.attidentity, a.attgenerated, \
         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation END, \
         CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END, \
         {compression}, nullif(a.attstattarget, -1), a.attacl, a.attoptions, a.attfdwoptions, a.attcollation, \
         CASE WHEN d.oid IS NOT NULL THEN \
         pg_get_expr(d.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE d.adrelid END) END, \
         a.attislocal, a.attinhcount > 0, t.typelem \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't' \
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        compression = since(version, 140_000, "nullif(a.attcompression, '')", "NULL"),
    )
}

/// Constraints of tables and domains. Those that a partition has from its parent are the parent's.
pub(super) fn constraints(version: u32) -> String {
    format!(
        "SELECT k.oid, k.conname, k.contype, k.conrelid, k.contypid, k.conindid, k.condeferrable, \
         k.condeferred, k.convalidated, {enforced}, k.conislocal, k.connoinherit, k.confrelid, k.confupdtype, \
         k.confdeltype, k.confmatchtype, k.conkey, k.confkey, {set_columns}, {period}, \
         CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) \
         WHEN 'x' THEN pg_get_constraintdef(k.oid) END \
         FROM pg_constraint k WHERE k.oid >= 16384 AND k.contype IN ('c', 'f', 'p', 'u', 'x', 'n') \
         AND k.conparentid = 0 ORDER BY k.oid",
        enforced = since(version, 180_000, "k.conenforced", "true"),
        set_columns = since(version, 150_000, "k.confdelsetcols", "NULL"),
        period = since(version, 180_000, "k.conperiod", "false"),
    )
}

/// Indexes, those behind constraints too; an index that a partition has from its parent's is the parent's.
pub(super) fn indexes(version: u32) -> String {
    format!(
        "SELECT i.indexrelid, i.indrelid, c.relname, c.relam, i.indisunique, i.indisprimary, i.indisvalid, \
         i.indisreplident, i.indisclustered, {nulls_equal}, i.indnkeyatts, i.indkey, i.indclass, \
         i.indcollation, i.indoption, c.reloptions, \
         CASE WHEN c.reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END, \
         CASE WHEN i.indpred IS NOT NULL THEN pg_get_expr(i.indpred, i.indrelid) END, \
         CASE WHEN i.indexprs IS NOT NULL AND {single} THEN pg_get_expr(i.indexprs, i.indrelid) END, \
         CASE WHEN i.indexprs IS NOT NULL AND NOT {single} THEN array_to_json(ARRAY(\
         SELECT pg_get_indexdef(i.indexrelid, k, false) FROM generate_series(1, i.indnatts) k)) END, \
         CASE WHEN i.indexprs IS NOT NULL AND c.relname ~ '_(idx|excl)[0-9]*$' THEN \
         (SELECT array_to_json(array_agg(a.attname ORDER BY a.attnum)) \
         FROM pg_attribute a WHERE a.attrelid = i.indexrelid) END, \
         CASE WHEN i.indexprs IS NOT NULL AND (i.indisunique OR i.indisexclusion) THEN \
         (SELECT array_agg(DISTINCT refobjsubid) FROM pg_depend \
         WHERE classid = 1259 AND objid = i.indexrelid AND refclassid = 1259 AND refobjid = i.indrelid \
         AND refobjsubid > 0) END \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE i.indexrelid >= 16384 AND c.relnamespace <> 'pg_toast'::regnamespace AND c.relpersistence <> 't' \
         AND NOT c.relispartition ORDER BY i.indexrelid",
        single = "array_length(array_positions(i.indkey::int2[], 0::int2), 1) = 1",
        nulls_equal = since(version, 150_000, "i.indnullsnotdistinct", "false"),
    )
}

/// Whether anything is set for a single column.
pub(super) const ANY_COLUMN_OPTIONS: &str = "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid >= 16384 \
     AND attnum > 0 AND (attoptions IS NOT NULL OR attstattarget >= 0))";

/// What is set for single columns of indexes: (index, number, options, statistics target).
pub(super) const INDEX_COLUMNS: &str = "SELECT a.attrelid, a.attnum, a.attoptions, nullif(a.attstattarget, -1) \
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     WHERE a.attrelid >= 16384 AND c.relkind IN ('i', 'I') AND NOT c.relispartition \
     AND (a.attoptions IS NOT NULL OR a.attstattarget >= 0) ORDER BY 1, 2";

/// Sequences, with the column that owns each.
pub(super) const SEQUENCES: &str = "SELECT s.seqrelid, format_type(s.seqtypid, NULL), s.seqstart, s.seqmin, \
     s.seqmax, s.seqincrement, s.seqcycle, s.seqcache, d.refobjid, d.refobjsubid, d.deptype \
     FROM pg_sequence s LEFT JOIN pg_depend d ON d.classid = 1259 AND d.objid = s.seqrelid AND d.objsubid = 0 \
     AND d.refclassid = 1259 AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 WHERE s.seqrelid >= 16384";

/// Types that users made; no row types of tables.
pub(super) fn types(version: u32) -> String {
    format!(
        "SELECT t.oid, n.nspname, t.typname, t.typtype, t.typelem, t.typbasetype, t.typtypmod, t.typrelid, \
         pg_get_userbyid(t.typowner), \
         coalesce(t.typacl, acldefault('T', t.typowner)), t.typnotnull, t.typdefault, \
         CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END, \
         CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation END, \
         CASE WHEN t.typtype = 'e' THEN (SELECT array_to_json(array_agg(enumlabel ORDER BY enumsortorder)) \
         FROM pg_enum WHERE enumtypid = t.oid) END, \
         CASE WHEN t.typtype = 'r' THEN (SELECT concat_ws(' ', 'subtype ' || format_type(rngsubtype, NULL), \
         'collation ' || (SELECT collname FROM pg_collation WHERE oid = rngcollation), 'canonical ' || nullif(rngcanonical::oid, 0)::regproc, \
         'difference ' || nullif(rngsubdiff::oid, 0)::regproc, \
         'operator class ' || (SELECT opcname FROM pg_opclass WHERE oid = rngsubopc){multirange}) \
         FROM pg_range WHERE rngtypid = t.oid) END, \
         CASE WHEN t.typtype = 'b' AND t.typelem = 0 THEN concat_ws(' ', 'input ' || t.typinput::text, \
         'output ' || t.typoutput::text, 'length ' || t.typlen, 'alignment ' || t.typalign::text, \
         'storage ' || t.typstorage::text, 'category ' || t.typcategory::text) END, \
         b.typelem \
         FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid \
         LEFT JOIN pg_type e ON e.oid = t.typelem LEFT JOIN pg_class ec ON ec.oid = e.typrelid \
         WHERE t.oid >= 16384 AND (c.relkind IS NULL OR c.relkind = 'c') \
         AND (ec.relkind IS NULL OR ec.relkind = 'c') ORDER BY t.oid",
        multirange = since(version, 140_000, ", 'multirange ' || format_type(rngmultitypid, NULL)", ""),
    )
}

/// Triggers: (oid, table, name, enabled, definition).
pub(super) fn triggers(version: u32) -> String {
    format!(
        "SELECT t.oid, t.tgrelid, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid, true) FROM pg_trigger t \
         WHERE NOT t.tgisinternal{} ORDER BY t.oid",
        since(version, 130_000, " AND t.tgparentid = 0", "")
    )
}

/// Functions and procedures: (oid, schema, name, identity arguments, owner, privileges, definition).
pub(super) const FUNCTIONS: &str = "SELECT p.oid, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), \
     pg_get_userbyid(p.proowner), coalesce(p.proacl, acldefault('f', p.proowner)), pg_get_functiondef(p.oid) \
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
     WHERE p.oid >= 16384 AND p.prokind <> 'a' AND NOT EXISTS (SELECT 1 FROM pg_depend d \
     WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')) ORDER BY p.oid";

/// Settings of the database: (role, setting).
pub(super) const DATABASE_SETTINGS: &str = "SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END, \
     unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase \
     WHERE d.datname = current_database() ORDER BY 1, 2";
