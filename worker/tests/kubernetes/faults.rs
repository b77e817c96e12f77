//! What goes wrong in a cluster, each told as what it is; and nothing is left.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use mrt_worker::server::Tell;

use super::*;
use crate::fake::{Fault, status};

fn says(code: u16, reason: &str, message: &str) -> Fault {
    Fault::Says { code, retry_after: None, body: status(code, reason, message).to_string() }
}

/// Starts a server of which nothing comes.
async fn fails(fake: &Fake) -> ServerError {
    let error = farm(fake).await.start(&launch(), at_once).await.unwrap_err();
    assert!(fake.names().is_empty(), "left behind: {:?}", fake.names());
    error
}

#[tokio::test]
async fn a_pod_for_which_there_is_no_node_is_given_up_with_what_the_scheduler_says() {
    let fake = Fake::start().await;
    let message = "0/3 nodes are available: 3 Insufficient memory.";
    fake.fate([json!({ "status": { "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message },
    ] } })]);
    let error = fails(&fake).await;
    assert!(matches!(of_cluster(&error), KubernetesError::NoRoom { .. }), "{error:?}");
    assert!(error.to_string().contains(message) && error.to_string().contains("postgres:15"), "{error}");
}

#[tokio::test]
async fn what_a_pod_waits_for_is_told_once() {
    let fake = Fake::start().await;
    let quota = "pods \"p\" is forbidden: exceeded quota: compute";
    for _ in 0..3 {
        fake.fault("create", says(403, "Forbidden", quota));
    }
    let unplaced = json!({ "status": { "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available" },
    ] } });
    fake.fate([
        unplaced.clone(),
        unplaced,
        placed(),
        waiting("ErrImagePull", "dial tcp: i/o timeout"),
        waiting("ContainerCreating", ""),
        running(),
    ]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let tell = Tell::new(move |what| teller.lock().unwrap().push(what.to_owned()));
    let pod = farm(&fake).await.telling(tell).start(&launch(), at_once).await.unwrap();
    pod.stop().await.unwrap();
    let told = told.lock().unwrap().clone();
    let parts = ["no room for its Pod yet: ", "no node for its Pod yet: ", "its node has trouble: "];
    let words = ["exceeded quota", "0/3 nodes", "i/o timeout"];
    assert_eq!(told.len(), parts.len(), "{told:?}");
    for (said, (part, word)) in told.iter().zip(parts.iter().zip(words)) {
        assert!(said.starts_with(part) && said.contains(word), "{told:?}");
    }
}

#[tokio::test]
async fn an_image_that_comes_in_the_end_is_waited_for() {
    let fake = Fake::start().await;
    fake.fate([
        placed(),
        waiting("ErrImagePull", "dial tcp: i/o timeout"),
        waiting("ImagePullBackOff", "Back-off pulling image"),
        running(),
    ]);
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_told_with_its_node() {
    for (fate, at_once) in [
        (waiting("ImagePullBackOff", "Back-off pulling image \"postgres:15\""), false),
        (waiting("InvalidImageName", "couldn't parse image name"), true),
        (waiting("ErrImagePull", "rpc error: code = NotFound desc = no such image"), true),
    ] {
        let fake = Fake::start().await;
        fake.fate([placed(), fate]);
        let began = Instant::now();
        let error = fails(&fake).await;
        assert_eq!(began.elapsed() < limits().trouble, at_once, "{error}");
        assert!(matches!(of_cluster(&error), KubernetesError::Image { .. }), "{error:?}");
        assert!(error.to_string().starts_with("node n1 cannot get image postgres:15: "), "{error}");
    }
}

#[tokio::test]
async fn a_container_that_cannot_be_made_is_told_with_its_node() {
    let fake = Fake::start().await;
    fake.fate([placed(), waiting("CreateContainerConfigError", "secret \"registry\" not found")]);
    let error = fails(&fake).await;
    assert!(matches!(of_cluster(&error), KubernetesError::NotBegun { .. }), "{error:?}");
    assert!(
        error.to_string().contains("on node n1") && error.to_string().contains("\"registry\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_ends_while_it_starts_says_why_long_before_the_time_limit() {
    let fake = Fake::start().await;
    fake.fate([placed(), running(), ended(1, "Error")]);
    fake.writes("POSTGRES_PASSWORD is not set\n");
    let launch = Launch { start_limit: Duration::from_secs(3600), ..launch() };
    let error = farm(&fake).await.start(&launch, never).await.unwrap_err();
    let ServerError::StartFailed { death, .. } = &error else { panic!("{error:?}") };
    assert_eq!((death.exit_code, death.logs.as_str()), (Some(1), "POSTGRES_PASSWORD is not set"));
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn how_a_server_died_is_told_and_whether_it_was_its_own_doing() {
    for (change, own, told) in [
        (ended(137, "OOMKilled"), true, "out of memory (exit code 137)"),
        (ended(3, "Error"), true, "exit code 3"),
        (evicted(), false, "the cluster took the Pod away (Evicted): The node was low on resource: memory."),
        (
            json!({ "status": { "phase": "Failed", "reason": "DeadlineExceeded", "message": "Pod was active too long" } }),
            false,
            "(DeadlineExceeded)",
        ),
        (
            json!({ "status": { "reason": "NodeLost", "message": "Node n1 is unresponsive" } }),
            false,
            "(NodeLost)",
        ),
        (
            json!({ "metadata": { "deletionTimestamp": "2026-11-26T12:00:00Z" } }),
            false,
            "somebody deleted the Pod",
        ),
    ] {
        let fake = Fake::start().await;
        fake.fate([placed(), running()]);
        fake.writes("LOG:  database system is ready\n");
        let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
        // The connection breaks before the node has told.
        let (died, ()) = tokio::join!(pod.why_died(), async {
            fake.is_asked("watch", 2).await;
            fake.change(pod.name(), &change);
        });
        let error = died.unwrap().expect(told);
        let ServerError::Died { death, .. } = &error else { panic!("{error:?}") };
        assert_eq!(death.taken.is_none(), own, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert!(error.to_string().contains("database system is ready"), "{error}");
        pod.stop().await.unwrap();
        assert!(fake.names().is_empty());
    }
}

#[tokio::test]
async fn a_pod_that_is_gone_altogether_was_taken_away() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    fake.take(pod.name());
    let error = pod.why_died().await.unwrap().unwrap();
    let ServerError::Died { death, .. } = &error else { panic!("{error:?}") };
    assert!(death.taken.is_some() && death.exit_code.is_none(), "{error}");
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn an_api_that_has_too_much_to_do_is_asked_again_when_it_says() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let busy = "Too many requests, please try again later.\n".to_owned();
    fake.fault("create", Fault::Says { code: 429, retry_after: Some(1), body: busy.clone() });
    fake.fault("watch", Fault::Says { code: 429, retry_after: Some(1), body: busy });
    let began = Instant::now();
    let farm = farm_with(&fake, |settings| settings.limits.patience = Duration::from_secs(20)).await;
    let pod = farm.start(&launch(), at_once).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(fake.asked("create").len(), 2);
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    fake.fault("create", says(500, "InternalError", "failed calling webhook: no endpoints available"));
    fake.fault("create", says(409, "Conflict", "Operation cannot be fulfilled on resourcequotas"));
    fake.fault("list", says(503, "ServiceUnavailable", "the leader is being elected"));
    fake.fault("watch", says(504, "Timeout", "request did not complete"));
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    fake.fault("delete", says(500, "InternalError", "etcdserver: request timed out"));
    pod.stop().await.unwrap();
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn an_api_that_is_gone_for_a_while_is_survived() {
    let fake = Fake::start().await;
    let farm = farm(&fake).await;
    let (launch, gone) = (launch(), limits().away / 3);
    let (started, ()) = tokio::join!(farm.start(&launch, at_once), async {
        let name = fake.only().await;
        fake.is_asked("watch", 1).await;
        fake.go_away();
        // Meanwhile the cluster goes on.
        fake.change(&name, &placed());
        fake.change(&name, &running());
        tokio::time::sleep(gone).await;
        fake.come_back();
    });
    let pod = started.unwrap();
    fake.go_away();
    let (stopped, ()) = tokio::join!(pod.stop(), async {
        tokio::time::sleep(gone).await;
        fake.come_back();
    });
    stopped.unwrap();
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn an_api_that_does_not_come_back_is_told_with_its_address() {
    let fake = Fake::start().await;
    let farm = farm(&fake).await;
    assert!(farm.answers().await.is_ok());
    fake.go_away();
    let error = farm.start(&launch(), at_once).await.unwrap_err();
    assert!(matches!(of_cluster(&error), KubernetesError::Unreachable { .. }), "{error:?}");
    assert!(error.is_about_reach() && error.to_string().contains(farm.address()), "{error}");
    let began = Instant::now();
    assert!(farm.answers().await.unwrap_err().is_about_reach());
    assert!(began.elapsed() < limits().away / 2, "a question of whether it is there is asked once");
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_from_where_it_was() {
    let fake = Fake::start().await;
    let farm = farm(&fake).await;
    let launch = launch();
    let (started, ()) = tokio::join!(farm.start(&launch, at_once), async {
        let name = fake.only().await;
        fake.is_asked("watch", 1).await;
        // Others' Pods move the version on; bookmarks tell the watch.
        for other in ["a", "b", "c"] {
            fake.put(json!({ "metadata": { "name": other }, "spec": { "containers": [] } }));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        fake.cut_watches();
        fake.is_asked("watch", 2).await;
        fake.change(&name, &placed());
        fake.change(&name, &running());
    });
    let pod = started.unwrap();
    let versions: Vec<u64> = fake.asked("watch").iter().map(|it| it[6..].parse().unwrap()).collect();
    assert!(versions[1] >= versions[0] + 3, "from the last bookmark: {versions:?}");
    assert_eq!(fake.asked("list").len(), 1, "nothing was listed again");
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_watch_that_is_too_old_begins_with_a_new_list() {
    for by_event in [true, false] {
        let fake = Fake::start().await;
        let farm = farm(&fake).await;
        let launch = launch();
        let (started, ()) = tokio::join!(farm.start(&launch, at_once), async {
            let name = fake.only().await;
            fake.is_asked("watch", 1).await;
            fake.change(&name, &placed());
            if !by_event {
                fake.fault("watch", says(410, "Expired", "too old resource version"));
            }
            fake.change(&name, &running());
            fake.compact();
            fake.cut_watches();
        });
        let pod = started.unwrap();
        pod.stop().await.unwrap();
        assert!(fake.names().is_empty());
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_waited_for() {
    let quota =
        "pods \"p\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4";
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    for _ in 0..3 {
        fake.fault("create", says(403, "Forbidden", quota));
    }
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    pod.stop().await.unwrap();

    for _ in 0..1000 {
        fake.fault("create", says(403, "Forbidden", quota));
    }
    let error = fails(&fake).await;
    assert!(matches!(of_cluster(&error), KubernetesError::NoRoom { .. }), "{error:?}");
    assert!(
        error.to_string().contains("exceeded quota: compute") && error.to_string().contains("farm"),
        "{error}"
    );
}

#[tokio::test]
async fn a_role_that_does_not_suffice_is_told_from_a_pod_that_is_not_wanted() {
    let fake = Fake::start().await;
    let role = "pods is forbidden: User \"u\" cannot create resource \"pods\" in API group \"\" in the namespace \"farm\"";
    fake.fault("create", says(403, "Forbidden", role));
    let error = fails(&fake).await;
    assert!(matches!(of_cluster(&error), KubernetesError::NotAllowed { .. }), "{error:?}");
    assert!(
        in_full(&error).contains("User \"u\"") && error.to_string().contains("pods/log (get)"),
        "{error}"
    );

    let admission = "pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": hostNetwork=true";
    fake.fault("create", says(403, "Forbidden", admission));
    let error = fails(&fake).await;
    assert!(matches!(of_cluster(&error), KubernetesError::Refused { .. }), "{error:?}");
    assert!(in_full(&error).contains("hostNetwork=true"), "{}", in_full(&error));
    assert!(!error.is_about_reach());
}

#[tokio::test]
async fn a_field_that_is_misspelt_in_the_template_is_no_pod() {
    let fake = Fake::start().await;
    let template = fake.file("pod.yaml", "spec: {nodeSelecter: {disk: fast}}\n");
    let farm = farm_with(&fake, |settings| settings.template = Some(template)).await;
    let error = farm.start(&launch(), at_once).await.unwrap_err();
    assert!(matches!(of_cluster(&error), KubernetesError::Refused { .. }), "{error:?}");
    assert!(in_full(&error).contains("unknown field"), "{}", in_full(&error));
    assert!(fake.names().is_empty());
}
