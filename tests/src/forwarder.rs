//! An address that stays while the server behind it changes, as a failover needs it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Forwards connections on loopback to one server, and later to another.
pub struct Forwarder {
    url: String,
    target: watch::Sender<SocketAddr>,
    accepting: JoinHandle<()>,
}

impl Forwarder {
    /// A forwarder to the server of `url`.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (user, target, database) = parts(url);
        let address = listener.local_addr().unwrap();
        let url = format!("{user}@{address}/{database}");
        let (target, targets) = watch::channel(target);
        Self {
            url,
            target,
            accepting: tokio::spawn(accept(listener, targets)),
        }
    }

    /// What clients connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Forwards to the server of `url` from now on. Connections to the one before are lost.
    pub fn switch_to(&self, url: &str) {
        self.target.send_replace(parts(url).1);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// User and password, server, database.
fn parts(url: &str) -> (&str, SocketAddr, &str) {
    let (user, rest) = url.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    (user, server.parse().unwrap(), database)
}

async fn accept(listener: TcpListener, targets: watch::Receiver<SocketAddr>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(forward(client, targets.clone()));
    }
}

/// Lets a client wait while there is no server. Both sockets are closed when this returns.
async fn forward(mut client: TcpStream, mut targets: watch::Receiver<SocketAddr>) {
    let mut server = loop {
        let target = *targets.borrow_and_update();
        match TcpStream::connect(target).await {
            Ok(server) => break server,
            Err(_) if targets.changed().await.is_err() => return,
            Err(_) => {}
        }
    };
    tokio::select! {
        // However it ends: the client sees it as well.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = targets.changed() => {}
    }
}
