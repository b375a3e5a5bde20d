//! Measures what is fast, and writes BENCHMARKS.md.

use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::{env, fs};

use kumiko_seeds_testing::{Cluster, Failure, URL_VARIABLE, guarded, is_in_path};

use crate::steps;

/// Where the figures are written down.
const FILE: &str = "BENCHMARKS.md";

/// The programs that measure, in the order of their chapters. Each is called with what was asked for, and with the file to
/// write its chapter to.
const PROGRAMS: [&str; 2] = ["runtime", "builds"];

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// All, for an hour, and the figures are written down.
    Full,
    /// All, for a few minutes, and the figures are only printed.
    Quick,
    /// One part of the first chapter, in full, and the figures are only printed.
    Part(OsString),
}

impl Effort {
    fn programs(&self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::Quick => &PROGRAMS,
            Self::Part(_) => &PROGRAMS[..1],
        }
    }

    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Full => Vec::new(),
            Self::Quick => vec!["--quick".into()],
            Self::Part(part) => vec!["--only".into(), part.clone()],
        }
    }
}

/// Runs the programs against a throwaway server, and prints what they found.
pub(crate) fn run(effort: &Effort) -> Result<ExitCode, Failure> {
    for name in effort.programs() {
        cargo("build", name, &[], "")?;
    }
    let cluster = Cluster::of(steps::postgres(None)?)?;
    let mut text = introduction();
    println!("{text}");
    for name in effort.programs() {
        let chapter = env::temp_dir().join(format!("kumiko-{name}-{}.md", std::process::id()));
        let mut arguments = effort.arguments();
        arguments.push(chapter.clone().into());
        cargo("run", name, &arguments, &cluster.url())?;
        let read = fs::read_to_string(&chapter);
        let read = read.map_err(|error| failed("there is no chapter").caused_by(error))?;
        // At once: the next program may fail, after an hour.
        println!("{read}");
        text.push_str(&read);
        // What stays behind is a small file in a temporary folder.
        drop(fs::remove_file(chapter));
    }
    if *effort == Effort::Full {
        fs::write(FILE, text).map_err(|error| failed("no file").caused_by(error))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(what: &str) -> Failure {
    Failure::new(format!("the figures could not be written down: {what}"))
}

/// Has cargo build or run a program of the workspace of benchmarks.
fn cargo(command: &str, name: &str, arguments: &[OsString], url: &str) -> Result<(), Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let package = format!("kumiko-bench-{name}");
    let mut line = vec![cargo];
    line.extend(
        [
            command,
            "--quiet",
            "--release",
            "--locked",
            "--manifest-path",
        ]
        .map(OsString::from),
    );
    line.extend(["benches/Cargo.toml", "--package", &package].map(OsString::from));
    // One peer needs the C library of PostgreSQL, whose package brings this program.
    if name == "runtime" && is_in_path("pg_config") {
        line.extend(["--features", "diesel"].map(OsString::from));
    }
    if !arguments.is_empty() {
        line.push("--".into());
        line.extend_from_slice(arguments);
    }
    let status = guarded::run(&line, &[(URL_VARIABLE, url)])?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{command}` of {package} failed")))
    }
}

fn introduction() -> String {
    let day = told_by("date", &["-u", "+%Y-%m-%d"]);
    let compiler = told_by("rustc", &["--version"]);
    let processor = line_of("/proc/cpuinfo", "model name");
    let memory = line_of("/proc/meminfo", "MemTotal");
    let memory: Option<u64> = memory
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok());
    let gibibytes = memory.map_or_else(String::new, |kib| {
        format!("{} GiB", (kib + (1 << 19)) >> 20)
    });
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "\
<!-- Written by `cargo xtask bench`, words and all; edit the program instead. -->

# Benchmarks

Measured on {day} with {compiler} on {processor}, {cores} cores, {gibibytes} of memory,
with a load average of {load} before the start, by `cargo xtask bench`, which everybody can repeat.

How to read the figures: they are medians of several rounds, and in each round everything in a table was measured
once, so that whatever disturbed the machine disturbed all of it. **Compare within a table, and believe the ratios,
not the milliseconds**: those of another machine, or of this one tomorrow, are others. A ratio between 0.9 and 1.1
says nothing. Ours are the rows of `kumiko-seeds`.

"
    )
}

fn told_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_or_else(|_| Vec::new(), |output| output.stdout);
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// What a file of the kernel's says of `name`.
fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(
        || "an unknown machine".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}
