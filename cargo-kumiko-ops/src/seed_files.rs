//! The seeds of a package, as their files say.

use std::path::Path;

use kumiko_seeds::Environment;
use kumiko_seeds_build::{HandlerCall, SeedFile};
use kumiko_seeds_cli::{AppSeeds, Failure, SeedSource, SourceCall, shell_word};

use crate::package::Member;
use crate::shown::{indented, shown_path};

/// What a command shows of the seeds of the package, and compares with a database. A file in which something is wrong
/// leaves the others as they are.
pub(crate) fn app_seeds(member: &Member, current: &Path) -> Result<AppSeeds, Failure> {
    let (files, unreadable) = readable_seeds(member, current)?;
    Ok(AppSeeds {
        app: member.settings.app(),
        seeds: files.into_iter().map(source).collect(),
        environment: Environment::from_variable(),
        unreadable,
    })
}

/// The seeds of the package, if nothing is wrong with any.
pub(crate) fn seed_files(member: &Member, current: &Path) -> Result<Vec<SeedFile>, Failure> {
    match readable_seeds(member, current)? {
        (seeds, None) => Ok(seeds),
        (_, Some(problems)) => Err(problems),
    }
}

/// The seeds in which nothing is wrong, and what is wrong with others.
fn readable_seeds(
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
    let problems = indented("  ", &error.to_string());
    let problems = Failure::new(format!("the seeds cannot be read:\n{problems}"))
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

fn source(seed: SeedFile) -> SeedSource {
    SeedSource {
        file: Some(seed.path.display().to_string()),
        skip_flag: seed.skippable.then_some(seed.skip_flag),
        handler_calls: seed.handler_calls.into_iter().map(call).collect(),
        id: seed.id,
        description: seed.description,
        source_hash: seed.source_hash,
        text_hash: seed.text_hash,
        retired: seed.retired,
        background: seed.background,
        after: seed.after,
        replaces: seed.replaces,
        environments: seed.environments,
        known_environments: seed.known_environments,
        out_of_order: seed.out_of_order,
        after_migration: seed.after_migration,
    }
}

fn call(call: HandlerCall) -> SourceCall {
    SourceCall {
        handler: call.handler,
        line: call.line,
        roles: call.roles,
    }
}
