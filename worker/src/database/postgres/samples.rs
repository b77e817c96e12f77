//! What planning and seeding must know of PostgreSQL's SQL, and values of its less common types.

use crate::database::Dialect;
use crate::database::catalog::ColumnType;
use crate::database::rows::Value;

/// How many ordinary values a type has, where they can be counted out.
const COUNT: u32 = 12;

/// PostgreSQL's SQL.
#[derive(Debug, Default)]
pub struct PostgreSqlDialect {
    sql: sqlparser::dialect::PostgreSqlDialect,
}

impl Dialect for PostgreSqlDialect {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &self.sql
    }

    fn fold(&self, identifier: &str) -> String {
        // The server folds ASCII letters only, where the encoding has characters of several bytes.
        let mut name = identifier.to_ascii_lowercase();
        if name.len() > 63 {
            name.truncate(name.floor_char_boundary(63));
        }
        name
    }

    fn speaks_of_server(&self, code: Option<&str>, message: &str) -> bool {
        // Classes 08 (connection), 53 (resources), 57P (shutdown) and 58 (system error); without a code, what the
        // drivers say when the connection breaks.
        match code {
            Some(code) if code.len() == 5 => {
                matches!(&code[..2], "08" | "53" | "58")
                    || matches!(code, "57P01" | "57P02" | "57P03" | "57P05")
            }
            _ => [
                "server closed the connection",
                "connection was closed",
                "connection refused",
                "could not connect",
                "connection failed",
                "terminating connection",
                // A login that finds all connections taken has no code with psycopg2.
                "remaining connection slots are reserved",
                "too many clients already",
                "too many connections",
                "the database system is",
            ]
            .iter()
            .any(|words| message.to_ascii_lowercase().contains(words)),
        }
    }

    fn speaks_of_room(&self, code: Option<&str>, _message: &str) -> bool {
        code == Some("53100")
    }

    fn without_files(&self, message: &str) -> String {
        // Tables are files by number, and temporary ones have the number of a process in their names.
        let is_file = |quoted: &str| quoted.starts_with("base/") || quoted.starts_with("pg_tblspc/");
        let parts = message.split('"').map(|part| if is_file(part) { "<file>" } else { part });
        parts.collect::<Vec<_>>().join("\"")
    }

    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value> {
        texts(&ty.native, edge).into_iter().map(Value::Text).collect()
    }
}

/// Values of the type, by its name without schema and parameters.
fn texts(native: &str, edge: bool) -> Vec<String> {
    let bare = native.rsplit_once('.').filter(|(schema, _)| !schema.contains('(')).map_or(native, |(_, n)| n);
    let (name, parameters) = match bare.split_once('(') {
        Some((name, rest)) => (name.trim_end(), rest.trim_end_matches(')')),
        None => (bare, ""),
    };
    let length = parameters.parse::<usize>().ok();
    match name.trim_matches('"') {
        "bit" => bits(length.unwrap_or(1), true, edge),
        "bit varying" => bits(length.unwrap_or(if edge { 200 } else { 8 }), false, edge),
        name if edge => extremes(name),
        name => ordinary(name),
    }
}

fn bits(length: usize, exact: bool, edge: bool) -> Vec<String> {
    if edge {
        let mut values = vec!["1".repeat(length), "0".repeat(length)];
        if !exact {
            values.push(String::new());
        }
        return values;
    }
    let distinct = if length >= 4 { COUNT as usize } else { 1 << length };
    (0..distinct)
        .map(|n| {
            let digits = format!("{:0>width$b}", (n + 1) % (1 << length.min(16)), width = length.min(16));
            format!("{digits:0>length$}")
        })
        .collect()
}

/// Counts values out.
fn count(make: impl Fn(u32) -> String) -> Vec<String> {
    (1..=COUNT).map(make).collect()
}

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|v| (*v).to_owned()).collect()
}

/// Plausible values. Ranges do not overlap, so that they pass an exclusion constraint.
fn ordinary(name: &str) -> Vec<String> {
    match name {
        "inet" => count(|n| format!("192.0.2.{n}")),
        "cidr" => count(|n| format!("10.{n}.0.0/16")),
        "macaddr" => count(|n| format!("08:00:2b:01:02:{n:02x}")),
        "macaddr8" => count(|n| format!("08:00:2b:01:02:03:04:{n:02x}")),
        "money" => count(|n| format!("{n}.25")),
        "point" => count(|n| format!("({n},{}.5)", n + 1)),
        "line" => count(|n| format!("{{{n},-1,{n}.5}}")),
        "lseg" => count(|n| format!("[({n},0),({n},2)]")),
        "box" => count(|n| format!("({n}.5,1),({n},0)")),
        "path" => count(|n| format!("[(0,0),({n},1),({n},2)]")),
        "polygon" => count(|n| format!("((0,0),({n},0),({n},1))")),
        "circle" => count(|n| format!("<({},0),0.5>", 10 * n)),
        "tsvector" => count(|n| format!("'entry':1A 'word{n}':2")),
        "tsquery" => count(|n| format!("'entry' & 'word{n}'")),
        "xml" => count(|n| format!("<entry id=\"{n}\">text</entry>")),
        "jsonpath" => count(|n| format!("$.\"a\"[{n}]")),
        "int4range" | "int8range" => count(|n| format!("[{0}0,{0}9)", n)),
        "numrange" => count(|n| format!("[{n}.25,{n}.75)")),
        "daterange" => count(|n| format!("[2021-{n:02}-01,2021-{n:02}-15)")),
        "tsrange" => count(|n| format!("[2021-{n:02}-01 08:00:00,2021-{n:02}-01 09:30:00)")),
        "tstzrange" => count(|n| format!("[2021-{n:02}-01 08:00:00+00,2021-{n:02}-01 09:30:00+00)")),
        "int4multirange" | "int8multirange" => count(|n| format!("{{[{0}0,{0}3),[{0}5,{0}8)}}", n)),
        "nummultirange" => count(|n| format!("{{[{n}.1,{n}.2),[{n}.5,{n}.6)}}")),
        "datemultirange" => {
            count(|n| format!("{{[2021-{n:02}-01,2021-{n:02}-05),[2021-{n:02}-10,2021-{n:02}-12)}}"))
        }
        "tsmultirange" => count(|n| format!("{{[2021-{n:02}-01 08:00:00,2021-{n:02}-01 09:30:00)}}")),
        "tstzmultirange" => count(|n| format!("{{[2021-{n:02}-01 08:00:00+00,2021-{n:02}-01 09:30:00+00)}}")),
        "hstore" => count(|n| format!("\"key\"=>\"value {n}\", \"n\"=>\"{n}\"")),
        "ltree" => count(|n| format!("top.branch.leaf_{n}")),
        "lquery" => count(|n| format!("top.*.leaf_{n}")),
        "ltxtquery" => count(|n| format!("top & leaf_{n}")),
        "cube" => count(|n| format!("({n}, 2, 3)")),
        "seg" => count(|n| format!("{n} .. {}", n + 1)),
        "geometry" | "geography" => count(|n| format!("SRID=4326;POINT({n} {n}.5)")),
        "vector" => Vec::new(),
        "pg_lsn" => count(|n| format!("16/B37{n:04X}")),
        "xid" | "cid" | "xid8" => count(|n| (1000 + n).to_string()),
        "tid" => count(|n| format!("(0,{n})")),
        "txid_snapshot" | "pg_snapshot" => count(|n| format!("10:{}:10", 20 + n)),
        "\"char\"" | "char" => count(|n| char::from(b'a' + (n % 26) as u8).to_string()),
        "oidvector" | "int2vector" => count(|n| format!("1 {n}")),
        "regclass" => list(&["pg_class", "pg_type", "pg_attribute", "pg_index"]),
        "regtype" => list(&["integer", "text", "boolean", "uuid"]),
        "regproc" => list(&["now", "pg_backend_pid", "clock_timestamp"]),
        "regprocedure" => list(&["now()", "length(text)", "lower(text)"]),
        "regoper" => list(&["pg_catalog.||/", "pg_catalog.|/"]),
        "regoperator" => list(&["+(integer,integer)", "=(text,text)", "<(integer,integer)"]),
        "regnamespace" => list(&["pg_catalog", "information_schema"]),
        "regrole" => list(&["pg_monitor", "pg_signal_backend"]),
        "regconfig" => list(&["english", "simple", "german"]),
        "regdictionary" => list(&["simple", "english_stem"]),
        "regcollation" => list(&["\"C\"", "\"POSIX\""]),
        _ => Vec::new(),
    }
}

/// Extremes: the ends of the type, special values, empty ones.
fn extremes(name: &str) -> Vec<String> {
    list(match name {
        "inet" => &["2001:db8::ff00:42:8329/64", "0.0.0.0/0", "255.255.255.255"],
        "cidr" => &["2001:db8::/32", "0.0.0.0/0", "255.255.255.255/32"],
        "macaddr" => &["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"],
        "macaddr8" => &["ff:ff:ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00:00:00"],
        "money" => &["92233720368547758.07", "-92233720368547758.08", "0"],
        "point" => &["(-1e300,1e300)", "(0.1,0.30000000000000004)", "(0,0)"],
        "line" => &["{1,0,-1e100}", "{-0.1,0.3,0}"],
        "lseg" => &["[(-1e100,0),(1e100,0.1)]", "[(0,0),(0,0)]"],
        "box" => &["(1e100,1e100),(-1e100,-1e100)", "(0,0),(0,0)"],
        "path" => &["((-1e100,0),(1e100,0.1))", "[(0,0)]"],
        "polygon" => &["((-1e100,0),(1e100,0.1),(0,7))", "((0,0))"],
        "circle" => &["<(1e100,-1e100),1e99>", "<(0,0),0>"],
        "tsvector" => &["", "'it''s':3A,16383 'größe':2B 'z':1"],
        "tsquery" => &["", "'a':*AB & !( 'größe' | 'b' <3> 'c' )"],
        "xml" => &["<e a=\"ä &amp; '\"> <![CDATA[<x>]]> </e>", "text &lt; only"],
        "jsonpath" => &["strict $", "$.*[last] ? (@ > -1.5e3)"],
        "int4range" => &["[-2147483648,2147483647)", "empty", "(,)"],
        "int8range" => &["[-9223372036854775808,9223372036854775807)", "empty", "(,)"],
        "numrange" => &["[-123456789012345678901234567890.123456789,0.1]", "empty", "(,)"],
        "daterange" => &["[-infinity,infinity)", "empty", "(,1900-01-01)"],
        "tsrange" => &["[-infinity,infinity]", "empty", "(,1900-01-01 00:00:00.000001]"],
        "tstzrange" => &["[-infinity,infinity]", "empty", "(,1900-01-01 00:00:00.000001+05:30]"],
        "int4multirange" | "int8multirange" | "nummultirange" => &["{}", "{(,-5),[7,)}"],
        "datemultirange" => &["{}", "{(,1900-01-01),[2100-01-01,)}"],
        "tsmultirange" => &["{}", "{(,1900-01-01 00:00:00.000001],[2100-01-01 00:00:00,)}"],
        "tstzmultirange" => &["{}", "{(,1900-01-01 00:00:00.000001+05:30],[2100-01-01 00:00:00+00,)}"],
        "hstore" => &["", "\"a \\\" b\"=>NULL, \"größe\"=>\"it's, =>\", \"\"=>\"\""],
        "ltree" => &["", "A_1.b.C"],
        "cube" => &["(-1e300, 0.1),(1e300, 0.2)", "(0)"],
        "pg_lsn" => &["0/0", "FFFFFFFF/FFFFFFFF"],
        "xid" | "cid" => &["0", "4294967295"],
        "xid8" => &["0", "18446744073709551615"],
        "tid" => &["(4294967295,65535)", "(0,0)"],
        "\"char\"" | "char" => &["", "~"],
        "regclass" | "regtype" | "regproc" | "regprocedure" | "regnamespace" | "regrole" | "regconfig"
        | "regdictionary" | "regcollation" => &["-"],
        _ => &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_finds_no_connection_left_speaks_of_the_server() {
        let dialect = PostgreSqlDialect::default();
        let at = "connection to server at \"10.0.0.1\", port 5432 failed: FATAL: ";
        for words in [
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "remaining connection slots are reserved for non-replication superuser connections",
            "sorry, too many clients already",
            "the database system is shutting down",
        ] {
            assert!(dialect.speaks_of_server(None, &format!("{at} {words}")), "{words}");
        }
        for words in ["password authentication failed for user \"mrt\"", "database \"mrt\" does not exist"] {
            assert!(!dialect.speaks_of_server(None, &format!("{at} {words}")), "{words}");
        }
    }

    #[test]
    fn files_of_the_server_are_left_out_and_names_of_the_users_stay() {
        let dialect = PostgreSqlDialect::default();
        let told = dialect.without_files(
            "could not write to file \"base/pgsql_tmp/pgsql_tmp59.3\": No space left on device",
        );
        assert_eq!(told, "could not write to file \"<file>\": No space left on device");
        let other = "relation \"base\" of schema \"app\" is full";
        assert_eq!(dialect.without_files(other), other);
    }
}
