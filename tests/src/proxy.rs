//! A proxy in front of PostgreSQL that counts round trips and loses connections at a chosen one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Between a client and PostgreSQL on loopback. It reads the protocol as far as it takes to tell
/// requests apart.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What becomes of a request.
pub enum Fate {
    /// It reaches the server, and its answer the client.
    Pass,
    /// The connection is lost before it reaches the server.
    LoseRequest,
    /// The server does what is asked, and the connection is lost before the client hears of it.
    LoseAnswer,
    /// The server gets the request and at once loses the connection, answered or not.
    LoseBoth,
}

/// Decides on each request, given its number since the proxy started, from 0, and its bytes.
type Decide = Box<dyn FnMut(usize, &[u8]) -> Fate + Send>;
/// Is called when a connection is to be lost, before it is.
type OnLoss = Box<dyn Fn() + Send + Sync>;

struct Shared {
    server: SocketAddr,
    requests: AtomicUsize,
    round_trips: AtomicUsize,
    decide: Mutex<Decide>,
    on_loss: Mutex<OnLoss>,
}

impl Proxy {
    /// A proxy in front of the server of `url` that lets everything pass.
    pub async fn to(url: &str) -> Self {
        let (before, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server: server.parse().unwrap(),
            requests: AtomicUsize::new(0),
            round_trips: AtomicUsize::new(0),
            decide: Mutex::new(Box::new(|_, _| Fate::Pass)),
            on_loss: Mutex::new(Box::new(|| {})),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            url: format!("{before}@{address}/{database}"),
            shared,
            accepting,
        }
    }

    /// What clients connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often clients waited for answers, over all connections, the handshakes not counted. Requests
    /// that a client sends together are one round trip.
    #[must_use]
    pub fn round_trips(&self) -> usize {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Lets `decide` decide from now on.
    pub fn decide(&self, decide: impl FnMut(usize, &[u8]) -> Fate + Send + 'static) {
        *self.shared.decide.lock().unwrap() = Box::new(decide);
    }

    /// Calls `on_loss` before each loss of a connection.
    pub fn on_loss(&self, on_loss: impl Fn() + Send + Sync + 'static) {
        *self.shared.on_loss.lock().unwrap() = Box::new(on_loss);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // A connection that breaks is what the proxy is for; nobody needs to hear of it.
        tokio::spawn(async move { drop(relay(client, &shared).await) });
    }
}

/// Carries requests and answers, one after the other, until one side ends or the connection is lost.
/// Both sockets are closed when this returns.
async fn relay(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(shared.server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, mut to_client) = client.into_split();
    let mut from_client = BufReader::with_capacity(1 << 20, from_client);
    let (mut from_server, mut to_server) = server.into_split();
    shake_hands(
        &mut from_client,
        &mut to_server,
        &mut from_server,
        &mut to_client,
    )
    .await?;
    loop {
        let together = !from_client.buffer().is_empty();
        let request = read_request(&mut from_client).await?;
        if !together {
            shared.round_trips.fetch_add(1, Ordering::SeqCst);
        }
        let number = shared.requests.fetch_add(1, Ordering::SeqCst);
        let fate = shared.decide.lock().unwrap()(number, &request);
        match fate {
            Fate::Pass => {
                to_server.write_all(&request).await?;
                pass_answer(&mut from_server, &mut to_client).await?;
            }
            Fate::LoseRequest => {
                shared.on_loss.lock().unwrap()();
                return Ok(());
            }
            Fate::LoseAnswer => {
                to_server.write_all(&request).await?;
                read_answer(&mut from_server).await?;
                shared.on_loss.lock().unwrap()();
                return Ok(());
            }
            Fate::LoseBoth => {
                to_server.write_all(&request).await?;
                shared.on_loss.lock().unwrap()();
                return Ok(());
            }
        }
    }
}

/// Carries what comes before the first request: startup messages, which have no type, and
/// authentication, until the server is ready.
async fn shake_hands(
    from_client: &mut BufReader<OwnedReadHalf>,
    to_server: &mut OwnedWriteHalf,
    from_server: &mut OwnedReadHalf,
    to_client: &mut OwnedWriteHalf,
) -> io::Result<()> {
    const PROTOCOL_3: [u8; 2] = [0, 3];
    loop {
        let mut startup = Vec::new();
        read_body(from_client, &mut startup).await?;
        to_server.write_all(&startup).await?;
        if startup[4..6] == PROTOCOL_3 {
            break;
        }
        // A question for encryption, which the server answers with one letter: no.
        let letter = from_server.read_u8().await?;
        to_client.write_u8(letter).await?;
    }
    loop {
        let message = read_message(from_server).await?;
        to_client.write_all(&message).await?;
        match message[0] {
            READY_FOR_QUERY => return Ok(()),
            b'R' if asks(&message) => {
                let reply = read_message(from_client).await?;
                to_server.write_all(&reply).await?;
            }
            _ => {}
        }
    }
}

/// Whether a message of authentication waits for a reply: neither "ok" nor the last word of SASL.
fn asks(message: &[u8]) -> bool {
    const OK: [u8; 4] = [0, 0, 0, 0];
    const SASL_FINAL: [u8; 4] = [0, 0, 0, 12];
    message[5..9] != OK && message[5..9] != SASL_FINAL
}

const QUERY: u8 = b'Q';
const SYNC: u8 = b'S';
const READY_FOR_QUERY: u8 = b'Z';

/// All messages up to the one that the server answers with "ready for query".
async fn read_request(from: &mut BufReader<OwnedReadHalf>) -> io::Result<Vec<u8>> {
    read_until(from, &[QUERY, SYNC]).await
}

/// One message at a time: the last word of a server that ends a session is no whole answer.
async fn pass_answer(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<()> {
    loop {
        let message = read_message(from).await?;
        to.write_all(&message).await?;
        if message[0] == READY_FOR_QUERY {
            return Ok(());
        }
    }
}

async fn read_answer(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    read_until(from, &[READY_FOR_QUERY]).await
}

async fn read_until(from: &mut (impl AsyncRead + Unpin), last: &[u8]) -> io::Result<Vec<u8>> {
    let mut messages = Vec::new();
    loop {
        let message = read_message(from).await?;
        messages.extend_from_slice(&message);
        if last.contains(&message[0]) {
            return Ok(messages);
        }
    }
}

async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![from.read_u8().await?];
    read_body(from, &mut message).await?;
    Ok(message)
}

/// The length, which counts itself, and what it is the length of.
async fn read_body(from: &mut (impl AsyncRead + Unpin), message: &mut Vec<u8>) -> io::Result<()> {
    let length = from.read_u32().await?;
    message.extend_from_slice(&length.to_be_bytes());
    let start = message.len();
    message.resize(start + usize::try_from(length).unwrap() - 4, 0);
    from.read_exact(&mut message[start..]).await.map(drop)
}
