//! From an assignment to a unit, and what comes of those that cannot be checked.

use std::sync::atomic::{AtomicBool, Ordering};

use mrt_chain::settings::EngineKind;
use mrt_proto::v1::cell_result::Outcome;

use super::*;
use crate::run::RunError;
use crate::server::ServerError;

/// What becomes of an assignment that cannot be checked.
async fn failure_of(settings: &str, assignment: v1::Assignment) -> v1::ShardFailure {
    let mut play = Play::with(Local::new(settings), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    let failure = visit.until_failure(&[assignment]).await;
    assert_eq!(failure.lease, Some(lease(1)));
    failure
}

/// A project that came over the wire.
struct Copied(Local);

#[async_trait]
impl Projects for Copied {
    async fn directory(&self, _: &str) -> Result<Files, ProjectsError> {
        Ok(Files::kept_by(self.0.directory.path().to_owned(), ()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_what_the_assignment_says() {
    let settings =
        "[suite.shop]\npath = '.'\ntargets = ['sqlite']\n[suite.other]\npath = '.'\nsection = 'two'\n";
    let mut play = Play::with(Local::new(settings), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    visit.state().await;
    let options = v1::CheckOptions {
        seed_all: true,
        today: "2026-11-26".to_owned(),
        timeout_ms: 7_000,
        settings: String::new(),
    };
    let target = "postgres:16".to_owned();
    visit.order(&[v1::Assignment { target, options: Some(options), ..assignment(1, &[0, 3]) }]);
    let unit = play.bench.next().await.unit;
    assert_eq!((unit.suite.name.as_str(), unit.target.name.as_str()), ("shop", "postgres:16"));
    assert_eq!(unit.suite.targets, std::slice::from_ref(&unit.target));
    assert_eq!(unit.target.engine, EngineKind::Postgres);
    assert_eq!(unit.suite.timeout, Duration::from_secs(7));
    let ids: Vec<_> = unit.chain.revisions().iter().map(|revision| revision.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    assert!(unit.seed_all);
    assert_eq!(unit.today, jiff::civil::date(2026, 11, 26));
}

#[tokio::test(start_paused = true)]
async fn a_suite_that_does_not_say_its_name_has_the_one_under_which_it_was_submitted() {
    let mut play = Play::with(Local::new(""), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    visit.state().await;
    visit.order(&[v1::Assignment { suite: "billing".to_owned(), ..assignment(1, &[0]) }]);
    assert_eq!(play.bench.next().await.unit.suite.name, "billing");
}

#[tokio::test(start_paused = true)]
async fn settings_come_from_the_file_that_was_submitted() {
    let local = Local::new("timeout = '7s'\n");
    fs::write(local.directory.path().join("ci.toml"), "timeout = '9s'\n").unwrap();
    let mut play = Play::with(local, |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    visit.state().await;
    let with = |settings: &str| {
        let options = assignment(1, &[0]).options.unwrap();
        let options = v1::CheckOptions { settings: settings.to_owned(), ..options };
        v1::Assignment { options: Some(options), ..assignment(1, &[0]) }
    };
    visit.order(&[with("ci.toml")]);
    assert_eq!(play.bench.next().await.unit.suite.timeout, Duration::from_secs(9));
    // Nothing else on this machine.
    for outside in ["../ci.toml", "/etc/hosts", "..", "a/../ci.toml"] {
        let failure = failure_of("", with(outside)).await;
        assert!(failure.project, "{failure:?}");
        assert!(failure.failure.unwrap().causes[0].contains("is no name of a file"), "{outside}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_project_is_its_own_failure() {
    let several = "[suite.one]\npath = '.'\n[suite.two]\npath = '.'\nsection = 'two'\n";
    let failure = failure_of(several, assignment(1, &[0])).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes, ["the project has no suite shop"]);
    assert!(failure.project && told.usage);

    let failure = failure_of("name = 3\n", assignment(1, &[0])).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes[0], "the settings of the project cannot be used");
    assert!(told.causes[1].contains("mrt.toml"), "{told:?}");
    assert!(failure.project && told.usage);

    // A path of this machine means nothing to who reads it; one of the user's own does.
    assert!(told.causes[1].starts_with('/'), "{told:?}");
    let mut play = Play::with(Copied(Local::new("name = 3\n")), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    let copied = visit.until_failure(&[assignment(1, &[0])]).await.failure.unwrap();
    assert!(copied.causes[1].starts_with("mrt.toml:1:"), "{copied:?}");

    let target = v1::Assignment { target: "oracle:9".to_owned(), ..assignment(1, &[0]) };
    let failure = failure_of("", target).await;
    assert!(failure.project && failure.failure.as_ref().unwrap().usage, "{failure:?}");

    let local = Local::new("");
    fs::write(
        local.directory.path().join("migrations/versions/e.py"),
        "revision = 'a'\ndown_revision = 'd'\n",
    )
    .unwrap();
    let mut play = Play::with(local, |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    let failure = visit.until_failure(&[assignment(1, &[0])]).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes[0], "cannot read the chain of suite shop");
    assert!(told.causes.len() > 1 && failure.project && told.usage);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_farm_is_tried_elsewhere() {
    let elsewhere = v1::Assignment { bundle: "elsewhere".to_owned(), ..assignment(1, &[0]) };
    let failure = failure_of("", elsewhere).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes, ["there is no bundle \"elsewhere\""]);
    assert!(!failure.project && !told.usage);

    let failure = failure_of("", assignment(1, &[0, 4])).await;
    let told = failure.failure.unwrap();
    assert!(told.causes[0].contains("has 4 revisions"), "{told:?}");
    assert!(!failure.project && told.usage);
}

#[tokio::test(start_paused = true)]
async fn a_project_that_was_sent_reads_nothing_else_of_this_machine() {
    let settings = "[[seed]]\ntable = 'users'\ncsv_file = '../../../../../../../../etc/passwd'\n";
    let mut play = Play::with(Copied(Local::new(settings)), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    let failure = visit.until_failure(&[assignment(1, &[0])]).await;
    let told = failure.failure.unwrap();
    assert!(told.causes[0].contains("etc/passwd, which was not sent"), "{told:?}");
    assert!(failure.project && told.usage);

    // One's own project may.
    let mut play = Play::with(Local::new(settings), |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    visit.state().await;
    visit.order(&[assignment(1, &[0])]);
    assert_eq!(play.bench.next().await.unit.suite.seeds.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_check_is_told_with_all_that_it_comes_from() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[0]).await;
    let source = std::io::Error::other("no room left");
    checking.end(Err(RunError::Scratch { path: "/work".into(), source }));
    let failure = visit.until_failure(&[assignment(1, &[0])]).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes, ["cannot make a working directory in /work", "no room left"]);
    assert!(!failure.project && !told.usage);

    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[0]).await;
    let version = RunError::Version {
        target: "postgres:16".to_owned(),
        found: "PostgreSQL 15".to_owned(),
        origin: "$URL".to_owned(),
    };
    checking.end(Err(version));
    let failure = visit.until_failure(&[assignment(1, &[0])]).await;
    assert!(failure.project && failure.failure.unwrap().usage);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_the_farm() {
    struct Panics;

    #[async_trait]
    impl Projects for Panics {
        async fn directory(&self, _: &str) -> Result<Files, ProjectsError> {
            panic!("on purpose")
        }
    }

    let mut play = Play::with(Panics, |_| {});
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    let failure = visit.until_failure(&[assignment(1, &[0])]).await;
    let told = failure.failure.unwrap();
    assert_eq!(told.causes, ["the worker has made a mistake, of which its log says more"]);
    assert!(!failure.project && !told.usage);
    assert!(!play.ended.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_is_too_large_is_not_sent_for_ever() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1]).await;
    let mut cell = station::cell(1);
    cell.title = "y".repeat(9 << 20);
    checking.tell(crate::run::UnitEvent::Finished { position: 1, cell: Box::new(cell) });
    let result = visit.until_result(&[assignment(1, &[1])]).await;
    let Some(Outcome::Infrastructure(reason)) = result.outcome else { panic!("sent") };
    assert!(reason.contains("too much to be sent"), "{reason}");
}

/// An engine that a test switches off.
#[derive(Default)]
struct Switch(AtomicBool);

#[async_trait]
impl Engine for Switch {
    async fn answers(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Switch {
    fn set(&self, answers: bool) {
        self.0.store(answers, Ordering::Relaxed);
    }
}

/// A worker with a unit that needs a container.
async fn with_engine() -> (Play, Arc<Switch>, Visit, Checking) {
    let engine = Arc::new(Switch::default());
    engine.set(true);
    let given: Arc<dyn Engine> = Arc::clone(&engine) as _;
    let mut play = Play::with(Local::new("name = 'shop'\n"), |options| options.engine = Some(given));
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    assert!(has_containers(&visit.state().await));
    visit.order(&[in_container()]);
    let checking = play.bench.next().await;
    (play, engine, visit, checking)
}

fn in_container() -> v1::Assignment {
    v1::Assignment { target: "postgres:16".to_owned(), ..assignment(1, &[0, 1, 2]) }
}

fn has_containers(state: &v1::WorkerState) -> bool {
    state.serves.iter().any(|capability| capability.containers)
}

fn is_back(state: &v1::WorkerState) -> bool {
    state.held.iter().any(|held| held.handed_back)
}

#[tokio::test(start_paused = true)]
async fn without_a_container_engine_shards_go_back_until_it_is_there_again() {
    let (play, engine, mut visit, checking) = with_engine().await;
    let orders = [in_container()];
    checking.finish(0);
    engine.set(false);
    // The server died with the engine.
    checking.fail(1, "the server died");
    checking.finish(2);
    let mut results = Vec::new();
    while results.len() < 2 {
        results.push(visit.until_result(&orders).await);
    }
    let cells: Vec<_> = results.iter().map(|result| result.position).collect();
    assert_eq!(cells, [0, 2], "nothing is told of the cell that failed");
    assert!(checking.cancel.is_cancelled());
    results.iter().for_each(|result| visit.take(result.sequence));
    let state = visit.until_state(&orders, is_back).await;
    assert!(!has_containers(&state));
    visit.order(&[]);
    engine.set(true);
    visit.until_state(&[], has_containers).await;
    assert!(!play.ended.is_finished());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_gone_when_a_unit_begins_costs_no_attempt() {
    let (_play, engine, mut visit, checking) = with_engine().await;
    engine.set(false);
    let source = Box::new(ServerError::EngineUnreachable { tried: "unix:///x".to_owned() });
    checking.end(Err(RunError::Server { target: "postgres:16".to_owned(), source }));
    let state = visit.until_state(&[in_container()], is_back).await;
    assert!(!has_containers(&state));
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_the_engine_works_is_a_failure() {
    let (_play, _engine, mut visit, checking) = with_engine().await;
    checking.fail(1, "the disk is full");
    let result = visit.until_result(&[in_container()]).await;
    assert_eq!(result.outcome, Some(Outcome::Infrastructure("the disk is full".to_owned())));
    let source = Box::new(ServerError::Lost);
    checking.end(Err(RunError::Server { target: "postgres:16".to_owned(), source }));
    visit.until_failure(&[in_container()]).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_shortly_after_the_engine_was_away_failed_with_it() {
    let (_play, engine, mut visit, checking) = with_engine().await;
    engine.set(false);
    visit.until_state(&[in_container()], |state| !has_containers(state)).await;
    engine.set(true);
    visit.until_state(&[in_container()], has_containers).await;
    visit.order(&[in_container()]);
    // Whoever only lost its engine may go on.
    assert!(!checking.cancel.is_cancelled());
    checking.fail(1, "the server died");
    visit.until_state(&[in_container()], is_back).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_is_not_to_blame_for_what_needs_none() {
    let engine = Arc::new(Switch::default());
    let given: Arc<dyn Engine> = Arc::clone(&engine) as _;
    let mut play = Play::with(Local::new(""), |options| options.engine = Some(given));
    let (mut visit, checking) = play.first_unit(&[1]).await;
    checking.fail(1, "the disk is full");
    let result = visit.until_result(&[assignment(1, &[1])]).await;
    assert_eq!(result.outcome, Some(Outcome::Infrastructure("the disk is full".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_looks_after_an_engine_its_absence_is_a_failure() {
    async fn told(mut play: Play) -> v1::Failure {
        let mut visit = play.coordinator.visit().await;
        visit.welcome();
        visit.state().await;
        visit.order(&[in_container()]);
        let source = Box::new(ServerError::EngineUnreachable { tried: "unix:///x".to_owned() });
        let error = RunError::Server { target: "postgres:16".to_owned(), source };
        play.bench.next().await.end(Err(error));
        visit.until_failure(&[in_container()]).await.failure.unwrap()
    }
    let here = told(Play::begin()).await;
    assert!(here.causes[1].starts_with("Docker is not running"));
    assert!(here.usage, "who runs it here can start one");
    let on_a_farm = told(Play::with(Copied(Local::new("")), |_| {})).await;
    assert!(!on_a_farm.usage, "who has sent it cannot");
}
