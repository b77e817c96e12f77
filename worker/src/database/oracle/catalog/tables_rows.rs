//! Rows of the dictionary about tables and their parts.

use super::dictionary::rows;

rows! {
    /// The user whose schema it is.
    UserRow from "DBA_USERS" where "USERNAME = :1" order by "USERNAME" {
        default_tablespace: "DEFAULT_TABLESPACE",
        default_collation: "?DEFAULT_COLLATION",
    }

    /// Any object, its parts (partitions) left out.
    ObjectRow from "DBA_OBJECTS" where "OWNER = :1 AND SUBOBJECT_NAME IS NULL AND OBJECT_NAME NOT LIKE 'BIN$%'"
        order by "OBJECT_TYPE, OBJECT_NAME"
    {
        name: "OBJECT_NAME",
        kind: "OBJECT_TYPE",
        status: "STATUS",
        secondary: "SECONDARY",
        editionable: "EDITIONABLE",
    }

    /// A relational table.
    TableRow from "DBA_TABLES"
        where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%' AND SECONDARY = 'N' AND NESTED = 'NO' AND (IOT_TYPE IS NULL OR IOT_TYPE = 'IOT')"
        order by "TABLE_NAME"
    {
        name: "TABLE_NAME",
        tablespace: "TABLESPACE_NAME",
        cluster: "CLUSTER_NAME",
        pct_free: "PCT_FREE",
        logging: "LOGGING",
        degree: "DEGREE",
        cache: "CACHE",
        table_lock: "TABLE_LOCK",
        partitioned: "PARTITIONED",
        iot_type: "IOT_TYPE",
        temporary: "TEMPORARY",
        duration: "DURATION",
        row_movement: "ROW_MOVEMENT",
        dependencies: "DEPENDENCIES",
        compression: "COMPRESSION",
        compress_for: "COMPRESS_FOR",
        read_only: "READ_ONLY",
        result_cache: "RESULT_CACHE",
        inmemory: "INMEMORY",
        inmemory_priority: "INMEMORY_PRIORITY",
        inmemory_compression: "INMEMORY_COMPRESSION",
        default_collation: "DEFAULT_COLLATION",
        external: "?EXTERNAL",
        hybrid: "?HYBRID",
    }

    /// A table of objects.
    ObjectTableRow from "DBA_OBJECT_TABLES" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%' AND SECONDARY = 'N' AND NESTED = 'NO'"
        order by "TABLE_NAME"
    {
        name: "TABLE_NAME",
        type_owner: "TABLE_TYPE_OWNER",
        type_name: "TABLE_TYPE",
        id_type: "OBJECT_ID_TYPE",
        temporary: "TEMPORARY",
    }

    /// A column of a table or view; those that the server keeps to itself left out.
    ColumnRow from "DBA_TAB_COLS" where "OWNER = :1 AND USER_GENERATED = 'YES' AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, COLUMN_ID, INTERNAL_COLUMN_ID"
    {
        table: "TABLE_NAME",
        name: "COLUMN_NAME",
        data_type: "DATA_TYPE",
        type_mod: "DATA_TYPE_MOD",
        type_owner: "DATA_TYPE_OWNER",
        data_length: "DATA_LENGTH",
        precision: "DATA_PRECISION",
        scale: "DATA_SCALE",
        nullable: "NULLABLE",
        char_length: "CHAR_LENGTH",
        char_used: "CHAR_USED",
        hidden: "HIDDEN_COLUMN",
        is_virtual: "VIRTUAL_COLUMN",
        default_on_null: "DEFAULT_ON_NULL",
        default_on_null_upd: "?DEFAULT_ON_NULL_UPD",
        identity: "IDENTITY_COLUMN",
        collation: "COLLATION",
        domain_owner: "?DOMAIN_OWNER",
        domain_name: "?DOMAIN_NAME",
        vector_info: "?VECTOR_INFO",
    }

    /// The default of a column, or what a virtual one is computed from: a LONG, so asked for only where there is one.
    DefaultRow from "DBA_TAB_COLS"
        where "OWNER = :1 AND DEFAULT_LENGTH IS NOT NULL AND USER_GENERATED = 'YES' AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, INTERNAL_COLUMN_ID"
    {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        text: "DATA_DEFAULT",
    }

    /// What is said of an identity column.
    IdentityRow from "DBA_TAB_IDENTITY_COLS" where "OWNER = :1" order by "TABLE_NAME, COLUMN_NAME" {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        generation: "GENERATION_TYPE",
        sequence: "SEQUENCE_NAME",
        options: "IDENTITY_OPTIONS",
    }

    /// A constraint.
    ConstraintRow from "DBA_CONSTRAINTS" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, CONSTRAINT_NAME"
    {
        name: "CONSTRAINT_NAME",
        kind: "CONSTRAINT_TYPE",
        table: "TABLE_NAME",
        condition: "SEARCH_CONDITION_VC",
        parent_owner: "R_OWNER",
        parent_constraint: "R_CONSTRAINT_NAME",
        delete_rule: "DELETE_RULE",
        status: "STATUS",
        deferrable: "DEFERRABLE",
        deferred: "DEFERRED",
        validated: "VALIDATED",
        generated: "GENERATED",
        rely: "RELY",
        index_name: "INDEX_NAME",
        precheck: "?PRECHECK",
        of_domain: "?DOMAIN_CONSTRAINT_NAME",
    }

    /// The whole of a condition that is too long for the column that says it in short.
    ConditionRow from "DBA_CONSTRAINTS"
        where "OWNER = :1 AND CONSTRAINT_TYPE = 'C' AND LENGTHB(SEARCH_CONDITION_VC) >= 3900 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "CONSTRAINT_NAME"
    {
        name: "CONSTRAINT_NAME",
        condition: "SEARCH_CONDITION",
    }

    /// A column of a constraint.
    ConstraintColumnRow from "DBA_CONS_COLUMNS" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "CONSTRAINT_NAME, POSITION, COLUMN_NAME"
    {
        owner: "OWNER",
        constraint: "CONSTRAINT_NAME",
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
    }

    /// A column of a key in another schema that a foreign key of this one refers to.
    ForeignParentRow from "DBA_CONS_COLUMNS"
        where "(OWNER, CONSTRAINT_NAME) IN (SELECT R_OWNER, R_CONSTRAINT_NAME FROM SYS.DBA_CONSTRAINTS \
               WHERE OWNER = :1 AND CONSTRAINT_TYPE = 'R' AND R_OWNER <> :2)"
        order by "OWNER, CONSTRAINT_NAME, POSITION"
    {
        owner: "OWNER",
        constraint: "CONSTRAINT_NAME",
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
    }

    /// An index on a table of the schema; those of LOBs and the tables that are indexes themselves left out.
    IndexRow from "DBA_INDEXES"
        where "TABLE_OWNER = :1 AND INDEX_NAME NOT LIKE 'BIN$%' AND SECONDARY = 'N' AND INDEX_TYPE NOT IN ('LOB', 'IOT - TOP')"
        order by "INDEX_NAME, OWNER"
    {
        owner: "OWNER",
        name: "INDEX_NAME",
        kind: "INDEX_TYPE",
        table: "TABLE_NAME",
        uniqueness: "UNIQUENESS",
        compression: "COMPRESSION",
        prefix_length: "PREFIX_LENGTH",
        tablespace: "TABLESPACE_NAME",
        logging: "LOGGING",
        degree: "DEGREE",
        status: "STATUS",
        partitioned: "PARTITIONED",
        type_owner: "ITYP_OWNER",
        type_name: "ITYP_NAME",
        parameters: "PARAMETERS",
        funcidx_status: "FUNCIDX_STATUS",
        join_index: "JOIN_INDEX",
        visibility: "VISIBILITY",
        indexing: "INDEXING",
    }

    /// A column of an index.
    IndexColumnRow from "DBA_IND_COLUMNS" where "TABLE_OWNER = :1 AND INDEX_NAME NOT LIKE 'BIN$%'"
        order by "INDEX_NAME, COLUMN_POSITION"
    {
        owner: "INDEX_OWNER",
        index: "INDEX_NAME",
        column: "COLUMN_NAME",
        position: "COLUMN_POSITION",
        descend: "DESCEND",
    }

    /// An expression that an index is over: a LONG. A column in descending order is one, too.
    IndexExpressionRow from "DBA_IND_EXPRESSIONS" where "TABLE_OWNER = :1 AND INDEX_NAME NOT LIKE 'BIN$%'"
        order by "INDEX_NAME, COLUMN_POSITION"
    {
        owner: "INDEX_OWNER",
        index: "INDEX_NAME",
        position: "COLUMN_POSITION",
        expression: "COLUMN_EXPRESSION",
    }

    /// How a table is partitioned.
    PartTableRow from "DBA_PART_TABLES" where "OWNER = :1" order by "TABLE_NAME" {
        table: "TABLE_NAME",
        method: "PARTITIONING_TYPE",
        sub_method: "SUBPARTITIONING_TYPE",
        interval: "INTERVAL",
        reference: "REF_PTN_CONSTRAINT_NAME",
        automatic: "?AUTOLIST",
    }

    /// A column by which a table or index is partitioned.
    PartKeyRow from "DBA_PART_KEY_COLUMNS" where "OWNER = :1 AND NAME NOT LIKE 'BIN$%'"
        order by "OBJECT_TYPE, NAME, COLUMN_POSITION"
    {
        kind: "OBJECT_TYPE",
        name: "NAME",
        column: "COLUMN_NAME",
    }

    /// A column by which its partitions are partitioned again.
    SubpartKeyRow from "DBA_SUBPART_KEY_COLUMNS" where "OWNER = :1 AND NAME NOT LIKE 'BIN$%'"
        order by "OBJECT_TYPE, NAME, COLUMN_POSITION"
    {
        kind: "OBJECT_TYPE",
        name: "NAME",
        column: "COLUMN_NAME",
    }

    /// A partition of a table; its bound is a LONG.
    PartitionRow from "DBA_TAB_PARTITIONS" where "TABLE_OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, PARTITION_POSITION"
    {
        table: "TABLE_NAME",
        name: "PARTITION_NAME",
        compression: "COMPRESSION",
        by_interval: "INTERVAL",
        read_only: "?READ_ONLY",
        bound: "HIGH_VALUE",
    }

    /// A partition of a partition.
    SubpartitionRow from "DBA_TAB_SUBPARTITIONS" where "TABLE_OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, PARTITION_NAME, SUBPARTITION_POSITION"
    {
        table: "TABLE_NAME",
        partition: "PARTITION_NAME",
        name: "SUBPARTITION_NAME",
        bound: "HIGH_VALUE",
    }

    /// How an index is partitioned.
    PartIndexRow from "DBA_PART_INDEXES" where "OWNER = :1" order by "INDEX_NAME" {
        index: "INDEX_NAME",
        method: "PARTITIONING_TYPE",
        locality: "LOCALITY",
    }

    /// A partition of an index.
    IndexPartitionRow from "DBA_IND_PARTITIONS" where "INDEX_OWNER = :1 AND INDEX_NAME NOT LIKE 'BIN$%'"
        order by "INDEX_NAME, PARTITION_POSITION"
    {
        index: "INDEX_NAME",
        name: "PARTITION_NAME",
        status: "STATUS",
        bound: "HIGH_VALUE",
    }

    /// How a column of large objects is kept.
    LobRow from "DBA_LOBS" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'" order by "TABLE_NAME, COLUMN_NAME" {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        cache: "CACHE",
        logging: "LOGGING",
        encrypt: "ENCRYPT",
        compression: "COMPRESSION",
        deduplication: "DEDUPLICATION",
        in_row: "IN_ROW",
        securefile: "SECUREFILE",
    }

    /// An encrypted column.
    EncryptedRow from "DBA_ENCRYPTED_COLUMNS" where "OWNER = :1" order by "TABLE_NAME, COLUMN_NAME" {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        algorithm: "ENCRYPTION_ALG",
        salt: "SALT",
    }

    /// A table whose rows are in files.
    ExternalRow from "DBA_EXTERNAL_TABLES" where "OWNER = :1" order by "TABLE_NAME" {
        table: "TABLE_NAME",
        driver: "TYPE_NAME",
        directory: "DEFAULT_DIRECTORY_NAME",
        reject_limit: "REJECT_LIMIT",
        parameters: "ACCESS_PARAMETERS",
    }

    /// Such a file.
    ExternalFileRow from "DBA_EXTERNAL_LOCATIONS" where "OWNER = :1" order by "TABLE_NAME, LOCATION" {
        table: "TABLE_NAME",
        location: "LOCATION",
        directory: "DIRECTORY_NAME",
    }

    /// The table in which the nested tables of a column are kept.
    NestedRow from "DBA_NESTED_TABLES" where "OWNER = :1" order by "PARENT_TABLE_NAME, PARENT_TABLE_COLUMN" {
        storage: "TABLE_NAME",
        table: "PARENT_TABLE_NAME",
        column: "PARENT_TABLE_COLUMN",
    }

    /// A table whose rows form a chain.
    BlockchainRow from "?DBA_BLOCKCHAIN_TABLES" where "SCHEMA_NAME = :1" order by "TABLE_NAME" {
        table: "TABLE_NAME",
        row_retention: "ROW_RETENTION",
        locked: "ROW_RETENTION_LOCKED",
        inactivity: "TABLE_INACTIVITY_RETENTION",
    }

    /// A table whose rows cannot be changed.
    ImmutableRow from "?DBA_IMMUTABLE_TABLES" where "SCHEMA_NAME = :1" order by "TABLE_NAME" {
        table: "TABLE_NAME",
        row_retention: "ROW_RETENTION",
        locked: "ROW_RETENTION_LOCKED",
        inactivity: "TABLE_INACTIVITY_RETENTION",
    }

    /// A cluster of tables.
    ClusterRow from "DBA_CLUSTERS" where "OWNER = :1" order by "CLUSTER_NAME" {
        name: "CLUSTER_NAME",
        kind: "CLUSTER_TYPE",
        key_size: "KEY_SIZE",
        hash_keys: "HASHKEYS",
        function: "FUNCTION",
    }
}
