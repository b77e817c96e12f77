//! Sequences and synonyms, code that is no text, what is bound to tables and types.

use super::{Listing, PATH, class, listing, yes};
use crate::database::catalog::ObjectKind;

pub(super) fn listings() -> Vec<Listing> {
    vec![
        // Not where it starts: that is where it was last restarted, which is a matter of the rows there are.
        listing(
            ObjectKind::Sequence,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.sequences)",
            &["owner", "type", "precision", "increment", "from", "to", "cycle", "cache"],
            format!(
                "SELECT q.object_id, NULL, {PATH} q.name, p.name, \
                 IIF(t.is_user_defined = 1, SCHEMA_NAME(t.schema_id) + '.', '') + t.name, q.precision, \
                 CONVERT(nvarchar(60), q.increment), CONVERT(nvarchar(60), q.minimum_value), \
                 CONVERT(nvarchar(60), q.maximum_value), {}, \
                 IIF(q.is_cached = 1, ISNULL(CONVERT(nvarchar(20), q.cache_size), 'default'), 'no') \
                 FROM sys.sequences q JOIN sys.schemas s ON s.schema_id = q.schema_id \
                 JOIN sys.types t ON t.user_type_id = q.user_type_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = q.principal_id WHERE q.is_ms_shipped = 0",
                yes("q.is_cycling")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.synonyms)",
            &["owner", "stands for"],
            format!(
                "SELECT y.object_id, NULL, 'synonym ' + {PATH} y.name, p.name, y.base_object_name FROM sys.synonyms y \
                 JOIN sys.schemas s ON s.schema_id = y.schema_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = y.principal_id WHERE y.is_ms_shipped = 0"
            ),
        ),
        listing(
            ObjectKind::Other,
            class::XML_COLLECTION,
            "EXISTS (SELECT 1 FROM sys.xml_schema_collections WHERE xml_collection_id > 1)",
            &["owner", "schemas"],
            format!(
                "SELECT x.xml_collection_id, NULL, 'xml schema collection ' + {PATH} x.name, p.name, \
                 CONVERT(nvarchar(max), XML_SCHEMA_NAMESPACE(s.name, x.name)) FROM sys.xml_schema_collections x \
                 JOIN sys.schemas s ON s.schema_id = x.schema_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = x.principal_id WHERE x.xml_collection_id > 1"
            ),
        ),
        listing(
            ObjectKind::Other,
            class::ASSEMBLY,
            "EXISTS (SELECT 1 FROM sys.assemblies WHERE is_user_defined = 1)",
            &["owner", "name", "permission set", "visible", "contents"],
            format!(
                "SELECT a.assembly_id, NULL, 'assembly ' + a.name, p.name, a.clr_name, a.permission_set_desc, {}, \
                 (SELECT STRING_AGG(CONVERT(nvarchar(max), HASHBYTES('SHA2_256', f.content), 2), ', ') \
                 WITHIN GROUP (ORDER BY f.file_id) FROM sys.assembly_files f WHERE f.assembly_id = a.assembly_id) \
                 FROM sys.assemblies a LEFT JOIN sys.database_principals p ON p.principal_id = a.principal_id \
                 WHERE a.is_user_defined = 1",
                yes("a.is_visible")
            ),
        ),
        listing(
            ObjectKind::Library,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.assembly_modules)",
            &[
                "type",
                "owner",
                "assembly",
                "class",
                "method",
                "runs as",
                "null on null",
                "disabled",
                "parameters",
            ],
            format!(
                "SELECT o.object_id, NULL, {PATH} o.name, o.type_desc, p.name, a.name, m.assembly_class, m.assembly_method, \
                 CASE m.execute_as_principal_id WHEN -2 THEN 'owner' ELSE e.name END, {}, {}, \
                 (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), r.name), ' ', t.name, ' ', r.max_length, ' ', r.precision, ' ', \
                 r.scale, IIF(r.is_output = 1, ' output', '')), ', ') WITHIN GROUP (ORDER BY r.parameter_id) \
                 FROM sys.parameters r JOIN sys.types t ON t.user_type_id = r.user_type_id WHERE r.object_id = o.object_id) \
                 FROM sys.assembly_modules m JOIN sys.objects o ON o.object_id = m.object_id \
                 JOIN sys.schemas s ON s.schema_id = o.schema_id JOIN sys.assemblies a ON a.assembly_id = m.assembly_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = o.principal_id \
                 LEFT JOIN sys.database_principals e ON e.principal_id = m.execute_as_principal_id \
                 LEFT JOIN sys.triggers g ON g.object_id = o.object_id WHERE o.is_ms_shipped = 0",
                yes("m.null_on_null_input"),
                yes("g.is_disabled")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.edge_constraints)",
            &["connects", "on delete", "disabled", "not trusted"],
            format!(
                "SELECT e.object_id, {PATH} o.name, {PATH} o.name + '.' + IIF(e.is_system_named = 1, 'edge constraint', e.name), \
                 (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), a.name), ' to ', b.name), ', ') \
                 WITHIN GROUP (ORDER BY CONCAT(a.name, ' ', b.name)) FROM sys.edge_constraint_clauses c \
                 JOIN sys.objects a ON a.object_id = c.from_object_id JOIN sys.objects b ON b.object_id = c.to_object_id \
                 WHERE c.object_id = e.object_id), e.delete_referential_action_desc, {}, {} \
                 FROM sys.edge_constraints e JOIN sys.objects o ON o.object_id = e.parent_object_id \
                 JOIN sys.schemas s ON s.schema_id = o.schema_id",
                yes("e.is_disabled"),
                yes("e.is_not_trusted")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::PLAN_GUIDE,
            "EXISTS (SELECT 1 FROM sys.plan_guides)",
            &["disabled", "scope", "object", "batch", "query", "parameters", "hints"],
            format!(
                "SELECT g.plan_guide_id, NULL, 'plan guide ' + g.name, {}, g.scope_type_desc, \
                 SCHEMA_NAME(o.schema_id) + '.' + o.name, g.scope_batch, g.query_text, g.parameters, g.hints \
                 FROM sys.plan_guides g LEFT JOIN sys.objects o ON o.object_id = g.scope_object_id",
                yes("g.is_disabled")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.sensitivity_classifications)",
            &["label", "information", "rank"],
            format!(
                "SELECT 0, {PATH} o.name, {PATH} o.name + '.classification of ' + c.name, CONVERT(nvarchar(128), x.label), \
                 CONVERT(nvarchar(128), x.information_type), x.rank_desc FROM sys.sensitivity_classifications x \
                 JOIN sys.objects o ON o.object_id = x.major_id JOIN sys.schemas s ON s.schema_id = o.schema_id \
                 JOIN sys.columns c ON c.object_id = x.major_id AND c.column_id = x.minor_id WHERE x.class = 1"
            ),
        ),
    ]
}
