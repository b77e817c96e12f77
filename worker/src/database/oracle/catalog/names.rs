//! Which names nobody chose, and which objects are only parts of others.

/// How the names begin of what the server makes for something else: logs of materialized views, the tables of text and spatial
/// indexes, of nested tables, of queues and of archives, what of an index-organized table did not fit, LOBs and their
/// indexes, sequences of identity columns, types of what PL/SQL returns.
const PARTS: &[&str] = &[
    "BIN$",
    "MLOG$_",
    "RUPD$_",
    "I_SNAP$_",
    "I_MLOG$_",
    "C_SNAP$_",
    "DR$",
    "DR#",
    "MDRT_",
    "MDRS_",
    "MDXT_",
    "SYS_IOT_",
    "SYS_NT",
    "SYSNT",
    "SYS_LOB",
    "SYS_IL",
    "SYS_FBA_",
    "SYS_PLSQL_",
    "SYSTP",
    "SYS_YOID",
    "SYS_FK",
    "SYS_JOURNAL_",
    "AQ$_",
    "ISEQ$$_",
    "SYS_RMTAB$$_",
    "MV_RF$",
    "VECTOR$",
    "SYS_MFBA_",
    "CMP3$",
    "CMP4$",
];

/// Whether an object of this name is a part of another one.
pub(in crate::database::oracle) fn is_part_of_another(name: &str) -> bool {
    PARTS.iter().any(|part| name.starts_with(part))
}

/// Whether the server invented the name of a partition.
pub(super) fn is_invented_partition(name: &str) -> bool {
    ["SYS_P", "SYS_SUBP", "SYS_SUBPS"].iter().any(|stem| name.strip_prefix(stem).is_some_and(is_number))
}

/// Whether it invented the name of an index, which is that of the constraint that it serves.
pub(in crate::database::oracle) fn is_invented(name: &str) -> bool {
    name.strip_prefix("SYS_C").is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_others_are_known_by_their_names() {
        for name in [
            "BIN$abc==$0",
            "MLOG$_USERS",
            "ISEQ$$_71234",
            "DR$IX$I",
            "SYS_IOT_OVER_71",
            "SYS_LOB0000071234C00002$$",
        ] {
            assert!(is_part_of_another(name), "{name}");
        }
        for name in ["USERS", "SYSTEMS", "MLOG", "DRIVERS", "BINS", "SYS_USERS", "AQUA"] {
            assert!(!is_part_of_another(name), "{name}");
        }
    }

    #[test]
    fn invented_names_are_told_from_chosen_ones() {
        assert!(
            is_invented("SYS_C0012345")
                && is_invented_partition("SYS_P341")
                && is_invented_partition("SYS_SUBP7")
        );
        for name in ["SYS_C", "SYS_C12A", "PK_USERS", "SYS_CODES"] {
            assert!(!is_invented(name), "{name}");
        }
        assert!(!is_invented_partition("SYS_PARTS") && !is_invented_partition("P1"));
    }
}
