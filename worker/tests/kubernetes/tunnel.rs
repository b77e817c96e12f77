//! The way to a Pod's port through the API: a WebSocket with a channel for bytes and one for errors (`v4.channel.k8s.io`).

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The channels of the only port: its bytes, and what goes wrong with it.
const DATA: u8 = 0;
const ERROR: u8 = 1;

/// Accepts, and leads to this port of this machine, as a Pod on the network of its node would be.
pub(crate) fn accept<B: Default>(mut request: Request<Incoming>, port: u16) -> Response<B> {
    let key = request.headers().get("sec-websocket-key").cloned().unwrap();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let _ = carry(socket, port).await;
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-accept", derive_accept_key(key.as_bytes()))
        .header("sec-websocket-protocol", "v4.channel.k8s.io");
    response.body(B::default()).unwrap()
}

fn message(channel: u8, bytes: &[u8]) -> Message {
    Message::binary([&[channel], bytes].concat())
}

async fn carry<S>(
    mut socket: WebSocketStream<S>,
    port: u16,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for channel in [DATA, ERROR] {
        socket.send(message(channel, &port.to_le_bytes())).await?;
    }
    let mut server = match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(server) => server,
        Err(error) => {
            socket.send(message(ERROR, error.to_string().as_bytes())).await?;
            return Ok(socket.close(None).await?);
        }
    };
    let mut bytes = vec![0; 16 << 10];
    loop {
        tokio::select! {
            read = server.read(&mut bytes) => match read? {
                0 => return Ok(socket.close(None).await?),
                read => socket.send(message(DATA, &bytes[..read])).await?,
            },
            heard = socket.next() => match heard.transpose()? {
                Some(Message::Binary(heard)) if heard.first() == Some(&DATA) => server.write_all(&heard[1..]).await?,
                Some(Message::Close(_)) | None => return Ok(()),
                Some(_) => {}
            },
        }
    }
}
