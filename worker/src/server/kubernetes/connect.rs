//! How a cluster is reached.

use std::error::Error;
use std::path::Path;

use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::{Client, client::ClientBuilder};
use tokio_rustls::rustls::crypto::ring;

/// What is set in every Pod of a cluster.
const INSIDE: &str = "KUBERNETES_SERVICE_HOST";

/// The way to a cluster.
pub(super) struct Way {
    pub(super) client: Client,
    /// For people.
    pub(super) address: String,
    /// Where we are, or what the kubeconfig says.
    pub(super) namespace: String,
    /// By a service account, so that this is a Pod.
    pub(super) inside: bool,
}

/// The way that was named, or else what `KUBECONFIG` names, the Pod's own service account, or `~/.kube/config`.
pub(super) async fn way(kubeconfig: Option<&Path>) -> Result<Way, Box<dyn Error + Send + Sync>> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let inside = kubeconfig.is_none() && !is_set("KUBECONFIG") && is_set(INSIDE);
    let options = KubeConfigOptions::default();
    let mut config = match kubeconfig {
        Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
        None if inside => Config::incluster()?,
        None => Config::from_kubeconfig(&options).await?,
    };
    // Calls are tried again by `Api`, which knows for how long.
    config.default_retry = false;
    // The client takes the process's provider of cryptography, and another crate has brought one beside ours. When there is one
    // already, it is ours, too.
    let _ = ring::default_provider().install_default();
    let (address, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
    let client = ClientBuilder::try_from(config)?.build();
    Ok(Way { client, address: address.trim_end_matches('/').to_owned(), namespace, inside })
}
