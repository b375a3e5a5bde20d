//! `seed:retire`: seeds whose files go, and that stay known.

mod arguments;
mod choice;
mod files;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kumiko_seeds_build::{RETIRED_LIST, SeedFile, with_retired};
use kumiko_seeds_cli::{AppSeeds, Exit, Failure, confirmation, printable_lines};

pub(crate) use arguments::RetireArguments;

use crate::database;
use crate::package::{self, Member};
use crate::seed_files::{app_seeds, seed_files};
use crate::seed_new::path_of_test;
use crate::shown::shown_path;
use files::FileChanges;

/// Shows what changes, asks, and changes it.
pub(crate) async fn run(
    arguments: &RetireArguments,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, &arguments.repeated())?;
    let files = seed_files(&member, &current)?;
    let seeds = app_seeds(&member, &current)?;
    let chosen = choice::choose(&files, &seeds, arguments)?;
    let version = member.package.version.to_string();
    let release = arguments.release.as_deref().unwrap_or(&version);
    let changes = changes(&chosen, release, &member)?;

    let shown = |path: &Path| shown_path(path, &current).display().to_string();
    let mut lines: Vec<String> = changes
        .removed
        .iter()
        .map(|path| format!("remove {}", shown(path)))
        .collect();
    lines.push(format!("write {}: last in {release}", shown(&changes.list)));
    let warnings = warnings(&chosen, &seeds, &member, &current, arguments).await?;
    for warning in &warnings {
        drop(writeln!(stderr, "warning: {}", printable_lines(warning)));
    }
    if arguments.dry_run {
        lines.push("nothing was changed".to_owned());
    } else {
        confirm(&lines, arguments)?;
        changes.make().map_err(|error| {
            Failure::new("could not retire the seeds; every file is where it was").caused_by(&error)
        })?;
    }
    let text = printable_lines(&lines.join("\n"));
    drop(writeln!(stdout, "{text}"));
    if !arguments.dry_run {
        drop(writeln!(
            stderr,
            "help: a database that has not applied them is refused from now on; start {release} on it first"
        ));
    }
    Ok(Exit::Fine)
}

/// The list with the seeds in it, their files, and the tests that were made with them.
fn changes(chosen: &[&SeedFile], release: &str, member: &Member) -> Result<FileChanges, Failure> {
    let list = member.seeds_folder().join(RETIRED_LIST);
    let present = match fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let failure = Failure::new(format!("could not read {}", list.display()));
            return Err(failure.caused_by(&error));
        }
    };
    let files = chosen
        .iter()
        .map(|seed| member.seeds_folder().join(format!("{}.rs", seed.id)));
    let tests = chosen
        .iter()
        .map(|seed| member.folder().join(path_of_test(&seed.id)));
    let tests = tests.filter(|path| path.is_file());
    let removed: Vec<PathBuf> = files.chain(tests).collect();
    let text = with_retired(&present, chosen.iter().copied(), release);
    Ok(FileChanges {
        list,
        text,
        removed,
    })
}

/// What the database says against it, if there is one.
async fn warnings(
    chosen: &[&SeedFile],
    seeds: &AppSeeds,
    member: &Member,
    current: &Path,
    arguments: &RetireArguments,
) -> Result<Vec<String>, Failure> {
    let Some(url) = database::find_configured(&arguments.database, member, current)? else {
        return Ok(Vec::new());
    };
    match database::read_history(&url, &seeds.app).await {
        Ok(history) => {
            let warnings = choice::not_applied(chosen, seeds, history).into_iter();
            Ok(warnings
                .map(|warning| format!("{warning} ({url})"))
                .collect())
        }
        // It is only a courtesy, and the files are there without it.
        Err(_) => Ok(vec![format!(
            "{url} was not asked which of them are applied, since it cannot be read"
        )]),
    }
}

fn confirm(lines: &[String], arguments: &RetireArguments) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    match confirmation(&format!("{}\nretire them?", lines.join("\n"))) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was changed")),
        None => {
            let mut failure = Failure::new("this asks first, and there is nobody to ask").help(
                format!("say yes beforehand:\n    {} --yes", arguments.repeated()),
            );
            failure.notes = lines.to_vec();
            Err(failure)
        }
    }
}
