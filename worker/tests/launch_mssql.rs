//! SQL Server in real containers, as targets launch them. Nobody's licence terms are accepted here: whoever runs the tests says so
//! by ACCEPT_EULA.

#![allow(clippy::unwrap_used)]

use std::error::Error;

use mrt_chain::settings::Target;
use mrt_worker::database::mssql::{MsSql, launch, objection, ready};
use mrt_worker::database::{DatabaseName, Engine as _};
use mrt_worker::server::docker::{Availability, Docker};
use mrt_worker::server::{Endpoint, Launch, ServerError};

async fn logs_in(endpoint: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    ready(&endpoint).await.map_err(Into::into)
}

/// An engine of containers with the image, or a loud word.
async fn docker(test: &str, image: &str) -> Option<Docker> {
    let skip = |why: String| {
        eprintln!("SKIPPED: {test} ({why})");
        None
    };
    if let Some(why) = objection() {
        return skip(why.to_owned());
    }
    match Docker::connect().await {
        Ok(docker) => match docker.look(image).await.unwrap() {
            Availability::Here => Some(docker),
            _ => skip(format!("there is no image {image}")),
        },
        Err(error) => skip(error.to_string()),
    }
}

#[tokio::test]
async fn a_server_starts_and_has_databases() {
    for name in ["mssql:2019", "mssql:2022", "mssql:2025"] {
        let target = Target::from_name(name).unwrap();
        let launch = launch(&target, "secret".to_owned());
        let Some(docker) = docker("a_server_starts_and_has_databases", &launch.image).await else { continue };
        let container = docker.start(&launch, logs_in).await.unwrap();
        let engine = MsSql::open(container.endpoint().clone(), &target).await.unwrap();
        assert!(engine.version().starts_with(name.trim_start_matches("mssql:")), "{}", engine.version());
        let [one, other] = [0, 1].map(|number| DatabaseName::new("test", number));
        engine.create(&one).await.unwrap();
        engine
            .execute_as_project(&one, "CREATE LOGIN reader WITH PASSWORD = 'Aa1!Aa1!Aa1'")
            .await
            .unwrap()
            .unwrap();
        engine.clone_database(&one, &other).await.unwrap();
        engine.connect(&other).await.unwrap().catalog().await.unwrap();
        engine.reset().await.unwrap();
        assert!(engine.connect(&one).await.is_err());
        container.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_does_not_want_to_start_says_why() {
    let whole = launch(&Target::from_name("mssql:2022").unwrap(), "secret".to_owned());
    let test = "a_server_that_does_not_want_to_start_says_why";
    let Some(docker) = docker(test, &whole.image).await else { return };
    let without = |name: &str| {
        let env = whole.env.iter().filter(|(it, _)| it != name).cloned().collect();
        Launch { env, ..whole.clone() }
    };
    let mut weak = without("MSSQL_SA_PASSWORD");
    weak.env.push(("MSSQL_SA_PASSWORD".to_owned(), "weak".to_owned()));
    for (launch, said) in [(without("ACCEPT_EULA"), "EULA"), (weak, "assword")] {
        match docker.start(&launch, logs_in).await {
            Err(ServerError::StartFailed { death, .. }) => {
                assert!(death.logs.contains(said), "{}", death.logs)
            }
            other => panic!("{:?}", other.map(|container| container.name().to_owned())),
        }
    }
}
