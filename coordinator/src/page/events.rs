//! What happens in a run, for its page: events by number, which a browser asks for again from the last one that it has seen.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::response::IntoResponse;
use futures_util::{StreamExt as _, future, stream};
use mrt_proto::v1;
use mrt_proto::v1::run_event::Event;
use mrt_report::symbol;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::words::shown;
use super::{Answer, Site, run};
use crate::store::Happened;
use crate::watch::watch;

/// So long a stream goes on: a browser takes it up again. A connection on which nothing is heard for longer is cut.
const SITTING: Duration = Duration::from_secs(45);
/// How soon a browser takes it up again, in milliseconds.
const AGAIN: u64 = 1_000;

/// The events of a run, from the one behind `Last-Event-ID` on, or from `from`.
pub(super) async fn stream(
    State(site): State<Site>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let run = run::known(&site, &name).await?;
    let asked =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).find(|(name, _)| name == "from");
    let asked = asked.and_then(|(_, from)| from.parse().ok()).unwrap_or(0);
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    let from = last.map_or(asked, |last| last.saturating_add(1));
    let columns = site.store.columns(run.id).await?;
    let places: Vec<String> =
        columns.iter().map(|column| shown(&format!("{} on {}", column.suite, column.target))).collect();
    let told = watch(&site.head, &site.store, &site.stop, run.id, from)
        // What cannot be told now is told when it is asked for again.
        .take_while(|told| future::ready(told.is_ok()))
        .filter_map(move |told| future::ready(told.ok().map(|happened| message(&happened, &places))));
    let first = stream::once(future::ready(format!("retry: {AGAIN}\n\n")));
    let body = first.chain(told).take_until(tokio::time::sleep(SITTING)).map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // A proxy must not wait until there is more.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// An event as browsers read it.
fn message(happened: &Happened, places: &[String]) -> String {
    let number = happened.event.number;
    let place = |column: u32| places.get(column as usize).map_or("", String::as_str);
    let (name, data) = match (happened.finished, &happened.event.event) {
        (Some(it), _) => {
            let verdict = it.verdict.as_str();
            let sign = symbol(it.verdict);
            (
                "finished",
                json!({"column": it.column, "position": it.position, "sign": sign, "verdict": verdict}),
            )
        }
        (None, Some(Event::Started(it))) => {
            ("started", json!({"column": it.column, "host": shown(&it.host), "position": it.position}))
        }
        (None, Some(Event::Waiting(it))) => ("note", text(&it.reason)),
        (None, Some(Event::Note(it))) => ("note", text(&note(it, place(it.column)))),
        (None, Some(Event::Failed(it))) => {
            let causes = it.failure.as_ref().map(|it| it.causes.join(": ")).unwrap_or_default();
            ("note", text(&format!("{} cannot be checked: {causes}", place(it.column))))
        }
        (None, Some(Event::Ended(it))) => {
            ("ended", text(if it.cancelled { "the run was cancelled" } else { "the run has ended" }))
        }
        (None, Some(Event::Begun(_) | Event::Finished(_)) | None) => ("begun", Value::Null),
    };
    format!("id: {number}\nevent: {name}\ndata: {data}\n\n")
}

fn text(text: &str) -> Value {
    json!({"text": shown(text)})
}

fn note(note: &v1::Note, place: &str) -> String {
    use v1::note::Note::{Preparing, Serving};
    match &note.note {
        Some(Preparing(what)) => format!("{place}: {what}, on {}", note.host),
        Some(Serving(what)) => format!("{place}: {what} is there, on {}", note.host),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Finished;
    use mrt_report::Verdict;

    #[test]
    fn whatever_a_worker_says_is_one_event() {
        let told = |event, finished| {
            let event = v1::RunEvent { number: 7, event: Some(event) };
            message(&Happened { event, finished }, &["shop on sqlite".to_owned()])
        };
        let waiting =
            v1::Waiting { reason: "a\n\nevent: ended\ndata: {}\n\n\u{202e}".to_owned(), left_ms: 0 };
        let hostile = told(Event::Waiting(waiting), None);
        assert_eq!(hostile.matches('\n').count(), 4, "{hostile}");
        assert!(
            hostile.starts_with("id: 7\nevent: note\ndata: {\"text\":\"a\\\\n\\\\nevent: ended"),
            "{hostile}"
        );
        let finished = Finished { column: 0, position: 3, verdict: Verdict::Fail };
        assert_eq!(
            told(Event::Finished(Vec::new()), Some(finished)),
            "id: 7\nevent: finished\ndata: {\"column\":0,\"position\":3,\"sign\":\"✗\",\"verdict\":\"fail\"}\n\n"
        );
    }
}
