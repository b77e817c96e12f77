//! What goes into a bundle comes out of it, and nothing gets out of the directory.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use mrt_bundle::{BundleError, Digest, Limits, pack, read, unpack};
use proptest::prelude::*;
use sha2::Digest as _;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// A directory with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// All names below, with contents; links by where they lead.
fn listed(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            found.extend(listed(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
            found.insert(format!("{name}/"), String::new());
        } else if metadata.is_symlink() {
            found.insert(name, format!("-> {}", fs::read_link(&path).unwrap().display()));
        } else {
            found.insert(name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
    found
}

/// An archive that no program of ours would make.
fn forged(entries: &[(&str, EntryType, &str)]) -> (Vec<u8>, Digest) {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, kind, text) in entries {
        let mut header = Header::new_gnu();
        let bytes = name.as_bytes();
        // By hand: the library refuses such names.
        header.as_old_mut().name[..bytes.len()].copy_from_slice(bytes);
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        let is_file = *kind == EntryType::Regular;
        header.set_size(if is_file { text.len() as u64 } else { 0 });
        if !is_file && !text.is_empty() {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_cksum();
        builder.append(&header, if is_file { text.as_bytes() } else { &[] }).unwrap();
    }
    let archive = builder.into_inner().unwrap().finish().unwrap();
    let digest = digest(&archive);
    (archive, digest)
}

fn digest(archive: &[u8]) -> Digest {
    let hex: String = sha2::Sha256::digest(archive).iter().map(|byte| format!("{byte:02x}")).collect();
    Digest::parse(&hex).unwrap()
}

/// What unpacking says, with the directory above the one that it was to make.
fn unpacked(archive: &[u8], digest: Digest, limits: Limits) -> (TempDir, Result<(), BundleError>) {
    let above = tempfile::tempdir().unwrap();
    let result = unpack(archive, digest, &above.path().join("bundle"), limits);
    (above, result)
}

#[test]
fn what_is_packed_is_unpacked() {
    let dir =
        tree(&[("mrt.toml", "[suite]"), ("migrations/env.py", "pass"), (".env", "A=1"), ("run.sh", "#!")]);
    fs::set_permissions(dir.path().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    symlink("../mrt.toml", dir.path().join("migrations/settings")).unwrap();
    let mut packed = pack(dir.path(), Limits::default()).unwrap();
    let mut archive = Vec::new();
    packed.archive.read_to_end(&mut archive).unwrap();
    let names =
        ["empty", "migrations", "migrations/env.py", "migrations/settings", ".env", "mrt.toml", "run.sh"];
    assert_eq!((packed.size, &packed.names), (archive.len() as u64, &names.map(PathBuf::from).into()));
    assert_eq!(packed.digest, digest(&archive));

    let (above, result) = unpacked(&archive, packed.digest, Limits::default());
    result.unwrap();
    let bundle = above.path().join("bundle");
    assert_eq!(listed(&bundle), listed(dir.path()));
    assert_eq!(fs::metadata(bundle.join("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::metadata(bundle.join("mrt.toml")).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn the_same_files_are_the_same_bundle_wherever_and_whenever() {
    let files = [("a/b.py", "1"), ("a.py", "2"), ("c", "3")];
    let one = tree(&files);
    let other = tree(&[files[2], files[1], files[0]]);
    fs::File::open(other.path().join("c")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let digest = |dir: &TempDir| pack(dir.path(), Limits::default()).unwrap().digest;
    assert_eq!(digest(&one), digest(&other));
    fs::write(other.path().join("c"), "4").unwrap();
    assert_ne!(digest(&one), digest(&other));
}

#[test]
fn what_no_migration_needs_stays_behind() {
    let dir = tree(&[
        (".gitignore", "*.log\n"),
        (".mrtignore", "/data\n"),
        ("a.py", ""),
        ("a.log", ""),
        ("data/huge", ""),
        (".venv/bin/python", ""),
        (".git/HEAD", ""),
        // As a coordinator leaves it, in a project with or without git.
        ("mrt-data/.gitignore", "*\n"),
        ("mrt-data/state.db", ""),
        ("pkg/__pycache__/a.pyc", ""),
    ]);
    let mut packed = pack(dir.path(), Limits::default()).unwrap();
    let mut archive = Vec::new();
    packed.archive.read_to_end(&mut archive).unwrap();
    let (above, result) = unpacked(&archive, packed.digest, Limits::default());
    result.unwrap();
    let names: Vec<String> = listed(&above.path().join("bundle")).into_keys().collect();
    assert_eq!(names, [".gitignore", "a.py", "mrt-data/", "pkg/"]);
}

#[test]
fn what_git_ignores_stays_behind_and_nothing_else_above_its_root_counts() {
    let above = tree(&[
        (".gitignore", "*\n"),
        ("repository/.git/HEAD", "ref: refs/heads/main\n"),
        ("repository/.git/info/exclude", "private.txt\n"),
        ("repository/.gitignore", "*.log\n"),
        ("repository/services/billing/a.py", ""),
        ("repository/services/billing/a.log", ""),
        ("repository/services/billing/private.txt", ""),
        ("repository/services/billing/env/pyvenv.cfg", ""),
        ("repository/services/billing/env/bin/python", ""),
        ("elsewhere/.gitignore", "*.log\n"),
        ("elsewhere/a.py", ""),
        ("elsewhere/a.log", ""),
    ]);
    let names = |dir: &str| {
        let packed = pack(&above.path().join(dir), Limits::default()).unwrap();
        packed.names.into_iter().map(|name| name.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("repository/services/billing"), ["a.py"]);
    assert_eq!(names("elsewhere"), [".gitignore", "a.py"]);
}

/// Somebody's own settings of git, as they stand in their home directory. The environment is everybody's, so a process of its
/// own looks at it.
#[test]
fn what_somebodys_git_ignores_everywhere_stays_behind() {
    if let Some(project) = std::env::var_os("PACKED_PROJECT") {
        let packed = pack(Path::new(&project), Limits::default()).unwrap();
        assert_eq!(packed.names, BTreeSet::new());
        return;
    }
    let home = tree(&[
        ("ignored", "*.swp\n"),
        ("project/.git/HEAD", "ref: refs/heads/main\n"),
        ("project/a.swp", ""),
    ]);
    let (ignored, config) = (home.path().join("ignored"), home.path().join("config"));
    fs::write(&config, format!("[core]\n\texcludesFile = {}\n", ignored.display())).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_somebodys_git_ignores_everywhere_stays_behind"])
        .env("GIT_CONFIG_GLOBAL", config)
        .env("PACKED_PROJECT", home.path().join("project"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn too_much_is_told_with_what_takes_most() {
    let dir = tree(&[("a.py", "1"), ("dump.sql", &"x".repeat(3 << 20))]);
    let limits = Limits { bytes: 2 << 20, ..Limits::default() };
    let message = pack(dir.path(), limits).unwrap_err().to_string();
    assert!(message.contains("more than 2 MiB") && message.contains("dump.sql has 3 MiB"), "{message}");
    let message = pack(dir.path(), Limits { entries: 1, ..Limits::default() }).unwrap_err().to_string();
    assert!(message.contains("more than 1 files") && message.contains(".mrtignore"), "{message}");
}

#[test]
fn a_link_that_leads_outside_is_told() {
    for target in ["/etc/passwd", "../x", "a/../../x"] {
        let dir = tree(&[("a/b", "")]);
        symlink(target, dir.path().join("link")).unwrap();
        let message = pack(dir.path(), Limits::default()).unwrap_err().to_string();
        assert!(message.contains(&format!("link is a link to {target}")), "{message}");
    }
}

#[test]
fn nothing_gets_out_of_the_directory() {
    use EntryType::{Directory, Fifo, Link, Regular, Symlink};
    let cases: [&[(&str, EntryType, &str)]; 11] = [
        &[("../evil", Regular, "x")],
        &[("/tmp/mrt-evil", Regular, "x")],
        &[("a/../../evil", Regular, "x")],
        &[("./a", Regular, "x")],
        &[("..", Directory, "")],
        &[("link", Symlink, "/etc")],
        &[("link", Symlink, "..")],
        // `..` behind a link leads somewhere else than it seems.
        &[("a/b", Directory, ""), ("a/up", Symlink, ".."), ("a/b/link", Symlink, "../up/..")],
        &[("link", Symlink, "a"), ("link/evil", Regular, "x")],
        &[("hard", Link, "/etc/passwd")],
        &[("pipe", Fifo, "")],
    ];
    for entries in cases {
        let (archive, digest) = forged(entries);
        let (above, result) = unpacked(&archive, digest, Limits::default());
        assert!(matches!(result, Err(BundleError::Refused { .. })), "{entries:?}: {result:?}");
        assert_eq!(listed(above.path()), BTreeMap::new(), "{entries:?}");
        assert!(!Path::new("/tmp/mrt-evil").exists());
    }
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let (archive, digest) = forged(&[("a", EntryType::Regular, "x"), ("a", EntryType::Regular, "y")]);
    let (above, result) = unpacked(&archive, digest, Limits::default());
    assert!(matches!(result, Err(BundleError::File { .. })), "{result:?}");
    assert_eq!(listed(above.path()), BTreeMap::new());
}

#[test]
fn no_more_is_unpacked_than_the_limits_allow() {
    let big = "x".repeat(3 << 20);
    let (archive, digest) = forged(&[("a", EntryType::Regular, &big), ("b", EntryType::Regular, "y")]);
    for limits in [Limits { bytes: 1 << 20, ..Limits::default() }, Limits { entries: 1, ..Limits::default() }]
    {
        let (above, result) = unpacked(&archive, digest, limits);
        assert!(matches!(result, Err(BundleError::Refused { .. })), "{result:?}");
        assert_eq!(listed(above.path()), BTreeMap::new());
    }
}

#[test]
fn another_archive_than_its_name_says_is_no_bundle() {
    let (mut archive, digest) = forged(&[("a", EntryType::Regular, "x")]);
    archive.write_all(b"more").unwrap();
    let (above, result) = unpacked(&archive, digest, Limits::default());
    assert!(matches!(result, Err(BundleError::Digest { .. })), "{result:?}");
    assert_eq!(listed(above.path()), BTreeMap::new());
}

#[test]
fn a_digest_is_64_lower_case_digits() {
    let text = "00ff".repeat(16);
    assert_eq!(Digest::parse(&text).unwrap().to_string(), text);
    for wrong in ["", "00", &text.to_uppercase(), &text.replace('f', "g"), &format!("{text}00")] {
        assert_eq!(Digest::parse(wrong), None, "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is cut off or changed: an error, and nothing left.
    #[test]
    fn a_damaged_archive_leaves_nothing(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let (mut archive, digest) =
            forged(&[("a/b", EntryType::Regular, "text"), ("c", EntryType::Symlink, "a/b"), ("d", EntryType::Directory, "")]);
        let at = at.index(archive.len());
        if cut {
            archive.truncate(at);
        } else if archive[at] == byte {
            return Ok(());
        } else {
            archive[at] = byte;
        }
        let (above, result) = unpacked(&archive, digest, Limits::default());
        prop_assert!(result.is_err());
        prop_assert_eq!(listed(above.path()), BTreeMap::new());
    }
}

#[test]
fn files_can_be_looked_at_without_being_written() {
    let dir = tree(&[("a/x.py", "one"), ("b.py", "0123456789"), ("c.txt", "three")]);
    symlink("b.py", dir.path().join("link.py")).unwrap();
    let packed = pack(dir.path(), Limits::default()).unwrap();
    let is_python = |name: &Path| name.extension().is_some_and(|it| it == "py");
    let seen = |archive: &mut dyn Read, limits, most: usize| {
        let mut seen = Vec::new();
        read(archive, limits, 4, is_python, |name, text| {
            seen.push(format!("{}: {}", name.display(), String::from_utf8(text).unwrap()));
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .map(|()| seen)
    };
    let mut archive = Vec::new();
    { packed.archive }.read_to_end(&mut archive).unwrap();
    let all = seen(&mut archive.as_slice(), Limits::default(), 9).unwrap();
    assert_eq!(all, ["a/x.py: one", "b.py: 0123"]);
    assert_eq!(seen(&mut archive.as_slice(), Limits::default(), 1).unwrap(), ["a/x.py: one"]);
    let few = Limits { entries: 3, ..Limits::default() };
    assert!(matches!(seen(&mut archive.as_slice(), few, 9), Err(BundleError::Refused { .. })));
    for name in ["../x.py", "/x.py", "a/../../x.py"] {
        let (bytes, _) = forged(&[(name, EntryType::Regular, "x")]);
        assert!(
            matches!(seen(&mut bytes.as_slice(), Limits::default(), 9), Err(BundleError::Refused { .. })),
            "{name}"
        );
    }
    assert!(matches!(
        seen(&mut b"no archive".as_slice(), Limits::default(), 9),
        Err(BundleError::Archive(_))
    ));
}
