//! `mrt-cli diff`: what is different between two reports.

use mrt_report::{Digest, Severity, exit_code, json_changes, terminal_changes};

use crate::args::{Diff, DiffFormat, FailOn};
use crate::error::CliError;
use crate::farm::Farm;
use crate::output::{Output, tell};
use crate::saved;
use crate::screen::{Screen, style};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Diff) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let fetch = |name: &String| {
        saved::fetch(name, &arguments.connection, async |farm: &Farm| farm.report(name).await)
    };
    let [old, new] = [&arguments.old, &arguments.new].map(fetch);
    let (old, new) = (old?, new?);
    for (name, fetched) in [(&arguments.old, &old), (&arguments.new, &new)] {
        if !fetched.complete {
            tell(format_args!("run {name} is not complete: its report holds what is finished so far"));
        }
    }
    let digest = Digest::against(&new.report, &old.report);
    let output = Output::Stdout;
    output.write(&match arguments.format {
        DiffFormat::Terminal => terminal_changes(&digest, &style(&output, arguments.talk.color, false)),
        DiffFormat::Json => json_changes(&digest).map_err(CliError::Render)?,
    })?;
    let from = match arguments.fail_on {
        FailOn::Fail => Severity::Fail,
        FailOn::Warn => Severity::Warn,
    };
    Ok(if digest.is_worse(from) { exit_code::FINDINGS } else { exit_code::OK })
}
