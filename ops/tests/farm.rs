//! Programs meet over real connections, and say what is wrong with them.

#![allow(clippy::unwrap_used)]

mod support;

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use mrt_ops::Trouble;
use mrt_ops::connect::{CallError, explain, in_process};
use mrt_ops::serve::{Role, Tokens};
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_proto::v1::{CancelRequest, ListRunsResponse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::Server;
use tonic::{Code, Status};

use support::{Files, farm, list};

const VALID: (i32, i32) = (2020, 2090);
const EXPIRED: (i32, i32) = (2020, 2021);

fn with_certificates() -> Files {
    let files = Files::new();
    files.tokens();
    files.certificate("server", "localhost", VALID);
    files.certificate("client", "localhost", VALID);
    files.certificate("expired", "localhost", EXPIRED);
    files
}

#[track_caller]
fn assert_listed(result: Result<ListRunsResponse, CallError>) {
    assert_eq!(result.unwrap().runs[0].run, "of 7");
}

/// The sentence, with `AT` for where the coordinator is.
#[track_caller]
fn assert_failed(result: Result<ListRunsResponse, CallError>, trouble: Trouble, at: &str, sentence: &str) {
    let error = result.unwrap_err();
    let said = error.to_string().replace(&format!("the coordinator at {at}"), "AT");
    assert_eq!((error.trouble(), said.as_str()), (trouble, sentence), "{error:?}");
    assert!(!format!("{error:?}").contains("0123456789abcdef"), "{error:?}");
}

#[tokio::test]
async fn a_token_lets_in_whom_it_is_for() {
    let files = with_certificates();
    let address = files.serve("--tls-cert @server.pem --tls-key @server.key --tokens @tokens");
    let at = format!("https://localhost:{}", address.port());
    let with = async |token: &str| files.list(&format!("--coordinator {at} --ca @ca.pem {token}")).await;
    assert_listed(with("--token-file @reader.token").await);
    // To submit includes to read.
    assert_listed(with("--token-file @submitter.token").await);
    assert_failed(
        with("--token-file @worker.token").await,
        Trouble::Usage,
        &at,
        "AT does not allow this: this needs a token with the role `read`; yours has `work`; \
         give another token by --token-file or MRT_TOKEN",
    );
    assert_failed(
        with("--token-file @nobody.token").await,
        Trouble::Usage,
        &at,
        "AT does not let us in: the token that was sent is not known; give a token by --token-file or MRT_TOKEN",
    );
    assert_failed(
        with("").await,
        Trouble::Usage,
        &at,
        "AT does not let us in: a token is needed, and none was sent; give a token by --token-file or MRT_TOKEN",
    );
}

#[tokio::test]
async fn a_method_can_ask_for_more_than_its_service() {
    let files = with_certificates();
    let address = files.serve("--tokens @tokens");
    let cancel = async |token: &str| {
        let connection =
            files.connection(&format!("--coordinator http://{address} --token-file @{token}.token"));
        let mut client = SubmissionsClient::new(connection.channel().unwrap());
        client.cancel(CancelRequest::default()).await.map(|_| ()).map_err(|status| status.code())
    };
    assert_eq!(cancel("reader").await, Err(Code::PermissionDenied));
    assert_eq!(cancel("submitter").await, Ok(()));
}

#[tokio::test]
async fn a_servers_certificate_has_to_be_right() {
    let files = with_certificates();
    let address = files.serve("--tls-cert @server.pem --tls-key @server.key");
    let at = format!("https://{address}");
    assert_listed(files.list(&format!("--coordinator {at} --ca @ca.pem")).await);
    let sentence = "nobody whom we trust has signed the certificate of AT; name who has by --ca";
    assert_failed(
        files.list(&format!("--coordinator {at} --ca @stranger.pem")).await,
        Trouble::Usage,
        &at,
        sentence,
    );
    files.certificate("other", "farm.example", VALID);
    let address = files.serve("--tls-cert @other.pem --tls-key @other.key");
    let at = format!("https://localhost:{}", address.port());
    let sentence = "the certificate of AT is for other names; say one of those in --coordinator";
    assert_failed(
        files.list(&format!("--coordinator {at} --ca @ca.pem")).await,
        Trouble::Usage,
        &at,
        sentence,
    );
    let address = files.serve("--tls-cert @expired.pem --tls-key @expired.key");
    let at = format!("https://localhost:{}", address.port());
    let sentence = "the certificate of AT has expired; whoever runs it has to renew it";
    assert_failed(
        files.list(&format!("--coordinator {at} --ca @ca.pem")).await,
        Trouble::Infrastructure,
        &at,
        sentence,
    );
}

/// Why a server refuses a certificate is easily lost when its refusal crosses with a request: so often enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_certificate_has_to_be_right() {
    let files = with_certificates();
    let address = files.serve("--tls-cert @server.pem --tls-key @server.key --client-ca @ca.pem");
    let at = format!("https://localhost:{}", address.port());
    let with = async |name: &str| {
        let ours = if name.is_empty() {
            String::new()
        } else {
            format!("--client-cert @{name}.pem --client-key @{name}.key")
        };
        files.list(&format!("--coordinator {at} --ca @ca.pem {ours}")).await
    };
    assert_listed(with("client").await);
    for _ in 0..30 {
        assert_failed(
            with("").await,
            Trouble::Usage,
            &at,
            "AT asks who we are; give a certificate by --client-cert and --client-key",
        );
        assert_failed(
            with("expired").await,
            Trouble::Usage,
            &at,
            "our certificate for AT has expired; renew what --client-cert names",
        );
        assert_failed(
            with("stranger").await,
            Trouble::Usage,
            &at,
            "AT does not accept our certificate; --client-cert needs one signed by whom it trusts",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_something_else_is_told_so() {
    let files = with_certificates();
    let tls = files.serve("--tls-cert @server.pem --tls-key @server.key").port();
    let plain = files.serve("").port();
    for _ in 0..10 {
        let at = format!("http://localhost:{tls}");
        let sentence = "AT speaks TLS; say https:// in --coordinator";
        assert_failed(files.list(&format!("--coordinator {at}")).await, Trouble::Usage, &at, sentence);
        let at = format!("https://localhost:{plain}");
        let sentence =
            "AT does not speak TLS; let it, or say http:// in --coordinator where nobody can read along";
        assert_failed(
            files.list(&format!("--coordinator {at} --ca @ca.pem")).await,
            Trouble::Usage,
            &at,
            sentence,
        );
    }
    for (answer, trouble, sentence) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", Trouble::Usage, "what answers is not AT; correct --coordinator"),
        ("", Trouble::Infrastructure, "AT takes no connections; see whether it works, and its log"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 24]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        assert_failed(files.list(&format!("--coordinator {at}")).await, trouble, &at, sentence);
    }
}

#[tokio::test]
async fn where_nobody_listens() {
    let files = Files::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let result = files.list(&format!("--coordinator {at}")).await;
    let cause = result.as_ref().unwrap_err().source().unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
    let sentence = "cannot reach AT; see whether it runs there, and whether --coordinator is right";
    assert_failed(result, Trouble::Infrastructure, &at, sentence);
}

/// Proxies may say nothing before they have heard more than a greeting.
#[tokio::test]
async fn who_says_nothing_at_first_is_spoken_to() {
    let files = Files::new();
    let address = files.serve("");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut heard = [0; 25];
        near.read_exact(&mut heard).await.unwrap();
        let mut far = TcpStream::connect(address).await.unwrap();
        far.write_all(&heard).await.unwrap();
        tokio::io::copy_bidirectional(&mut near, &mut far).await.unwrap();
    });
    assert_listed(files.list(&format!("--coordinator {at}")).await);
}

#[tokio::test]
async fn who_never_says_anything_is_left() {
    let files = with_certificates();
    for arguments in ["", "--tls-cert @server.pem --tls-key @server.key"] {
        let mut silent = TcpStream::connect(files.serve(arguments)).await.unwrap();
        // What a server says first.
        tokio::time::timeout(Duration::from_secs(60), silent.read_to_end(&mut Vec::new()))
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_was_lost_is_made_again() {
    let files = Files::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = files.connection(&format!("--coordinator http://{}", listener.local_addr().unwrap()));
    let channel = connection.channel().unwrap();
    let address = files.serve("");
    let proxy = async || {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(address).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await }).abort_handle()
    };
    let (first, proxied) = tokio::join!(list(channel.clone()), proxy());
    first.unwrap();
    proxied.abort();
    let (second, _proxied) = tokio::join!(
        async {
            // The first may find out.
            match list(channel.clone()).await {
                Err(status) => {
                    let error = explain(status, Some(&connection));
                    assert_eq!(error.trouble(), Trouble::Infrastructure, "{error}");
                    list(channel.clone()).await
                }
                listed => listed,
            }
        },
        proxy()
    );
    second.unwrap();
}

#[tokio::test]
async fn in_process_there_are_no_tokens_and_connections_are_made_again() {
    let (channel, incoming) = in_process();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let incoming = incoming.inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let router = Server::builder()
        .max_connection_age(Duration::from_millis(50))
        .add_service(farm(Tokens::none().require(Role::Submit)));
    let server = tokio::spawn(router.serve_with_incoming(incoming));
    list(channel.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    list(channel.clone()).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    server.abort();
    server.await.unwrap_err();
    // The connection outlives it by its age.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let error = explain(list(channel.clone()).await.unwrap_err(), None);
    assert_eq!(error.trouble(), Trouble::Infrastructure, "{error}");
    assert!(error.to_string().starts_with("the coordinator in this process has ended"), "{error}");
}

#[tokio::test]
async fn answers_are_told_by_whose_turn_it_is() {
    for (code, trouble) in [
        (Code::InvalidArgument, Trouble::Usage),
        (Code::FailedPrecondition, Trouble::Usage),
        (Code::NotFound, Trouble::Usage),
        (Code::Unimplemented, Trouble::Usage),
        (Code::Unavailable, Trouble::Infrastructure),
        (Code::DeadlineExceeded, Trouble::Infrastructure),
        (Code::ResourceExhausted, Trouble::Infrastructure),
        (Code::Internal, Trouble::Infrastructure),
    ] {
        let error = explain(Status::new(code, "no"), None);
        assert_eq!(error.trouble(), trouble, "{code:?}");
        assert!(error.source().is_none());
    }
    let error = explain(Status::not_found("there is no run `x`"), None);
    assert_eq!(error.to_string(), "the coordinator refuses: there is no run `x`");
}
