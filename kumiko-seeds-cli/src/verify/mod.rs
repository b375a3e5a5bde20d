//! `seed:verify`: what can be known of every seed without a database.

mod arguments;
mod view;

use std::io::stdout;

use kumiko_seeds::{Backend, SeedRunner};

pub use arguments::VerifyArguments;
pub use view::{ProblemView, VerifyView};

use crate::arguments::Format;
use crate::database::DatabaseArguments;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{counted, print_json, print_text};

/// `seed:verify` of an app's own ops binary. For people a failure says what is wrong.
pub(crate) fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &VerifyArguments,
) -> Result<Exit, Failure> {
    let view = VerifyView::of(runner);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table if view.problems.is_empty() => {
            print_text(out, &format!("{}: all good\n", counts(&view)))?;
        }
        Format::Table => {}
    }
    if view.problems.is_empty() {
        return Ok(Exit::Fine);
    }
    let invocation = Invocation::of_this_process(&DatabaseArguments::default());
    let again = invocation.line("seed:verify", &arguments.words());
    Err(failure(&view, &again))
}

fn failure(view: &VerifyView, again: &str) -> Failure {
    let lines = view.problems.iter();
    let lines = lines.map(|problem| format!("\n  {}", problem.line_of_text()));
    let (what, advice) = if view.problems.iter().all(|problem| problem.seed.is_some()) {
        (
            "seeds call handlers that would fail",
            "register the handler, or correct its name or its roles in the seed",
        )
    } else {
        (
            "what the app has registered cannot work",
            "correct what is handed to the runner, and what the seeds call",
        )
    };
    let mut failure = Failure::new(format!("{what}:{}", lines.collect::<String>()))
        .help(format!("{advice}; then run this again:\n    {again}"));
    let problems = counted(view.problems.len(), "problem");
    failure.notes.push(format!("{}: {problems}", counts(view)));
    failure.exit = Exit::NotApplied;
    failure
}

fn counts(view: &VerifyView) -> String {
    format!(
        "{}, {}",
        counted(view.seeds, "seed"),
        counted(view.handler_calls, "handler call")
    )
}
