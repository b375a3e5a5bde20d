//! The checks, as commands of cargo.

use std::ffi::OsString;
use std::process::{ExitCode, ExitStatus};
use std::time::Instant;

use xtask::{Cluster, Failure, Programs, URL_VARIABLE, guarded};

use crate::{install, unpacked};

/// One check of continuous integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The formatting is rustfmt's.
    Format,
    /// The lints have nothing to say.
    Clippy,
    /// The runtime builds on one database alone and without the event store.
    CoreOnPostgres,
    /// The runtime builds on the other database alone and with the event store.
    EventsOnSqlite,
    /// The documentation builds without a broken link.
    Docs,
    /// The tests pass.
    Test,
    /// The published crates build from what their packages hold.
    Package,
}

impl Step {
    /// Every step, the quick ones first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Format,
        Self::Clippy,
        Self::CoreOnPostgres,
        Self::EventsOnSqlite,
        Self::Docs,
        Self::Test,
        Self::Package,
    ];

    /// What the command line calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Clippy => "clippy",
            Self::CoreOnPostgres => "core-on-postgres",
            Self::EventsOnSqlite => "events-on-sqlite",
            Self::Docs => "docs",
            Self::Test => "test",
            Self::Package => "package",
        }
    }

    const fn command(self) -> &'static str {
        match self {
            Self::Format => "fmt --all --check",
            Self::Clippy => "clippy --workspace --all-targets --locked -- -D warnings",
            // Elsewhere in the workspace every feature is on.
            Self::CoreOnPostgres => {
                "clippy -p kumiko-seeds --no-default-features --features postgres --locked \
                 -- -D warnings"
            }
            Self::EventsOnSqlite => {
                "clippy -p kumiko-seeds --features sqlite --locked -- -D warnings"
            }
            Self::Docs => "doc --workspace --no-deps --locked",
            Self::Test => "test --workspace --locked",
            // Packages that depend on one another are checked together: cargo lets each find the
            // others as if they were published already.
            Self::Package => {
                "package --locked --allow-dirty --all-features --target-dir target/packages \
                 -p kumiko-seeds -p kumiko-seeds-build -p kumiko-ops-templates -p cargo-kumiko-ops"
            }
        }
    }

    const fn environment(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Docs => &[("RUSTDOCFLAGS", "-D warnings")],
            _ => &[],
        }
    }

    /// The step as a line for a shell.
    fn line(self) -> String {
        let mut line = String::new();
        for (name, value) in self.environment() {
            line.extend([name, "='", value, "' "]);
        }
        line + "cargo " + self.command()
    }

    fn run(self) -> Result<ExitStatus, Failure> {
        let words = self.command().split_whitespace().map(OsString::from);
        match self {
            Self::Test => run_tests(words.collect()),
            Self::Package => {
                unpacked::remove();
                let status = cargo(words, self.environment());
                unpacked::remove();
                status
            }
            _ => cargo(words, self.environment()),
        }
    }
}

/// Runs the steps in order up to the first that fails.
pub(crate) fn run(steps: &[Step]) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    for step in steps {
        let name = step.name();
        eprintln!("\n=== {name}: {}", step.line());
        let step_begin = Instant::now();
        let status = step.run()?;
        let seconds = step_begin.elapsed().as_secs_f64();
        if !status.success() {
            eprintln!("=== {name}: failed after {seconds:.1} s");
            return Err(Failure::new(format!("step `{name}` failed"))
                .help(format!("run only this step:\n    cargo xtask ci {name}")));
        }
        eprintln!("=== {name}: passed in {seconds:.1} s");
    }
    let seconds = begin.elapsed().as_secs_f64();
    eprintln!("\neverything passed in {seconds:.1} s");
    Ok(ExitCode::SUCCESS)
}

/// Runs `cargo test` against a throwaway server, and answers with cargo's exit code.
pub(crate) fn test(arguments: Vec<OsString>) -> Result<ExitCode, Failure> {
    let mut words = vec![OsString::from("test")];
    // Cargo ignores a named package next to `--workspace`.
    if !names_package(&arguments) {
        words.push("--workspace".into());
    }
    words.extend(arguments);
    let status = run_tests(words)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Starts the server that tests share, with all there that tests need for servers of their own.
pub(crate) fn start_postgres() -> Result<Cluster, Failure> {
    install::what_is_missing()?;
    let version = Programs::find()?.version();
    let version = version.unwrap_or_else(|| String::from("of unknown version"));
    eprintln!("starting PostgreSQL {version} on 127.0.0.1 ...");
    Cluster::start()
}

fn run_tests(words: Vec<OsString>) -> Result<ExitStatus, Failure> {
    let cluster = start_postgres()?;
    // Tests compare messages with what is written down; a backtrace would differ on every machine.
    let environment = [(URL_VARIABLE, &*cluster.url()), ("RUST_BACKTRACE", "0")];
    cargo(words, &environment)
}

fn cargo(
    words: impl IntoIterator<Item = OsString>,
    environment: &[(&str, &str)],
) -> Result<ExitStatus, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let line: Vec<OsString> = [cargo].into_iter().chain(words).collect();
    guarded::run(&line, environment)
}

fn names_package(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .take_while(|argument| *argument != "--")
        .any(|argument| {
            argument.starts_with("-p")
                || argument == "--package"
                || argument.starts_with("--package=")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> bool {
        let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
        names_package(&arguments)
    }

    #[test]
    fn a_named_package_is_recognised_in_every_spelling() {
        for line in [
            "-p a",
            "-pa filter",
            "filter --package a",
            "--package=a -- b",
        ] {
            assert!(names(line), "{line}");
        }
        for line in ["", "filter", "--exclude a", "filter -- -p"] {
            assert!(!names(line), "{line}");
        }
    }
}
