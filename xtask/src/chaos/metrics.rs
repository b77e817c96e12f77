//! What programs tell of themselves over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The sum of all samples whose line begins like this: `mrt_leases_expired_total`, `mrt_results_total{answer="refused"`.
/// Nothing while nobody answers.
pub(crate) async fn sum(address: SocketAddr, sample: &str) -> Option<f64> {
    let (status, text) = get(address, "/metrics").await?;
    let values = text.lines().filter(|line| line.starts_with(sample)).filter_map(|line| {
        let next = line.get(sample.len()..)?.chars().next()?;
        let value = line.rsplit(' ').next()?.parse::<f64>().ok()?;
        // Not those of a longer name.
        (!next.is_ascii_alphanumeric() && next != '_').then_some(value)
    });
    (status == 200).then(|| values.sum())
}

/// Whether the program says that it is ready. Nothing while nobody answers.
pub(super) async fn is_ready(address: SocketAddr) -> Option<bool> {
    get(address, "/readyz").await.map(|(status, _)| status == 200)
}

async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    };
    timeout(PATIENCE, asked).await.ok().flatten()
}
