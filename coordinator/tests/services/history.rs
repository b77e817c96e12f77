//! What a run's cells were before it, on its branch.

use mrt_report::{Digest, Finding};

use super::page::lost;
use super::*;

/// A run of a branch whose cells end so, each with these objects lost; `None` says that infrastructure failed there.
async fn night(running: &Running, worker: &mut Worker, branch: &str, cells: &[Option<&[&str]>]) -> String {
    let mut client = running.submissions();
    let bundle = upload(&mut client).await;
    let key = format!(
        "night {}",
        client.list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs.len()
    );
    let mut request = submission(&key, &bundle, u32::try_from(cells.len()).unwrap(), LONG);
    if !branch.is_empty() {
        request.labels.insert("branch".to_owned(), branch.to_owned());
    }
    let run = client.submit(request).await.unwrap().into_inner().run;
    worker.state(Vec::new(), false).await;
    let shard = worker.assignment().await;
    for (position, objects) in cells.iter().enumerate() {
        let position = u32::try_from(position).unwrap();
        let verdict = match objects {
            None => Verdict::Error,
            Some([]) => Verdict::Pass,
            Some(_) => Verdict::Fail,
        };
        let findings: Vec<Finding> =
            objects.iter().flat_map(|it| it.iter()).map(|it| lost("a.py", 1, it)).collect();
        let cell = Cell::untried("shop", "sqlite", &format!("r{position}"), "", verdict, String::new());
        let cell = serde_json::to_vec(&Cell { findings, ..cell }).unwrap();
        assert!(worker.result(&shard, position, v1::cell_result::Outcome::Cell(cell)).await);
    }
    run
}

/// What is known of a run's findings, and what is fixed: against its own branch, or another one.
async fn since(running: &Running, run: &str, branch: &str) -> String {
    let request = v1::GetReportBeforeRequest { run: run.to_owned(), branch: branch.to_owned() };
    let parts = running.submissions().get_report_before(request).await.unwrap().into_inner();
    let parts: Vec<v1::GetReportBeforeResponse> = parts.collect::<Result<_, _>>().await.unwrap();
    let json: Vec<u8> = parts.into_iter().flat_map(|part| part.data).collect();
    let before = mrt_report::from_json(std::str::from_utf8(&json).unwrap()).unwrap();
    let (_, now) = running.report(run).await;
    let told = mrt_report::json_with_ages(&Digest::against(&now, &before)).unwrap();
    let ages = mrt_report::from_json(&told).unwrap().ages.unwrap();
    let words = ages.iter().map(|age| {
        let first = age.first.as_ref().map_or("", |first| first.run.as_str());
        format!("{} {} {first}", age.object, age.earlier)
    });
    let verdicts = before.cells.iter().map(|cell| format!("{} {}", cell.revision, cell.verdict));
    verdicts.chain(words).collect::<Vec<_>>().join("; ").trim_end().to_owned()
}

#[tokio::test]
async fn findings_are_followed_into_the_past_of_their_branch() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut worker = Worker::join(&running, 1).await;
        let first = night(&running, &mut worker, "main", &[Some(&["a"]), Some(&[])]).await;
        assert_eq!(since(&running, &first, "").await, "a 0");
        let second = night(&running, &mut worker, "main", &[Some(&["a", "b"]), Some(&["c"])]).await;
        assert_eq!(since(&running, &second, "").await, "r0 fail; r1 pass; a 1 1; b 0 ; c 0");
        // Where nobody knows, what was known before counts, and time goes on.
        night(&running, &mut worker, "main", &[None, Some(&["c"])]).await;
        // Another branch is another matter.
        let other = night(&running, &mut worker, "feature", &[Some(&["a"]), Some(&["z"])]).await;
        assert_eq!(since(&running, &other, "").await, "a 0 ; z 0");
        assert_eq!(since(&running, &other, "main").await, "r0 fail; r1 fail; a 2 1; z 0");
        let none = night(&running, &mut worker, "", &[Some(&["a"])]).await;
        assert_eq!(since(&running, &none, "").await, "a 0");
        let last =
            night(&running, &mut worker, "main", &[Some(&["a", "b"]), Some(&["c"]), Some(&["d"])]).await;
        assert_eq!(since(&running, &last, "").await, "r0 fail; r1 fail; a 2 1; b 1 2; c 2 2; d 0");
        // What was away in between is new again.
        night(&running, &mut worker, "main", &[Some(&["b"]), Some(&[])]).await;
        let back = night(&running, &mut worker, "main", &[Some(&["a"]), Some(&["c"])]).await;
        assert_eq!(since(&running, &back, "").await, "r0 fail; r1 pass; a 0 ; c 0");
        running.stop().await;
    }
}
