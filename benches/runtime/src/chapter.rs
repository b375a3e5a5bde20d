//! The chapter of BENCHMARKS.md that this program writes.

use std::fs;

use crate::database::Server;
use crate::subjects::Subject;
use crate::{
    Effort, Result, applying, bulk, idle_boot, rebuild, replicas, requests, steps, streams,
};

/// Which versions Cargo has chosen.
const LOCK: &str = include_str!("../../Cargo.lock");

/// What was slower once.
const CLOSED_GAPS: &str = include_str!("closed_gaps.md");

/// The parts of the chapter, in their order.
const PARTS: [&str; 8] = [
    "idle-boot",
    "applying",
    "replicas",
    "requests",
    "bulk",
    "steps",
    "rebuild",
    "streams",
];

pub(crate) async fn write(file: &str, effort: Effort) -> Result {
    let server = Server::from_environment().await?;
    let mut parts = vec![introduction(&server.version().await?)];
    for part in PARTS {
        parts.push(measured(part, &server, effort).await?);
    }
    parts.push(CLOSED_GAPS.to_owned());
    Ok(fs::write(file, parts.join("\n"))?)
}

/// Writes one part alone, for whoever works on it.
pub(crate) async fn write_part(part: &str, file: &str) -> Result {
    let server = Server::from_environment().await?;
    Ok(fs::write(
        file,
        measured(part, &server, Effort::Full).await?,
    )?)
}

async fn measured(part: &str, server: &Server, effort: Effort) -> Result<String> {
    match part {
        "idle-boot" => idle_boot::measure(server, effort).await,
        "applying" => applying::measure(server, effort).await,
        "replicas" => replicas::measure(server, effort).await,
        "requests" => requests::measure(server, effort).await,
        "bulk" => bulk::measure(server, effort).await,
        "steps" => steps::measure(server, effort).await,
        "rebuild" => rebuild::measure(server, effort).await,
        "streams" => streams::measure(server, effort).await,
        _ => Err(format!("there is no part {part}; there are {}", PARTS.join(", ")).into()),
    }
}

fn introduction(postgres: &str) -> String {
    let peers = Subject::ALL.iter().skip(1);
    let peers = peers.map(|peer| format!("{} {}", peer.name(), version(peer.name())));
    let peers: Vec<String> = peers.collect();
    format!(
        "# At boot and in bulk\n\n\
         On PostgreSQL {postgres}, on loopback, with `fsync` and `full_page_writes` off, so that a disk does not\n\
         decide; commits are cheaper than in production, for everybody alike. Beside {}.\n\n\
         Round trips are counted by a proxy, from the end of the handshake; requests that are sent together are\n\
         one. Times are without the proxy, except where each round trip takes 1 ms longer, which is about what\n\
         a database in the same data center is away.\n",
        peers.join(", ")
    )
}

fn version(package: &str) -> &'static str {
    let start = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| **line != start);
    let version = lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = "));
    version.unwrap_or_default().trim_matches('"')
}
