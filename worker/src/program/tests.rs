//! Programs and their guard.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks: others want the cores meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

fn shell(script: &str, directory: &Path, run_as: Option<Ids>) -> Program {
    let mut program = Program::new(Path::new("/bin/sh"), directory, run_as);
    program.args(["-c", script]).env("PATH", std::env::var_os("PATH").unwrap());
    program
}

fn root() -> Option<Ids> {
    let ids = nobody();
    if ids.is_none() {
        eprintln!("SKIPPED: {} (not root)", std::thread::current().name().unwrap_or("a test"));
    }
    ids
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    timeout(LIMIT, waiting).await.unwrap();
}

#[tokio::test]
async fn a_program_gets_what_it_is_given_and_no_more() {
    let place = tempfile::tempdir().unwrap();
    let mut program =
        shell("pwd; env; echo words >&2; read line; echo \"read $line\"; exit 3", place.path(), None);
    program.env("MINE", "a\nb = c").env("EMPTY", "");
    let output = program.output(LIMIT).await.unwrap();
    let (printed, directory) = (text(&output.stdout), place.path().canonicalize().unwrap());
    assert!(printed.starts_with(&format!("{}\n", directory.display())), "{printed}");
    assert!(printed.contains("MINE=a\nb = c\n") && printed.contains("EMPTY=\n"), "{printed}");
    assert!(!printed.contains("HOME=") && printed.ends_with("read \n"), "{printed}");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(3), "words\n"));
}

#[tokio::test]
async fn how_it_ends_is_told() {
    use std::os::unix::process::ExitStatusExt;
    let place = tempfile::tempdir().unwrap();
    let killed = shell("kill -9 $$", place.path(), None).output(LIMIT).await.unwrap();
    assert_eq!(killed.status.signal(), Some(9));
    let absent = Program::new(Path::new("/bin/nowhere"), place.path(), None).output(LIMIT).await.unwrap();
    let words = text(&absent.stderr);
    assert!(
        !absent.status.success()
            && words.contains("cannot run /bin/nowhere")
            && words.contains("No such file"),
        "{words}"
    );
    let error = shell("sleep 1000", place.path(), None).output(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn what_it_prints_is_bounded() {
    let place = tempfile::tempdir().unwrap();
    let program = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo the end", place.path(), None);
    let output = program.output(LIMIT).await.unwrap();
    assert!(
        output.stdout.len() <= 5 * KEPT && output.stdout.ends_with(b"xthe end\n"),
        "{}",
        output.stdout.len()
    );
}

#[tokio::test]
async fn what_a_program_leaves_running_is_ended() {
    let place = tempfile::tempdir().unwrap();
    let script = "setsid sh -c 'setsid sleep 1000 & echo $! > pid; wait' >/dev/null 2>&1 & while ! test -s pid; do :; done";
    // Also one that holds the pipes.
    for script in [script, &script.replace(">/dev/null 2>&1", "")] {
        let _ = fs::remove_file(place.path().join("pid"));
        let output = shell(script, place.path(), None).output(LIMIT).await.unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let pid = fs::read_to_string(place.path().join("pid")).unwrap().trim().parse().unwrap();
        assert!(!is_running(pid));
    }
}

#[tokio::test]
async fn a_program_that_nobody_waits_for_is_ended_with_what_it_has_started() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pid");
    let pid = || fs::read_to_string(&file).ok()?.trim().parse::<u32>().ok();
    let program = shell("setsid sleep 1000 & echo $! > new; mv new pid; wait", place.path(), None);
    tokio::select! {
        _ = program.output(LIMIT) => panic!("it ended by itself"),
        () = until(|| pid().is_some()) => {}
    }
    let pid = pid().unwrap();
    until(|| !is_running(pid)).await;
}

#[tokio::test]
async fn where_we_are_root_it_is_nobody() {
    let Some(ids) = root() else { return };
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Nor can it end its guard, and so live on.
    let script = "id -u; id -g; id -G; kill -9 $PPID 2>/dev/null || echo refused; umask";
    let output = shell(script, place.path(), Some(ids)).output(LIMIT).await.unwrap();
    let expected = format!("{0}\n{1}\n{1}\nrefused\n0022\n", ids.0, ids.1);
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));

    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let output = shell("true", place.path(), Some(ids)).output(LIMIT).await.unwrap();
    let words = text(&output.stderr);
    assert!(words.contains("as user 65534") && words.contains("Permission denied"), "{words}");
}

#[tokio::test]
async fn what_the_program_is_given_its_guard_does_not_take() {
    let Some(ids) = root() else { return };
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let seen = place.path().join("seen");
    fs::write(&seen, "").unwrap();
    fs::set_permissions(&seen, fs::Permissions::from_mode(0o666)).unwrap();
    for name in ["sitecustomize.py", "usercustomize.py", "os.py", "select.py", "ctypes.py"] {
        let text = format!(
            "import posix\nf = posix.open({seen:?}, posix.O_WRONLY | posix.O_APPEND)\nposix.write(f, b'%d ' % posix.getuid())\n"
        );
        fs::write(place.path().join(name), text).unwrap();
    }
    let mut program = shell("true", place.path(), Some(ids));
    program.env("PYTHONPATH", place.path()).env("PYTHONSTARTUP", place.path().join("os.py"));
    assert!(program.output(LIMIT).await.unwrap().status.success());
    assert_eq!(fs::read_to_string(&seen).unwrap(), "");
}

#[tokio::test]
async fn what_nobody_cannot_use_is_known() {
    let Some(ids) = root() else { return };
    let place = tempfile::tempdir().unwrap();
    let (open, shut) = (place.path().join("open"), place.path().join("shut"));
    for (path, mode) in [(place.path(), 0o755), (&open, 0o755), (&shut, 0o700)] {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(unreachable(ids, &[place.path(), &open, Path::new("/bin/sh")]).await, None);
    assert_eq!(unreachable(ids, &[&open, &shut]).await, Some(&*shut));
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(unreachable(ids, &[&open]).await, Some(&*open));
}
