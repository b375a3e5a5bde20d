//! An ops binary that has the seeds of the files, of the app that Cargo.toml names. Cargo builds by time stamps, and a
//! checkout, a cache or the layer of an image may bring files that are older than the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use kumiko_seeds_build::REBUILD_VARIABLE;
use kumiko_seeds_cli::{Carried, Failure, printable, shell_word};

use super::Start;
use super::arguments::BuildArguments;
use super::build::build;
use super::differences::{Differences, another_app};
use crate::package::Member;
use crate::seed_files::seed_files;
use crate::shown::shown_path;

/// Builds the bin target and gives the path of the program.
///
/// **Invariant:** the program has the seeds of the files as they are after the build, and is of the app that Cargo.toml
/// names: by that name the commands that compile nothing read what it has applied. If Cargo took an older one for
/// good enough, it is built again with the build script running whatever the times; if that is of no use, it is refused.
pub(crate) fn build_of_files(
    member: &Member,
    current: &Path,
    bin: &str,
    arguments: &BuildArguments,
    start: &Start<'_>,
) -> Result<PathBuf, Failure> {
    let program = build(member, bin, arguments, None)?;
    let compared = |program: &Path| -> Result<Differences, Failure> {
        let carried = ask(program, bin, start)?;
        let app = member.settings.app();
        let files = seed_files(member, current)?;
        Ok(Differences::between(&files, &app, &carried))
    };
    let folder = shown_path(&member.seeds_folder(), current);
    let folder = folder.display();
    let again = match compared(&program)? {
        Differences { seeds, .. } if !seeds.is_empty() => {
            format!("the files in {folder} say, as when their times are old")
        }
        Differences { app: Some(_), .. } => format!(
            "{} says, as when the times of files are old",
            member.manifest().display()
        ),
        _ => return Ok(program),
    };
    eprintln!(
        "{}",
        printable(&format!(
            "note: the ops binary is not what {again}; it is built again"
        ))
    );
    let program = build(member, bin, arguments, Some((REBUILD_VARIABLE, now())))?;
    let differences = compared(&program)?;
    if let (true, Some(app)) = (differences.seeds.is_empty(), &differences.app) {
        return Err(another_app(bin, app, member));
    }
    if differences.seeds.is_empty() {
        return Ok(program);
    }
    let mut failure = Failure::new(format!(
        "the ops binary {bin} has other seeds than the files in {folder}"
    ));
    failure.notes = differences.seeds;
    failure.notes.push("nothing was applied".to_owned());
    let failure = failure.help(format!(
        "does build.rs compile this folder, and is the runner given all of SEEDS? for another folder set `seeds` of \
         [package.metadata.kumiko-ops] in {}",
        member.manifest().display()
    ));
    Err(failure.help(by_itself(&program)))
}

/// Asks the program which seeds it has, and whose.
fn ask(program: &Path, bin: &str, start: &Start<'_>) -> Result<Carried, Failure> {
    let failure = || {
        Failure::new(format!(
            "the ops binary {bin} does not say which seeds it has"
        ))
    };
    let mut command = Command::new(program);
    start.set_environment(&mut command);
    let output = command
        .arg(Carried::COMMAND)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failure().caused_by(&error))?;
    if let Some(carried) = Carried::of_answer(&String::from_utf8_lossy(&output.stdout)) {
        return Ok(carried);
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
            "is kumiko-seeds-cli in the app as new as this command, and does the binary's main call \
             kumiko_seeds_cli::main?\n    cargo update -p kumiko-seeds-cli",
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
