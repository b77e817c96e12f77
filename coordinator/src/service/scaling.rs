//! How many workers are wanted, in the words of KEDA's external scaler.
//!
//! KEDA asks on behalf of a ScaledObject, whose trigger's metadata say what the workers of its Deployment take: [`Scaled`]. What
//! is measured is workers, and one is one replica's: no rule of an autoscaler comes between what the farm wants and what it gets.
//! Where the farm does not know, KEDA is told that, and leaves everything as it is; 0 means that nothing is to be done.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mrt_proto::externalscaler::external_scaler_server::ExternalScaler;
use mrt_proto::externalscaler::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec, MetricValue,
    ScaledObjectRef,
};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::farm::{Demand, Demands, Worth};
use crate::head::{Head, HeadError};
use crate::plan::Capability;

/// What is measured, as KEDA and the autoscaler call it.
const METRIC: &str = "mrt-workers";
/// How long an answer may take: KEDA's own caller waits for three seconds.
const ANSWER: Duration = Duration::from_secs(2);
/// The farm is not looked at more often, however many ask.
const PACE: Duration = Duration::from_millis(100);
/// A stream looks no more often whether anything has changed.
const PAUSE: Duration = Duration::from_millis(500);
/// Streams at a time: KEDA has one for each trigger.
const STREAMS: usize = 256;

/// Seconds of work that a worker has to find for each of its slots, where nobody says: a Pod takes nearly as long to begin.
const SECONDS: u64 = 60;

/// Keys of a trigger's metadata that are for KEDA alone.
const FOR_KEDA: [&str; 7] =
    ["scalerAddress", "enableTLS", "unsafeSsl", "caCert", "tlsClientCert", "tlsClientKey", "tlsCertFile"];

pub(super) struct Scaling {
    surveys: Arc<Surveys>,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Scaling {
    pub(super) fn new(head: Head, stop: CancellationToken) -> Self {
        let surveys = Arc::new(Surveys { head, last: Mutex::new(None) });
        Self { surveys, streams: Arc::new(Semaphore::new(STREAMS)), stop }
    }

    /// What there is to do for the workers of a ScaledObject.
    async fn demand(&self, scaled: &Scaled) -> Result<Demand, Status> {
        let late = |_| {
            let seconds = ANSWER.as_secs();
            Status::unavailable(format!("the state was not read within {seconds} s; ask again"))
        };
        let demands = timeout(ANSWER, self.surveys.now()).await.map_err(late)??;
        Ok(scaled.demand(&demands))
    }
}

/// Looks at the farm that serve all who ask at the same time.
struct Surveys {
    head: Head,
    last: Mutex<Option<(Instant, Arc<Demands>)>>,
}

impl Surveys {
    /// What there is to do: not before this was asked, but who has waited for somebody else's look takes that.
    async fn now(&self) -> Result<Arc<Demands>, HeadError> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((begun, demands)) = &*last {
            if *begun >= asked {
                return Ok(Arc::clone(demands));
            }
            sleep_until(*begun + PACE).await;
        }
        let begun = Instant::now();
        let demands = Arc::new(self.head.demand().await?);
        *last = Some((begun, Arc::clone(&demands)));
        Ok(demands)
    }
}

/// What a trigger's metadata say of the workers that are scaled by it.
#[derive(Debug, PartialEq, Eq)]
struct Scaled {
    /// What they serve; everything when it is empty.
    engines: BTreeSet<String>,
    /// They can have servers started.
    containers: bool,
    /// What is worth one of them.
    worth: Worth,
}

impl Scaled {
    fn by(object: Option<ScaledObjectRef>) -> Result<Self, Status> {
        let object = object.ok_or_else(|| Status::invalid_argument("it says no ScaledObject"))?;
        Self::read(&object.scaler_metadata).map_err(|wrong| {
            let ScaledObjectRef { namespace, name, .. } = &object;
            Status::invalid_argument(format!("the trigger of ScaledObject {namespace}/{name}: {wrong}"))
        })
    }

    fn read(metadata: &HashMap<String, String>) -> Result<Self, String> {
        let mut scaled = Self {
            engines: BTreeSet::new(),
            containers: true,
            worth: Worth { slots: NonZeroU64::MIN, work: SECONDS * 1_000 },
        };
        // In order, so that of several mistakes always the same one is told.
        for (key, value) in metadata.iter().collect::<BTreeMap<_, _>>() {
            let wrong = |expected: &str| format!("{key} is {value:?}; give {expected}");
            match key.as_str() {
                "engines" => {
                    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                    scaled.engines = names.map(str::to_owned).collect();
                    if scaled.engines.iter().any(|name| name.contains(':')) {
                        return Err(wrong("engines without their versions, like sqlite,postgres"));
                    }
                }
                "containers" => {
                    scaled.containers = value.parse().map_err(|_| wrong("true or false"))?;
                }
                "slots" => {
                    scaled.worth.slots =
                        value.parse().map_err(|_| wrong("the workers' MRT_SLOTS, 1 or more"))?;
                }
                "secondsPerWorker" => {
                    let seconds: u32 = value.parse().map_err(|_| wrong("whole seconds, like 60"))?;
                    scaled.worth.work = u64::from(seconds) * 1_000;
                }
                key if FOR_KEDA.contains(&key) => {}
                _ => {
                    return Err(format!(
                        "{key} means nothing; there are engines, containers, slots and secondsPerWorker"
                    ));
                }
            }
        }
        Ok(scaled)
    }

    fn serve(&self, needs: &Capability) -> bool {
        (self.engines.is_empty() || self.engines.contains(&needs.engine))
            && (self.containers || !needs.containers)
    }

    fn demand(&self, demands: &Demands) -> Demand {
        let mut demand = Demand::default();
        demands.iter().filter(|(needs, _)| self.serve(needs)).for_each(|(_, other)| demand.add(other));
        demand
    }
}

#[tonic::async_trait]
impl ExternalScaler for Scaling {
    type StreamIsActiveStream = Pin<Box<dyn Stream<Item = Result<IsActiveResponse, Status>> + Send>>;

    async fn is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<IsActiveResponse>, Status> {
        let scaled = Scaled::by(Some(request.into_inner()))?;
        let result = self.demand(&scaled).await?.is_open();
        Ok(Response::new(IsActiveResponse { result }))
    }

    async fn stream_is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>, Status> {
        let scaled = Scaled::by(Some(request.into_inner()))?;
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!("{STREAMS} are listening already; ask by IsActive"))
        })?;
        let (sender, receiver) = mpsc::channel(1);
        let (surveys, stop) = (Arc::clone(&self.surveys), self.stop.clone());
        tokio::spawn(async move {
            let _permit = permit;
            // A stream that ends without an error is taken up again after two seconds, perhaps at another coordinator.
            tokio::select! {
                () = tell(&surveys, &scaled, &sender) => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_metric_spec(
        &self,
        // Whatever its trigger says: without an answer KEDA would scale by the processors' use, and hide why. The other calls
        // refuse what they cannot read.
        _request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>, Status> {
        let workers = MetricSpec { metric_name: METRIC.to_owned(), target_size: 1, target_size_float: 1.0 };
        Ok(Response::new(GetMetricSpecResponse { metric_specs: vec![workers] }))
    }

    async fn get_metrics(
        &self,
        request: Request<GetMetricsRequest>,
    ) -> Result<Response<GetMetricsResponse>, Status> {
        let GetMetricsRequest { scaled_object_ref, metric_name } = request.into_inner();
        if metric_name != METRIC {
            return Err(Status::invalid_argument(format!(
                "there is no metric {metric_name:?}; ask for {METRIC}"
            )));
        }
        let scaled = Scaled::by(scaled_object_ref)?;
        let workers = self.demand(&scaled).await?.workers(scaled.worth);
        // More than anybody starts, and less than the fraction of a float begins at.
        let workers = u32::try_from(workers).unwrap_or(u32::MAX);
        let value = MetricValue {
            metric_name,
            metric_value: i64::from(workers),
            metric_value_float: f64::from(workers),
        };
        Ok(Response::new(GetMetricsResponse { metric_values: vec![value] }))
    }
}

/// Says when there is something to do, at once or as soon as there is, until nobody listens. When there is nothing any more is
/// left to be asked for: KEDA before 2.18 would end every worker at that word, without its `cooldownPeriod`.
async fn tell(surveys: &Surveys, scaled: &Scaled, listener: &mpsc::Sender<Result<IsActiveResponse, Status>>) {
    let mut written = surveys.head.written();
    let mut told = false;
    loop {
        // Before looking, so that what comes meanwhile is seen next time.
        written.mark_unchanged();
        let known = match surveys.now().await {
            Ok(demands) => {
                let result = scaled.demand(&demands).is_open();
                let is_news = result && !told;
                if is_news && listener.send(Ok(IsActiveResponse { result })).await.is_err() {
                    return;
                }
                told = result;
                true
            }
            Err(HeadError::Stopping) => return,
            // What is not known is not told, and nothing may be written to say when it is known again.
            Err(_) => false,
        };
        let next = async {
            sleep(PAUSE).await;
            !known || written.changed().await.is_ok()
        };
        tokio::select! {
            goes_on = next => if !goes_on { return },
            () = listener.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(metadata: &[(&str, &str)]) -> Result<Scaled, String> {
        Scaled::read(&metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn needs(engine: &str, containers: bool) -> Capability {
        Capability { engine: engine.to_owned(), containers }
    }

    #[test]
    fn metadata_say_what_workers_take() {
        let all = scaled(&[("scalerAddress", "farm:7441")]).unwrap();
        assert!(all.serve(&needs("oracle", true)));
        assert_eq!((all.worth.slots.get(), all.worth.work), (1, 60_000));
        let some = [("engines", "sqlite, postgres,"), ("slots", "4"), ("secondsPerWorker", "0")];
        let some = scaled(&some).unwrap();
        assert_eq!((some.worth.slots.get(), some.worth.work), (4, 0));
        assert!(some.serve(&needs("postgres", true)) && !some.serve(&needs("oracle", true)));
        let without = scaled(&[("engines", "postgres"), ("containers", "false")]).unwrap();
        assert!(without.serve(&needs("postgres", false)) && !without.serve(&needs("postgres", true)));
    }

    #[test]
    fn what_is_wrong_in_metadata_is_told() {
        for (key, value, told) in [
            ("engine", "sqlite", "engine means nothing; there are engines, containers"),
            ("engines", "postgres:16", "engines without their versions"),
            ("containers", "yes", "containers is \"yes\"; give true or false"),
            ("slots", "0", "slots is \"0\"; give the workers' MRT_SLOTS, 1 or more"),
            ("slots", "-1", "1 or more"),
            ("secondsPerWorker", "1m", "whole seconds, like 60"),
        ] {
            let wrong = scaled(&[(key, value)]).unwrap_err();
            assert!(wrong.contains(told), "{wrong}");
        }
        let object = ScaledObjectRef {
            name: "worker".to_owned(),
            namespace: "mrt".to_owned(),
            scaler_metadata: [("slots".to_owned(), String::new())].into(),
        };
        let status = Scaled::by(Some(object)).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(status.message().starts_with("the trigger of ScaledObject mrt/worker: slots"), "{status}");
    }

    #[test]
    fn work_that_its_workers_cannot_do_scales_nothing() {
        let open = || Demand { queued: 3, ..Demand::default() };
        let demands = Demands::from([(needs("oracle", true), open()), (needs("sqlite", false), open())]);
        let queued = |metadata| scaled(metadata).unwrap().demand(&demands).queued;
        assert_eq!(queued(&[]), 6);
        assert_eq!(queued(&[("containers", "false")]), 3);
        assert_eq!(queued(&[("engines", "sqlite,mysql")]), 3);
        assert_eq!(queued(&[("engines", "mysql")]), 0);
    }
}
