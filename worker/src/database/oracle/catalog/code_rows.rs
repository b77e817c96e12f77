//! Rows of the dictionary about everything that is no table.

use super::dictionary::rows;

rows! {
    /// The comment on a table or view.
    CommentRow from "DBA_TAB_COMMENTS" where "OWNER = :1 AND COMMENTS IS NOT NULL AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME"
    {
        name: "TABLE_NAME",
        text: "COMMENTS",
    }

    /// The comment on a column.
    ColumnCommentRow from "DBA_COL_COMMENTS" where "OWNER = :1 AND COMMENTS IS NOT NULL AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, COLUMN_NAME"
    {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        text: "COMMENTS",
    }

    /// The comment on a materialized view.
    MviewCommentRow from "DBA_MVIEW_COMMENTS" where "OWNER = :1 AND COMMENTS IS NOT NULL" order by "MVIEW_NAME" {
        name: "MVIEW_NAME",
        text: "COMMENTS",
    }

    /// A view; its text is a LONG.
    ViewRow from "DBA_VIEWS" where "OWNER = :1" order by "VIEW_NAME" {
        name: "VIEW_NAME",
        type_text: "TYPE_TEXT",
        oid_text: "OID_TEXT",
        type_owner: "VIEW_TYPE_OWNER",
        type_name: "VIEW_TYPE",
        above: "SUPERVIEW_NAME",
        editioning: "EDITIONING_VIEW",
        read_only: "READ_ONLY",
        bequeath: "BEQUEATH",
        collation: "DEFAULT_COLLATION",
        text: "TEXT",
    }

    /// A view that shows rows as JSON documents and takes them as such.
    DualityRow from "?DBA_JSON_DUALITY_VIEWS" where "VIEW_OWNER = :1" order by "VIEW_NAME" {
        name: "VIEW_NAME",
        on_insert: "TO_CHAR(ALLOW_INSERT)",
        on_update: "TO_CHAR(ALLOW_UPDATE)",
        on_delete: "TO_CHAR(ALLOW_DELETE)",
    }

    /// A materialized view; its query is a LONG.
    MviewRow from "DBA_MVIEWS" where "OWNER = :1" order by "MVIEW_NAME" {
        name: "MVIEW_NAME",
        updatable: "UPDATABLE",
        rewrite: "REWRITE_ENABLED",
        mode: "REFRESH_MODE",
        method: "REFRESH_METHOD",
        build: "BUILD_MODE",
        link: "MASTER_LINK",
        without_index: "USE_NO_INDEX",
        query: "QUERY",
    }

    /// The log of a table from which materialized views are refreshed.
    MviewLogRow from "DBA_MVIEW_LOGS" where "LOG_OWNER = :1" order by "MASTER" {
        table: "MASTER",
        log: "LOG_TABLE",
        rowids: "ROWIDS",
        primary_key: "PRIMARY_KEY",
        object_id: "OBJECT_ID",
        sequence: "SEQUENCE",
        new_values: "INCLUDE_NEW_VALUES",
        purge_asynchronous: "PURGE_ASYNCHRONOUS",
        purge_deferred: "PURGE_DEFERRED",
        purge_interval: "PURGE_INTERVAL",
        by_commit: "COMMIT_SCN_BASED",
    }

    /// A column that such a log keeps.
    MviewLogColumnRow from "DBA_MVIEW_LOG_FILTER_COLS" where "OWNER = :1" order by "NAME, COLUMN_NAME" {
        table: "NAME",
        column: "COLUMN_NAME",
    }

    /// A sequence, those of identity columns included.
    SequenceRow from "DBA_SEQUENCES" where "SEQUENCE_OWNER = :1" order by "SEQUENCE_NAME" {
        name: "SEQUENCE_NAME",
        min: "TO_CHAR(MIN_VALUE)",
        max: "TO_CHAR(MAX_VALUE)",
        increment: "TO_CHAR(INCREMENT_BY)",
        cycle: "CYCLE_FLAG",
        order: "ORDER_FLAG",
        cache: "TO_CHAR(CACHE_SIZE)",
        next: "TO_CHAR(LAST_NUMBER)",
        scale: "SCALE_FLAG",
        extend: "EXTEND_FLAG",
        session: "SESSION_FLAG",
        keep: "KEEP_VALUE",
    }

    /// A trigger.
    TriggerRow from "DBA_TRIGGERS" where "OWNER = :1 AND TRIGGER_NAME NOT LIKE 'BIN$%'" order by "TRIGGER_NAME" {
        name: "TRIGGER_NAME",
        kind: "TRIGGER_TYPE",
        event: "TRIGGERING_EVENT",
        table_owner: "TABLE_OWNER",
        base: "BASE_OBJECT_TYPE",
        table: "TABLE_NAME",
        nested_column: "COLUMN_NAME",
        referencing: "REFERENCING_NAMES",
        condition: "WHEN_CLAUSE",
        status: "STATUS",
        action: "ACTION_TYPE",
        cross_edition: "CROSSEDITION",
        fires_once: "FIRE_ONCE",
    }

    /// Which trigger comes before or after which.
    TriggerOrderRow from "DBA_TRIGGER_ORDERING" where "TRIGGER_OWNER = :1"
        order by "TRIGGER_NAME, REFERENCED_TRIGGER_NAME"
    {
        name: "TRIGGER_NAME",
        other_owner: "REFERENCED_TRIGGER_OWNER",
        other: "REFERENCED_TRIGGER_NAME",
        how: "ORDERING_TYPE",
    }

    /// A line of code.
    SourceRow from "DBA_SOURCE" where "OWNER = :1 AND NAME NOT LIKE 'BIN$%'" order by "TYPE, NAME, LINE" {
        name: "NAME",
        kind: "TYPE",
        text: "TEXT",
    }

    /// A private synonym.
    SynonymRow from "DBA_SYNONYMS" where "OWNER = :1 AND SYNONYM_NAME NOT LIKE 'BIN$%'" order by "SYNONYM_NAME" {
        name: "SYNONYM_NAME",
        target_owner: "TABLE_OWNER",
        target: "TABLE_NAME",
        link: "DB_LINK",
    }

    /// A link to another database.
    LinkRow from "DBA_DB_LINKS" where "OWNER = :1" order by "DB_LINK" {
        name: "DB_LINK",
        user: "USERNAME",
        host: "HOST",
    }

    /// A privilege on an object of the schema.
    PrivilegeRow from "DBA_TAB_PRIVS" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, GRANTEE, PRIVILEGE, GRANTOR"
    {
        object: "TABLE_NAME",
        grantee: "GRANTEE",
        grantor: "GRANTOR",
        privilege: "PRIVILEGE",
        grantable: "GRANTABLE",
        hierarchy: "HIERARCHY",
    }

    /// A privilege on a column of the schema.
    ColumnPrivilegeRow from "DBA_COL_PRIVS" where "OWNER = :1 AND TABLE_NAME NOT LIKE 'BIN$%'"
        order by "TABLE_NAME, COLUMN_NAME, GRANTEE, PRIVILEGE, GRANTOR"
    {
        table: "TABLE_NAME",
        column: "COLUMN_NAME",
        grantee: "GRANTEE",
        grantor: "GRANTOR",
        privilege: "PRIVILEGE",
        grantable: "GRANTABLE",
    }

    /// A policy that hides rows.
    PolicyRow from "DBA_POLICIES" where "OBJECT_OWNER = :1" order by "OBJECT_NAME, POLICY_GROUP, POLICY_NAME" {
        object: "OBJECT_NAME",
        group: "POLICY_GROUP",
        name: "POLICY_NAME",
        function_owner: "PF_OWNER",
        package: "PACKAGE",
        function: "FUNCTION",
        on_select: "SEL",
        on_insert: "INS",
        on_update: "UPD",
        on_delete: "DEL",
        on_index: "IDX",
        check_option: "CHK_OPTION",
        enable: "ENABLE",
        kind: "POLICY_TYPE",
        long_predicate: "LONG_PREDICATE",
    }

    /// A column that such a policy is about.
    PolicyColumnRow from "DBA_SEC_RELEVANT_COLS" where "OBJECT_OWNER = :1"
        order by "OBJECT_NAME, POLICY_GROUP, POLICY_NAME, SEC_REL_COLUMN"
    {
        object: "OBJECT_NAME",
        group: "POLICY_GROUP",
        policy: "POLICY_NAME",
        column: "SEC_REL_COLUMN",
        option: "COLUMN_OPTION",
    }

    /// A policy that records who has read or written what.
    AuditRow from "DBA_AUDIT_POLICIES" where "OBJECT_SCHEMA = :1" order by "OBJECT_NAME, POLICY_NAME" {
        object: "OBJECT_NAME",
        name: "POLICY_NAME",
        condition: "POLICY_TEXT",
        column: "?POLICY_COLUMN",
        handler_owner: "PF_SCHEMA",
        handler_package: "PF_PACKAGE",
        handler: "PF_FUNCTION",
        enabled: "ENABLED",
        on_select: "SEL",
        on_insert: "INS",
        on_update: "UPD",
        on_delete: "DEL",
    }

    /// A job of the scheduler.
    JobRow from "DBA_SCHEDULER_JOBS" where "OWNER = :1" order by "JOB_NAME" {
        name: "JOB_NAME",
        program: "PROGRAM_NAME",
        kind: "JOB_TYPE",
        action: "JOB_ACTION",
        schedule: "SCHEDULE_NAME",
        repeat: "REPEAT_INTERVAL",
        start: "TO_CHAR(START_DATE)",
        end: "TO_CHAR(END_DATE)",
        class: "JOB_CLASS",
        enabled: "ENABLED",
        auto_drop: "AUTO_DROP",
        comment: "COMMENTS",
    }

    /// A domain.
    DomainRow from "?DBA_DOMAINS" where "OWNER = :1" order by "NAME" {
        name: "NAME",
        display: "DATA_DISPLAY",
        order: "DATA_ORDER",
        selector: "SELECTOR",
    }

    /// A column of a domain.
    DomainColumnRow from "?DBA_DOMAIN_COLS" where "OWNER = :1" order by "DOMAIN_NAME, COLUMN_ID, DATA_TYPE_ID" {
        domain: "DOMAIN_NAME",
        name: "COLUMN_NAME",
        data_type: "DATA_TYPE",
        data_length: "DATA_LENGTH",
        precision: "DATA_PRECISION",
        scale: "DATA_SCALE",
        nullable: "NULLABLE",
        default_on_null: "DEFAULT_ON_NULL",
        collation: "COLLATION",
        char_length: "CHAR_LENGTH",
        default: "DATA_DEFAULT",
    }

    /// A condition of a domain.
    DomainConstraintRow from "?DBA_DOMAIN_CONSTRAINTS" where "DOMAIN_OWNER = :1" order by "DOMAIN_NAME, NAME" {
        domain: "DOMAIN_NAME",
        name: "NAME",
        status: "STATUS",
        deferrable: "DEFERRABLE",
        deferred: "DEFERRED",
        validated: "VALIDATED",
        generated: "GENERATED",
        condition: "SEARCH_CONDITION",
    }

    /// An annotation of an object or a column.
    AnnotationRow from "?DBA_ANNOTATIONS_USAGE" where "ANNOTATION_OWNER = :1"
        order by "OBJECT_TYPE, OBJECT_NAME, COLUMN_NAME, ANNOTATION_NAME"
    {
        kind: "OBJECT_TYPE",
        object: "OBJECT_NAME",
        column: "COLUMN_NAME",
        name: "ANNOTATION_NAME",
        value: "ANNOTATION_VALUE",
        domain: "?DOMAIN_NAME",
    }
}
