//! The queries that every reading asks, for SQL Server 2019 to 2025. They read the whole database at once, and give texts, whole
//! numbers and bits alone.
//!
//! Words of the server's own (`type_desc`) have another collation than the names in the database: the two are never put
//! together in one value without saying which of them it is to have.

/// The first release of which that is asked: `major` of 16 is SQL Server 2022.
pub(super) const LEDGER: u32 = 16;

/// The release with JSON, vectors and their indexes.
pub(super) const JSON: u32 = 17;

/// `given` from that release on, else `before`.
pub(super) fn since<'a>(major: u32, from: u32, given: &'a str, before: &'a str) -> &'a str {
    if major >= from { given } else { before }
}

/// The database's name.
pub(super) const FACTS: &str = "SELECT DB_NAME() AS name";

/// Extended properties: (class, object, part, name, value, type of the value).
pub(super) const PROPERTIES: &str = "SELECT x.class, x.major_id, x.minor_id, x.name, CONVERT(nvarchar(max), x.value), \
     CONVERT(nvarchar(128), SQL_VARIANT_PROPERTY(x.value, 'BaseType')) FROM sys.extended_properties x \
     ORDER BY x.class, x.major_id, x.minor_id, x.name";

/// Privileges, those on the server's own objects left out: (class, object, part, state, privilege, to whom, by whom).
pub(super) const PERMISSIONS: &str = "SELECT p.class, p.major_id, p.minor_id, p.state, p.permission_name, e.name, g.name \
     FROM sys.database_permissions p \
     JOIN sys.database_principals e ON e.principal_id = p.grantee_principal_id \
     JOIN sys.database_principals g ON g.principal_id = p.grantor_principal_id WHERE p.major_id >= 0";

/// Parameters with extended properties: (object, number, name).
pub(super) const PARAMETERS: &str = "SELECT r.object_id, r.parameter_id, r.name FROM sys.parameters r \
     WHERE EXISTS (SELECT 1 FROM sys.extended_properties x WHERE x.class = 2 AND x.major_id = r.object_id \
     AND x.minor_id = r.parameter_id)";

/// Tables of users. What keeps the history of another table comes and goes with it.
pub(super) fn tables(major: u32) -> String {
    format!(
        "SELECT t.object_id, s.name, t.name, p.name, t.lock_escalation_desc, t.is_memory_optimized, t.durability_desc, \
         t.temporal_type, SCHEMA_NAME(h.schema_id), h.name, t.history_retention_period, \
         t.history_retention_period_unit_desc, a.name, b.name, t.is_node, t.is_edge, t.is_filetable, t.is_external, \
         t.is_tracked_by_cdc, t.large_value_types_out_of_row, t.text_in_row_limit, t.lock_on_bulk_load, t.uses_ansi_nulls, \
         l.name, l.is_default, f.name, c.object_id, c.is_track_columns_updated_on, {ledger} \
         FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id \
         LEFT JOIN sys.database_principals p ON p.principal_id = t.principal_id \
         LEFT JOIN sys.tables h ON h.object_id = t.history_table_id \
         LEFT JOIN sys.periods r ON r.object_id = t.object_id \
         LEFT JOIN sys.columns a ON a.object_id = r.object_id AND a.column_id = r.start_column_id \
         LEFT JOIN sys.columns b ON b.object_id = r.object_id AND b.column_id = r.end_column_id \
         LEFT JOIN sys.data_spaces l ON l.data_space_id = t.lob_data_space_id \
         LEFT JOIN sys.data_spaces f ON f.data_space_id = t.filestream_data_space_id \
         LEFT JOIN sys.change_tracking_tables c ON c.object_id = t.object_id {join} \
         WHERE t.is_ms_shipped = 0 AND ISNULL(t.temporal_type, 0) <> 1{current} ORDER BY t.object_id",
        ledger =
            since(major, LEDGER, "t.ledger_type_desc, SCHEMA_NAME(v.schema_id), v.name", "NULL, NULL, NULL"),
        join = since(major, LEDGER, "LEFT JOIN sys.views v ON v.object_id = t.ledger_view_id", ""),
        current = since(
            major,
            LEDGER,
            " AND ISNULL(t.ledger_type, 0) <> 1 AND ISNULL(t.is_dropped_ledger_table, 0) = 0",
            ""
        ),
    )
}

/// Columns of tables, views and table types.
pub(super) fn columns(major: u32) -> String {
    format!(
        "SELECT c.object_id, c.column_id, c.name, t.name, SCHEMA_NAME(t.schema_id), t.is_user_defined, y.name, \
         c.max_length, c.precision, c.scale, {vector}, c.collation_name, c.is_nullable, c.is_ansi_padded, \
         c.is_rowguidcol, c.is_filestream, c.is_sparse, c.is_column_set, c.is_xml_document, SCHEMA_NAME(x.schema_id), x.name, \
         c.generated_always_type, c.generated_always_type_desc, c.is_hidden, c.graph_type, m.masking_function, \
         c.encryption_type_desc, c.encryption_algorithm_name, e.name, \
         CONVERT(nvarchar(60), i.seed_value), CONVERT(nvarchar(60), i.increment_value), i.is_not_for_replication, \
         d.object_id, d.name, d.is_system_named, d.definition, \
         SCHEMA_NAME(n.schema_id), n.name, SCHEMA_NAME(r.schema_id), r.name, k.definition, k.is_persisted \
         FROM sys.columns c JOIN sys.objects o ON o.object_id = c.object_id \
         JOIN sys.types t ON t.user_type_id = c.user_type_id \
         LEFT JOIN sys.types y ON y.user_type_id = c.system_type_id \
         LEFT JOIN sys.xml_schema_collections x ON x.xml_collection_id = c.xml_collection_id AND c.xml_collection_id <> 0 \
         LEFT JOIN sys.masked_columns m ON m.object_id = c.object_id AND m.column_id = c.column_id AND m.is_masked = 1 \
         LEFT JOIN sys.column_encryption_keys e ON e.column_encryption_key_id = c.column_encryption_key_id \
         LEFT JOIN sys.identity_columns i ON i.object_id = c.object_id AND i.column_id = c.column_id \
         LEFT JOIN sys.default_constraints d ON d.parent_object_id = c.object_id AND d.parent_column_id = c.column_id \
         LEFT JOIN sys.objects n ON n.object_id = c.default_object_id AND n.parent_object_id = 0 \
         LEFT JOIN sys.objects r ON r.object_id = c.rule_object_id \
         LEFT JOIN sys.computed_columns k ON k.object_id = c.object_id AND k.column_id = c.column_id \
         WHERE ((o.type IN ('U', 'V') AND o.is_ms_shipped = 0) OR o.type = 'TT'){current} ORDER BY c.object_id, c.column_id",
        vector = since(major, JSON, "c.vector_dimensions, c.vector_base_type_desc", "NULL, NULL"),
        current = since(major, LEDGER, " AND ISNULL(c.is_dropped_ledger_column, 0) = 0", ""),
    )
}

/// Indexes, the rows of tables without a clustered one among them.
pub(super) const INDEXES: &str = "SELECT i.object_id, i.index_id, i.name, i.type, i.type_desc, i.is_unique, i.is_primary_key, \
     i.is_unique_constraint, i.ignore_dup_key, i.fill_factor, i.is_padded, i.is_disabled, i.is_hypothetical, \
     i.allow_row_locks, i.allow_page_locks, i.filter_definition, i.compression_delay, i.suppress_dup_key_messages, \
     i.optimize_for_sequential_key, k.object_id, k.is_system_named, d.name, d.type, d.is_default, s.no_recompute, \
     s.is_incremental, h.bucket_count \
     FROM sys.indexes i JOIN sys.objects o ON o.object_id = i.object_id \
     LEFT JOIN sys.key_constraints k ON k.parent_object_id = i.object_id AND k.unique_index_id = i.index_id \
     LEFT JOIN sys.data_spaces d ON d.data_space_id = i.data_space_id \
     LEFT JOIN sys.stats s ON s.object_id = i.object_id AND s.stats_id = i.index_id \
     LEFT JOIN sys.hash_indexes h ON h.object_id = i.object_id AND h.index_id = i.index_id \
     WHERE (o.type IN ('U', 'V') AND o.is_ms_shipped = 0) OR o.type = 'TT' ORDER BY i.object_id, i.index_id";

/// Columns of indexes, in the order of the keys.
pub(super) fn index_columns(major: u32) -> String {
    format!(
        "SELECT c.object_id, c.index_id, c.column_id, c.key_ordinal, c.partition_ordinal, c.is_descending_key, \
         c.is_included_column, {order} FROM sys.index_columns c JOIN sys.objects o ON o.object_id = c.object_id \
         WHERE (o.type IN ('U', 'V') AND o.is_ms_shipped = 0) OR o.type = 'TT' \
         ORDER BY c.object_id, c.index_id, c.key_ordinal, c.index_column_id",
        order = since(major, LEDGER, "c.column_store_order_ordinal", "0"),
    )
}

/// What is compressed otherwise than goes without saying: (object, index, partition, how, whether XML is).
pub(super) fn compression(major: u32) -> String {
    format!(
        "SELECT p.object_id, p.index_id, p.partition_number, p.data_compression_desc, {xml} FROM sys.partitions p \
         JOIN sys.objects o ON o.object_id = p.object_id WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 \
         AND (p.data_compression NOT IN (0, 3){or_xml}) ORDER BY p.object_id, p.index_id, p.partition_number",
        xml = since(major, LEDGER, "p.xml_compression", "0"),
        or_xml = since(major, LEDGER, " OR p.xml_compression = 1", ""),
    )
}

/// Foreign keys.
pub(super) const FOREIGN_KEYS: &str = "SELECT f.object_id, f.parent_object_id, f.name, f.is_system_named, \
     f.referenced_object_id, SCHEMA_NAME(t.schema_id), t.name, f.is_disabled, f.is_not_for_replication, f.is_not_trusted, \
     f.delete_referential_action_desc, f.update_referential_action_desc \
     FROM sys.foreign_keys f JOIN sys.objects t ON t.object_id = f.referenced_object_id WHERE f.is_ms_shipped = 0 \
     ORDER BY f.parent_object_id, f.object_id";

/// Columns of foreign keys: (key, column, referenced column), in their order.
pub(super) const FOREIGN_KEY_COLUMNS: &str = "SELECT c.constraint_object_id, a.name, b.name FROM sys.foreign_key_columns c \
     JOIN sys.columns a ON a.object_id = c.parent_object_id AND a.column_id = c.parent_column_id \
     JOIN sys.columns b ON b.object_id = c.referenced_object_id AND b.column_id = c.referenced_column_id \
     ORDER BY c.constraint_object_id, c.constraint_column_id";

/// Checks.
pub(super) const CHECKS: &str = "SELECT c.object_id, c.parent_object_id, c.name, c.is_system_named, c.definition, \
     c.is_disabled, c.is_not_for_replication, c.is_not_trusted FROM sys.check_constraints c WHERE c.is_ms_shipped = 0 \
     ORDER BY c.parent_object_id, c.object_id";

/// Views, procedures, functions, triggers, and the defaults and rules that are objects of their own.
pub(super) fn modules(major: u32) -> String {
    format!(
        "SELECT o.object_id, s.name, o.name, RTRIM(o.type), o.parent_object_id, p.name, m.definition, m.uses_ansi_nulls, \
         m.uses_quoted_identifier, m.is_schema_bound, t.is_disabled, t.is_not_for_replication \
         FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id \
         LEFT JOIN sys.database_principals p ON p.principal_id = o.principal_id \
         LEFT JOIN sys.sql_modules m ON m.object_id = o.object_id LEFT JOIN sys.triggers t ON t.object_id = o.object_id \
         {join} WHERE o.is_ms_shipped = 0 AND (o.type IN ('V', 'P', 'FN', 'IF', 'TF', 'TR', 'R') \
         OR (o.type = 'D' AND o.parent_object_id = 0)){current} \
         UNION ALL SELECT t.object_id, NULL, t.name, 'TR', 0, NULL, m.definition, m.uses_ansi_nulls, \
         m.uses_quoted_identifier, m.is_schema_bound, t.is_disabled, t.is_not_for_replication \
         FROM sys.triggers t JOIN sys.sql_modules m ON m.object_id = t.object_id \
         WHERE t.parent_class = 0 AND t.is_ms_shipped = 0",
        join = since(major, LEDGER, "LEFT JOIN sys.views v ON v.object_id = o.object_id", ""),
        current = since(
            major,
            LEDGER,
            " AND ISNULL(v.ledger_view_type, 0) = 0 AND ISNULL(v.is_dropped_ledger_view, 0) = 0",
            ""
        ),
    )
}

/// Triggers that are the first or the last to fire: (trigger, event, first, last).
pub(super) const TRIGGER_ORDER: &str = "SELECT e.object_id, e.type_desc, e.is_first, e.is_last FROM sys.trigger_events e \
     WHERE e.is_first = 1 OR e.is_last = 1 ORDER BY e.object_id, e.type";

/// Types of users.
pub(super) const TYPES: &str = "SELECT t.user_type_id, s.name, t.name, p.name, y.name, t.max_length, t.precision, t.scale, \
     t.is_nullable, t.is_table_type, t.is_assembly_type, b.type_table_object_id, b.is_memory_optimized, \
     SCHEMA_NAME(n.schema_id), n.name, SCHEMA_NAME(r.schema_id), r.name, a.name, g.assembly_class \
     FROM sys.types t JOIN sys.schemas s ON s.schema_id = t.schema_id \
     LEFT JOIN sys.database_principals p ON p.principal_id = t.principal_id \
     LEFT JOIN sys.types y ON y.user_type_id = t.system_type_id AND y.is_user_defined = 0 \
     LEFT JOIN sys.table_types b ON b.user_type_id = t.user_type_id \
     LEFT JOIN sys.objects n ON n.object_id = t.default_object_id LEFT JOIN sys.objects r ON r.object_id = t.rule_object_id \
     LEFT JOIN sys.assembly_types g ON g.user_type_id = t.user_type_id \
     LEFT JOIN sys.assemblies a ON a.assembly_id = g.assembly_id \
     WHERE t.is_user_defined = 1 ORDER BY t.user_type_id";

/// What indexes of special kinds have beside their columns: (object, index, text).
pub(super) fn index_details(major: u32) -> String {
    let mut sql = "SELECT x.object_id, x.index_id, \
         CONCAT(x.xml_index_type_description COLLATE DATABASE_DEFAULT, ' ', x.secondary_type_desc COLLATE DATABASE_DEFAULT, \
         ' ' + u.name) FROM sys.xml_indexes x \
         LEFT JOIN sys.xml_indexes u ON u.object_id = x.object_id AND u.index_id = x.using_xml_index_id \
         UNION ALL SELECT w.object_id, w.index_id, CONCAT(w.path_type_desc COLLATE DATABASE_DEFAULT, ' ', w.name, ' for ', w.path, \
         ' as ' + w.xquery_type_description COLLATE DATABASE_DEFAULT, ' singleton ', w.is_singleton) \
         FROM sys.selective_xml_index_paths w \
         UNION ALL SELECT g.object_id, g.index_id, CONCAT(g.tessellation_scheme COLLATE DATABASE_DEFAULT, ' ', \
         g.bounding_box_xmin, ' ', g.bounding_box_ymin, ' ', g.bounding_box_xmax, ' ', g.bounding_box_ymax, ' ', \
         g.level_1_grid_desc COLLATE DATABASE_DEFAULT, ' ', g.level_2_grid_desc COLLATE DATABASE_DEFAULT, ' ', \
         g.level_3_grid_desc COLLATE DATABASE_DEFAULT, ' ', g.level_4_grid_desc COLLATE DATABASE_DEFAULT, ' cells ', \
         g.cells_per_object) FROM sys.spatial_index_tessellations g"
        .to_owned();
    if major >= JSON {
        sql.push_str(
            " UNION ALL SELECT j.object_id, j.index_id, CONCAT('array search ', j.optimize_for_array_search) \
             FROM sys.json_indexes j UNION ALL SELECT q.object_id, q.index_id, CONCAT('path ', q.path) FROM sys.json_index_paths q \
             UNION ALL SELECT z.object_id, z.index_id, CONCAT(z.vector_index_type COLLATE DATABASE_DEFAULT, ' ', \
             z.distance_metric COLLATE DATABASE_DEFAULT) FROM sys.vector_indexes z",
        );
    }
    sql
}
