//! What a cluster asks: KEDA's calls, by a client made of the same contract, while a farm fills, is drained and fills again.

use mrt_proto::externalscaler::external_scaler_client::ExternalScalerClient;
use mrt_proto::externalscaler::{GetMetricsRequest, IsActiveResponse, MetricSpec, ScaledObjectRef};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::*;

/// A run whose columns are never worth a second worker by themselves.
const SMALL: u32 = 2;
/// A chain that several workers can be at.
const LONG_CHAIN: u32 = 400;

/// Nothing that is waited for takes longer.
const MINUTE: Duration = Duration::from_secs(60);

/// What a cluster sees of a coordinator.
struct Cluster {
    channel: Channel,
    server: JoinHandle<()>,
}

impl Cluster {
    async fn of(running: &Running) -> Self {
        let routes = running.coordinator.cluster(&running.stop).await;
        let (channel, incoming) = in_process();
        let stopped = running.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder()
                // All that a test asks comes over one connection.
                .max_concurrent_streams(1_024)
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, stopped)
                .await
                .unwrap();
        });
        Self { channel, server }
    }

    fn keda(&self) -> ExternalScalerClient<Channel> {
        ExternalScalerClient::new(self.channel.clone())
    }

    /// How many replicas KEDA comes to, as it comes to them: from what one replica is worth and how much there is.
    async fn replicas(&self, metadata: &[(&str, &str)]) -> Result<u64, Status> {
        let object = scaled_object(metadata);
        let specs = self.keda().get_metric_spec(object.clone()).await?.into_inner().metric_specs;
        let [MetricSpec { metric_name, target_size, target_size_float }] = specs.as_slice() else {
            panic!("{specs:?}")
        };
        let request =
            GetMetricsRequest { scaled_object_ref: Some(object.clone()), metric_name: metric_name.clone() };
        let values = self.keda().get_metrics(request).await?.into_inner().metric_values;
        assert_eq!((values.len(), &values[0].metric_name), (1, metric_name));
        assert_eq!(
            (values[0].metric_value as f64, *target_size as f64),
            (values[0].metric_value_float, *target_size_float)
        );
        let replicas = (values[0].metric_value_float / target_size_float).ceil() as u64;
        let active = self.keda().is_active(object).await?.into_inner().result;
        assert_eq!(active, replicas > 0, "{replicas}");
        Ok(replicas)
    }

    async fn stream(&self, metadata: &[(&str, &str)]) -> Result<Streaming<IsActiveResponse>, Status> {
        Ok(self.keda().stream_is_active(scaled_object(metadata)).await?.into_inner())
    }

    /// Waits until it is ready, or is not any more.
    async fn until_ready(&self, is: ServingStatus) {
        let waiting = async { while self.health("readiness").await != is {} };
        timeout(MINUTE, waiting).await.expect("readiness does not change");
    }

    async fn health(&self, service: &str) -> ServingStatus {
        let request = HealthCheckRequest { service: service.to_owned() };
        HealthClient::new(self.channel.clone()).check(request).await.unwrap().into_inner().status()
    }
}

fn scaled_object(metadata: &[(&str, &str)]) -> ScaledObjectRef {
    let own = [("scalerAddress", "coordinator:7441")];
    let pairs = own.iter().chain(metadata).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    ScaledObjectRef {
        name: "worker".to_owned(),
        namespace: "mrt".to_owned(),
        scaler_metadata: pairs.collect(),
    }
}

/// What a stream says next.
async fn said(stream: &mut Streaming<IsActiveResponse>) -> bool {
    timeout(MINUTE, stream.message()).await.expect("it says nothing").unwrap().unwrap().result
}

#[tokio::test]
async fn a_stream_says_each_time_that_there_is_something_to_do_and_never_that_there_is_nothing() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let cluster = Cluster::of(&running).await;
        let mut stream = cluster.stream(&[]).await.unwrap();
        let work = async {
            for round in 1_u32.. {
                running.submit(&round.to_string(), SMALL, LONG).await.unwrap();
                assert_eq!(cluster.replicas(&[]).await.unwrap(), 1);
                running.submissions().cancel(v1::CancelRequest { run: round.to_string() }).await.unwrap();
                assert_eq!(cluster.replicas(&[]).await.unwrap(), 0);
            }
        };
        let listening = async {
            for _ in 0..2 {
                assert!(said(&mut stream).await);
            }
        };
        tokio::select! {
            () = work => {}
            () = listening => {}
        }
        running.stop().await;
        while let Some(IsActiveResponse { result }) = stream.message().await.unwrap() {
            assert!(result);
        }
    }
}

/// Everything in a worker's shard passes.
async fn finish(worker: &mut Worker) {
    let shard = worker.assignment().await;
    for position in shard.cells.clone() {
        assert!(worker.pass(&shard, position).await);
    }
}

#[tokio::test]
async fn the_wanted_number_follows_what_is_to_be_done() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let cluster = Cluster::of(&running).await;
        let mut stream = cluster.stream(&[("engines", "sqlite")]).await.unwrap();
        let mut elsewhere = cluster.stream(&[("engines", "postgres")]).await.unwrap();
        assert_eq!(cluster.replicas(&[]).await.unwrap(), 0);
        for round in 0..2 {
            running.submit(&format!("small {round}"), SMALL, LONG).await.unwrap();
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 1);
            assert!(said(&mut stream).await);
            running.submit(&format!("long {round}"), LONG_CHAIN, LONG).await.unwrap();
            // 400 revisions of a quarter of a second.
            assert_eq!(cluster.replicas(&[("secondsPerWorker", "25")]).await.unwrap(), 4);
            assert_eq!(cluster.replicas(&[("secondsPerWorker", "25"), ("slots", "2")]).await.unwrap(), 2);
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 1);
            assert_eq!(cluster.replicas(&[("engines", "postgres,oracle")]).await.unwrap(), 0);
            let most = [("engines", "postgres,sqlite"), ("secondsPerWorker", "0")];
            let most = cluster.replicas(&most).await.unwrap();
            assert!(most > 4, "{most}");
            // So many find something to do, and no more.
            let mut workers = Vec::new();
            for number in 0..=most {
                let mut worker = Worker::join(&running, 1 + number).await;
                worker.state(Vec::new(), false).await;
                assert_eq!(worker.orders().await.len(), usize::from(number < most), "{number} of {most}");
                workers.push(worker);
            }
            // While they hold something none is to go, whatever it is worth.
            assert_eq!(cluster.replicas(&[]).await.unwrap(), most);
            assert_eq!(cluster.replicas(&[("slots", "64")]).await.unwrap(), most);
            drop(workers);
            for run in ["1", "2"].map(|run| (run.parse::<u32>().unwrap() + 2 * round).to_string()) {
                running.submissions().cancel(v1::CancelRequest { run }).await.unwrap();
            }
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 0);
            stream = cluster.stream(&[("engines", "sqlite")]).await.unwrap();
        }
        running.stop().await;
        // The end is no error: KEDA comes back at once.
        assert_eq!(stream.message().await.unwrap(), None);
        assert_eq!(elsewhere.message().await.unwrap(), None, "of other engines nothing was said");
        cluster.server.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_done_is_no_more_wanted_and_what_is_handed_back_is() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let cluster = Cluster::of(&running).await;
        for round in 0..2 {
            let mut stream = cluster.stream(&[]).await.unwrap();
            for run in 0..2 {
                running.submit(&format!("{round} {run}"), SMALL, LONG).await.unwrap();
            }
            assert!(said(&mut stream).await);
            let mut workers = [Worker::join(&running, 1).await, Worker::join(&running, 2).await];
            workers[0].state(Vec::new(), false).await;
            let shard = workers[0].assignment().await;
            workers[1].state(Vec::new(), false).await;
            finish(&mut workers[1]).await;
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 1, "the other one still holds something");
            // It is scaled down all the same, and gives it back.
            let back = v1::HeldShard { handed_back: true, ..held(&shard, &[]) };
            workers[0].state(vec![back], true).await;
            assert_eq!(workers[0].orders().await, []);
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 1, "somebody is to do it");
            workers[1].state(Vec::new(), false).await;
            finish(&mut workers[1]).await;
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 0);
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn any_of_two_coordinators_can_be_asked() {
    for place in places().await {
        let (one, other) = (Running::start(&place, LONG).await, Running::start(&place, LONG).await);
        let (asked_one, asked_other) = (Cluster::of(&one).await, Cluster::of(&other).await);
        assert_eq!(asked_other.replicas(&[]).await.unwrap(), 0);
        // Only on PostgreSQL a coordinator looks by itself for what others have written.
        let is_shared = place.url.starts_with("postgres");
        for (key, told, asked, cluster) in
            [("a", &one, &asked_other, &asked_one), ("b", &other, &asked_one, &asked_other)]
        {
            let mut streams = Vec::new();
            for listened in [&asked_one, &asked_other].into_iter().filter(|_| is_shared) {
                streams.push(listened.stream(&[]).await.unwrap());
            }
            told.submit(key, SMALL, LONG).await.unwrap();
            assert_eq!(asked.replicas(&[]).await.unwrap(), 1, "at once");
            let mut worker = Worker::join(told, 1).await;
            worker.state(Vec::new(), false).await;
            let shard = worker.assignment().await;
            for stream in &mut streams {
                assert!(said(stream).await);
            }
            for position in shard.cells.clone() {
                assert_eq!(asked.replicas(&[]).await.unwrap(), 1);
                assert!(worker.pass(&shard, position).await);
            }
            assert_eq!(asked.replicas(&[]).await.unwrap(), 0);
            assert_eq!(cluster.replicas(&[]).await.unwrap(), 0);
        }
        one.stop().await;
        other.stop().await;
    }
}

/// Takes the state from under a coordinator, or gives it back.
async fn unplug(place: &Place, gone: bool) {
    if !place.url.starts_with("postgres") {
        let mut state = AnyConnection::connect(&place.url).await.unwrap();
        let (from, to) = if gone { ("state", "away") } else { ("away", "state") };
        let rename = format!("ALTER TABLE {from} RENAME TO {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(rename)).execute(&mut state).await.unwrap();
        return;
    }
    let name = url::Url::parse(&place.url).unwrap().path().trim_start_matches('/').to_owned();
    let mut server = AnyConnection::connect(&std::env::var("MRT_TEST_POSTGRES_URL").unwrap()).await.unwrap();
    let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !gone);
    sqlx::raw_sql(sqlx::AssertSqlSafe(allow)).execute(&mut server).await.unwrap();
    let end =
        format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{name}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(end)).execute(&mut server).await.unwrap();
}

#[tokio::test]
async fn while_the_database_is_gone_it_lives_and_tells_no_number() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let cluster = Cluster::of(&running).await;
        for name in ["", "liveness"] {
            assert_eq!(cluster.health(name).await, ServingStatus::Serving);
        }
        let unknown = HealthCheckRequest { service: "mrt.v1.Workers".to_owned() };
        let status = HealthClient::new(cluster.channel.clone()).check(unknown).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        running.submit("key", SMALL, LONG).await.unwrap();
        cluster.until_ready(ServingStatus::Serving).await;
        let mut stream = cluster.stream(&[]).await.unwrap();
        assert!(said(&mut stream).await);

        unplug(&place, true).await;
        cluster.until_ready(ServingStatus::NotServing).await;
        let status = cluster.replicas(&[]).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let status = cluster.keda().is_active(scaled_object(&[])).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let mut other = cluster.stream(&[]).await.unwrap();
        for name in ["", "liveness"] {
            assert_eq!(cluster.health(name).await, ServingStatus::Serving);
        }

        unplug(&place, false).await;
        cluster.until_ready(ServingStatus::Serving).await;
        assert_eq!(cluster.replicas(&[]).await.unwrap(), 1);
        assert!(said(&mut other).await, "once it is known");
        running.submissions().cancel(v1::CancelRequest { run: "1".to_owned() }).await.unwrap();
        running.stop().await;
        assert_eq!(stream.message().await.unwrap(), None, "it said nothing in between");
    }
}

#[tokio::test]
async fn many_can_ask_and_none_takes_all() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let cluster = Cluster::of(&running).await;
        let mut streams = Vec::new();
        let refused = loop {
            match cluster.stream(&[]).await {
                Ok(stream) if streams.len() < 1_000 => streams.push(stream),
                Ok(_) => panic!("anybody can have as many as they like"),
                Err(status) => break status,
            }
        };
        assert_eq!((refused.code(), streams.len()), (Code::ResourceExhausted, 256));
        running.submit("key", SMALL, LONG).await.unwrap();
        for stream in &mut streams {
            assert!(said(stream).await);
        }
        let asking = (0..64).map(|_| cluster.replicas(&[]));
        for replicas in futures_util::future::join_all(asking).await {
            assert_eq!(replicas.unwrap(), 1);
        }
        streams.truncate(10);
        let room = async { while cluster.stream(&[]).await.is_err() {} };
        timeout(MINUTE, room).await.expect("who has gone still takes room");
        running.stop().await;
        for stream in &mut streams {
            assert_eq!(stream.message().await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn what_keda_cannot_mean_is_refused() {
    let place = &places().await[0];
    let running = Running::start(place, LONG).await;
    let cluster = Cluster::of(&running).await;
    for (metadata, told) in [
        ([("engine", "sqlite")], "engine means nothing"),
        ([("slots", "many")], "give the workers' MRT_SLOTS"),
    ] {
        let object = scaled_object(&metadata);
        let mut keda = cluster.keda();
        let refusals = [
            keda.is_active(object.clone()).await.unwrap_err(),
            keda.stream_is_active(object.clone()).await.unwrap_err(),
        ];
        // Without this answer KEDA would have the processors' use decide.
        assert_eq!(keda.get_metric_spec(object).await.unwrap().into_inner().metric_specs.len(), 1);
        for status in refusals {
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(told), "{status}");
        }
    }
    let request = GetMetricsRequest {
        scaled_object_ref: Some(scaled_object(&[])),
        metric_name: "queueLength".to_owned(),
    };
    let status = cluster.keda().get_metrics(request.clone()).await.unwrap_err();
    assert_eq!(status.message(), "there is no metric \"queueLength\"; ask for mrt-workers");
    let request = GetMetricsRequest { scaled_object_ref: None, metric_name: "mrt-workers".to_owned() };
    assert_eq!(cluster.keda().get_metrics(request).await.unwrap_err().code(), Code::InvalidArgument);
    // More than any ScaledObject says.
    let large = "x".repeat(1 << 16);
    let status = cluster.keda().is_active(scaled_object(&[("engines", &large)])).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    running.stop().await;
}
