//! How fast Kumiko seeds are at boot and in bulk, beside their peers: `kumiko-bench-runtime [--quick | --only <part>]
//! <file>` measures on the server of `KUMIKO_TEST_POSTGRES_URL` and writes a chapter of BENCHMARKS.md.
//!
//! It starts itself for what has to be a process of its own: `boot <subject> <count> <url>` applies what
//! is pending, `bulk <method> <count> <url>` `steps <way> <count> <url>` write events and print seconds and
//! kilobytes, and so does `rebuild <way> <url>`, which computes rows from events.

mod account;
mod applying;
mod beside_rebuild;
mod bulk;
mod bulk_methods;
mod chapter;
mod database;
mod idle_boot;
mod process;
mod rebuild;
mod replicas;
mod requests;
mod samples;
mod steps;
mod streams;
mod subjects;
mod table;
mod wire;

use std::error::Error;

use crate::bulk_methods::Method;
use crate::subjects::{Session, Subject};

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// Long enough for figures to be written down.
    Full,
    /// Long enough to see whether a change did anything.
    Quick,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["boot", subject, count, url] => {
            let subject = Subject::named(subject)?;
            Session::open(subject, url, count.parse()?)
                .await?
                .apply()
                .await
        }
        ["bulk", method, count, url] => {
            let method = Method::named(method)?;
            process::print(bulk_methods::write(method, count.parse()?, url).await?)
        }
        ["steps", way, count, url] => {
            let way = steps::Way::named(way)?;
            process::print(steps::write(way, count.parse()?, url).await?)
        }
        ["rebuild", way, url] => {
            let way = rebuild::Way::named(way)?;
            let (took, until_right) = rebuild::compute(way, url).await?;
            process::print_with_part(took, until_right)
        }
        ["--quick", file] => chapter::write(file, Effort::Quick).await,
        ["--only", part, file] => chapter::write_part(part, file).await,
        [file] => chapter::write(file, Effort::Full).await,
        _ => Err("usage: kumiko-bench-runtime [--quick | --only <part>] <file>".into()),
    }
}
