//! A message to a chat: what a run comes to in a few lines, and in numbers for programs.
//!
//! It is JSON as Slack's incoming webhooks take it: `text` in Slack's own markup, `metadata` for programs
//! (<https://docs.slack.dev/messaging/message-metadata>). Mattermost, Rocket.Chat and Discord (`/slack`) take the same.

use serde_json::json;

use crate::digest::Entry;
use crate::text::count;
use crate::{Digest, RenderError, Severity, printable};

/// How many findings are told one by one.
const TOLD: usize = 5;

/// What a chat is told of a report; `troubles` is what could not be checked at all, `link` where there is more to read.
pub fn message(digest: &Digest<'_>, troubles: &[&str], link: Option<&str>) -> Result<String, RenderError> {
    let summary = digest.report.summary;
    let changes = digest.changes.as_ref();
    let payload = json!({
        "text": text(digest, troubles, link),
        "metadata": {
            "event_type": "mrt_report",
            "event_payload": {
                "headline": digest.headline(),
                "cells": digest.report.cells.len(),
                "pass": summary.pass,
                "warn": summary.warn,
                "fail": summary.fail,
                "blocked": summary.blocked,
                "error": summary.error,
                "skip": summary.skip,
                "new": changes.map(|changes| changes.new),
                "fixed": changes.map(|changes| changes.fixed.len()),
                "not_checked": troubles.len(),
                "link": link,
            },
        },
    });
    let text =
        serde_json::to_string_pretty(&payload).map_err(|source| RenderError::new("a message", source))?;
    Ok(text + "\n")
}

fn text(digest: &Digest<'_>, troubles: &[&str], link: Option<&str>) -> String {
    let mut lines = vec![format!("*mrt: {}* ({})", plain(&digest.headline()), plain(&digest.extent()))];
    lines.extend(digest.changes.as_ref().map(|changes| changes.words()));
    lines.extend(troubles.iter().map(|trouble| format!("• not checked: {}", code(trouble))));
    let entries = digest.worst_first();
    let entries: Vec<&Entry> =
        entries.into_iter().filter(|entry| entry.finding.severity > Severity::Note).collect();
    lines.extend(entries.iter().take(TOLD).map(|entry| line(digest, entry)));
    if entries.len() > TOLD {
        lines.push(format!("• and {}", count(entries.len() - TOLD, "more finding")));
    }
    lines.extend(link.map(|link| format!("<{}|The report>", escaped(link).replace('|', "%7C"))));
    lines.join("\n")
}

/// "• `data-lost` `users.phone` in `3f2a` on sqlite (new)".
fn line(digest: &Digest<'_>, entry: &Entry<'_>) -> String {
    let (suite, row) = digest.place(entry.suite, entry.row);
    let finding = entry.finding;
    // Where no object can be named it is the revision.
    let object = if finding.object == row.id { String::new() } else { format!(" {}", code(&finding.object)) };
    let of = if digest.suites.len() > 1 { format!("{} ", code(suite.name)) } else { String::new() };
    let since =
        entry.since.as_ref().map_or_else(String::new, |since| format!(" ({})", plain(&since.words())));
    format!(
        "• {}{object} in {of}{} {}{since}",
        code(finding.kind.as_str()),
        code(&row.short),
        plain(&suite.on(&entry.targets)),
    )
}

/// A name, in which nothing is markup.
fn code(name: &str) -> String {
    format!("`{}`", plain(name))
}

/// Text in which nothing is markup, and nothing calls anybody (`@channel`).
fn plain(text: &str) -> String {
    escaped(text).replace('`', "'").replace('@', "\u{ff20}")
}

/// The three characters that mean something everywhere in Slack's markup.
fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
