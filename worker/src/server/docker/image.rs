//! Images: there, or pulled.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{Stream, StreamExt};
use serde::Deserialize;

use super::{PULL_SILENCE, engine::Engine};
use crate::server::ServerError;

/// Under which name Docker's client keeps the login of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Makes sure that `image` is on the engine's machine.
pub(super) async fn provide(
    engine: &Engine,
    config_file: Option<&Path>,
    image: &str,
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
    let login = config_file.and_then(|file| credentials(file, image));
    let options = CreateImageOptionsBuilder::new().from_image(&with_tag(image)).build();
    let progress = engine.client().create_image(Some(options), None, login);
    let missing = |source| ServerError::ImageMissing { image: image.to_owned(), source };
    drain(progress).await.map_err(missing)?;
    // A stream that ended without an error is not yet an image.
    engine.client().inspect_image(image).await.map_err(missing)?;
    Ok(())
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
