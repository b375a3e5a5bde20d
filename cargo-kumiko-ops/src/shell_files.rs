//! What shells and `man` want to know of the commands.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::{Shell, generate};
use kumiko_seeds_cli::{self as cli, Exit, Failure};

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};

/// The program that Cargo starts.
const PROGRAM: &str = "cargo-kumiko-ops";

const BASH_THROUGH_CARGO: &str = include_str!("shell_files/through_cargo.bash");
const FISH_THROUGH_CARGO: &str = include_str!("shell_files/through_cargo.fish");

/// Prints the completions for a shell.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    // It is to be built with the name that shells know, which clap_complete sets.
    let mut command = cli::command::<Arguments>();
    generate(arguments.shell, &mut command, PROGRAM, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match arguments.shell {
        Shell::Bash => for_bash(&script),
        Shell::Zsh => for_zsh(&script, &command),
        Shell::Fish => format!("{script}{FISH_THROUGH_CARGO}"),
        _ => script.into_owned(),
    };
    match stdout.write_all(script.as_bytes()) {
        // `completions bash | head` is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("could not write the completions").caused_by(&error))
        }
        _ => Ok(Exit::Fine),
    }
}

/// Writes a manual page for each command, and prints their paths.
pub(crate) fn manual(arguments: &ManArguments, stdout: &mut dyn Write) -> Result<Exit, Failure> {
    let folder = &arguments.out;
    let failure = |path: &Path, error: &io::Error| {
        Failure::new(format!("could not create {}", path.display())).caused_by(error)
    };
    fs::create_dir_all(folder).map_err(|error| failure(folder, &error))?;
    let mut command = cli::command::<Arguments>();
    // Lets each command know the options that all have.
    command.build();
    for page in pages(&command) {
        let path = folder.join(&page.file);
        fs::write(&path, &page.text).map_err(|error| failure(&path, &error))?;
        let path = path.display().to_string();
        drop(writeln!(stdout, "{}", cli::printable(&path)));
    }
    Ok(Exit::Fine)
}

/// The script with what Bash needs beyond `clap_complete`'s, which gives a program with dashes in its name two
/// different names inside of the script.
fn for_bash(script: &str) -> String {
    let name = PROGRAM.replace('-', "__");
    let script = script.replace(&PROGRAM.replace('-', "__subcmd__"), &name);
    script + BASH_THROUGH_CARGO
}

/// The script with names of commands as Zsh's lists want them: a colon ends the name, unless a backslash is before
/// it. Cargo's own completions call what is named like this for `cargo kumiko-ops`.
fn for_zsh(script: &str, command: &Command) -> String {
    let commands = command.get_subcommands().map(Command::get_name);
    let with_colon = commands.filter(|name| name.contains(':'));
    with_colon.fold(script.to_owned(), |script, name| {
        let escaped = name.replace(':', "\\:");
        script.replace(&format!("'{name}:"), &format!("'{escaped}:"))
    })
}

struct Page {
    file: String,
    text: Vec<u8>,
}

fn pages(command: &Command) -> Vec<Page> {
    let commands = command.get_subcommands().map(|subcommand| {
        // A colon cannot be in the name of a file on every system.
        let name = format!("{PROGRAM}-{}", subcommand.get_name().replace(':', "-"));
        (name, subcommand.clone())
    });
    let all = [(PROGRAM.to_owned(), command.clone())]
        .into_iter()
        .chain(commands);
    let pages = all.map(|(name, command)| {
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(command.display_name(&name));
        // Nothing can go wrong while writing to memory.
        drop(page.render(&mut text));
        Page {
            file: format!("{name}.1"),
            text,
        }
    });
    pages.collect()
}
