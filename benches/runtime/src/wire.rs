//! A wire to PostgreSQL on loopback that counts round trips and can be made longer.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::Result;

/// Carries bytes between clients and a server, and knows of the protocol no more than where the handshake
/// ends. A client that speaks after the server has spoken waits for an answer to what came before, so
/// this is a round trip; whatever it sends before the server speaks again belongs to the same one.
///
/// It lives as long as the program.
pub(crate) struct Wire {
    url: String,
    round_trips: Arc<AtomicUsize>,
}

/// The last words of a handshake, and of every answer outside a transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";
/// A goodbye, for the answer to which nobody waits.
const TERMINATE: &[u8] = b"X\0\0\0\x04";

impl Wire {
    /// A wire to the server of `url` on which each round trip takes `delay` longer.
    pub(crate) fn to(url: &str, delay: Duration) -> Result<Self> {
        let (before, rest) = url.split_once('@').ok_or("a URL without a user")?;
        let (server, database) = rest.split_once('/').ok_or("a URL without a database")?;
        let server: SocketAddr = server.parse()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("{before}@{}/{database}", listener.local_addr()?);
        let round_trips = Arc::default();
        let counter = Arc::clone(&round_trips);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that cannot be served finds its connection closed.
                drop(serve(client, server, delay, &counter));
            }
        });
        Ok(Self { url, round_trips })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How often clients have waited since the last time this was asked, the handshakes not counted.
    pub(crate) fn take_round_trips(&self) -> usize {
        self.round_trips.swap(0, Ordering::SeqCst)
    }
}

fn serve(
    client: TcpStream,
    server: SocketAddr,
    delay: Duration,
    round_trips: &Arc<AtomicUsize>,
) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let has_answered = Arc::new(AtomicBool::new(false));
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let (asked, counter) = (Arc::clone(&has_answered), Arc::clone(round_trips));
    thread::spawn(move || {
        carry(from_client, to_server, |bytes| {
            if !bytes.starts_with(TERMINATE) && asked.swap(false, Ordering::SeqCst) {
                counter.fetch_add(1, Ordering::SeqCst);
                thread::sleep(delay);
            }
        })
    });
    let mut is_ready = false;
    thread::spawn(move || {
        carry(server, client, |bytes| {
            is_ready |= bytes.ends_with(READY);
            has_answered.store(is_ready, Ordering::SeqCst);
        })
    });
    Ok(())
}

/// Carries bytes until one side ends, each time after a look at them.
fn carry(mut from: TcpStream, mut to: TcpStream, mut look: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return to.shutdown(Shutdown::Write);
        }
        look(&buffer[..length]);
        to.write_all(&buffer[..length])?;
    }
}
