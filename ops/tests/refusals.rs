//! What is unsafe or wrong is refused before anything is sent or served.

#![allow(clippy::unwrap_used)]

mod support;

use std::error::Error;

use clap::Parser as _;
use mrt_ops::Trouble;
use mrt_ops::connect::Address;
use mrt_ops::serve::{Cluster, ClusterError};

use support::{Files, READER};

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn to_listen() {
    let files = Files::new();
    files.tokens();
    files.certificate("server", "localhost", (2020, 2090));
    files.certificate("other", "localhost", (2020, 2090));
    files.write("comments", "# none\n\n");
    let long = files.write("long", &format!("read {READER}\n{READER} submit\n"));
    let refusal = |arguments: &str| {
        let error = files.listen(arguments).bind().unwrap_err();
        assert_eq!(error.trouble(), Trouble::Usage);
        with_causes(&error)
    };
    let plain = refusal("--listen 0.0.0.0:0 --tokens @tokens");
    assert!(plain.contains("there is no TLS; name a certificate by --tls-cert and --tls-key"), "{plain}");
    let tls = "--tls-cert @server.pem --tls-key @server.key";
    let everybody = refusal(&format!("--listen 0.0.0.0:0 {tls}"));
    assert!(everybody.contains("everybody would be let in; list tokens by --tokens"), "{everybody}");
    for accepted in [
        format!("--listen 0.0.0.0:0 {tls} --tokens @tokens"),
        format!("--listen 0.0.0.0:0 {tls} --client-ca @ca.pem"),
        "--listen 0.0.0.0:0 --insecure".to_owned(),
        "--listen [::1]:0".to_owned(),
    ] {
        let bound = files.listen(&accepted).bind().unwrap();
        assert_ne!(bound.address.port(), 0, "{accepted}");
    }
    for (arguments, expected) in [
        ("--tls-cert @server.pem", "--tls-cert needs --tls-key beside it; give both"),
        ("--tls-key @server.key", "--tls-key needs --tls-cert beside it; give both"),
        ("--client-ca @ca.pem", "--client-ca needs --tls-cert beside it; give both"),
        (
            "--tokens @nowhere",
            "cannot read @nowhere; correct --tokens, or let this user read the file: No such file",
        ),
        (
            "--tokens @comments",
            "the tokens in @comments cannot be used; correct them there: there is no token in it",
        ),
        (
            "--tokens @long",
            "the tokens in @long cannot be used; correct them there: line 2 does not begin with a role",
        ),
        (
            "--tls-cert @server.pem --tls-key @other.key",
            "the files of --tls-cert, --tls-key and --client-ca cannot be",
        ),
        (
            "--tls-cert @tokens --tls-key @server.key",
            "@tokens holds no certificates; --tls-cert needs a PEM file",
        ),
        (
            "--tls-cert @server.pem --tls-key @server.key --client-ca @tokens",
            "@tokens holds no certificates; --client-ca needs a PEM file",
        ),
    ] {
        let error = refusal(&format!("--listen 127.0.0.1:0 {arguments}"));
        let directory = format!("{}/", long.parent().unwrap().display());
        let error = error.replace(&directory, "@");
        assert!(error.starts_with(expected), "{arguments}: {error}");
        assert!(!error.contains(READER), "{error}");
    }
    let first = files.listen("--listen 127.0.0.1:0").bind().unwrap();
    let error = files.listen(&format!("--listen {}", first.address)).bind().unwrap_err();
    assert_eq!(error.trouble(), Trouble::Infrastructure);
    let text = with_causes(&error);
    assert!(
        text.starts_with(&format!("cannot listen on {}; stop what listens there", first.address)),
        "{text}"
    );
    assert!(text.contains("in use"), "{text}");
}

#[tokio::test]
async fn to_connect() {
    let files = Files::new();
    files.tokens();
    files.certificate("client", "localhost", (2020, 2090));
    files.certificate("other", "localhost", (2020, 2090));
    files.write("two", "one two\n");
    files.write("empty", "\n");
    let directory = format!("{}/", files.path("two").parent().unwrap().display());
    for (arguments, expected) in [
        (
            "http://farm",
            "http://farm:7440 is another machine, and http:// lets others read along; say https://, or",
        ),
        ("http://192.0.2.1:80", "http://192.0.2.1:80 is another machine"),
        ("http://localhost.example", "http://localhost.example:7440 is another machine"),
        (
            "http://localhost --ca @ca.pem",
            "--ca is of no use with http://localhost:7440; say https://, or leave it out",
        ),
        ("https://farm --ca @ca.pem --client-cert @client.pem", "--client-cert needs --client-key beside it"),
        ("https://farm --ca @ca.pem --client-key @client.key", "--client-key needs --client-cert beside it"),
        (
            "https://farm --ca @ca.pem --client-cert @client.pem --client-key @other.key",
            "our certificate and key cannot be used; --client-cert and --client-key have to belong together: ",
        ),
        (
            "https://farm --ca @ca.pem --client-cert @client.pem --client-key @client.pem",
            "there is no private key in @client.pem; --client-key needs a PEM file",
        ),
        ("https://farm --ca @tokens", "@tokens holds no certificates; --ca needs a PEM file"),
        (
            "https://farm --ca @nowhere",
            "cannot read @nowhere; correct --ca, or let this user read the file: No such",
        ),
        ("http://localhost --token-file @two", "@two holds no token; it has to be one word"),
        ("http://localhost --token-file @empty", "@empty holds no token; it has to be one word"),
    ] {
        let error = files.connection(&format!("--coordinator {arguments}")).channel().unwrap_err();
        assert_eq!(error.trouble(), Trouble::Usage);
        let text = with_causes(&error).replace(&directory, "@");
        assert!(text.starts_with(expected), "{arguments}: {text}");
    }
    for accepted in [
        "http://farm --insecure",
        "http://127.0.0.1",
        "http://[::1]:1",
        "http://LOCALHOST",
        "https://farm --ca @ca.pem",
    ] {
        files.connection(&format!("--coordinator {accepted} --token-file @reader.token")).channel().unwrap();
    }
}

#[test]
fn addresses() {
    let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    for (text, address) in [
        ("https://farm", "https://farm:7440"),
        ("https://farm:443/", "https://farm:443"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]:7440"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(address));
    }
    for (text, part) in [
        ("farm", "https://farm:7440"),
        ("farm:7440", "https://farm:7440"),
        ("ftp://farm", "https://farm:7440"),
        ("", "https://farm:7440"),
        ("https://farm/runs", "leave out what follows the port"),
        ("https://farm?x=y", "leave out what follows the port"),
        ("https://token@farm", "before the @"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[derive(clap::Parser)]
struct Watched {
    #[command(flatten)]
    cluster: Cluster,
}

#[tokio::test]
async fn to_listen_to_the_cluster() {
    let bind = |arguments: &str| {
        let arguments = format!("test {arguments}");
        Watched::parse_from(arguments.split_whitespace()).cluster.bind()
    };
    assert!(bind("").unwrap().is_none());
    let error = bind("--cluster 0.0.0.0:0").unwrap_err();
    assert!(matches!(error, ClusterError::Public { .. }) && error.trouble() == Trouble::Usage);
    assert!(error.to_string().ends_with("listen on 127.0.0.1, or say --cluster-public"), "{error}");
    assert!(bind("--cluster [::1]:0").unwrap().is_some());
    let first = bind("--cluster 0.0.0.0:0 --cluster-public").unwrap().unwrap();
    assert_ne!(first.address.port(), 0);
    let error = bind(&format!("--cluster {} --cluster-public", first.address)).unwrap_err();
    assert_eq!(error.trouble(), Trouble::Infrastructure);
}
