//! Whatever bytes stand in a file, on every engine: no crash, no hang, and nothing said of a line that is not there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrt_chain::settings::EngineKind;
use mrt_lint::project::{Checked, Selection, check_django_texts, check_texts};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let selection = Selection { rolling: true, ..Selection::default() };
    if text.contains("class Migration") {
        let files = [("shop/migrations/0001.py", &*text), ("web/migrations/0001.py", &*text)];
        look(check_django_texts(&files, &EngineKind::ALL, &selection).ok());
        return;
    }
    // Two of them are a chain, or its beginning twice.
    let next = text.replace("down_revision", "revision").replace("revision =", "down_revision =");
    let files = [("first.py", &*text), ("second.py", &*next), ("env.py", &*text)];
    look(check_texts(&files, &EngineKind::ALL, &selection).ok());
});

fn look(checked: Option<Checked>) {
    let Some(checked) = checked else { return };
    for finding in &checked.findings {
        // As Python counts them: each of these ends a line.
        let source = &checked.sources[&finding.file];
        let ends = source.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let lines = u32::try_from(ends + 1).unwrap_or(u32::MAX);
        assert!((1..=lines).contains(&finding.line), "{finding:?} is in no line of {lines}");
    }
}
