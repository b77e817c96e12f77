//! The engines that a project of Django names in its own settings: they are Python, so that they are searched and not run.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::EngineKind;

/// Settings lie no deeper below `manage.py`.
const DEEPEST: usize = 3;
/// Nobody has more directories and files so near.
const MOST: usize = 5_000;
/// Longer settings are not read to their end.
const LARGEST: u64 = 1 << 20;

const ENGINES: &[(&str, EngineKind)] = &[
    ("django.db.backends.sqlite3", EngineKind::Sqlite),
    ("django.db.backends.postgresql", EngineKind::Postgres),
    ("django.contrib.gis.db.backends.postgis", EngineKind::Postgres),
    ("django.db.backends.mysql", EngineKind::MySql),
    ("django.contrib.gis.db.backends.mysql", EngineKind::MySql),
    ("django.db.backends.oracle", EngineKind::Oracle),
];

/// The engines that settings files below a directory name.
pub(super) fn engines(root: &Path) -> BTreeSet<EngineKind> {
    let mut files = Vec::new();
    let mut seen = 0;
    find(root, false, DEEPEST, &mut seen, &mut files);
    let texts = files.iter().filter_map(|file| {
        let mut bytes = Vec::new();
        fs::File::open(file).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    });
    let named =
        |text: String| ENGINES.iter().filter(move |(word, _)| text.contains(word)).map(|(_, engine)| *engine);
    texts.flat_map(named).collect()
}

/// Files that are called like settings, or lie in a directory that is. What cannot be read is none.
fn find(directory: &Path, inside: bool, depth: usize, seen: &mut usize, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        *seen += 1;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if *seen > MOST || name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if kind.is_dir() {
            let is_own =
                name != "node_modules" && name != "site-packages" && !path.join("pyvenv.cfg").exists();
            if depth > 0 && is_own {
                find(&path, name == "settings", depth - 1, seen, out);
            }
        } else if kind.is_file() && name.ends_with(".py") && (inside || name.starts_with("settings")) {
            out.push(path);
        }
    }
}
