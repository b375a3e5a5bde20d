//! `seed:verify`: what can be known of every seed without a database.

use std::io::{Write, stdout};

use serde::Serialize;

use super::output::{write_json, written};
use super::{DatabaseArguments, Exit, Failure, Format, Invocation, VerifyArguments};
use kumiko_seeds::{Backend, PreflightProblem, SeedRunner};

pub(super) fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &VerifyArguments,
) -> Result<Exit, Failure> {
    let seeds = runner.seeds();
    let result = Verified {
        seeds: seeds.len(),
        handler_calls: seeds.iter().map(|seed| seed.handler_calls.len()).sum(),
        problems: runner.verify(),
    };
    write(&mut stdout().lock(), &result, arguments.format)?;
    if result.problems.is_empty() {
        return Ok(Exit::Fine);
    }
    let invocation = Invocation::of_this_process(&DatabaseArguments::default());
    Err(failure(
        &result,
        &invocation.line("seed:verify", &arguments.words()),
    ))
}

/// What was looked at and what was found.
struct Verified {
    seeds: usize,
    handler_calls: usize,
    problems: Vec<PreflightProblem>,
}

/// Prints the result. For people a failure says what is wrong.
fn write(out: &mut dyn Write, result: &Verified, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => write_json(out, &VerifiedDocument::of(result)),
        Format::Table if result.problems.is_empty() => {
            written(writeln!(out, "{}: all good", counts(result)))
        }
        Format::Table => Ok(()),
    }
}

fn failure(result: &Verified, again: &str) -> Failure {
    let lines = result.problems.iter();
    let lines = lines.map(|problem| format!("\n  {problem}"));
    let mut failure = Failure::new(format!(
        "seeds call handlers that would fail:{}",
        lines.collect::<String>()
    ))
    .help(format!(
        "register the handler, or correct its name or its roles in the seed; then run this \
         again:\n    {again}"
    ));
    let problems = counted(result.problems.len(), "problem");
    failure
        .notes
        .push(format!("{}: {problems}", counts(result)));
    failure.exit = Exit::Pending;
    failure
}

fn counts(result: &Verified) -> String {
    format!(
        "{}, {}",
        counted(result.seeds, "seed"),
        counted(result.handler_calls, "handler call")
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[derive(Serialize)]
struct VerifiedDocument<'a> {
    version: u32,
    seeds: usize,
    handler_calls: usize,
    problems: Vec<ProblemDocument<'a>>,
}

#[derive(Serialize)]
struct ProblemDocument<'a> {
    seed: &'static str,
    file: &'static str,
    line: u32,
    message: &'a str,
}

impl<'a> VerifiedDocument<'a> {
    fn of(result: &'a Verified) -> Self {
        let problems = result.problems.iter().map(|problem| ProblemDocument {
            seed: problem.seed,
            file: problem.file,
            line: problem.line,
            message: &problem.message,
        });
        Self {
            version: 1,
            seeds: result.seeds,
            handler_calls: result.handler_calls,
            problems: problems.collect(),
        }
    }
}
