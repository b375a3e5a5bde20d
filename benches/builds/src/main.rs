//! What Kumiko seeds cost before an app runs: in its build, and on the command line. Beside it stands what a
//! user would pick instead. Tables in Markdown go to a file, progress to standard error.

mod apps;
mod build_script;
mod cold_build;
mod command_line;
mod files;
mod measure;
mod one_more;
mod table;

use std::env;
use std::error::Error;
use std::process::ExitCode;

const HELP: &str = "\
Measures builds and the command line of Kumiko seeds beside their peers.

Usage:
    cargo run --release -p kumiko-bench-builds -- [--quick] [<table>...] <file>

Tables: build-script, cold-build, one-more, command-line; all if none is named.
--quick measures less often and with fewer seeds: to see that it works.

The command line is measured with PostgreSQL only where KUMIKO_TEST_POSTGRES_URL names a server.
";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How much time the numbers may take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    Quick,
    Full,
}

impl Effort {
    fn choose<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

type Measurement = fn(Effort, &mut String) -> Outcome<()>;

const TABLES: [(&str, Measurement); 4] = [
    ("build-script", build_script::measure),
    ("cold-build", cold_build::measure),
    ("one-more", one_more::measure),
    ("command-line", command_line::measure),
];

fn main() -> ExitCode {
    let (mut effort, mut chosen, mut file) = (Effort::Full, Vec::new(), None);
    for argument in env::args().skip(1) {
        match TABLES.iter().find(|(name, _)| *name == argument) {
            Some(table) => chosen.push(*table),
            None if argument == "--quick" => effort = Effort::Quick,
            None => file = Some(argument),
        }
    }
    let Some(file) = file else {
        eprint!("{HELP}");
        return ExitCode::FAILURE;
    };
    if chosen.is_empty() {
        chosen.extend(TABLES);
    }
    let mut chapter = String::from("# In the build and on the command line\n\n");
    for (name, measure) in chosen {
        eprintln!("=== {name}");
        if let Err(error) = measure(effort, &mut chapter) {
            eprintln!("error: {name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    if let Err(error) = std::fs::write(&file, chapter) {
        eprintln!("error: could not write {file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
