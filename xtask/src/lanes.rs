//! Every test of the workspace, two binaries at a time.
//!
//! The tests of the command line mostly wait for one build after another, and the others mostly for servers. One beside the
//! other they take three quarters of the time on two cores.

use std::env::temp_dir;
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::process::ExitStatus;
use std::thread;

use kumiko_seeds_testing::{Failure, guarded};

/// Compiles all of them first, so that nobody waits for a build.
const BUILD: &str = "test --workspace --locked --no-run";

/// What runs aside. Its output comes at the end.
const ASIDE: &str = "test --workspace --locked --test command_line";

/// All the others, one after another.
const OTHERS: [&str; 2] = [
    "test --workspace --locked --lib --bins --test [!c]*",
    "test --workspace --locked --doc",
];

/// The lines for a shell that say what is done.
pub(crate) fn lines() -> String {
    format!(
        "cargo {BUILD}; cargo {ASIDE} & cargo {}",
        OTHERS.join("; cargo ")
    )
}

/// Runs them in this environment; the first status that is no success, if there is one.
pub(crate) fn run(
    cargo: &OsStr,
    environment: &[(&str, impl AsRef<OsStr> + Sync)],
) -> Result<ExitStatus, Failure> {
    let built = guarded::run(&line(cargo, BUILD), environment)?;
    if !built.success() {
        return Ok(built);
    }
    let failed =
        |error: io::Error| Failure::new("the output of tests could not be kept").caused_by(error);
    let path = temp_dir().join(format!("kumiko-xtask-{}.out", std::process::id()));
    let mut options = OpenOptions::new();
    let mut output = options
        .read(true)
        .append(true)
        .create(true)
        .open(&path)
        .map_err(failed)?;
    // It is open, and goes with this program.
    fs::remove_file(&path).map_err(failed)?;
    let (others, aside) = thread::scope(|scope| {
        let aside = scope.spawn(|| guarded::run_aside(&line(cargo, ASIDE), environment, &output));
        let mut others = Ok(built);
        for words in OTHERS {
            others = guarded::run(&line(cargo, words), environment);
            if !others.as_ref().is_ok_and(ExitStatus::success) {
                break;
            }
        }
        let aside = aside
            .join()
            .unwrap_or_else(|_| Err(Failure::new("a thread of tests ended")));
        (others, aside)
    });
    eprintln!("\n=== aside: cargo {ASIDE}");
    let mut text = String::new();
    output
        .rewind()
        .and_then(|()| output.read_to_string(&mut text))
        .map_err(failed)?;
    eprint!("{text}");
    let (others, aside) = (others?, aside?);
    Ok(if others.success() { aside } else { others })
}

fn line(cargo: &OsStr, words: &str) -> Vec<OsString> {
    let words = words.split_whitespace().map(OsString::from);
    [cargo.to_owned()].into_iter().chain(words).collect()
}
