//! The checks, as commands of cargo.

use std::ffi::{OsStr, OsString};
use std::process::{ExitCode, ExitStatus};
use std::time::Instant;

use kumiko_seeds_testing::{Cluster, Failure, Programs, URL_VARIABLE, guarded};

use crate::release::Release;
use crate::{install, lanes, unpacked};

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
    /// So does the guide, and its code comes from files that compile.
    Guide,
    /// The tests pass.
    Test,
    /// An app on cqrs-es passes its tests, with the published stores.
    CqrsEs,
    /// What talks most to PostgreSQL passes on its newest version.
    NewestPostgres,
    /// The published crates can be packaged, and those that bring more than Rust build from what their packages hold.
    Package,
}

impl Step {
    /// Every step, the quick ones first.
    pub(crate) const ALL: [Self; 10] = [
        Self::Format,
        Self::Clippy,
        Self::CoreOnPostgres,
        Self::EventsOnSqlite,
        Self::Docs,
        Self::Guide,
        Self::Test,
        Self::CqrsEs,
        Self::NewestPostgres,
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
            Self::Guide => "guide",
            Self::Test => "test",
            Self::CqrsEs => "cqrs-es",
            Self::NewestPostgres => "newest-postgres",
            Self::Package => "package",
        }
    }

    const fn command(self) -> &'static str {
        match self {
            Self::Format => "fmt --all --check",
            Self::Clippy => "clippy --workspace --all-targets --locked -- -D warnings",
            // Elsewhere in the workspace every feature is on.
            Self::CoreOnPostgres => {
                "clippy -p kumiko-seeds -p kumiko-seeds-cli --no-default-features \
                 --features kumiko-seeds/postgres --locked -- -D warnings"
            }
            Self::EventsOnSqlite => {
                "clippy -p kumiko-seeds --features sqlite --locked -- -D warnings"
            }
            Self::Docs => "doc --workspace --no-deps --locked",
            Self::Guide => "run --package kumiko-guide --locked",
            // Shown by `lanes`.
            Self::Test => "test --workspace --locked",
            // A workspace of its own. In the same target folder it finds built what both have alike.
            Self::CqrsEs => {
                "test --manifest-path tests/cqrs-es/Cargo.toml --target-dir target --locked"
            }
            // Of the whole workspace, so that nothing is built with other features than before. SQLite is the same on each.
            Self::NewestPostgres => {
                "test --workspace --locked --test applying -- --skip sqlite:: --test-threads 4"
            }
            // Packages that depend on one another are checked together: cargo lets each find the
            // others as if they were published already. To build all of them takes four minutes.
            Self::Package => {
                "package --locked --allow-dirty --target-dir target/packages \
                 -p kumiko-seeds-macros -p kumiko-seeds -p kumiko-seeds-testing -p kumiko-ops-templates"
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
        if self == Self::Test {
            return lanes::lines();
        }
        let mut line = String::new();
        for (name, value) in self.environment() {
            line.extend([name, "='", value, "' "]);
        }
        line + "cargo " + self.command()
    }

    fn words(self) -> impl Iterator<Item = OsString> {
        self.command().split_whitespace().map(OsString::from)
    }

    fn run(self) -> Result<ExitStatus, Failure> {
        let words = self.words();
        match self {
            Self::Test => run_every_test(postgres(None)?),
            Self::CqrsEs => run_tests(postgres(None)?, words.collect()),
            Self::NewestPostgres => run_tests(postgres(Some(Release::NEWEST))?, words.collect()),
            Self::Package => {
                let packed = cargo(
                    PACKAGES.split_whitespace().map(OsString::from),
                    self.environment(),
                )?;
                if !packed.success() {
                    return Ok(packed);
                }
                unpacked::remove();
                let status = cargo(words, self.environment());
                unpacked::remove();
                status
            }
            _ => cargo(words, self.environment()),
        }
    }
}

/// Packs every published crate.
const PACKAGES: &str = "package --locked --allow-dirty --no-verify --target-dir target/packages \
    -p kumiko-seeds-macros -p kumiko-seeds -p kumiko-seeds-build -p kumiko-seeds-cli \
    -p kumiko-seeds-cqrs-es -p kumiko-seeds-testing -p kumiko-ops-templates -p cargo-kumiko-ops";

/// Runs the steps in order up to the first that fails.
pub(crate) fn run(steps: &[Step]) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    let mut left_out = "";
    for step in steps {
        let name = step.name();
        eprintln!("\n=== {name}: {}", step.line());
        // That a machine cannot get another server is no fault of what is checked.
        if *step == Step::NewestPostgres
            && let Err(failure) = install::what_is_missing(Some(Release::NEWEST))
        {
            eprintln!("{failure}\n=== {name}: left out");
            left_out = "\nnewest-postgres was left out, for the reason above";
            continue;
        }
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
    eprintln!("\neverything passed in {seconds:.1} s{left_out}");
    Ok(ExitCode::SUCCESS)
}

/// Runs `cargo test` against a throwaway server, and answers with cargo's exit code. Without arguments that is every test.
pub(crate) fn test(
    release: Option<Release>,
    arguments: Vec<OsString>,
) -> Result<ExitCode, Failure> {
    if arguments.is_empty() {
        let status = run_every_test(postgres(release)?)?;
        if !status.success() {
            return Ok(exit_code(status));
        }
        let words = Step::CqrsEs.words().collect();
        return run_tests(postgres(release)?, words).map(exit_code);
    }
    let mut words = vec![OsString::from("test")];
    // Cargo ignores a named package next to `--workspace`.
    if !names_package(&arguments) {
        words.push("--workspace".into());
    }
    words.extend(arguments);
    run_tests(postgres(release)?, words).map(exit_code)
}

/// A command's exit code for this program to end with.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The programs of a release, or of what is installed, with all there that tests need beside them.
pub(crate) fn postgres(release: Option<Release>) -> Result<Programs, Failure> {
    let programs = install::what_is_missing(release)?;
    let version = programs.version();
    let version = version.unwrap_or_else(|| String::from("of unknown version"));
    eprintln!("on PostgreSQL {version}");
    Ok(programs)
}

fn run_every_test(programs: Programs) -> Result<ExitStatus, Failure> {
    with_server(programs, |environment| {
        lanes::run(&cargo_program(), environment)
    })
}

fn run_tests(programs: Programs, words: Vec<OsString>) -> Result<ExitStatus, Failure> {
    with_server(programs, |environment| cargo(words, environment))
}

/// Runs tests that find this server.
fn with_server(
    programs: Programs,
    run: impl FnOnce(&[(&str, &OsStr)]) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let path = programs.path();
    let cluster = Cluster::of(programs)?;
    let url = cluster.url();
    // Tests that start servers of their own look into PATH. Others compare messages with what is written
    // down; a backtrace would differ on every machine.
    let environment = [
        (URL_VARIABLE, url.as_ref()),
        ("PATH", &*path),
        ("RUST_BACKTRACE", OsStr::new("0")),
    ];
    run(&environment)
}

fn cargo(
    words: impl IntoIterator<Item = OsString>,
    environment: &[(&str, impl AsRef<OsStr>)],
) -> Result<ExitStatus, Failure> {
    let line: Vec<OsString> = [cargo_program()].into_iter().chain(words).collect();
    guarded::run(&line, environment)
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
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
