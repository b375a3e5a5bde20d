//! What the command line asks for.

use std::ffi::OsString;

use xtask::Failure;

use crate::bench::Effort;
use crate::steps::Step;

/// The text of `cargo xtask --help`.
pub(crate) const HELP: &str = "\
Checks this workspace: one command for people and for continuous integration.

Usage:
    cargo xtask test [-- <arguments of cargo test>]
    cargo xtask ci [<step>...]
    cargo xtask postgres
    cargo xtask deny [<check>...]
    cargo xtask bench [--quick]

Commands:
    test        Start a throwaway PostgreSQL server, run all tests against it, stop it.
    ci          Run every check, in this order, up to the first that fails:
                format, clippy, core-on-postgres, events-on-sqlite, docs, test,
                package. With names: only those.
    postgres    Start the same server, print the line to paste for plain `cargo test`,
                and keep it until Ctrl-C or the end of standard input.
    deny        Check licenses, versions, sources and advisories of the dependencies
                with cargo-deny. With names: only those; advisories need the network.
    bench       Measure how fast everything is, beside its peers, on a throwaway server,
                and write BENCHMARKS.md. With --quick: only print rougher figures.

Examples:
    cargo xtask test
    cargo xtask test -- -p kumiko-seeds
    cargo xtask test -- -p kumiko-seeds some_filter -- --nocapture
    cargo xtask ci format clippy
    cargo xtask deny bans licenses sources

Tests find the server through KUMIKO_TEST_POSTGRES_URL. PostgreSQL is looked for in PATH first, so
    PATH=/usr/lib/postgresql/17/bin:$PATH cargo xtask test
chooses a version. Tests of what goes wrong start further servers, and PgBouncer in front of them.
Where PostgreSQL or PgBouncer is missing, root on Debian or Ubuntu gets it installed; everyone else is
told what to install. Valgrind counts instructions where it is there or can be installed. A server's data lie in a temporary folder that is removed with the server.
";

/// One invocation of `cargo xtask`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Print the help text.
    Help,
    /// Run the tests, with these arguments added to `cargo test`.
    Test(Vec<OsString>),
    /// Run these checks, in this order.
    Ci(Vec<Step>),
    /// Keep a server running for the user.
    Postgres,
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
        Some("postgres") => match rest.first() {
            None => Ok(Request::Postgres),
            Some(extra) => Err(misused(&format!(
                "`postgres` takes no arguments, but there is {}",
                quoted(extra)
            ))),
        },
        Some("deny") => Ok(Request::Deny(rest)),
        Some("bench") => match rest.as_slice() {
            [] => Ok(Request::Bench(Effort::Full)),
            [quick] if quick == "--quick" => Ok(Request::Bench(Effort::Quick)),
            _ => Err(misused("`bench` takes no argument but `--quick`")),
        },
        _ => Err(misused(&format!(
            "there is no command {}",
            quoted(&command)
        ))),
    }
}

fn parse_test(mut rest: Vec<OsString>) -> Result<Request, Failure> {
    match rest.first() {
        None => Ok(Request::Test(rest)),
        Some(first) if first == "--" => {
            rest.remove(0);
            Ok(Request::Test(rest))
        }
        Some(first) => {
            let line: Vec<_> = rest.iter().map(|word| word.to_string_lossy()).collect();
            Err(Failure::new(format!(
                "{} is not an argument of `cargo xtask test`",
                quoted(first)
            ))
            .help(format!(
                "arguments of `cargo test` go behind `--`:\n    cargo xtask test -- {}",
                line.join(" ")
            )))
        }
    }
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
        assert_eq!(parsed("test"), Ok(Request::Test(Vec::new())));
        assert_eq!(
            parsed("test -- -p kumiko-seeds filter -- --help"),
            Ok(Request::Test(words("-p kumiko-seeds filter -- --help")))
        );
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
        assert_refused("bench --slow", "no argument but `--quick`");
    }

    #[test]
    fn help_is_found_in_front_of_the_separator() {
        for line in ["help", "--help", "test -h", "ci --help"] {
            assert_eq!(parsed(line), Ok(Request::Help), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_points_to_the_help() {
        for line in ["", "tests", "postgres now"] {
            assert_refused(line, "cargo xtask --help");
        }
    }
}
