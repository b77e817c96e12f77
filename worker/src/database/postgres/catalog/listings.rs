//! Queries whose answers are ready to compare, for the kinds of objects of which nothing has to be worked out here.

use super::queries::{PATH, since};
use crate::database::catalog::ObjectKind;

/// Objects whose attributes the query prints ready to compare: it gives the object's id, the path of its owner,
/// its own path, and one column for each of `attributes`.
pub(super) struct Listing {
    pub(super) kind: ObjectKind,
    /// The system table that comments refer to; 0 where there are none.
    pub(super) class: u32,
    pub(super) attributes: &'static [&'static str],
    pub(super) sql: String,
    /// Whether there is any; planning a query costs more than finding out that it answers nothing.
    pub(super) any: &'static str,
}

/// All the listings.
pub(super) fn listings(version: u32) -> Vec<Listing> {
    let listing = |kind, class, any, attributes, sql: String| Listing { kind, class, any, attributes, sql };
    let provider_locale = if version >= 170_000 {
        "datlocprovider, datlocale"
    } else if version >= 150_000 {
        "datlocprovider, daticulocale"
    } else {
        "NULL, NULL"
    };
    let collation_locale = if version >= 170_000 {
        "colllocale"
    } else if version >= 150_000 {
        "colliculocale"
    } else {
        "NULL"
    };
    let on_relation = "JOIN pg_class c ON c.oid = x.relation JOIN pg_namespace n ON n.oid = c.relnamespace";
    vec![
        listing(
            ObjectKind::Database,
            0,
            "true",
            &[
                "encoding",
                "collation",
                "character type",
                "locale provider",
                "locale",
                "connection limit",
                "owner",
                "privileges",
                "comment",
            ],
            format!(
                "SELECT oid, NULL, 'database', pg_encoding_to_char(encoding), datcollate, datctype, \
                 {provider_locale}, datconnlimit, pg_get_userbyid(datdba), \
                 coalesce(datacl, acldefault('d', datdba)), shobj_description(oid, 'pg_database') \
                 FROM pg_database WHERE datname = current_database()"
            ),
        ),
        listing(
            ObjectKind::Schema,
            2615,
            "true",
            &["owner", "privileges"],
            "SELECT oid, NULL, nspname, pg_get_userbyid(nspowner), \
             coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace \
             WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
                .to_owned(),
        ),
        listing(
            ObjectKind::Extension,
            3079,
            "true",
            &["version", "schema"],
            "SELECT e.oid, NULL, extname, extversion, nspname FROM pg_extension e \
             JOIN pg_namespace n ON n.oid = extnamespace"
                .to_owned(),
        ),
        listing(
            ObjectKind::Rule,
            2618,
            "EXISTS (SELECT 1 FROM pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN')",
            &["enabled", "definition"],
            format!(
                "SELECT x.oid, {PATH} c.relname, {PATH} c.relname || '.' || rulename, ev_enabled, \
                 pg_get_ruledef(x.oid, true) FROM (SELECT *, ev_class AS relation FROM pg_rewrite \
                 WHERE oid >= 16384 AND rulename <> '_RETURN') x {on_relation}"
            ),
        ),
        listing(
            ObjectKind::Policy,
            3256,
            "EXISTS (SELECT 1 FROM pg_policy)",
            &["command", "permissive", "roles", "using", "with check"],
            format!(
                "SELECT x.oid, {PATH} c.relname, {PATH} c.relname || '.' || polname, polcmd, polpermissive, \
                 ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END FROM unnest(polroles) r \
                 ORDER BY 1), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) \
                 FROM (SELECT *, polrelid AS relation FROM pg_policy) x {on_relation}"
            ),
        ),
        listing(
            ObjectKind::Statistics,
            3381,
            "EXISTS (SELECT 1 FROM pg_statistic_ext)",
            &["owner", "target", "definition"],
            format!(
                "SELECT x.oid, {PATH} c.relname, {PATH} c.relname || '.' || stxname, pg_get_userbyid(stxowner), \
                 {target}, regexp_replace(pg_get_statisticsobjdef(x.oid), '^CREATE STATISTICS [^(]* *(\\(| ON )', '\\1') \
                 FROM (SELECT *, stxrelid AS relation FROM pg_statistic_ext) x {on_relation}",
                target = since(version, 130_000, "nullif(stxstattarget, -1)", "NULL"),
            ),
        ),
        listing(
            ObjectKind::Aggregate,
            1255,
            "EXISTS (SELECT 1 FROM pg_proc WHERE oid >= 16384 AND prokind = 'a')",
            &["owner", "privileges", "definition"],
            format!(
                "SELECT p.oid, NULL, {PATH} p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', \
                 pg_get_userbyid(proowner), coalesce(proacl, acldefault('f', proowner)), \
                 concat_ws(' ', aggkind, 'returns', pg_get_function_result(p.oid), 'sfunc', aggtransfn, 'stype', \
                 format_type(aggtranstype, NULL), 'finalfunc', aggfinalfn, 'combinefunc', aggcombinefn, \
                 'initcond', agginitval, 'msfunc', aggmtransfn, 'minvfunc', aggminvtransfn, 'mfinalfunc', \
                 aggmfinalfn, 'minitcond', aggminitval, 'sortop', aggsortop::regoperator, 'parallel', proparallel) \
                 FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid \
                 JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Operator,
            2617,
            "EXISTS (SELECT 1 FROM pg_operator WHERE oid >= 16384)",
            &["owner", "definition"],
            format!(
                "SELECT o.oid, NULL, {PATH} o.oprname || '(' || coalesce(format_type(nullif(oprleft, 0), NULL), \
                 'none') || ', ' || coalesce(format_type(nullif(oprright, 0), NULL), 'none') || ')', \
                 pg_get_userbyid(oprowner), concat_ws(' ', 'function', oprcode, 'returns', \
                 format_type(oprresult, NULL), 'commutator', oprcom::regoperator, 'negator', \
                 oprnegate::regoperator, 'restrict', oprrest, 'join', oprjoin, 'hashes', oprcanhash, 'merges', \
                 oprcanmerge) FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace \
                 WHERE o.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Cast,
            2605,
            "EXISTS (SELECT 1 FROM pg_cast WHERE oid >= 16384)",
            &["function", "context", "method"],
            "SELECT oid, NULL, format_type(castsource, NULL) || ' as ' || format_type(casttarget, NULL), \
             nullif(castfunc::oid, 0)::regprocedure, castcontext, castmethod FROM pg_cast WHERE oid >= 16384"
                .to_owned(),
        ),
        listing(
            ObjectKind::Collation,
            3456,
            "EXISTS (SELECT 1 FROM pg_collation WHERE oid >= 16384)",
            &["owner", "provider", "deterministic", "collation", "character type", "locale"],
            format!(
                "SELECT c.oid, NULL, {PATH} collname, pg_get_userbyid(collowner), collprovider, \
                 collisdeterministic, collcollate, collctype, {collation_locale} FROM pg_collation c \
                 JOIN pg_namespace n ON n.oid = collnamespace WHERE c.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::EventTrigger,
            3466,
            "EXISTS (SELECT 1 FROM pg_event_trigger)",
            &["owner", "event", "enabled", "tags", "function"],
            "SELECT oid, NULL, evtname, pg_get_userbyid(evtowner), evtevent, evtenabled, evttags, \
             evtfoid::regprocedure FROM pg_event_trigger"
                .to_owned(),
        ),
        publications(version),
        listing(
            ObjectKind::ForeignServer,
            1417,
            "EXISTS (SELECT 1 FROM pg_foreign_server)",
            &["owner", "privileges", "wrapper", "type", "version", "options"],
            "SELECT s.oid, NULL, srvname, pg_get_userbyid(srvowner), coalesce(srvacl, acldefault('S', srvowner)), \
             fdwname, srvtype, srvversion, srvoptions FROM pg_foreign_server s \
             JOIN pg_foreign_data_wrapper f ON f.oid = srvfdw"
                .to_owned(),
        ),
        listing(
            ObjectKind::DefaultPrivilege,
            0,
            "EXISTS (SELECT 1 FROM pg_default_acl)",
            &["privileges"],
            "SELECT d.oid, NULL, concat_ws(' ', 'for', pg_get_userbyid(defaclrole), 'on', defaclobjtype, \
             'in ' || nspname), defaclacl FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = defaclnamespace"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            2328,
            "EXISTS (SELECT 1 FROM pg_foreign_data_wrapper)",
            &["owner", "privileges", "handler", "validator", "options"],
            "SELECT oid, NULL, 'foreign data wrapper ' || fdwname, pg_get_userbyid(fdwowner), \
             coalesce(fdwacl, acldefault('F', fdwowner)), fdwhandler::regproc, fdwvalidator::regproc, fdwoptions \
             FROM pg_foreign_data_wrapper"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            0,
            "EXISTS (SELECT 1 FROM pg_user_mapping)",
            &["options"],
            "SELECT umid, srvname, 'user mapping for ' || usename || ' on ' || srvname, umoptions \
             FROM pg_user_mappings"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            2612,
            "EXISTS (SELECT 1 FROM pg_language WHERE oid >= 16384)",
            &["owner", "privileges", "trusted", "handler"],
            "SELECT oid, NULL, 'language ' || lanname, pg_get_userbyid(lanowner), \
             coalesce(lanacl, acldefault('l', lanowner)), lanpltrusted, lanplcallfoid::regproc FROM pg_language \
             WHERE oid >= 16384"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            3602,
            "EXISTS (SELECT 1 FROM pg_ts_config WHERE oid >= 16384)",
            &["owner", "parser", "mappings"],
            format!(
                "SELECT c.oid, NULL, 'text search configuration ' || {PATH} cfgname, pg_get_userbyid(cfgowner), \
                 prsname, ARRAY(SELECT maptokentype || ' ' || mapdict::regdictionary FROM pg_ts_config_map \
                 WHERE mapcfg = c.oid ORDER BY maptokentype, mapseqno) FROM pg_ts_config c \
                 JOIN pg_namespace n ON n.oid = cfgnamespace JOIN pg_ts_parser p ON p.oid = cfgparser \
                 WHERE c.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Other,
            3600,
            "EXISTS (SELECT 1 FROM pg_ts_dict WHERE oid >= 16384)",
            &["owner", "template", "options"],
            format!(
                "SELECT d.oid, NULL, 'text search dictionary ' || {PATH} dictname, pg_get_userbyid(dictowner), \
                 tmplname, dictinitoption FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = dictnamespace \
                 JOIN pg_ts_template t ON t.oid = dicttemplate WHERE d.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Other,
            2616,
            "EXISTS (SELECT 1 FROM pg_opclass WHERE oid >= 16384)",
            &["owner", "type", "default", "family"],
            format!(
                "SELECT o.oid, NULL, 'operator class ' || {PATH} opcname || ' using ' || amname, \
                 pg_get_userbyid(opcowner), format_type(opcintype, NULL), opcdefault, opfname FROM pg_opclass o \
                 JOIN pg_namespace n ON n.oid = opcnamespace JOIN pg_am a ON a.oid = opcmethod \
                 JOIN pg_opfamily f ON f.oid = opcfamily WHERE o.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Other,
            2753,
            "EXISTS (SELECT 1 FROM pg_opfamily WHERE oid >= 16384)",
            &["owner", "operators", "functions"],
            format!(
                "SELECT f.oid, NULL, 'operator family ' || {PATH} opfname || ' using ' || amname, \
                 pg_get_userbyid(opfowner), ARRAY(SELECT amopstrategy || ' ' || amopopr::regoperator \
                 FROM pg_amop WHERE amopfamily = f.oid ORDER BY 1), \
                 ARRAY(SELECT amprocnum || ' ' || amproc::regprocedure FROM pg_amproc \
                 WHERE amprocfamily = f.oid ORDER BY 1) FROM pg_opfamily f \
                 JOIN pg_namespace n ON n.oid = opfnamespace JOIN pg_am a ON a.oid = opfmethod \
                 WHERE f.oid >= 16384"
            ),
        ),
        listing(
            ObjectKind::Other,
            2607,
            "EXISTS (SELECT 1 FROM pg_conversion WHERE oid >= 16384)",
            &["owner", "default", "from", "to", "function"],
            format!(
                "SELECT c.oid, NULL, 'conversion ' || {PATH} conname, pg_get_userbyid(conowner), condefault, \
                 conforencoding, contoencoding, conproc FROM pg_conversion c \
                 JOIN pg_namespace n ON n.oid = connamespace WHERE c.oid >= 16384"
            ),
        ),
    ]
}

fn publications(version: u32) -> Listing {
    let (columns, filter) = if version >= 150_000 {
        (
            "coalesce('(' || (SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute \
             WHERE attrelid = prrelid AND attnum = ANY (prattrs)) || ')', '')",
            "coalesce(' where ' || pg_get_expr(prqual, prrelid), '')",
        )
    } else {
        ("''", "''")
    };
    Listing {
        kind: ObjectKind::Publication,
        class: 6104,
        any: "EXISTS (SELECT 1 FROM pg_publication)",
        attributes: &["owner", "all tables", "actions", "via root", "tables", "schemas"],
        sql: format!(
            "SELECT p.oid, NULL, pubname, pg_get_userbyid(pubowner), puballtables, concat_ws(' ', \
             CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, \
             CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END), {via_root}, \
             ARRAY(SELECT prrelid::regclass::text || {columns} || {filter} FROM pg_publication_rel \
             WHERE prpubid = p.oid ORDER BY 1), {schemas} FROM pg_publication p",
            via_root = since(version, 130_000, "pubviaroot", "false"),
            schemas = since(
                version,
                150_000,
                "ARRAY(SELECT pnnspid::regnamespace::text FROM pg_publication_namespace WHERE pnpubid = p.oid ORDER BY 1)",
                "NULL"
            ),
        ),
    }
}
