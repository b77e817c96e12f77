//! Who there is, and what keeps rows and values from whom.

use super::{ALWAYS, Listing, PATH, class, listing, yes};
use crate::database::catalog::ObjectKind;

/// What every database has: schemas, users, roles.
pub(super) fn always() -> Vec<Listing> {
    vec![
        listing(
            ObjectKind::Schema,
            class::SCHEMA,
            ALWAYS,
            &["owner"],
            // Those between are the server's, and so are those of the fixed roles at the end.
            "SELECT s.schema_id, NULL, s.name, p.name FROM sys.schemas s \
             JOIN sys.database_principals p ON p.principal_id = s.principal_id \
             WHERE s.schema_id = 1 OR s.schema_id BETWEEN 5 AND 16383"
                .to_owned(),
        ),
        // The login of one that has any; the others have made-up identifiers.
        listing(
            ObjectKind::Other,
            class::PRINCIPAL,
            ALWAYS,
            &["type", "default schema", "authentication", "default language", "owner", "writes encrypted values", "login"],
            format!(
                "SELECT p.principal_id, NULL, \
                 CASE p.type WHEN 'R' THEN 'role ' WHEN 'A' THEN 'application role ' ELSE 'user ' END + p.name, p.type_desc, \
                 p.default_schema_name, p.authentication_type_desc, p.default_language_name, o.name, {}, \
                 IIF(p.authentication_type = 1, SUSER_SNAME(p.sid), NULL) \
                 FROM sys.database_principals p LEFT JOIN sys.database_principals o ON o.principal_id = p.owning_principal_id \
                 WHERE p.principal_id > 4 AND p.is_fixed_role = 0",
                yes("p.allow_encrypted_value_modifications")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            ALWAYS,
            &[],
            "SELECT 0, CASE m.type WHEN 'R' THEN 'role ' ELSE 'user ' END + m.name, \
             'membership of ' + m.name + ' in ' + r.name FROM sys.database_role_members x \
             JOIN sys.database_principals m ON m.principal_id = x.member_principal_id \
             JOIN sys.database_principals r ON r.principal_id = x.role_principal_id WHERE x.member_principal_id <> 1"
                .to_owned(),
        ),
    ]
}

pub(super) fn listings() -> Vec<Listing> {
    vec![
        listing(
            ObjectKind::Policy,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.security_policies)",
            &["owner", "enabled", "not for replication", "schema bound"],
            format!(
                "SELECT o.object_id, NULL, {PATH} o.name, p.name, {}, {}, {} FROM sys.security_policies o \
                 JOIN sys.schemas s ON s.schema_id = o.schema_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = o.principal_id",
                yes("o.is_enabled"),
                yes("o.is_not_for_replication"),
                yes("o.is_schema_bound")
            ),
        ),
        listing(
            ObjectKind::Policy,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.security_predicates)",
            &["type", "operation", "predicate"],
            format!(
                "SELECT 0, {PATH} o.name, {PATH} o.name + '.on ' + SCHEMA_NAME(t.schema_id) + '.' + t.name, \
                 x.predicate_type_desc, x.operation_desc, x.predicate_definition FROM sys.security_predicates x \
                 JOIN sys.security_policies o ON o.object_id = x.object_id JOIN sys.schemas s ON s.schema_id = o.schema_id \
                 JOIN sys.objects t ON t.object_id = x.target_object_id \
                 ORDER BY t.name, x.predicate_type, x.operation, x.predicate_definition"
            ),
        ),
        listing(
            ObjectKind::Other,
            class::SYMMETRIC_KEY,
            "EXISTS (SELECT 1 FROM sys.symmetric_keys)",
            &["owner", "algorithm", "length"],
            "SELECT k.symmetric_key_id, NULL, 'symmetric key ' + k.name, p.name, k.algorithm_desc, k.key_length \
             FROM sys.symmetric_keys k LEFT JOIN sys.database_principals p ON p.principal_id = k.principal_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::ASYMMETRIC_KEY,
            "EXISTS (SELECT 1 FROM sys.asymmetric_keys)",
            &["owner", "algorithm", "encryption of the private key"],
            "SELECT k.asymmetric_key_id, NULL, 'asymmetric key ' + k.name, p.name, k.algorithm_desc, \
             k.pvt_key_encryption_type_desc FROM sys.asymmetric_keys k \
             LEFT JOIN sys.database_principals p ON p.principal_id = k.principal_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::CERTIFICATE,
            "EXISTS (SELECT 1 FROM sys.certificates)",
            &["owner", "subject", "encryption of the private key", "begins dialogs"],
            format!(
                "SELECT c.certificate_id, NULL, 'certificate ' + c.name, p.name, c.subject, c.pvt_key_encryption_type_desc, {} \
                 FROM sys.certificates c LEFT JOIN sys.database_principals p ON p.principal_id = c.principal_id",
                yes("c.is_active_for_begin_dialog")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.column_master_keys)",
            &["store", "path", "enclaves"],
            format!(
                "SELECT 0, NULL, 'column master key ' + k.name, k.key_store_provider_name, k.key_path, {} \
                 FROM sys.column_master_keys k",
                yes("k.allow_enclave_computations")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.column_encryption_keys)",
            &["values"],
            "SELECT 0, NULL, 'column encryption key ' + k.name, \
             (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), m.name), ' ', v.encryption_algorithm_name COLLATE DATABASE_DEFAULT, \
             ' ', CONVERT(nvarchar(max), HASHBYTES('SHA2_256', v.encrypted_value), 2)), ', ') WITHIN GROUP (ORDER BY m.name) \
             FROM sys.column_encryption_key_values v \
             JOIN sys.column_master_keys m ON m.column_master_key_id = v.column_master_key_id \
             WHERE v.column_encryption_key_id = k.column_encryption_key_id) FROM sys.column_encryption_keys k"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::CREDENTIAL,
            "EXISTS (SELECT 1 FROM sys.database_scoped_credentials)",
            &["identity"],
            "SELECT c.credential_id, NULL, 'credential ' + c.name, c.credential_identity FROM sys.database_scoped_credentials c"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.database_audit_specifications)",
            &["enabled", "actions"],
            format!(
                "SELECT 0, NULL, 'audit specification ' + a.name, {}, \
                 (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), d.audit_action_name) COLLATE DATABASE_DEFAULT, ' on ', \
                 d.class_desc COLLATE DATABASE_DEFAULT, ' ', OBJECT_NAME(d.major_id), ' by ', USER_NAME(d.audited_principal_id)), ', ') \
                 WITHIN GROUP (ORDER BY CONCAT(d.audit_action_name COLLATE DATABASE_DEFAULT, OBJECT_NAME(d.major_id), USER_NAME(d.audited_principal_id))) \
                 FROM sys.database_audit_specification_details d \
                 WHERE d.database_specification_id = a.database_specification_id) FROM sys.database_audit_specifications a",
                yes("a.is_state_enabled")
            ),
        ),
    ]
}
