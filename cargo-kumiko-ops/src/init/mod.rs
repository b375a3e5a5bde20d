//! `init`: makes a package ready for seeds.

mod app;
mod arguments;
mod build_script;
mod checkout;
mod choice;
mod dependencies;
mod drivers;
mod inventory;
mod library;
mod manifest;
mod planning;
mod report;
mod seeds_module;
mod setup;
mod write;

use std::io::{IsTerminal, Write};
use std::path::Path;

use cargo_metadata::Edition;
use kumiko_seeds_cli::{DatabaseArguments, Exit, Failure, confirmation, printable_lines};

pub(crate) use arguments::{HELP, InitArguments};

use crate::package::{self, Member};
use crate::shown::shown_path;
use checkout::Checkout;
use choice::{Chosen, choose};
use inventory::Inventory;
use report::{Ready, Tense};
use setup::Setup;

/// Plans everything, and writes it if that is allowed.
pub(crate) fn run(
    arguments: &InitArguments,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find_any(&arguments.package, &current, "cargo kumiko-ops init")?;
    let shown = |path: &Path| shown_path(path, &current).display().to_string();
    let (chosen, setup) = planned(arguments, &member, &current)?;
    write::check(&setup.changes, &shown)?;

    let mut result = Vec::new();
    let mut notes = Vec::new();
    if setup.changes.is_empty() {
        if setup.left.is_empty() {
            result.push(format!("nothing to do: {} is ready", member.name()));
        }
    } else if arguments.dry_run {
        let base = if member.folder().starts_with(&current) {
            &current
        } else {
            member.folder()
        };
        let diffs = setup.changes.iter();
        let diffs = diffs.map(|change| report::diff(change, &name_in_diff(&change.path, base)));
        result.push(diffs.collect::<String>().trim_end_matches('\n').to_owned());
        notes.extend(report::notes(&setup, &chosen));
    } else {
        allow(arguments, &setup, &shown)?;
        write::write(&setup.changes, &shown)?;
        result = report::lines(&setup.changes, Tense::Done, &shown);
        notes.extend(report::notes(&setup, &chosen));
    }
    notes.extend(report::left(&setup));
    if !setup.changes.is_empty() && !arguments.dry_run {
        notes.push(next(arguments, &member, &chosen, &setup, &current));
    }
    // What is written is written, whether or not anyone reads about it.
    // A program that reads the diff needs it byte for byte, and a terminal must not be steered by it.
    let is_for_program = arguments.dry_run && !std::io::stdout().is_terminal();
    for line in result {
        let line = if is_for_program {
            line
        } else {
            printable_lines(&line)
        };
        drop(writeln!(stdout, "{line}"));
    }
    for note in notes {
        drop(writeln!(stderr, "{}", printable_lines(&note)));
    }
    Ok(Exit::Fine)
}

fn planned(
    arguments: &InitArguments,
    member: &Member,
    current: &Path,
) -> Result<(Chosen, Setup), Failure> {
    if member.package.edition == Edition::E2015 {
        return Err(
            Failure::new(format!("package {} is of edition 2015", member.name()))
                .help("seeds are async functions, which need a later one: edition = \"2024\""),
        );
    }
    let checkout = arguments.path.as_deref();
    let checkout = checkout.map(|path| Checkout::find(path, member));
    let checkout = checkout.transpose()?;
    let inventory = Inventory::read(member, current)?;
    let chosen = choose(arguments, &inventory)?;
    let mut setup = planning::plan(&inventory, &chosen, checkout.as_ref())?;
    let package = arguments.package.repeated();
    let driver = drivers::note(member, chosen.database, &package);
    setup.notes.extend(driver);
    Ok((chosen, setup))
}

/// Fails if files that exist must not be changed.
fn allow(
    arguments: &InitArguments,
    setup: &Setup,
    shown: &dyn Fn(&Path) -> String,
) -> Result<(), Failure> {
    let existing = setup.of_existing_files();
    if existing.is_empty() || arguments.yes {
        return Ok(());
    }
    let files: Vec<String> = existing.iter().map(|change| shown(&change.path)).collect();
    let files = report::listed(&files);
    let lines = report::lines(&setup.changes, Tense::Would, shown);
    let help = format!(
        "look at it, or do it:\n    {}\n    {}",
        arguments.repeated_with("--dry-run"),
        arguments.repeated_with("--yes")
    );
    let question: Vec<String> = lines
        .iter()
        .cloned()
        .chain([format!("change {files}?")])
        .collect();
    match confirmation(&question.join("\n")) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was changed").help(help)),
        None => {
            let mut failure = Failure::new(format!(
                "{files} would change, and there is no terminal to ask on; nothing was changed"
            ))
            .help(help);
            failure.notes = lines;
            Err(failure)
        }
    }
}

fn next(
    arguments: &InitArguments,
    member: &Member,
    chosen: &Chosen,
    setup: &Setup,
    current: &Path,
) -> String {
    let no_flag = DatabaseArguments::default();
    let package = arguments.package.repeated();
    report::next_steps(&Ready {
        database: chosen.database,
        has_database_url: crate::database::find(&no_flag, member, current).is_ok(),
        package_name: member.name(),
        package: &package,
        writes: chosen.writes,
        event_table: chosen.event_table,
        module: setup.module.as_ref().map(|module| {
            let file = shown_path(&module.file, current).display().to_string();
            (module, file)
        }),
        missing_dependencies: drivers::missing_dependencies(member, &package),
    })
}

/// The path of a file from the folder that `git apply` is called in.
fn name_in_diff(path: &Path, base: &Path) -> String {
    let path = path.strip_prefix(base).unwrap_or(path);
    path.display().to_string().replace('\\', "/")
}
