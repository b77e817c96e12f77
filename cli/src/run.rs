//! `mrt-cli run`: check a project on this machine.

use std::path::PathBuf;

use mrt_chain::selection::Wanted;
use mrt_chain::settings::Project;
use mrt_proto::v1;
use mrt_report::{Report, exit_code};
use mrt_worker::run::interpreter;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::error::CliError;
use crate::farm::Fetched;
use crate::local::{FOR_EVER, Local, NOTHING, Place, Setup};
use crate::output::tell;
use crate::places::Places;
use crate::progress::Event;
use crate::screen::{Paper, Screen};
use crate::{baseline, interrupt, project, submission};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Run) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    // Whatever can be wrong with the command line is told before anything starts.
    let paper = Paper::new(&arguments.shown, &arguments.talk)?.telling(&arguments.notify)?;
    let python = arguments.python.as_deref().map(interpreter).transpose().map_err(CliError::Interpreter)?;
    let project::Loaded { project, suites } =
        project::load_to_run(&arguments.select, arguments.check.timeout)?;
    let paper = paper.with(Places::of(&project));
    let wanted = Wanted { only: arguments.select.only.clone(), since: arguments.since.clone() };
    let request = v1::SubmitRequest {
        key: submission::key(),
        protocol: mrt_proto::PROTOCOL,
        columns: submission::columns(&suites, &wanted, NOTHING)?,
        priority: 0,
        patience_ms: FOR_EVER,
        options: Some(submission::options(&project, &arguments.check)),
        labels: [].into(),
    };

    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let cancel = CancellationToken::new();
    let fetched = runtime.block_on(async {
        interrupt::listen(cancel.clone(), screen.canvas.clone()).map_err(CliError::Signals)?;
        let (events, shown) = screen.progress();
        let fetched = check(&project, request, arguments, python, events, &cancel).await;
        // The bars have to be gone before the report comes. Showing cannot fail in a way that concerns the run.
        let _ = shown.await;
        fetched
    })?;
    let code = paper.write(&fetched)?;
    if arguments.write_baseline {
        write_baseline(&project, &fetched.report, arguments.talk.quiet)?;
    }
    if cancel.is_cancelled() {
        tell("interrupted: the report holds what was finished by then");
        return Ok(exit_code::INCOMPLETE);
    }
    Ok(code)
}

async fn check(
    project: &Project,
    request: v1::SubmitRequest,
    arguments: &Run,
    python: Option<PathBuf>,
    events: UnboundedSender<Event>,
    cancel: &CancellationToken,
) -> Result<Fetched, CliError> {
    let place = Place::Own(project.root.clone());
    let (jobs, keep) = (arguments.jobs, arguments.keep);
    let local = Local::start(Setup { place, jobs, python, keep, replays: None }).await?;
    let fetched = local.check(request, &events, cancel).await;
    let (kept, ended) = local.end(true).await;
    for what in kept {
        let _ = events.send(Event::Preparing { suite: String::new(), target: None, what });
    }
    ended?;
    fetched
}

fn write_baseline(project: &Project, report: &Report, quiet: bool) -> Result<(), CliError> {
    let (path, entries) = baseline::update(project, report)?;
    if !quiet {
        baseline::told(&path, entries);
    }
    Ok(())
}
