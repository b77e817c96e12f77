//! Bundles: how they come, what makes room, what is left of uploads that fail.

use super::*;

/// A bundle of so many bytes, all of this value: its name and the message that sends it.
fn bundle(value: u8, size: usize) -> (String, v1::UploadBundleRequest) {
    let data = vec![value; size];
    let bundle: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
    (bundle.clone(), v1::UploadBundleRequest { bundle, data })
}

#[tokio::test]
async fn what_nobody_needs_makes_room_and_only_what_open_runs_need_leaves_none() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut client = running.submissions();
        let missing = async |bundles: &[&String]| {
            let bundles = bundles.iter().map(|&it| it.clone()).collect();
            let asked = v1::FindMissingBundlesRequest { bundles };
            running.submissions().find_missing_bundles(asked).await.unwrap().into_inner().missing
        };
        // There is room for four.
        let bundles: Vec<_> = (0..6).map(|value| bundle(value, 1_000_000)).collect();
        let names: Vec<&String> = bundles.iter().map(|(name, _)| name).collect();
        for (_, part) in &bundles[..4] {
            client.upload_bundle(iter([part.clone()])).await.unwrap();
        }
        let run = client.submit(submission("first", names[0], 1, LONG)).await.unwrap().into_inner().run;
        client.upload_bundle(iter([bundles[4].1.clone()])).await.unwrap();
        assert_eq!(
            missing(&names).await,
            [names[1].clone(), names[5].clone()],
            "the oldest that nobody needs"
        );
        for name in &names[2..5] {
            client.submit(submission(name, name, 1, LONG)).await.unwrap();
        }
        let status = client.upload_bundle(iter([bundles[5].1.clone()])).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("--bundles"), "{}", status.message());
        assert_eq!(missing(&names).await, [names[1].clone(), names[5].clone()]);
        client.cancel(v1::CancelRequest { run }).await.unwrap();
        client.upload_bundle(iter([bundles[5].1.clone()])).await.unwrap();
        assert_eq!(missing(&names).await, [names[0].clone(), names[1].clone()]);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_project_can_be_had_as_it_was_sent_and_is_checked_until_it_makes_room() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut client = running.submissions();
        let (name, part) = bundle(1, 1_000_000);
        client.upload_bundle(iter([part.clone()])).await.unwrap();
        let submitted = submission("first", &name, 1, LONG);
        let (column, options) = (submitted.columns[0].clone(), submitted.options.clone());
        let run = client.submit(submitted).await.unwrap().into_inner().run;
        let request = |suite: &str| v1::FetchProjectRequest {
            run: run.clone(),
            suite: suite.to_owned(),
            target: column.target.clone(),
        };
        let fetch = async |suite: &str| {
            let parts = running.submissions().fetch_project(request(suite)).await?.into_inner();
            parts.collect::<Result<Vec<_>, _>>().await
        };
        let parts = fetch(&column.suite).await.unwrap();
        assert_eq!((&parts[0].options, &parts[0].bundle, parts[0].data.len()), (&options, &name, 0));
        let data: Vec<u8> = parts[1..].iter().flat_map(|part| part.data.clone()).collect();
        assert!(parts.len() > 2 && data == part.data, "{} parts, {} bytes", parts.len(), data.len());
        let status = fetch("another").await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert!(status.message().contains("has no suite another"), "{}", status.message());

        client.cancel(v1::CancelRequest { run: run.clone() }).await.unwrap();
        for value in 2..6 {
            client.upload_bundle(iter([bundle(value, 1_000_000).1])).await.unwrap();
        }
        let parts = fetch(&column.suite).await.unwrap();
        assert_eq!((parts.len(), &parts[0].options, parts[0].bundle.as_str()), (1, &options, ""));
        running.stop().await;
    }
}

#[tokio::test]
async fn an_upload_of_which_nothing_comes_ends() {
    let places = places().await;
    let limits = Limits { silence: Duration::from_millis(200), ..LIMITS };
    let running = Running::with(&places[0], LONG, limits).await;
    let (sender, receiver) = mpsc::channel(1);
    sender.send(bundle(1, 1_000).1).await.unwrap();
    let status = running.submissions().upload_bundle(ReceiverStream::new(receiver)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("upload it again"), "{}", status.message());
    drop(sender);
    running.stop().await;
}

#[tokio::test]
async fn a_bundle_that_was_asked_for_is_not_the_first_to_go() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut client = running.submissions();
        // There is room for four.
        let bundles: Vec<_> = (0..5).map(|value| bundle(value, 1_000_000)).collect();
        for (_, part) in &bundles[..4] {
            client.upload_bundle(iter([part.clone()])).await.unwrap();
        }
        let asked = v1::FindMissingBundlesRequest { bundles: vec![bundles[0].0.clone()] };
        assert_eq!(client.find_missing_bundles(asked).await.unwrap().into_inner().missing, [""; 0]);
        client.upload_bundle(iter([bundles[4].1.clone()])).await.unwrap();
        client.submit(submission("key", &bundles[0].0, 1, LONG)).await.unwrap();
        let status = client.submit(submission("other", &bundles[1].0, 1, LONG)).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        running.stop().await;
    }
}

/// An upload that goes on: its first MiB is sent, which is a part in the state.
pub(super) async fn begin_upload(
    running: &Running,
    value: u8,
) -> (mpsc::Sender<v1::UploadBundleRequest>, Uploading) {
    let (sender, receiver) = mpsc::channel(1);
    sender.send(bundle(value, 1 << 20).1).await.unwrap();
    let mut client = running.submissions();
    let upload = async move { client.upload_bundle(ReceiverStream::new(receiver)).await };
    (sender, tokio::spawn(upload))
}

type Uploading = JoinHandle<Result<tonic::Response<v1::UploadBundleResponse>, Status>>;

/// Waits until so many parts are in the state.
pub(super) async fn parts(place: &Place, number: i64) {
    let mut connection = AnyConnection::connect(&place.url).await.unwrap();
    loop {
        let row =
            sqlx::query("SELECT COUNT(*) AS parts FROM parts").fetch_one(&mut connection).await.unwrap();
        if row.get::<i64, _>("parts") == number {
            return;
        }
    }
}

#[tokio::test]
async fn of_an_upload_that_fails_nothing_is_left() {
    for place in places().await {
        let limits = Limits { bundle: 2 << 20, ..LIMITS };
        let running = Running::with(&place, LONG, limits).await;
        // Too large, with another digest, and given up by its client.
        let (sender, upload) = begin_upload(&running, 1).await;
        parts(&place, 1).await;
        sender.send(bundle(1, (1 << 20) + 1).1).await.unwrap();
        assert_eq!(upload.await.unwrap().unwrap_err().code(), Code::InvalidArgument);
        parts(&place, 0).await;
        let (sender, upload) = begin_upload(&running, 1).await;
        parts(&place, 1).await;
        sender.send(bundle(1, 1).1).await.unwrap();
        drop(sender);
        assert_eq!(upload.await.unwrap().unwrap_err().code(), Code::DataLoss);
        parts(&place, 0).await;
        let (sender, upload) = begin_upload(&running, 1).await;
        parts(&place, 1).await;
        // So that it is not whole, should its end be taken for one.
        sender.send(bundle(1, 1).1).await.unwrap();
        upload.abort();
        parts(&place, 0).await;
        // Sent twice at a time, it is there once.
        let uploads = [begin_upload(&running, 1).await, begin_upload(&running, 1).await];
        parts(&place, 2).await;
        for (sender, upload) in uploads {
            drop(sender);
            upload.await.unwrap().unwrap();
        }
        parts(&place, 1).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn what_is_on_its_way_takes_room_and_only_so_much_comes_at_a_time() {
    for place in places().await {
        let limits = Limits { bundles: 8 << 20, ..LIMITS };
        let running = Running::with(&place, LONG, limits).await;
        let mut uploads = Vec::new();
        for value in 0..8 {
            uploads.push(begin_upload(&running, value).await);
        }
        parts(&place, 8).await;
        // A ninth is not read before one of the others has ended.
        let (sender, mut ninth) = begin_upload(&running, 8).await;
        drop(sender);
        timeout(Duration::from_millis(300), &mut ninth).await.unwrap_err();
        let (sender, first) = uploads.remove(0);
        drop(sender);
        first.await.unwrap().unwrap();
        // There is room for eight; the one that has come is needed by nobody, and makes room.
        ninth.await.unwrap().unwrap();
        parts(&place, 8).await;
        let (sender, _) = uploads.remove(0);
        let run = submission("key", &bundle(8, 1 << 20).0, 1, LONG);
        running.submissions().submit(run).await.unwrap();
        let (_sender, tenth) = begin_upload(&running, 9).await;
        assert_eq!(tenth.await.unwrap().unwrap_err().code(), Code::ResourceExhausted);
        drop((sender, uploads));
        running.stop().await;
    }
}

#[tokio::test]
async fn a_bundle_comes_whole_or_not_at_all() {
    for place in places().await {
        let limits = Limits { bundle: 4 << 20, ..LIMITS };
        let running = Running::with(&place, LONG, limits).await;
        let (name, part) = bundle(1, 3_000_000);
        running.submissions().upload_bundle(iter([part.clone()])).await.unwrap();
        let fetch = async || {
            let request = v1::FetchBundleRequest { bundle: name.clone() };
            WorkersClient::new(running.channel.clone()).fetch_bundle(request).await.map(|it| it.into_inner())
        };
        let chunks: Vec<v1::BundleChunk> = fetch().await.unwrap().collect::<Result<_, _>>().await.unwrap();
        assert!(chunks.into_iter().flat_map(|chunk| chunk.data).eq(part.data));
        let mut state = AnyConnection::connect(&place.url).await.unwrap();
        sqlx::query("DELETE FROM parts WHERE part = 2").execute(&mut state).await.unwrap();
        let mut chunks = fetch().await.unwrap();
        let status = loop {
            if let Err(status) = chunks.message().await.map(Option::unwrap) {
                break status;
            }
        };
        assert_eq!(status.code(), Code::Aborted);
        sqlx::query("DELETE FROM bundles").execute(&mut state).await.unwrap();
        assert_eq!(fetch().await.unwrap_err().code(), Code::NotFound);
        running.stop().await;
    }
}
