//! `--watch`: a result for every change, until somebody ends it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{EMPTY_AGAIN, LOSES, check, project};
use crate::support::{Project, python, stderr};

struct Watching {
    child: Child,
    told: BufReader<ChildStderr>,
}

impl Watching {
    fn start(project: &Project) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
        command.args(["check", "--watch"]).arg(project.path()).env_remove("MRT_LOG");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        Self { child, told }
    }

    /// Reads until a line says this.
    fn until(&mut self, what: &str) {
        let mut heard = String::new();
        while !heard.lines().next_back().is_some_and(|line| line.contains(what)) {
            let read = self.told.read_line(&mut heard).unwrap();
            assert_ne!(read, 0, "it ended before it said `{what}`:\n{heard}");
        }
    }

    /// The exit code when this signal has come.
    fn end(mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_change_of_a_revision_is_checked_and_the_last_result_counts() {
    let project = project();
    let mut watching = Watching::start(&project);
    watching.until("2 files read: 1 error");
    project.follow(Some("r1"), &[("r2", "pass", "pass")]);
    watching.until("--- migrations/versions/r2.py has changed ---");
    watching.until("2 files read: 0 errors");
    project.follow(Some("r2"), &[("r3", LOSES, EMPTY_AGAIN)]);
    watching.until("r3.py has changed");
    watching.until("3 files read: 1 error");
    assert_eq!(watching.end(Signal::SIGINT), Some(1));
}

#[test]
fn broken_settings_are_told_and_watched_until_they_are_repaired() {
    let project = project().with("[check]\nignore = 3\n");
    let mut watching = Watching::start(&project);
    watching.until("mrt.toml:2:10: ");
    project.write("mrt.toml", "[check]\nignore = [\"MRT2\"]\n");
    watching.until("0 errors");
    project.write("mrt.toml", "[check]\nignore = [\"MRT777\"]\n");
    watching.until("no rule has the code `MRT777`");
    project.write("mrt.toml", "");
    watching.until("1 error");
    assert_eq!(check(project.path(), &["--update-baseline"]).status.code(), Some(1));
    watching.until("mrt-baseline.toml has changed");
    watching.until("1 accepted by the baseline");
    assert_eq!(watching.end(Signal::SIGTERM), Some(0));
}

#[test]
fn what_revisions_import_and_migrations_of_django_are_watched_as_well() {
    let project = project();
    let mut watching = Watching::start(&project);
    watching.until("2 files read");
    project.write("migrations/env.py", "# another\n");
    watching.until("--- migrations/env.py has changed ---");
    watching.until("2 files read");

    let django = Project::empty().with("framework = \"django\"\n");
    std::fs::create_dir_all(django.path().join("app/migrations")).unwrap();
    let migration =
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n";
    django.write("app/migrations/0001_initial.py", migration);
    let mut watching = Watching::start(&django);
    watching.until("1 file read");
    django.write("app/migrations/0001_initial.py", &format!("{migration}# another\n"));
    watching.until("--- app/migrations/0001_initial.py has changed ---");
}

#[test]
fn watching_ends_when_nobody_reads_any_more() {
    let project = project();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.args(["check", "--watch", "--quiet"]).arg(project.path()).env_remove("MRT_LOG");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut read = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    read.read_line(&mut line).unwrap();
    assert!(line.contains("MRT201"), "{line}");
    drop(read);
    // The exit code is that of the last result.
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_command_line_that_is_wrong_is_not_watched() {
    for wrong in [["--select", "MRT777"], ["--update-baseline", "--quiet"]] {
        let output = check(project().path(), &[&["--watch"], &wrong[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

/// Python has a terminal to give.
#[test]
fn a_terminal_is_cleared_before_each_result() {
    let Some(python) = python() else { return };
    let project = project();
    let script = "import os, pty, signal, sys\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
                  said = b''\n\
                  while b'1 error' not in said: said += os.read(terminal, 4096)\n\
                  with open(sys.argv[-1] + '/mrt.toml', 'w') as settings: settings.write('[check]\\nignore = [\"MRT2\"]')\n\
                  while b'0 errors' not in said: said += os.read(terminal, 4096)\n\
                  os.write(terminal, b'\\x03')\n\
                  try:\n    while True: said += os.read(terminal, 4096)\n\
                  except OSError: pass\n\
                  print(said.decode())\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let mut command = Command::new(python);
    command.args(["-c", script, env!("CARGO_BIN_EXE_mrt-cli"), "check", "--watch"]).arg(project.path());
    let output = command.env("TERM", "xterm").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.contains("\u{1b}[2J") && !said.contains("has changed"), "{said:?}");
}
