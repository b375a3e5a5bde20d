//! `seed:status`: what the files say against what the database says.

use std::io::{Write, stderr};
use std::path::Path;

use kumiko_seeds::{SeedInfo, SkipFlags, Status};
use kumiko_seeds_build::SeedFile;
use kumiko_seeds_cli::{Exit, Failure, Terminal, check, none_yet, shell_word, write_status};

use crate::arguments::StatusArguments;
use crate::package::Member;
use crate::repository::in_repository;
use crate::shown_path::shown_path;
use crate::{database, package};

/// Prints where each seed stands.
pub(crate) async fn run(
    arguments: &StatusArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:status")?;
    let seeds = seed_files(&member, &current)?;
    let url = database::find(arguments.database(), &member, &current)?;
    let history = database::read_history(&url, &member.settings.app()).await?;
    let history = history.unwrap_or_else(|| none_yet(&url, &mut stderr()));
    let seeds = seeds.iter().map(seed_info);
    let status = Status::compare(seeds, history, &SkipFlags::from_environment());
    let folder = in_repository(&member);
    let file_of = |id: &str| Some(format!("{folder}{id}.rs"));
    let terminal = Terminal::of_stdout();
    write_status(stdout, &status, &arguments.status, terminal, &file_of)?;
    Ok(check(&status, &arguments.status))
}

/// The seeds of the package, if nothing is wrong with any.
pub(crate) fn seed_files(member: &Member, current: &Path) -> Result<Vec<SeedFile>, Failure> {
    match readable_seeds(member, current)? {
        (seeds, None) => Ok(seeds),
        (_, Some(problems)) => Err(problems),
    }
}

/// The seeds in which nothing is wrong, and what is wrong with others.
pub(crate) fn readable_seeds(
    member: &Member,
    current: &Path,
) -> Result<(Vec<SeedFile>, Option<Failure>), Failure> {
    let folder = member.seeds_folder();
    if !folder.exists() && (member.settings.seeds.is_some() || member.compiles_seeds()) {
        // Every applied seed would be reported as missing.
        return Err(no_folder(member, &folder));
    }
    let error = match kumiko_seeds_build::scan(&shown_path(&folder, current)) {
        Ok(seeds) => return Ok((seeds, None)),
        Err(error) => error,
    };
    let problems = error.problems().iter();
    let lines: Vec<String> = problems.map(|problem| format!("  {problem}")).collect();
    let problems = Failure::new(format!("the seeds cannot be read:\n{}", lines.join("\n")))
        .help("correct this and run it again; nothing was asked of the database");
    Ok((error.readable_seeds().to_vec(), Some(problems)))
}

fn no_folder(member: &Member, folder: &Path) -> Failure {
    let failure = Failure::new(format!("there is no folder {}", folder.display()));
    let manifest = member.manifest().display();
    if member.settings.seeds.is_some() {
        return failure.help(format!(
            "create it, or correct `seeds` of [package.metadata.kumiko-ops] in {manifest}"
        ));
    }
    let folder = shell_word(&folder.to_string_lossy());
    failure
        .help(format!(
            "create it, with a file in it, since git keeps no empty folder:\n    \
             mkdir -p {folder} && touch {folder}/.gitkeep"
        ))
        .help(format!(
            "or, if build.rs compiles another folder, name that one in {manifest}:\n    \
             [package.metadata.kumiko-ops]\n    seeds = \"path/from/the/package\""
        ))
}

pub(crate) fn seed_info(seed: &SeedFile) -> SeedInfo<'_> {
    let info = SeedInfo::new(&seed.id, &seed.description).with_source(&seed.source_hash);
    if seed.skippable {
        info.skipped_by(&seed.skip_flag)
    } else {
        info
    }
}
