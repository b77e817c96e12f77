//! Images: there, or pulled.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{Stream, StreamExt};
use serde::Deserialize;

use super::{PULL_SILENCE, engine::Engine};
use crate::server::{ServerError, Tell};

/// Under which name Docker's client keeps the login of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// How long a registry may take to say whether it has an image.
const REGISTRY_ANSWER: Duration = Duration::from_secs(15);

/// Makes sure that `image` is on the engine's machine.
pub(super) async fn provide(
    engine: &Engine,
    config_file: Option<&Path>,
    image: &str,
    tell: &Tell,
) -> Result<(), ServerError> {
    match engine.call(|| format!("look for image {image}"), engine.client().inspect_image(image)).await {
        Ok(_) => return Ok(()),
        Err(ServerError::Engine {
            source: Error::DockerResponseServerError { status_code: 404, .. },
            ..
        }) => {}
        Err(error) => return Err(error),
    }
    tracing::info!(image, "pulling");
    tell.waits(&format!("pulling image {image}"));
    let login = config_file.and_then(|file| credentials(file, image));
    let options = CreateImageOptionsBuilder::new().from_image(&with_tag(image)).build();
    let progress = engine.client().create_image(Some(options), None, login);
    let missing = |source| ServerError::ImageMissing { image: image.to_owned(), source };
    drain(progress).await.map_err(missing)?;
    // A stream that ended without an error is not yet an image.
    engine.client().inspect_image(image).await.map_err(missing)?;
    Ok(())
}

/// How an image can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It is on the engine's machine.
    Here,
    /// A registry has it: the first start pulls it.
    InRegistry,
    /// It is not here, and this is why no registry gives it.
    Nowhere(String),
}

/// Looks for an image here, and then asks its registry without pulling anything.
pub(super) async fn look(
    engine: &Engine,
    config_file: Option<&Path>,
    image: &str,
) -> Result<Availability, ServerError> {
    let here = engine.call(|| format!("look for image {image}"), engine.client().inspect_image(image)).await;
    match here {
        Ok(_) => return Ok(Availability::Here),
        Err(ServerError::Engine {
            source: Error::DockerResponseServerError { status_code: 404, .. },
            ..
        }) => {}
        Err(error) => return Err(error),
    }
    let login = config_file.and_then(|file| credentials(file, image));
    let name = with_tag(image);
    let asking = engine.client().inspect_registry_image(&name, login);
    Ok(match tokio::time::timeout(REGISTRY_ANSWER, asking).await {
        Ok(Ok(_)) => Availability::InRegistry,
        Ok(Err(Error::DockerResponseServerError { message, .. })) => Availability::Nowhere(message),
        Ok(Err(error)) => Availability::Nowhere(error.to_string()),
        Err(_) => {
            Availability::Nowhere(format!("its registry says nothing within {} s", REGISTRY_ANSWER.as_secs()))
        }
    })
}

/// A failed start, told as that of an image for other machines where it is one. Asked only then: an engine that can
/// emulate another processor runs such images.
pub(super) async fn blame_platform(engine: &Engine, image: &str, error: ServerError) -> ServerError {
    if !matches!(error, ServerError::StartFailed { .. } | ServerError::Engine { .. }) {
        return error;
    }
    let asked = async {
        let inspected = engine.client().inspect_image(image).await.ok()?;
        let machine = engine.client().version().await.ok()?;
        Some(((inspected.os?, inspected.architecture?), (machine.os?, machine.arch?)))
    };
    match asked.await {
        Some((made_for, machine)) if made_for != machine => ServerError::Platform {
            image: image.to_owned(),
            made_for: format!("{}/{}", made_for.0, made_for.1),
            machine: format!("{}/{}", machine.0, machine.1),
            source: Box::new(error),
        },
        _ => error,
    }
}

/// The engine says whether a pull worked inside the answer's body, line by line.
async fn drain<T>(progress: impl Stream<Item = Result<T, Error>>) -> Result<(), Error> {
    let mut progress = std::pin::pin!(progress);
    loop {
        match tokio::time::timeout(PULL_SILENCE, progress.next()).await {
            Err(_) => return Err(Error::RequestTimeoutError),
            Ok(None) => return Ok(()),
            Ok(Some(line)) => line.map(drop)?,
        }
    }
}

/// Without a tag the engine would pull every tag there is.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.contains([':', '@']) {
        true => image.to_owned(),
        false => format!("{image}:latest"),
    }
}

/// The registry of an image, as Docker's client names it in its settings.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

/// A login kept in Docker's client settings. One kept by a credential helper is not read: `docker pull` can.
fn credentials(config_file: &Path, image: &str) -> Option<DockerCredentials> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        auths: HashMap<String, Login>,
    }
    #[derive(Deserialize)]
    struct Login {
        auth: Option<String>,
    }
    let mut config: Config = serde_json::from_slice(&std::fs::read(config_file).ok()?).ok()?;
    let registry = registry(image);
    let auth = config.auths.remove(registry)?.auth?;
    let login = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (username, password) = login.split_once(':')?;
    Some(DockerCredentials {
        username: Some(username.to_owned()),
        password: Some(password.to_owned()),
        serveraddress: Some(registry.to_owned()),
        ..DockerCredentials::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_tag_is_pulled_and_not_all() {
        assert_eq!(with_tag("postgres"), "postgres:latest");
        assert_eq!(with_tag("postgres:15"), "postgres:15");
        assert_eq!(with_tag("localhost:5000/pg"), "localhost:5000/pg:latest");
        assert_eq!(with_tag("pg@sha256:12"), "pg@sha256:12");
    }

    #[test]
    fn a_login_is_that_of_the_images_own_registry() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let auth = STANDARD.encode("jo:pass:word");
        std::fs::write(
            file.path(),
            format!(r#"{{"auths": {{"ghcr.io": {{"auth": "{auth}"}}, "{DOCKER_HUB}": {{}}}}}}"#),
        )
        .unwrap();
        let login = credentials(file.path(), "ghcr.io/team/pg:15").unwrap();
        assert_eq!(login.username.as_deref(), Some("jo"));
        assert_eq!(login.password.as_deref(), Some("pass:word"));
        assert_eq!(credentials(file.path(), "postgres:15"), None);
        assert_eq!(credentials(file.path(), "quay.io/pg"), None);
    }
}
