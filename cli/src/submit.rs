//! `mrt-cli submit`: check a project on a farm.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Arc;

use mrt_bundle::{Limits, Packed, pack};
use mrt_chain::selection::{SelectionError, Wanted};
use mrt_chain::settings::{Project, Suite};
use mrt_proto::v1;
use mrt_report::exit_code;
use tonic::Code;

use crate::args::{Against, Follow, Submit};
use crate::error::CliError;
use crate::farm::{Farm, Fetched};
use crate::interrupt::{self, Signalled};
use crate::output::{Output, tell};
use crate::places::Places;
use crate::progress::Follower;
use crate::screen::{Paper, Screen};
use crate::{origin, project, submission, touched};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Submit) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    // Whatever can be wrong with the command line is told before anything is sent.
    let paper = Paper::new(&arguments.shown, &arguments.talk)?.telling(&arguments.notify)?;
    let project::Loaded { project, mut suites } =
        project::load_to_run(&arguments.select, arguments.check.timeout)?;
    let paper = paper.with(Places::of(&project));
    if let Some(reference) = &arguments.since {
        suites = touched::since(&project, suites, reference)?;
        if suites.is_empty() {
            return Err(CliError::Untouched { reference: reference.clone() });
        }
    }
    submission::all_inside(&project.root, &suites)?;
    let wanted = Wanted { only: arguments.select.only.clone(), since: arguments.since_revision.clone() };
    let packed = pack(&project.root, Limits::default()).map_err(CliError::Bundle)?;
    submission::all_packed(&project, &suites, &packed)?;
    let request = request(arguments, &project, &suites, &wanted, &packed)?;

    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    runtime.block_on(async {
        let farm = Farm::at(&arguments.connection)?;
        let packed = Arc::new(packed);
        send(&farm, &project, &packed, &screen).await?;
        let run = match farm.submit(request.clone()).await {
            // Between the two it may have made room for other bundles.
            Err(CliError::Call(error))
                if error.status().code() == Code::FailedPrecondition
                    && send(&farm, &project, &packed, &screen).await? =>
            {
                farm.submit(request).await?
            }
            submitted => submitted?,
        };
        if arguments.detach {
            Output::Stdout.write(&format!("{run}\n"))?;
            screen.say(format_args!("submitted as run {run}; `mrt-cli watch {run}` follows it"));
            return Ok(exit_code::OK);
        }
        follow(&farm, &run, &arguments.follow, &arguments.against, &screen, &paper).await
    })
}

fn request(
    arguments: &Submit,
    project: &Project,
    suites: &[Suite],
    wanted: &Wanted,
    packed: &Packed,
) -> Result<v1::SubmitRequest, CliError> {
    // What somebody says is so.
    let labels: HashMap<String, String> =
        origin::labels(&project.root).into_iter().chain(arguments.label.iter().cloned()).collect();
    Ok(v1::SubmitRequest {
        key: submission::key(),
        protocol: mrt_proto::PROTOCOL,
        columns: submission::columns(suites, wanted, &packed.digest.to_string()).map_err(named)?,
        priority: arguments.priority,
        patience_ms: u64::try_from(arguments.patience.as_millis()).unwrap_or(u64::MAX),
        options: Some(submission::options(project, &arguments.check)),
        labels,
    })
}

/// An error with the option as it is called here.
fn named(error: CliError) -> CliError {
    match error {
        CliError::Selection(SelectionError::Name { setting: "--since", problem }) => {
            CliError::Selection(SelectionError::Name { setting: "--since-revision", problem })
        }
        error => error,
    }
}

/// Sends the bundle where the farm lacks it; the answer is whether it did.
async fn send(
    farm: &Farm,
    project: &Project,
    packed: &Arc<Packed>,
    screen: &Screen,
) -> Result<bool, CliError> {
    let name = packed.digest.to_string();
    if farm.missing(vec![name]).await?.is_empty() {
        return Ok(false);
    }
    let bar = screen.bytes(packed.size, &format!("sending {}", project.root.display()));
    let shown = bar.clone();
    farm.upload(packed, move |sent| shown.set_position(sent)).await?;
    bar.finish_and_clear();
    Ok(true)
}

/// Follows a run to its end and writes its report.
pub(crate) async fn follow(
    farm: &Farm,
    run: &str,
    follow: &Follow,
    against: &Against,
    screen: &Screen,
    paper: &Paper<'_>,
) -> Result<u8, CliError> {
    let interrupted = interrupt::notice().map_err(CliError::Signals)?;
    let (events, shown) = screen.progress();
    let mut follower = Follower::default();
    let page = farm.page(run).map(|page| format!(": {page}")).unwrap_or_default();
    screen.say(format_args!("following run {run}{page}"));
    let followed = {
        let following = farm.follow(run, move |heard| {
            for event in follower.heard(heard) {
                // Nobody listening is no reason to stop following.
                let _ = events.send(event);
            }
        });
        tokio::pin!(following);
        tokio::select! {
            followed = &mut following => Some(followed),
            Ok(signalled) = interrupted => {
                if leave(run, follow, screen, signalled) {
                    screen.say(format_args!("cancelling run {run}"));
                    farm.cancel(run).await?;
                    Some(following.await)
                } else {
                    None
                }
            }
        }
    };
    // The bars have to be gone before anything else comes. Showing cannot fail in a way that concerns the run.
    let _ = shown.await;
    let Some(followed) = followed else {
        screen.say(format_args!(
            "run {run} goes on; `mrt-cli watch {run}` follows it, `mrt-cli cancel {run}` ends it"
        ));
        return Ok(exit_code::INCOMPLETE);
    };
    followed?;
    conclude(run, &farm.compared(run, against.branch()).await?, paper)
}

/// Writes the report of a run, says what is missing in it, and gives the exit code.
pub(crate) fn conclude(run: &str, fetched: &Fetched, paper: &Paper<'_>) -> Result<u8, CliError> {
    let code = paper.write(fetched)?;
    if fetched.cancelled {
        tell(format_args!("run {run} was cancelled: the report holds what was finished by then"));
        return Ok(exit_code::INCOMPLETE);
    }
    if !fetched.complete {
        tell(format_args!("run {run} has not ended: the report holds what is finished so far"));
    }
    Ok(code)
}

/// Whether the run is to be cancelled, now that somebody has interrupted us.
fn leave(run: &str, follow: &Follow, screen: &Screen, signalled: Signalled) -> bool {
    if follow.cancel_on_interrupt {
        return true;
    }
    if signalled == Signalled::Terminate {
        return false;
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    screen.canvas.suspend(|| {
        let question = format!("cancel run {run} on the farm? otherwise it goes on without you [y/N] ");
        let mut term = console::Term::stderr();
        // A terminal that cannot be asked has not said yes.
        let asked = std::io::Write::write_all(&mut term, question.as_bytes());
        asked.and_then(|()| term.read_line()).is_ok_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
    })
}
