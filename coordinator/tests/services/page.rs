//! Pages, as browsers and programs ask for them over a network, beside the services.

use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use mrt_ops::serve::Listen;
use mrt_report::{Evidence, Finding, FindingKind, Proof, Severity, StaticFinding, problems};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::http;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::*;

const READER: &str = "reader-0123456789abcdef";
const SUBMITTER: &str = "submitter-0123456789abcdef";
const WORKER: &str = "worker-0123456789abcdef";

/// Where pages are served.
struct Site {
    address: SocketAddr,
    _files: TempDir,
}

/// What came back.
#[derive(Debug)]
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }
}

impl Site {
    /// Serves a coordinator as its program does, with these tokens and with TLS if asked.
    fn open(running: &Running, tokens: &str, certificate: Option<(&str, &str)>) -> Self {
        let files = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| -> PathBuf {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let listen = Listen {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls_cert: certificate.map(|(certificate, _)| write("server.pem", certificate)),
            tls_key: certificate.map(|(_, key)| write("server.key", key)),
            client_ca: None,
            tokens: (!tokens.is_empty()).then(|| write("tokens", tokens)),
            insecure: false,
        };
        let mut bound = listen.bind().unwrap();
        let routes = running.coordinator.routes(&bound.tokens, LIMITS, &running.stop);
        let router = bound.server.add_routes(routes);
        let stopped = running.stop.clone().cancelled_owned();
        tokio::spawn(router.serve_with_incoming_shutdown(bound.incoming, stopped));
        Self { address: bound.address, _files: files }
    }

    /// Asks, as a browser does, with further lines of a header.
    async fn ask(&self, first: &str, further: &str, body: &str) -> Got {
        // Of HTTP/1.0, so that a stream comes as it is.
        let length = body.len();
        let host = if further.contains("host:") { "" } else { "host: 127.0.0.1\r\n" };
        let request = format!("{first} HTTP/1.0\r\n{host}{further}content-length: {length}\r\n\r\n{body}");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn get(&self, path: &str) -> Got {
        self.ask(&format!("GET {path}"), "accept: text/html\r\n", "").await
    }

    /// A page that is there.
    async fn page(&self, path: &str) -> String {
        let got = self.get(path).await;
        assert_eq!(got.status, 200, "{path}: {got:?}");
        got.body
    }
}

/// Sends these files as a bundle; the answer is its name.
async fn send(running: &Running, files: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut packed = mrt_bundle::pack(directory.path(), Files::default()).unwrap();
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut packed.archive, &mut data).unwrap();
    let bundle = packed.digest.to_string();
    let part = v1::UploadBundleRequest { bundle: bundle.clone(), data };
    running.submissions().upload_bundle(iter([part])).await.unwrap();
    bundle
}

/// Waits until a worker has begun with a cell.
async fn started(running: &Running, run: &str) {
    let mut watched = running.watch(run, 0).await;
    while !matches!(watched.message().await.unwrap().unwrap().event, Some(Event::Started(_))) {}
}

/// Something that was lost, at a line of a file.
pub(super) fn lost(file: &str, line: u32, text: &str) -> Finding {
    Finding {
        kind: FindingKind::DataLost,
        severity: Severity::Fail,
        object: text.to_owned(),
        message: text.to_owned(),
        evidence: Evidence { output: Some(text.to_owned()), ..Evidence::default() },
        statement: Some(text.to_owned()),
        file: file.to_owned(),
        line,
        accepted: None,
    }
}

#[tokio::test]
async fn a_run_is_seen_as_it_goes() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let site = Site::open(&running, "", None);
        assert!(site.page("/").await.contains("No run is there yet"));
        assert!(site.page("/workers").await.contains("No worker is there"));
        let migration =
            "\"\"\"title 1\"\"\"\nrevision = 'r1'\ndef upgrade():\n    op.drop_column('users', 'phone')\n";
        let bundle =
            send(&running, &[("db/versions/r1_x.py", migration), ("db/versions/r0.py", "revision = 'r0'")])
                .await;
        let mut worker = super::Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        assert_eq!(worker.orders().await, []);
        let request = submission("key", &bundle, 3, LONG);
        let run = running.submissions().submit(request).await.unwrap().into_inner().run;
        let shard = worker.assignment().await;
        worker.state(vec![held(&shard, &[0])], false).await;
        started(&running, &run).await;
        let page = site.page(&format!("/runs/{run}")).await;
        for (position, class, text) in [(0, "running", "▸ host1"), (1, "waiting", "waiting")] {
            let cell = format!("class={class}><a href=\"{run}/cells/0/{position}\">{text}</a></td>");
            assert!(page.contains(&cell), "{page}");
        }
        assert!(page.contains("data-from=\"3\"") && page.contains("<b>r2</b> title 2"), "{page}");
        let cell = site.page(&format!("/runs/{run}/cells/0/0")).await;
        assert!(cell.contains("under way on host1") && cell.contains("revision = &#39;r0&#39;"), "{cell}");
        let workers = site.page("/workers").await;
        assert!(workers.contains("<h2>host1 <span class=\"quiet\">busy</span>"), "{workers}");
        assert!(
            workers.contains("1 of 1 busy") && workers.contains("/cells/0/0\">revision 1</a>"),
            "{workers}"
        );
        let runs = site.page("/").await;
        assert!(runs.contains("1 worker, 1 of 1 slot busy") && runs.contains("under way"), "{runs}");

        let events = format!("GET /runs/{run}/events?from=2");
        let watched = site.ask(&events, "accept: text/event-stream\r\n", "");
        let (watched, ()) = tokio::join!(watched, async {
            assert!(worker.pass(&shard, 0).await);
            let cell = Cell::untried("shop", "sqlite", "r1", "title 1", Verdict::Fail, String::new());
            let text = StaticFinding {
                code: "MRT201".to_owned(),
                severity: problems::Severity::Warning,
                message: "`users.phone` is dropped".to_owned(),
                file: "versions/r1_x.py".to_owned(),
                line: 4,
                proof: Proof::Confirmed,
            };
            let findings = vec![lost("versions/r1_x.py", 4, "users.phone")];
            let cell = Cell { findings, static_findings: vec![text], ..cell };
            let outcome = v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap());
            assert!(worker.result(&shard, 1, outcome).await);
            assert!(worker.pass(&shard, 2).await);
        });
        assert_eq!(watched.header("content-type"), Some("text/event-stream"));
        assert_eq!(
            watched.body,
            "retry: 1000\n\n\
             id: 2\nevent: started\ndata: {\"column\":0,\"host\":\"host1\",\"position\":0}\n\n\
             id: 3\nevent: finished\ndata: {\"column\":0,\"position\":0,\"sign\":\"✓\",\"verdict\":\"pass\"}\n\n\
             id: 4\nevent: finished\ndata: {\"column\":0,\"position\":1,\"sign\":\"✗\",\"verdict\":\"fail\"}\n\n\
             id: 5\nevent: finished\ndata: {\"column\":0,\"position\":2,\"sign\":\"✓\",\"verdict\":\"pass\"}\n\n\
             id: 6\nevent: ended\ndata: {\"text\":\"the run has ended\"}\n\n"
        );
        // Taken up again it goes on behind what was seen, whatever the address says.
        let again = site.ask(&events, "last-event-id: 4\r\n", "").await;
        assert!(
            again.body.starts_with("retry: 1000\n\nid: 5\n") && again.body.matches("id: ").count() == 2,
            "{again:?}"
        );

        let page = site.page(&format!("/runs/{run}")).await;
        assert!(page.contains(&format!("class=fail><a href=\"{run}/cells/0/1\">✗ fail</a>")), "{page}");
        assert!(page.contains("3 of 3 cells") && !page.contains("data-from"), "{page}");
        assert!(page.contains("<b>data-lost</b> <code>users.phone</code>"), "{page}");
        let cell = site.page(&format!("/runs/{run}/cells/0/1")).await;
        assert!(cell.contains("db/versions/r1_x.py"), "{cell}");
        let marked = "<mark>    op.drop_column(&#39;users&#39;, &#39;phone&#39;)</mark> <b class=\"said\">← data-lost users.phone</b>";
        assert!(cell.contains(marked) && cell.contains("← MRT201 (confirmed)"), "{cell}");
        assert!(cell.contains("mrt-cli run --suite=shop --target=sqlite --only=r1"), "{cell}");
        let repro = format!("<pre class=\"command\">mrt-cli repro {run} &#39;shop/r1@sqlite&#39;</pre>");
        assert!(cell.contains(&repro), "{cell}");
        assert!(cell.contains("rel=\"prev\"") && cell.contains("rel=\"next\""), "{cell}");
        let unknown = site.page(&format!("/runs/{run}/cells/0/2")).await;
        assert!(unknown.contains("no file of its bundle says to be this revision"), "{unknown}");
        assert!(!unknown.contains("mrt-cli repro"), "it passes: {unknown}");
        let suite = site.page("/suites/shop").await;
        assert!(suite.contains("aria-label=\"1 fail, 2 pass\""), "{suite}");
        let suites = site.page("/suites").await;
        assert!(suites.contains("aria-label=\"run 1: 1 fail, 2 pass\""), "{suites}");
        let json = site.page(&format!("/runs/{run}/report.json")).await;
        assert_eq!(mrt_report::from_json(&json).unwrap(), running.report(&run).await.1);
        let report = site.get(&format!("/runs/{run}/report.html")).await;
        assert!(report.body.contains("data-lost"), "{report:?}");
        assert!(report.header("content-security-policy").unwrap().starts_with("sandbox allow-scripts;"));

        for path in [
            "/runs/7",
            "/runs/x",
            "/runs/1/cells/0/9",
            "/runs/1/cells/1/0",
            "/suites/none",
            "/none",
            "/assets/none",
        ] {
            let got = site.get(path).await;
            assert_eq!(got.status, 404, "{path}");
            assert!(got.body.contains("<h1>"), "{path}: {got:?}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn whatever_a_project_holds_is_shown_as_text() {
    const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202e}]]>--></style>";
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let site = Site::open(&running, "", None);
        let file = format!("revision = 'r'\n# {HOSTILE}\n");
        let bundle = send(&running, &[("a/r.py", &file)]).await;
        let mut request = submission("key", &bundle, 2, LONG);
        request.labels = [(HOSTILE.to_owned(), HOSTILE.to_owned())].into();
        let column = &mut request.columns[0];
        (column.suite, column.target) = (HOSTILE.to_owned(), HOSTILE.to_owned());
        column.revisions[0].id = HOSTILE.to_owned();
        column.revisions[0].title = HOSTILE.to_owned();
        let run = running.submissions().submit(request).await.unwrap().into_inner().run;
        let hello = v1::Hello {
            protocol: mrt_proto::PROTOCOL,
            version: HOSTILE.to_owned(),
            worker: format!("{:016x}", 1),
            host: HOSTILE.to_owned(),
        };
        let mut worker = super::Worker::introduce(&running, hello).await.unwrap();
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        worker.state(vec![held(&shard, &[0])], false).await;
        started(&running, &run).await;
        let mut pages = vec![site.page(&format!("/runs/{run}")).await, site.page("/workers").await];
        let cell = Cell::untried(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Verdict::Fail, HOSTILE.to_owned());
        let findings = vec![lost("a/r.py", 2, HOSTILE)];
        let phases_ms = [(HOSTILE.to_owned(), 1)].into();
        let cell = Cell { findings, phases_ms, kept: Some(HOSTILE.to_owned()), ..cell };
        let outcome = v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap());
        assert!(worker.result(&shard, 0, outcome).await);
        // What cannot be begun says why.
        let failure = v1::Failure { causes: vec![HOSTILE.to_owned()], usage: true };
        let told =
            v1::ShardFailure { sequence: 9, lease: shard.lease, failure: Some(failure), project: true };
        worker.say(Theirs::Failure(told)).await;
        running.events(&run, 0).await;
        let suite: String = HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let paths = [
            "/".to_owned(),
            format!("/runs/{run}"),
            format!("/runs/{run}/cells/0/0"),
            format!("/suites/{suite}"),
        ];
        for path in paths {
            pages.push(site.page(&path).await);
        }
        for path in [format!("/runs/{suite}"), format!("/suites/{suite}x")] {
            pages.push(site.get(&path).await.body);
        }
        for page in pages {
            assert!(page.contains("&#60;script&#62;"), "{page}");
            assert!(
                !page.contains("<img") && !page.contains("alert(1)</script") && !page.contains('\u{202e}'),
                "{page}"
            );
            // Nothing of a page's own but scripts that are files.
            let ours = page.matches("<script src=\"/assets/").count();
            assert!(ours > 0 && page.matches("<script").count() == ours, "{page}");
            assert!(
                !page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="),
                "{page}"
            );
        }
        let events = site.ask(&format!("GET /runs/{run}/events"), "", "").await.body;
        assert!(
            events.lines().all(|line| ["", "id: ", "event: ", "data: ", "retry: "]
                .iter()
                .any(|it| line.starts_with(it)))
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn who_has_no_token_sees_nothing() {
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    let run = running.submit("key", 1, LONG).await.unwrap();
    let site = Site::open(&running, &format!("read {READER}\nsubmit {SUBMITTER}\nwork {WORKER}\n"), None);
    let path = format!("/runs/{run}?a=b");
    let paths = [
        "/".to_owned(),
        "/workers".to_owned(),
        "/suites/shop".to_owned(),
        format!("/runs/{run}"),
        format!("/runs/{run}/events"),
        format!("/runs/{run}/report.html"),
        format!("/runs/{run}/report.json"),
        format!("/runs/{run}/cells/0/0"),
    ];
    for path in &paths {
        let got = site.get(path).await;
        assert_eq!(got.status, 303, "{path}");
        assert!(
            got.header("location").unwrap().starts_with("/login?to=%2F") && got.body.is_empty(),
            "{got:?}"
        );
        let program = site.ask(&format!("GET {path}"), "", "").await;
        assert_eq!((program.status, program.header("www-authenticate")), (401, Some("Bearer")), "{path}");
        for (token, status) in [(WORKER, 403), ("unknown-0123456789abcdef", 401)] {
            let sent =
                site.ask(&format!("GET {path}"), &format!("authorization: Bearer {token}\r\n"), "").await;
            assert_eq!(sent.status, status, "{path}: {sent:?}");
            assert!(!sent.body.contains("title 0") && !sent.body.contains(token), "{sent:?}");
        }
        if !path.ends_with("events") {
            let sent =
                site.ask(&format!("GET {path}"), &format!("authorization: Bearer {READER}\r\n"), "").await;
            assert_eq!(sent.status, 200, "{path}: {sent:?}");
        }
    }
    // What a login needs is open.
    assert_eq!(site.get("/assets/page.css").await.status, 200);
    assert!(site.page("/login?to=%2Fruns%2F1").await.contains("value=\"/runs/1\""));
    let login = async |token: &str, to: &str, further: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.append_pair("token", token).append_pair("to", to).finish();
        site.ask(
            "POST /login",
            &format!("content-type: application/x-www-form-urlencoded\r\n{further}"),
            &form,
        )
        .await
    };
    for (token, told) in
        [(WORKER, "something else"), ("unknown-0123456789abcdef", "not known"), ("", "not known")]
    {
        let got = login(token, "/", "").await;
        assert_eq!((got.status, got.header("set-cookie")), (403, None), "{got:?}");
        assert!(got.body.contains(told) && (token.is_empty() || !got.body.contains(token)), "{got:?}");
    }
    assert_eq!(login(READER, "/", "sec-fetch-site: cross-site\r\n").await.status, 403);
    let got = login(READER, &path, "sec-fetch-site: same-origin\r\n").await;
    assert_eq!((got.status, got.header("location")), (303, Some(path.as_str())));
    let value = BASE64_URL_SAFE_NO_PAD.encode(READER);
    let cookie = format!("mrt-token={value}; Path=/; HttpOnly; SameSite=Strict");
    assert_eq!(got.header("set-cookie"), Some(cookie.as_str()));
    for elsewhere in ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"] {
        assert_eq!(login(SUBMITTER, elsewhere, "").await.header("location"), Some("/"), "{elsewhere}");
    }
    let shown = site.ask("GET /", &format!("cookie: a=b; mrt-token={value}\r\n"), "").await;
    assert!(
        shown.status == 200 && shown.body.contains("log out") && !shown.body.contains(READER),
        "{shown:?}"
    );
    let wrong = site.ask("GET /", "cookie: mrt-token=AAAA\r\n", "").await;
    assert_eq!(wrong.status, 401);
    let out = site.ask("POST /logout", "sec-fetch-site: same-origin\r\n", "").await;
    assert!(out.status == 303 && out.header("set-cookie").unwrap().ends_with("; Max-Age=0"), "{out:?}");
    assert_eq!(site.ask("POST /logout", "sec-fetch-site: cross-site\r\n", "").await.status, 403);
    running.stop().await;
}

#[tokio::test]
async fn browsers_are_told_to_trust_nothing() {
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    let site = Site::open(&running, "", None);
    for path in ["/", "/none", "/runs/7", "/login", "/assets/page.js"] {
        let got = site.get(path).await;
        let policy = got.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(
            policy.ends_with("base-uri 'none'; frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(got.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
    assert_eq!(site.get("/").await.header("cache-control"), Some("no-store"));
    let script = site.get("/assets/page.js").await;
    let known = format!("if-none-match: {}\r\n", script.header("etag").unwrap());
    let again = site.ask("GET /assets/page.js", &known, "").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    // What was there before an upgrade is there no more.
    let older = site.ask("GET /assets/page.js", "if-none-match: \"0\"\r\n", "").await;
    assert_eq!((older.status, &older.body), (200, &script.body));
    assert_ne!(script.header("etag"), site.get("/assets/page.css").await.header("etag"));
    // Another site's name that stands for this machine.
    for (host, status) in
        [("evil.example", 421), ("localhost:7440", 200), ("127.0.0.1:7440", 200), ("[::1]:7440", 200)]
    {
        assert_eq!(site.ask("GET /", &format!("host: {host}\r\n"), "").await.status, status, "{host}");
    }
    // With tokens such a site learns nothing, and a farm has names.
    let guarded = Site::open(&running, &format!("read {READER}"), None);
    let named = format!("host: farm.example\r\nauthorization: Bearer {READER}\r\n");
    assert_eq!(guarded.ask("GET /", &named, "").await.status, 200);
    running.stop().await;
}

#[tokio::test]
async fn services_are_for_those_who_speak_grpc() {
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    running.submit("key", 1, LONG).await.unwrap();
    let site = Site::open(&running, "", None);
    let endpoint = Endpoint::from_shared(format!("http://{}", site.address)).unwrap();
    let mut client = SubmissionsClient::new(endpoint.connect().await.unwrap());
    assert_eq!(client.list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs.len(), 1);
    // A form that another site has a browser send, as it is and as gRPC would be.
    for kind in ["text/plain", "application/grpc"] {
        let further = format!("content-type: {kind}\r\n");
        let got = site.ask("POST /mrt.v1.Submissions/Cancel", &further, "\0\0\0\0\x03\n\x011").await;
        assert_eq!(got.status, 415, "{got:?}");
    }
    assert!(
        !running.submissions().list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs[0]
            .ended
    );
    // What no service is.
    let mut channel = endpoint.connect().await.unwrap();
    let answer = over(&mut channel, "/no.Service/Call", "application/grpc").await;
    assert_eq!((answer.0, answer.1.get("grpc-status").unwrap().to_str().unwrap()), (200, "12"));
    let answer = over(&mut channel, "/mrt.v1.Submissions/ListRuns", "text/plain").await;
    assert_eq!(answer.0, 415);
    let answer = over(&mut channel, "/no/page", "text/plain").await;
    assert!(answer.0 == 404 && answer.2.contains("There is no such page"), "{answer:?}");
    running.stop().await;
}

#[tokio::test]
async fn pages_and_services_share_an_address_with_tls() {
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    running.submit("key", 1, LONG).await.unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = |kind: &str, bytes: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64_STANDARD.encode(bytes))
    };
    let certificate = pem("CERTIFICATE", made.cert.der());
    let key = pem("PRIVATE KEY", made.signing_key.serialized_der());
    let site = Site::open(&running, &format!("read {READER}"), Some((&certificate, &key)));
    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&certificate)).domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://localhost:{}", site.address.port())).unwrap();
    let mut channel = endpoint.tls_config(tls).unwrap().connect().await.unwrap();
    let mut client = SubmissionsClient::new(channel.clone());
    let mut request = tonic::Request::new(v1::ListRunsRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {READER}").parse().unwrap());
    assert_eq!(client.list_runs(request).await.unwrap().into_inner().runs.len(), 1);
    let page = over(&mut channel, "/assets/page.css", "").await;
    assert_eq!(page.0, 200);
    let form = format!("token={READER}&to=%2F");
    let request = http::Request::post("/login").body(Body::new(form)).unwrap();
    let (status, headers, _) = sent(&mut channel, request).await;
    assert_eq!(status, 303);
    let cookie = headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    let request = http::Request::get("/").header("cookie", cookie).body(Body::empty()).unwrap();
    assert!(sent(&mut channel, request).await.2.contains("Run 1"));
    running.stop().await;
}

#[tokio::test]
async fn states_of_before_know_their_verdicts() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 2, LONG).await.unwrap();
        let mut worker = super::Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        assert!(worker.pass(&shard, 0).await);
        let cell =
            Cell::untried("shop", "sqlite", "r1", "\"verdict\":\"skip\" \0", Verdict::Fail, String::new());
        let outcome = v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap());
        assert!(worker.result(&shard, 1, outcome).await);
        running.stop().await;
        let mut state = AnyConnection::connect(&place.url).await.unwrap();
        for sql in [
            "DROP INDEX results_verdict",
            "ALTER TABLE results DROP COLUMN verdict",
            "DELETE FROM _sqlx_migrations WHERE version = 4",
        ] {
            sqlx::raw_sql(sql).execute(&mut state).await.unwrap();
        }
        drop(state);
        let running = Running::start(&place, LONG).await;
        let page = Site::open(&running, "", None).page(&format!("/runs/{run}")).await;
        assert!(page.contains(">✓ pass</a>") && page.contains(">✗ fail</a>"), "{page}");
        running.stop().await;
    }
}

/// Asks over HTTP/2.
async fn over(
    channel: &mut tonic::transport::Channel,
    path: &str,
    kind: &str,
) -> (u16, http::HeaderMap, String) {
    let request = http::Request::post(path).header("content-type", kind).body(Body::empty()).unwrap();
    let request =
        if kind.is_empty() { http::Request::get(path).body(Body::empty()).unwrap() } else { request };
    sent(channel, request).await
}

async fn sent(
    channel: &mut tonic::transport::Channel,
    request: http::Request<Body>,
) -> (u16, http::HeaderMap, String) {
    std::future::poll_fn(|context| GrpcService::<Body>::poll_ready(channel, context)).await.unwrap();
    let (head, body) = GrpcService::<Body>::call(channel, request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// What a browser shows and does. Needs a Python and Chromium.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sees_a_run_fill_in() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let Some(python) = std::env::var_os("MRT_TEST_PYTHON").filter(|path| !path.is_empty()) else {
        return eprintln!("SKIPPED: a_browser_sees_a_run_fill_in (MRT_TEST_PYTHON is not set)");
    };
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    let site = Site::open(&running, "", None);
    let bundle = send(&running, &[("db/r1.py", "revision = 'r1'\nop.drop_column('users', 'phone')\n")]).await;
    let run =
        running.submissions().submit(submission("key", &bundle, 3, LONG)).await.unwrap().into_inner().run;
    let mut browser = tokio::process::Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/look.py"))
        .arg(format!("http://{}", site.address))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line != "opened" {
            told.push(line);
            continue;
        }
        let mut worker = super::Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        worker.state(vec![held(&shard, &[0])], false).await;
        started(&running, &run).await;
        assert!(worker.pass(&shard, 0).await);
        let cell = Cell::untried("shop", "sqlite", "r1", "title 1", Verdict::Fail, String::new());
        let findings =
            vec![lost("r1.py", 2, "users.phone"), lost("r1.py", 2, "<img src=x onerror=alert(1)>")];
        let cell = Cell { findings, ..cell };
        let outcome = v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap());
        assert!(worker.result(&shard, 1, outcome).await);
        assert!(worker.pass(&shard, 2).await);
    }
    let status = browser.wait().await.unwrap();
    if status.code() == Some(3) {
        return eprintln!("SKIPPED: a_browser_sees_a_run_fill_in (there is no Chromium)");
    }
    assert!(status.success(), "{told:#?}");
    let expected = [
        "cells: ['waiting', 'waiting', 'waiting']",
        "without what waits: 0 of 3 revisions, 0 of 0 findings",
        "cells: ['✓ pass', '✗ fail', '✓ pass']",
        "counts: ['✗ fail 1', '✓ pass 2', '· waiting 0']",
        "progress: ['3 of 3 cells'] 3",
        "news: ['Show what was found since this page was opened']",
        "said: the run has ended",
        "found: ['r1']",
        "without what passes: ['✗ fail']",
        "n: ✗ fail",
        "Enter: /runs/1/cells/0/1",
        "marked: [\"op.drop_column('users', 'phone')\"] ['← data-lost users.phone', '← data-lost <img src=x onerror=alert(1)>']",
        "as text: ['users.phone', 'r1.py:2', '<img src=x onerror=alert(1)>', 'r1.py:2']",
        "k: /runs/1/cells/0/0",
        "report: ['1 of 3 cells fails'] filtered: 1 of 3 revisions, 2 of 2 findings",
    ];
    assert_eq!(told, expected, "{told:#?}");
    running.stop().await;
}
