//! `mrt-cli watch`, `report`, `cancel` and `runs`: what there is on a farm.

use std::path::Path;

use mrt_proto::v1;
use mrt_report::{exit_code, printable};

use crate::args::{Cancel, ReportOf, Runs, RunsFormat, Watch};
use crate::error::CliError;
use crate::farm::Farm;
use crate::output::Output;
use crate::places::Places;
use crate::screen::{Paper, Screen};
use crate::{saved, submit};

/// `watch`: follow a run to its end; the value is the process's exit code.
pub(crate) fn watch(arguments: &Watch) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    let paper = Paper::new(&arguments.shown, &arguments.talk)?.telling(&arguments.notify)?;
    let paper = paper.with(Places::around(Path::new(".")));
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    runtime.block_on(async {
        let farm = Farm::at(&arguments.connection)?;
        submit::follow(&farm, &arguments.run, &arguments.follow, &arguments.against, &screen, &paper).await
    })
}

/// `report`: what there is of a run's report.
pub(crate) fn report(arguments: &ReportOf) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let paper = Paper::new(&arguments.shown, &arguments.talk)?.with(Places::around(Path::new(".")));
    let ReportOf { run, connection, against, .. } = arguments;
    let fetched =
        saved::fetch(run, connection, async |farm: &Farm| farm.compared(run, against.branch()).await)?;
    submit::conclude(&arguments.run, &fetched, &paper)
}

/// `cancel`: end a run.
pub(crate) fn cancel(arguments: &Cancel) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    let run = &arguments.run;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let had_ended = runtime.block_on(async { Farm::at(&arguments.connection)?.cancel(run).await })?;
    if had_ended {
        screen.say(format_args!("run {run} had ended already"));
    } else {
        screen.say(format_args!(
            "run {run} is cancelled; `mrt-cli report {run}` shows what was finished by then"
        ));
    }
    Ok(exit_code::OK)
}

/// `runs`: list them.
pub(crate) fn runs(arguments: &Runs) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let runs = runtime.block_on(async { Farm::at(&arguments.connection)?.runs(arguments.limit).await })?;
    let text = match arguments.format {
        RunsFormat::Terminal => table(&runs),
        RunsFormat::Json => json(&runs)?,
    };
    Output::Stdout.write(&text)?;
    Ok(exit_code::OK)
}

fn table(runs: &[v1::Run]) -> String {
    let mut rows = vec![["RUN", "SUBMITTED", "STATE", "CELLS", "LABELS"].map(str::to_owned)];
    for run in runs {
        let labels: Vec<String> = labels(run).map(|(name, value)| format!("{name}={value}")).collect();
        rows.push([
            run.run.clone(),
            submitted(run),
            state(run).to_owned(),
            format!("{}/{}", run.done, run.cells),
            printable(&labels.join(" ")).into_owned(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn json(runs: &[v1::Run]) -> Result<String, CliError> {
    let run = |run: &v1::Run| {
        serde_json::json!({
            "run": run.run,
            "submitted": submitted(run),
            "state": state(run),
            "cells": run.cells,
            "done": run.done,
            "labels": labels(run).collect::<std::collections::BTreeMap<_, _>>(),
        })
    };
    let runs: Vec<_> = runs.iter().map(run).collect();
    let text = serde_json::to_string_pretty(&serde_json::json!({ "schema_version": 1, "runs": runs }));
    text.map(|text| text + "\n").map_err(CliError::Encode)
}

fn labels(run: &v1::Run) -> impl Iterator<Item = (&String, &String)> {
    let mut labels: Vec<_> = run.labels.iter().collect();
    labels.sort_unstable();
    labels.into_iter()
}

/// In UTC, to the second.
fn submitted(run: &v1::Run) -> String {
    jiff::Timestamp::from_millisecond(run.submitted_ms)
        .map_or_else(|_| "unknown".to_owned(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn state(run: &v1::Run) -> &'static str {
    match (run.ended, run.cancelled) {
        (_, true) => "cancelled",
        (true, false) => "ended",
        (false, false) => "running",
    }
}
