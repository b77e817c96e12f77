//! Where and how data is kept, and what the optimizer knows of it.

use super::{ALWAYS, Listing, PATH, class, listing, yes};
use crate::database::catalog::ObjectKind;
use crate::database::mssql::catalog::queries::{LEDGER, since};

pub(super) fn always() -> Vec<Listing> {
    vec![listing(
        ObjectKind::Other,
        class::DATA_SPACE,
        ALWAYS,
        &["type", "default", "read only", "grows all files"],
        format!(
            "SELECT g.data_space_id, NULL, 'filegroup ' + g.name, g.type_desc, {}, {}, {} FROM sys.filegroups g",
            yes("g.is_default"),
            yes("g.is_read_only"),
            yes("g.is_autogrow_all_files")
        ),
    )]
}

pub(super) fn listings(major: u32) -> Vec<Listing> {
    vec![
        listing(
            ObjectKind::Statistics,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.stats WHERE user_created = 1)",
            &["columns", "filter", "not recomputed", "incremental", "dropped when in the way"],
            format!(
                "SELECT 0, {PATH} o.name, {PATH} o.name + '.' + x.name, \
                 (SELECT STRING_AGG(CONVERT(nvarchar(max), c.name), ', ') WITHIN GROUP (ORDER BY k.stats_column_id) \
                 FROM sys.stats_columns k JOIN sys.columns c ON c.object_id = k.object_id AND c.column_id = k.column_id \
                 WHERE k.object_id = x.object_id AND k.stats_id = x.stats_id), x.filter_definition, {}, {}, {} \
                 FROM sys.stats x JOIN sys.objects o ON o.object_id = x.object_id JOIN sys.schemas s ON s.schema_id = o.schema_id \
                 WHERE x.user_created = 1 AND ISNULL(x.is_temporary, 0) = 0 AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0",
                yes("x.no_recompute"),
                yes("x.is_incremental"),
                since(major, LEDGER, "IIF(x.auto_drop = 1, 'yes', NULL)", "NULL"),
            ),
        ),
        listing(
            ObjectKind::Other,
            class::PARTITION_FUNCTION,
            "EXISTS (SELECT 1 FROM sys.partition_functions WHERE is_system = 0)",
            &["type", "boundaries belong", "boundaries"],
            "SELECT f.function_id, NULL, 'partition function ' + f.name, \
             (SELECT CONCAT(MAX(t.name), ' ', MAX(p.max_length), ' ', MAX(p.precision), ' ', MAX(p.scale), \
             ' ' + MAX(p.collation_name) COLLATE DATABASE_DEFAULT) FROM sys.partition_parameters p \
             JOIN sys.types t ON t.user_type_id = p.user_type_id WHERE p.function_id = f.function_id), \
             IIF(f.boundary_value_on_right = 1, 'right', 'left'), \
             (SELECT STRING_AGG(CASE WHEN CONVERT(nvarchar(128), SQL_VARIANT_PROPERTY(v.value, 'BaseType')) LIKE '%datetime' \
             THEN CONVERT(nvarchar(max), CONVERT(datetime2, v.value)) ELSE CONVERT(nvarchar(max), v.value) END, ', ') \
             WITHIN GROUP (ORDER BY v.boundary_id) FROM sys.partition_range_values v WHERE v.function_id = f.function_id) \
             FROM sys.partition_functions f WHERE f.is_system = 0"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::DATA_SPACE,
            "EXISTS (SELECT 1 FROM sys.partition_schemes WHERE is_system = 0)",
            &["function", "filegroups", "default"],
            format!(
                "SELECT c.data_space_id, NULL, 'partition scheme ' + c.name, f.name, \
                 (SELECT STRING_AGG(CONVERT(nvarchar(max), d.name), ', ') WITHIN GROUP (ORDER BY x.destination_id) \
                 FROM sys.destination_data_spaces x JOIN sys.data_spaces d ON d.data_space_id = x.data_space_id \
                 WHERE x.partition_scheme_id = c.data_space_id), {} \
                 FROM sys.partition_schemes c JOIN sys.partition_functions f ON f.function_id = c.function_id \
                 WHERE c.is_system = 0",
                yes("c.is_default")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::FULLTEXT_CATALOG,
            "EXISTS (SELECT 1 FROM sys.fulltext_catalogs)",
            &["owner", "default", "accent sensitive"],
            format!(
                "SELECT c.fulltext_catalog_id, NULL, 'fulltext catalog ' + c.name, p.name, {}, {} FROM sys.fulltext_catalogs c \
                 LEFT JOIN sys.database_principals p ON p.principal_id = c.principal_id",
                yes("c.is_default"),
                yes("c.is_accent_sensitivity_on")
            ),
        ),
        listing(
            ObjectKind::Index,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.fulltext_indexes)",
            &["catalog", "key", "change tracking", "enabled", "stoplist", "search properties", "columns"],
            format!(
                "SELECT 0, {PATH} o.name, {PATH} o.name + '.fulltext index', c.name, \
                 CASE WHEN i.is_primary_key = 1 THEN 'primary key' WHEN k.is_system_named = 1 THEN 'unique constraint' \
                 ELSE i.name END, f.change_tracking_state_desc, {}, CASE f.stoplist_id WHEN 0 THEN 'the server''s' ELSE l.name END, \
                 r.name, (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), a.name), ' language ', x.language_id, ' typed by ' + b.name, \
                 IIF(x.statistical_semantics = 1, ' with semantics', '')), ', ') WITHIN GROUP (ORDER BY a.name) \
                 FROM sys.fulltext_index_columns x JOIN sys.columns a ON a.object_id = x.object_id AND a.column_id = x.column_id \
                 LEFT JOIN sys.columns b ON b.object_id = x.object_id AND b.column_id = x.type_column_id \
                 WHERE x.object_id = f.object_id) \
                 FROM sys.fulltext_indexes f JOIN sys.objects o ON o.object_id = f.object_id \
                 JOIN sys.schemas s ON s.schema_id = o.schema_id \
                 LEFT JOIN sys.fulltext_catalogs c ON c.fulltext_catalog_id = f.fulltext_catalog_id \
                 LEFT JOIN sys.indexes i ON i.object_id = f.object_id AND i.index_id = f.unique_index_id \
                 LEFT JOIN sys.key_constraints k ON k.parent_object_id = i.object_id AND k.unique_index_id = i.index_id \
                 LEFT JOIN sys.fulltext_stoplists l ON l.stoplist_id = f.stoplist_id \
                 LEFT JOIN sys.registered_search_property_lists r ON r.property_list_id = f.property_list_id",
                yes("f.is_enabled")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::STOPLIST,
            "EXISTS (SELECT 1 FROM sys.fulltext_stoplists)",
            &["owner", "words"],
            "SELECT l.stoplist_id, NULL, 'fulltext stoplist ' + l.name, p.name, \
             (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), w.stopword), ' ', w.language_id), ', ') \
             WITHIN GROUP (ORDER BY CONCAT(w.stopword, ' ', w.language_id)) FROM sys.fulltext_stopwords w \
             WHERE w.stoplist_id = l.stoplist_id) FROM sys.fulltext_stoplists l \
             LEFT JOIN sys.database_principals p ON p.principal_id = l.principal_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::SEARCH_PROPERTY_LIST,
            "EXISTS (SELECT 1 FROM sys.registered_search_property_lists)",
            &["owner", "properties listed"],
            "SELECT l.property_list_id, NULL, 'search property list ' + l.name, p.name, \
             (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), r.property_name), ' ', CONVERT(nvarchar(36), r.property_set_guid), \
             ' ', r.property_int_id), ', ') WITHIN GROUP (ORDER BY r.property_name) FROM sys.registered_search_properties r \
             WHERE r.property_list_id = l.property_list_id) FROM sys.registered_search_property_lists l \
             LEFT JOIN sys.database_principals p ON p.principal_id = l.principal_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::ForeignServer,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.external_data_sources)",
            &["type", "location", "credential", "database"],
            "SELECT 0, NULL, d.name, d.type_desc, d.location, c.name, d.database_name FROM sys.external_data_sources d \
             LEFT JOIN sys.database_scoped_credentials c ON c.credential_id = d.credential_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.external_file_formats)",
            &["type", "field terminator", "string delimiter", "date format", "row terminator", "encoding", "compression"],
            "SELECT 0, NULL, 'external file format ' + f.name, f.format_type, f.field_terminator, f.string_delimiter, \
             f.date_format, f.row_terminator, f.encoding, f.data_compression FROM sys.external_file_formats f"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.external_tables)",
            &["data source", "location", "file format"],
            format!(
                "SELECT 0, {PATH} t.name, {PATH} t.name + '.external data', d.name, t.location, f.name FROM sys.external_tables t \
                 JOIN sys.schemas s ON s.schema_id = t.schema_id \
                 LEFT JOIN sys.external_data_sources d ON d.data_source_id = t.data_source_id \
                 LEFT JOIN sys.external_file_formats f ON f.file_format_id = t.file_format_id"
            ),
        ),
    ]
}
