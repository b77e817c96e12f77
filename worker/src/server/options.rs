//! What a person says of where servers come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mrt_ops::values::duration;

use super::ServerError;
use super::kubernetes::{Kubernetes, KubernetesError, Limits, OwnPod, Settings};
use super::launcher::Servers;

/// Where a Pod finds the name of its namespace, when nobody tells it.
const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// A container engine on this machine, or the one that DOCKER_HOST names.
    Docker,
    /// A Pod for each server, by the Kubernetes API.
    Kubernetes,
}

/// Where the servers of databases come from.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Database servers")]
pub struct Options {
    /// Start database servers in containers of a Docker engine, or each in a Pod of a Kubernetes cluster
    #[arg(long, value_name = "KIND", env = "MRT_SERVERS", value_enum, default_value = "docker")]
    servers: Kind,

    /// Make Pods in this namespace [default: the worker's own in a cluster, else what the kubeconfig says]
    #[arg(long, value_name = "NAME", env = "MRT_NAMESPACE")]
    namespace: Option<String>,

    /// Reach the cluster as this file says [default: KUBECONFIG, the Pod's service account, ~/.kube/config]
    #[arg(long, value_name = "FILE", env = "MRT_KUBECONFIG")]
    kubeconfig: Option<PathBuf>,

    /// Let Pods pull their images with the logins in this Secret; may be given several times
    #[arg(long = "pull-secret", value_name = "NAME", env = "MRT_PULL_SECRETS", value_delimiter = ',')]
    pull_secrets: Vec<String>,

    /// Lay this Pod (YAML or JSON) beneath those of servers: labels, nodeSelector, tolerations, runtimeClassName,
    /// priorityClassName, another user for images of one's own, what a container named `server` requests
    #[arg(long, value_name = "FILE", env = "MRT_POD_TEMPLATE")]
    pod_template: Option<PathBuf>,

    /// How long a Pod may wait for quota, a node and its image before that is a failure
    #[arg(long, value_name = "DURATION", env = "MRT_POD_PATIENCE", value_parser = duration, default_value = "10m")]
    pod_patience: Duration,

    /// The Pod that the worker runs in, by the downward API: it then owns the Pods of its servers
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pod_name: Option<String>,

    /// Which of all Pods of that name
    #[arg(long, value_name = "UID", env = "POD_UID")]
    pod_uid: Option<String>,

    /// Where that Pod is [default: the namespace of its service account]
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pod_namespace: Option<String>,
}

impl Options {
    /// Where servers come from. Nobody is asked for one yet.
    ///
    /// # Errors
    /// When a cluster is wanted and nothing says which, or the template cannot be used.
    pub async fn servers(self) -> Result<Servers, ServerError> {
        if self.servers == Kind::Docker {
            return match self.of_a_cluster() {
                Some(option) => Err(Box::new(KubernetesError::NotAsked { option }).into()),
                None => Ok(Servers::Docker),
            };
        }
        let namespace = self.pod_namespace.or_else(|| own_namespace(Path::new(NAMESPACE)));
        let own_pod = self.pod_name.zip(self.pod_uid).map(|(name, uid)| OwnPod { name, uid, namespace });
        let settings = Settings {
            kubeconfig: self.kubeconfig,
            namespace: self.namespace,
            own_pod,
            pull_secrets: self.pull_secrets,
            template: self.pod_template,
            limits: Limits { patience: self.pod_patience, ..Limits::default() },
        };
        Kubernetes::new(settings).await.map(Servers::Kubernetes)
    }
}

impl Options {
    /// What is said of a cluster's Pods, if anything is. The Pod that we are in is no such thing: every manifest may tell it.
    fn of_a_cluster(&self) -> Option<&'static str> {
        let said = [
            ("--namespace", self.namespace.is_some()),
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--pull-secret", !self.pull_secrets.is_empty()),
            ("--pod-template", self.pod_template.is_some()),
        ];
        said.into_iter().find_map(|(option, is_said)| is_said.then_some(option))
    }
}

fn own_namespace(file: &Path) -> Option<String> {
    let name = std::fs::read_to_string(file).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Program {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        Program::try_parse_from([&["program"], arguments].concat()).unwrap().options
    }

    #[tokio::test]
    async fn containers_are_what_nobody_has_to_ask_for() {
        assert!(matches!(parse(&[]).servers().await.unwrap(), Servers::Docker));
    }

    #[tokio::test]
    async fn what_is_said_of_pods_is_not_ignored_where_none_are_made() {
        let template = ["--pod-template", "pod.yaml"].as_slice();
        for said in
            [["--namespace", "farm"].as_slice(), &["--kubeconfig", "c"], &["--pull-secret", "s"], template]
        {
            let error = parse(said).servers().await.unwrap_err();
            assert!(error.to_string().starts_with(&format!("{} is of no use", said[0])), "{error}");
        }
        // The downward API tells these to any Pod.
        let tells = ["--pod-name", "worker-0", "--pod-uid", "1", "--pod-namespace", "farm"];
        assert!(matches!(parse(&tells).servers().await.unwrap(), Servers::Docker));
    }

    #[test]
    fn secrets_are_named_one_by_one_or_in_a_list() {
        let secrets = parse(&["--pull-secret", "a,b", "--pull-secret", "c"]).pull_secrets;
        assert_eq!(secrets, ["a", "b", "c"]);
        assert_eq!(parse(&[]).pod_patience, Duration::from_secs(600));
    }

    #[tokio::test]
    async fn a_cluster_that_cannot_be_told_is_an_error_at_once() {
        let options = parse(&["--servers", "kubernetes", "--kubeconfig", "/nowhere/config"]);
        let error = options.servers().await.unwrap_err();
        assert!(error.to_string().contains("--kubeconfig"), "{error}");
    }

    #[test]
    fn the_namespace_of_a_service_account_is_read_where_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("namespace");
        assert_eq!(own_namespace(&file), None);
        std::fs::write(&file, "farm\n").unwrap();
        assert_eq!(own_namespace(&file).as_deref(), Some("farm"));
    }
}
