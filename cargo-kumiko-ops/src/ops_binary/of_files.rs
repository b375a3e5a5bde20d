//! An ops binary that has the seeds of the files. Cargo builds by time stamps, and a checkout, a cache or the layer of an
//! image may bring files that are older than the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use kumiko_seeds::cli::{
    CARRIED_COMMAND, CarriedSeed, Failure, carried_seeds, printable, shell_word,
};
use kumiko_seeds_build::REBUILD_VARIABLE;

use super::Start;
use super::build::build;
use super::differences::differences;
use crate::arguments::BuildArguments;
use crate::package::Member;
use crate::seed_status::seed_files;
use crate::shown_path::shown_path;

/// Builds the bin target and gives the path of the program.
///
/// **Invariant:** the program has the seeds of the files as they are after the build. If Cargo took an older one for
/// good enough, it is built again with the build script running whatever the times; if that is of no use, it is refused.
pub(crate) fn build_of_files(
    member: &Member,
    current: &Path,
    bin: &str,
    arguments: &BuildArguments,
    start: &Start<'_>,
) -> Result<PathBuf, Failure> {
    let program = build(member, bin, arguments, None)?;
    let differs = |program: &Path| -> Result<Vec<String>, Failure> {
        let carried = ask(program, bin, start)?;
        Ok(differences(&seed_files(member, current)?, &carried))
    };
    if differs(&program)?.is_empty() {
        return Ok(program);
    }
    let folder = shown_path(&member.seeds_folder(), current);
    eprintln!(
        "note: the ops binary is not what the files in {} say, as when their times are old; it is built again",
        printable(&folder.to_string_lossy())
    );
    let program = build(member, bin, arguments, Some((REBUILD_VARIABLE, now())))?;
    let differences = differs(&program)?;
    if differences.is_empty() {
        return Ok(program);
    }
    let mut failure = Failure::new(format!(
        "the ops binary {bin} has other seeds than the files in {}",
        folder.display()
    ));
    failure.notes = differences;
    failure.notes.push("nothing was applied".to_owned());
    let failure = failure.help(format!(
        "does build.rs compile this folder, and is the runner given all of SEEDS? for another folder set `seeds` of \
         [package.metadata.kumiko-ops] in {}",
        member.manifest().display()
    ));
    Err(failure.help(by_itself(&program)))
}

/// Asks the program which seeds it has.
fn ask(program: &Path, bin: &str, start: &Start<'_>) -> Result<Vec<CarriedSeed>, Failure> {
    let failure = || {
        Failure::new(format!(
            "the ops binary {bin} does not say which seeds it has"
        ))
    };
    let mut command = Command::new(program);
    start.set_environment(&mut command);
    let output = command
        .arg(CARRIED_COMMAND)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failure().caused_by(&error))?;
    if let Some(seeds) = carried_seeds(&String::from_utf8_lossy(&output.stdout)) {
        return Ok(seeds);
    }
    let mut failure = failure();
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(|line| format!("\n{line}"));
    failure.causes.push(format!(
        "it ended with {}{}",
        output.status,
        said.collect::<String>()
    ));
    Err(failure
        .help(
            "is kumiko-seeds in the app as new as this command, and does the binary's main call \
             kumiko_seeds::cli::main?\n    cargo update -p kumiko-seeds",
        )
        .help(by_itself(program)))
}

fn by_itself(program: &Path) -> String {
    let program = shell_word(&program.to_string_lossy());
    format!("or run what the binary has, by itself:\n    {program}")
}

/// A value that the variable has not had before.
fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_nanos().to_string()
}
