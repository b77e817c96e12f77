//! The cache of bundles.

use std::fs::{File, FileTimes};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use mrt_bundle::{BundleError, Limits, pack};

use super::*;

/// A cache, and the coordinator that it fetches from.
struct Store {
    directory: tempfile::TempDir,
    client: WorkersClient<Channel>,
    coordinator: Coordinator,
}

impl Store {
    fn new() -> Self {
        let (client, coordinator) = Coordinator::start();
        Self { directory: tempfile::tempdir().unwrap(), client, coordinator }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("bundles")
    }

    fn cache(&self, bytes: u64) -> BundleCache {
        BundleCache::open(self.client.clone(), None, self.root(), bytes, Limits::default()).unwrap()
    }

    /// Gives the coordinator a bundle with one file of so many bytes.
    fn bundle(&self, text: &str, size: usize) -> String {
        let project = tempfile::tempdir().unwrap();
        let filler: String = std::iter::repeat_with(fastrand::alphanumeric).take(size).collect();
        fs::create_dir(project.path().join("inner")).unwrap();
        fs::write(project.path().join("inner/filler"), filler).unwrap();
        fs::write(project.path().join("text"), text).unwrap();
        let mut packed = pack(project.path(), Limits::default()).unwrap();
        let mut archive = Vec::new();
        packed.archive.read_to_end(&mut archive).unwrap();
        self.offer(packed.digest.to_string(), archive)
    }

    fn offer(&self, name: String, archive: Vec<u8>) -> String {
        self.coordinator.shared.bundles.lock().unwrap().insert(name.clone(), archive);
        name
    }

    fn fetched(&self) -> usize {
        self.coordinator.shared.fetched.load(Ordering::Relaxed)
    }

    fn is_there(&self, bundle: &str) -> bool {
        self.root().join(bundle).exists()
    }

    /// Makes a bundle look as if it was used so many seconds before.
    fn age(&self, bundle: &str, seconds: u64) {
        let directory = File::open(self.root().join(bundle)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(seconds);
        directory.set_times(FileTimes::new().set_modified(then)).unwrap();
    }

    fn left_half_done(&self) -> usize {
        fs::read_dir(self.root().join("partial")).unwrap().count()
    }
}

fn text_in(files: &Files) -> String {
    fs::read_to_string(files.path().join("text")).unwrap()
}

#[tokio::test]
async fn a_bundle_is_fetched_once() {
    let store = Store::new();
    let (cache, bundle) = (store.cache(1 << 30), store.bundle("hello", 1_000));
    // Also by several who come at once.
    let all = (0..4).map(|_| cache.directory(&bundle));
    for files in futures_util::future::join_all(all).await {
        assert_eq!(text_in(&files.unwrap()), "hello");
    }
    assert_eq!(store.fetched(), 1);
    assert_eq!(store.left_half_done(), 0);
    // And by those who come later, in another process.
    assert_eq!(text_in(&store.cache(1 << 30).directory(&bundle).await.unwrap()), "hello");
    assert_eq!(store.fetched(), 1);
}

#[tokio::test]
async fn everybody_can_read_what_root_has_unpacked() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: everybody_can_read_what_root_has_unpacked (not root)");
        return;
    }
    let store = Store::new();
    fs::create_dir(store.root()).unwrap();
    fs::set_permissions(store.root(), fs::Permissions::from_mode(0o700)).unwrap();
    let bundle = store.bundle("hello", 10);
    let files = store.cache(1 << 30).directory(&bundle).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    for path in
        [store.root(), store.root().join(&bundle), files.path().to_owned(), files.path().join("inner")]
    {
        assert_eq!(mode(&path), 0o755, "{}", path.display());
    }
    assert_eq!(mode(&files.path().join("text")), 0o644);
}

#[tokio::test]
async fn what_was_not_used_for_longest_makes_room() {
    let store = Store::new();
    let cache = store.cache(100 << 10);
    let [old, used, new] = [(); 3].map(|()| store.bundle("x", 40 << 10));
    for bundle in [&old, &used] {
        cache.directory(bundle).await.unwrap();
    }
    store.age(&old, 100);
    store.age(&used, 200);
    // Whoever hands it out again makes it younger.
    cache.directory(&used).await.unwrap();
    cache.directory(&new).await.unwrap();
    assert_eq!([&old, &used, &new].map(|bundle| store.is_there(bundle)), [false, true, true]);
    assert_eq!(store.left_half_done(), 0);
    // It can be had again.
    assert_eq!(text_in(&cache.directory(&old).await.unwrap()), "x");
}

#[tokio::test]
async fn what_is_in_use_stays_however_little_room_there_is() {
    let store = Store::new();
    let cache = store.cache(1);
    let [first, second] = [(); 2].map(|()| store.bundle("x", 10));
    let files = cache.directory(&first).await.unwrap();
    // Also where another process makes room.
    let other = store.cache(1).directory(&second).await.unwrap();
    assert!(store.is_there(&first) && store.is_there(&second));
    assert_eq!((text_in(&files), text_in(&other)), ("x".to_owned(), "x".to_owned()));
    // And however it came to be used.
    let found = cache.directory(&first).await.unwrap();
    drop(files);
    store.cache(1);
    assert!(store.is_there(&first));
    drop(found);
    store.cache(1);
    assert!(!store.is_there(&first) && store.is_there(&second));
    drop(other);
    store.cache(1);
    assert!(!store.is_there(&second));
}

#[tokio::test]
async fn what_the_dead_have_left_is_removed_and_not_what_the_living_make() {
    let store = Store::new();
    store.cache(1 << 30);
    let partial = store.root().join("partial");
    let (dead, living) = (partial.join("dead"), partial.join("living"));
    for path in [&dead, &living] {
        fs::create_dir(path).unwrap();
        fs::write(path.join("archive"), "half").unwrap();
    }
    let lock = File::open(&living).unwrap();
    lock.lock_shared().unwrap();
    store.cache(1 << 30);
    assert!(!dead.exists() && living.exists());
}

#[tokio::test]
async fn what_is_not_what_its_name_says_is_refused_and_leaves_nothing() {
    let store = Store::new();
    let cache = store.cache(1 << 30);
    let (one, other) = (store.bundle("one", 10), store.bundle("other", 10));
    let archive = store.coordinator.shared.bundles.lock().unwrap()[&other].clone();
    store.offer(one.clone(), archive);
    let error = cache.directory(&one).await.unwrap_err();
    let is_digest = |error: &ProjectsError| matches!(error, ProjectsError::Unpack { source, .. } if matches!(**source, BundleError::Digest { .. }));
    assert!(is_digest(&error), "{error:?}");
    // It may come right the next time, or by another worker.
    assert!(!error.is_projects_own());
    assert!(!store.is_there(&one));
    assert_eq!(store.left_half_done(), 0);
}

#[tokio::test]
async fn a_bundle_that_nobody_has_is_told_at_once() {
    let store = Store::new();
    let cache = store.cache(1 << 30);
    let nowhere = "0".repeat(64);
    let error = cache.directory(&nowhere).await.unwrap_err();
    assert!(matches!(error, ProjectsError::Fetch { .. }), "{error:?}");
    assert_eq!(store.fetched(), 1);
    let error = cache.directory("../../etc").await.unwrap_err();
    assert!(matches!(error, ProjectsError::Unknown { .. }), "{error:?}");
    assert_eq!(store.fetched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_torn_download_is_tried_again() {
    let store = Store::new();
    let (cache, bundle) = (store.cache(1 << 30), store.bundle("whole", 1_000));
    store.coordinator.shared.torn.store(2, Ordering::Relaxed);
    assert_eq!(text_in(&cache.directory(&bundle).await.unwrap()), "whole");
    assert_eq!(store.fetched(), 3);
}

#[tokio::test]
async fn what_is_larger_than_any_bundle_is_not_kept() {
    let store = Store::new();
    let limits = Limits { entries: 10, bytes: 1_000 };
    let cache = BundleCache::open(store.client.clone(), None, store.root(), 1 << 30, limits).unwrap();
    let bundle = store.bundle("x", 2_000);
    let error = cache.directory(&bundle).await.unwrap_err();
    assert!(error.is_projects_own(), "{error:?}");
    let endless = store.offer("1".repeat(64), vec![0; 4 << 20]);
    let error = cache.directory(&endless).await.unwrap_err();
    assert!(matches!(error, ProjectsError::Unpack { .. }), "{error:?}");
    assert_eq!(store.left_half_done(), 0);
}
