//! Words of Oracle's SQL.

/// Words that mean something else than a name of theirs in quotes would, in their order.
#[rustfmt::skip]
pub(super) const RESERVED: &[&str] = &[
    "ACCESS", "ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUDIT", "BETWEEN", "BY", "CASE", "CHAR",
    "CHECK", "CLUSTER", "COLUMN", "COMMENT", "COMPRESS", "CONNECT", "CREATE", "CURRENT", "CURRENT_DATE",
    "CURRENT_TIMESTAMP", "DATE", "DBTIMEZONE", "DECIMAL", "DEFAULT", "DELETE", "DESC", "DISTINCT", "DROP",
    "ELSE", "END", "EXCLUSIVE", "EXISTS", "FALSE", "FILE", "FLOAT", "FOR", "FROM", "GRANT", "GROUP", "HAVING",
    "IDENTIFIED", "IMMEDIATE", "IN", "INCREMENT", "INDEX", "INITIAL", "INSERT", "INTEGER", "INTERSECT",
    "INTERVAL", "INTO", "IS", "JSON", "LEVEL", "LIKE", "LOCALTIMESTAMP", "LOCK", "LONG", "MAXEXTENTS",
    "MAXVALUE", "MINUS", "MLSLABEL", "MODE", "MODIFY", "NOAUDIT", "NOCOMPRESS", "NOT", "NOWAIT",
    "NULL", "NUMBER", "OF", "OFFLINE", "ON", "ONLINE", "OPTION", "OR", "ORDER", "PCTFREE", "PRIOR", "PUBLIC",
    "RAW", "RENAME", "RESOURCE", "REVOKE", "ROW", "ROWID", "ROWNUM", "ROWS", "SELECT", "SESSION",
    "SESSIONTIMEZONE", "SET", "SHARE", "SIZE", "SMALLINT", "START", "SUCCESSFUL", "SYNONYM", "SYSDATE",
    "SYSTIMESTAMP", "TABLE", "THEN", "TIMESTAMP", "TO", "TRIGGER", "TRUE", "UID", "UNION", "UNIQUE", "UPDATE",
    "USER", "VALIDATE", "VALUES", "VARCHAR", "VARCHAR2", "VIEW", "WHEN", "WHENEVER", "WHERE", "WITH",
];

/// Of those, the ones after which a parenthesis stands apart.
#[rustfmt::skip]
pub(super) const SPACED: &[&str] = &[
    "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "ELSE", "EXISTS", "FROM", "HAVING", "IN", "INTERSECT",
    "IS", "LIKE", "MINUS", "NOT", "ON", "OR", "SELECT", "THEN", "UNION", "VALUES", "WHEN", "WHERE", "WITH",
];
