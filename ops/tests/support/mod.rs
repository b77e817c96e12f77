//! A coordinator that only lists runs, and certificates for it and its clients.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Parser;
use futures_util::stream::Empty;
use mrt_ops::connect::{CallError, Channel, Connection, explain};
use mrt_ops::serve::{Bound, Gate, Listen, Role, Roles};
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_proto::v1::submissions_server::{Submissions, SubmissionsServer};
use mrt_proto::v1::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status, Streaming};

pub(crate) const READER: &str = "reader-0123456789abcdef";
pub(crate) const SUBMITTER: &str = "submitter-0123456789abcdef";
pub(crate) const WORKER: &str = "worker-0123456789abcdef";
pub(crate) const NOBODY: &str = "nobody-0123456789abcdef";

/// Files of one test.
pub(crate) struct Files {
    directory: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    /// With `ca.pem`, and `stranger.pem` and its key, which only itself has signed.
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let files = Self { directory, authority: authority("the test's authority") };
        files.write("ca.pem", &pem("CERTIFICATE", files.authority.der()));
        let stranger = authority("a stranger");
        files.write("stranger.pem", &pem("CERTIFICATE", stranger.der()));
        files.write("stranger.key", &pem("PRIVATE KEY", stranger.key().serialized_der()));
        files
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        restrict(&path);
        path
    }

    /// Writes `NAME.pem` and `NAME.key`, for a host and this machine's address, valid from one year to another.
    pub(crate) fn certificate(&self, name: &str, host: &str, years: (i32, i32)) {
        let names = vec![host.to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.write(&format!("{name}.pem"), &pem("CERTIFICATE", certificate.der()));
        self.write(&format!("{name}.key"), &pem("PRIVATE KEY", key.serialized_der()));
    }

    /// Replaces `@NAME` by the path of that file.
    fn arguments(&self, text: &str) -> Vec<String> {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        text.split_whitespace().map(word).collect()
    }

    pub(crate) fn listen(&self, arguments: &str) -> Listen {
        #[derive(Parser)]
        struct Arguments {
            #[command(flatten)]
            listen: Listen,
        }
        let arguments = self.arguments(&format!("test {arguments}"));
        Arguments::parse_from(arguments).listen
    }

    pub(crate) fn connection(&self, arguments: &str) -> Connection {
        #[derive(Parser)]
        struct Arguments {
            #[command(flatten)]
            connection: Connection,
        }
        let arguments = self.arguments(&format!("test {arguments}"));
        Arguments::parse_from(arguments).connection
    }

    /// Serves in the background, for as long as the test runs.
    pub(crate) fn serve(&self, arguments: &str) -> SocketAddr {
        let Bound { mut server, incoming, address, tokens } =
            self.listen(&format!("--listen 127.0.0.1:0 {arguments}")).bind().unwrap();
        let router = server.add_service(farm(tokens.require(Role::Read)));
        tokio::spawn(router.serve_with_incoming(incoming));
        address
    }

    pub(crate) fn tokens(&self) {
        let lines = format!("# people\nread {READER}\nsubmit {SUBMITTER}\n\nwork {WORKER}\n");
        self.write("tokens", &lines);
        for (name, token) in
            [("reader", READER), ("submitter", SUBMITTER), ("worker", WORKER), ("nobody", NOBODY)]
        {
            self.write(&format!("{name}.token"), &format!("{token}\n"));
        }
    }

    /// Asks for the list of runs.
    pub(crate) async fn list(&self, arguments: &str) -> Result<ListRunsResponse, CallError> {
        let connection = self.connection(arguments);
        let channel = connection.channel().unwrap();
        list(channel).await.map_err(|status| explain(status, Some(&connection)))
    }
}

pub(crate) async fn list(channel: Channel) -> Result<ListRunsResponse, Status> {
    let mut client = SubmissionsClient::new(channel);
    client.list_runs(ListRunsRequest { limit: 7 }).await.map(Response::into_inner)
}

pub(crate) fn farm(gate: Gate) -> InterceptedService<SubmissionsServer<Farm>, Gate> {
    SubmissionsServer::with_interceptor(Farm, gate)
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

pub(crate) struct Farm;

#[tonic::async_trait]
impl Submissions for Farm {
    type WatchStream = Empty<Result<RunEvent, Status>>;
    type GetReportStream = Empty<Result<GetReportResponse, Status>>;
    type FetchProjectStream = Empty<Result<FetchProjectResponse, Status>>;
    type GetReportBeforeStream = Empty<Result<GetReportBeforeResponse, Status>>;

    async fn list_runs(
        &self,
        request: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        let run = Run { run: format!("of {}", request.get_ref().limit), ..Run::default() };
        Ok(Response::new(ListRunsResponse { runs: vec![run] }))
    }

    async fn cancel(&self, request: Request<CancelRequest>) -> Result<Response<CancelResponse>, Status> {
        Roles::of(&request)?.require(Role::Submit)?;
        Ok(Response::new(CancelResponse::default()))
    }

    async fn find_missing_bundles(
        &self,
        _: Request<FindMissingBundlesRequest>,
    ) -> Result<Response<FindMissingBundlesResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn upload_bundle(
        &self,
        _: Request<Streaming<UploadBundleRequest>>,
    ) -> Result<Response<UploadBundleResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn submit(&self, _: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_report(
        &self,
        _: Request<GetReportRequest>,
    ) -> Result<Response<Self::GetReportStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn fetch_project(
        &self,
        _: Request<FetchProjectRequest>,
    ) -> Result<Response<Self::FetchProjectStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_report_before(
        &self,
        _: Request<GetReportBeforeRequest>,
    ) -> Result<Response<Self::GetReportBeforeStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}
