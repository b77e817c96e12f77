//! `mrt-cli repro`: a cell of a report, checked here up to where it fails, with its database to look at.

mod name;
mod sent;
mod steps;

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use mrt_chain::selection::Wanted;
use mrt_proto::v1;
use mrt_report::{Cell, Digest, FailOn, Report, Verdict, exit_code, printable, terminal_findings};
use mrt_worker::run::{Replay, interpreter};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::args::{Repro, Talk};
use crate::error::{self, CliError};
use crate::farm::{Farm, Fetched};
use crate::local::{FOR_EVER, Local, NOTHING, Setup};
use crate::output::{Output, tell};
use crate::screen::{Screen, style};
use crate::{interrupt, saved, submission};

use sent::Subject;

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Repro) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    // Whatever can be wrong with the command line is told before anything starts.
    let python = arguments.python.as_deref().map(interpreter).transpose().map_err(CliError::Interpreter)?;
    if let Some(directory) = &arguments.directory {
        if saved::file(&arguments.run).is_some() {
            return Err(CliError::usage(
                "--directory is for the project of a run on a farm; with a report in a file it is the one in the current directory",
            ));
        }
        sent::is_free(directory)?;
    }
    let told = saved::fetch(&arguments.run, &arguments.connection, async |farm: &Farm| {
        farm.report(&arguments.run).await
    })?
    .report;
    let told = name::find(&told, &arguments.cell)?;

    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let cancel = CancellationToken::new();
    runtime
        .block_on(async { interrupt::listen(cancel.clone(), screen.canvas.clone()) })
        .map_err(CliError::Signals)?;
    let Subject { place, suite, options, put } = sent::subject(arguments, told, &runtime, &cancel)?;
    let wanted = Wanted { only: vec![told.revision.clone()], since: None };
    let request = v1::SubmitRequest {
        key: submission::key(),
        protocol: mrt_proto::PROTOCOL,
        columns: submission::columns(&[suite], &wanted, NOTHING)?,
        priority: 0,
        patience_ms: FOR_EVER,
        options: Some(options),
        labels: [].into(),
    };
    let (hears, mut replays) = mpsc::unbounded_channel();
    let setup = Setup { place, jobs: None, python, keep: true, replays: Some(hears) };
    runtime.block_on(async {
        let local = Local::start(setup).await?;
        let (events, shown) = screen.progress();
        let checked = local.check(request, &events, &cancel).await;
        drop(events);
        // The bars have to be gone before anything else comes. Showing cannot fail in a way that concerns the run.
        let _ = shown.await;
        // Of a cell that was tried again the last one counts.
        let mut replay = None;
        while let Ok(later) = replays.try_recv() {
            replay = Some(later);
        }
        let looked = match checked {
            Ok(checked) => look(arguments, told, &checked, replay.as_ref(), &cancel).await,
            Err(error) => Err(error),
        };
        let stays = arguments.keep && matches!(looked, Ok(Look { is_kept: true, .. }));
        let (kept, ended) = local.end(stays).await;
        let mut text: String = kept.iter().map(|what| format!("{what}\n")).collect();
        let is_asked = arguments.directory.is_some();
        if (stays || is_asked)
            && let Some(path) = put.leave()
        {
            let when = if is_asked { "" } else { ", remove it when done" };
            let _ = writeln!(text, "the project is in directory {}{when}", path.display());
        }
        Output::Stdout.write(&text)?;
        let Look { code, .. } = looked?;
        ended?;
        Ok(code)
    })
}

/// What came of it.
struct Look {
    /// The process's exit code.
    code: u8,
    /// There is a database to look at.
    is_kept: bool,
}

/// Says what was done and found, and waits as long as somebody looks at the database.
async fn look(
    arguments: &Repro,
    told: &Cell,
    checked: &Fetched,
    replay: Option<&Replay>,
    cancel: &CancellationToken,
) -> Result<Look, CliError> {
    let without = |code| Ok(Look { code, is_kept: false });
    if cancel.is_cancelled() {
        return Err(CliError::Interrupted);
    }
    for failure in &checked.failures {
        error::print_causes(&failure.causes);
    }
    if !checked.failures.is_empty() {
        let is_usage = checked.failures.iter().any(|failure| failure.usage);
        return without(if is_usage { exit_code::USAGE } else { exit_code::INCOMPLETE });
    }
    let report = &checked.report;
    let Some(cell) = report.cells.first() else {
        tell("error: nothing was checked");
        return without(exit_code::INCOMPLETE);
    };
    Output::Stdout.write(&page(arguments, told, report, cell, replay))?;
    let code = report.outcome(FailOn::Warn).exit_code();
    let Some(kept) = &cell.kept else {
        if matches!(cell.verdict, Verdict::Fail | Verdict::Warn) {
            Output::Stdout.write("\nNo database is left to look at.\n")?;
        }
        return without(code);
    };
    let state = replay.map_or("as it was left", steps::state);
    Output::Stdout.write(&format!("\nThe database is {state}. To look at it:\n\n    {kept}\n\n"))?;
    if !arguments.keep {
        wait(&arguments.talk, cancel).await;
    }
    Ok(Look { code, is_kept: true })
}

/// What was done and found.
fn page(arguments: &Repro, told: &Cell, report: &Report, cell: &Cell, replay: Option<&Replay>) -> String {
    let name = printable(&name::name(cell)).into_owned();
    let of = match saved::file(&arguments.run) {
        Some(file) => format!("{}", file.display()),
        None => format!("run {}", arguments.run),
    };
    let mut text = String::new();
    // Writing to a string cannot fail.
    if cell.verdict == Verdict::Pass {
        let _ = writeln!(text, "it passes here: {name}");
        let _ = writeln!(text, "{}", printable(&format!("({of} says {})", told.verdict)));
        if told.verdict != Verdict::Pass {
            let other = if arguments.here { "the project here" } else { "what the project runs with" };
            let _ = writeln!(text, "So mrt, the server or {other} is another one than there.");
        }
        return text;
    }
    let _ = writeln!(text, "{name}: {}", cell.verdict);
    if cell.verdict != told.verdict {
        let _ = writeln!(text, "{}", printable(&format!("({of} says {})", told.verdict)));
    }
    if let Some(reason) = &cell.reason {
        let _ = writeln!(text, "{}", printable(reason));
    }
    if let Some(replay) = replay {
        let _ = write!(text, "\n{}", steps::steps(replay, arguments.talk.verbose > 0));
    }
    let style = style(&Output::Stdout, arguments.talk.color, false);
    let found = terminal_findings(&Digest::new(report), &style);
    if !found.trim().is_empty() {
        let _ = write!(text, "\n{}", found.trim_start_matches('\n'));
    }
    text
}

/// Waits until somebody has looked enough: a line, the end of standard input, or Ctrl-C.
async fn wait(talk: &Talk, cancel: &CancellationToken) {
    if !talk.quiet {
        let how = if std::io::stdin().is_terminal() { "Enter" } else { "the end of standard input" };
        tell(format_args!("it is there until {how} or Ctrl-C; then all of it is taken away"));
    }
    let (tell, enough) = oneshot::channel();
    // Not one of the runtime's threads: those are waited for.
    std::thread::spawn(move || {
        // Standard input that cannot be read has ended.
        let _ = std::io::stdin().read_line(&mut String::new());
        // Ctrl-C may have come before.
        let _ = tell.send(());
    });
    tokio::select! {
        () = cancel.cancelled() => {}
        _ = enough => {}
    }
}

/// Names below a message, one a line.
pub(crate) fn listed(names: &[String]) -> String {
    let lines: Vec<String> = names.iter().map(|name| format!("\n{}", printable(name))).collect();
    let head = if lines.is_empty() { "" } else { "; it could be" };
    format!("{head}{}", lines.concat())
}
