//! Whatever bytes stand in a revision file, on every engine: no crash, no hang, and nothing said of a line that is not there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrt_chain::settings::EngineKind;
use mrt_lint::project::{Selection, check_texts};

const ENGINES: [EngineKind; 6] = [
    EngineKind::Sqlite,
    EngineKind::Postgres,
    EngineKind::Mysql,
    EngineKind::Mariadb,
    EngineKind::Mssql,
    EngineKind::Oracle,
];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    // Two of them are a chain, or its beginning twice.
    let next = text.replace("down_revision", "revision").replace("revision =", "down_revision =");
    let Ok(checked) =
        check_texts(&[("first.py", &text), ("second.py", &next)], &ENGINES, &Selection::default())
    else {
        return;
    };
    for finding in &checked.findings {
        let source = &checked.sources[&finding.file];
        let lines = u32::try_from(source.lines().count().max(1)).unwrap_or(u32::MAX);
        assert!((1..=lines).contains(&finding.line), "{finding:?} is in no line of {lines}");
    }
});
