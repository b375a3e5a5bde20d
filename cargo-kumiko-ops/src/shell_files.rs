//! What shells and `man` want to know of the commands.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::{Shell, generate};
use kumiko_seeds::cli::{self, Exit, Failure};

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};

/// The program that Cargo starts, which is what shells complete.
const PROGRAM: &str = "cargo-kumiko-ops";

/// Prints the completions for a shell.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    // It is to be built with the name that shells know, which clap_complete sets.
    let mut command = cli::command::<Arguments>();
    generate(arguments.shell, &mut command, PROGRAM, &mut script);
    if arguments.shell == Shell::Bash {
        let text = String::from_utf8_lossy(&script);
        script = for_bash(&text, &command).into_bytes();
    }
    match stdout.write_all(&script) {
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

/// The script with what Bash needs beyond `clap_complete`'s.
///
/// That gives a program with dashes in its name two different names inside of the script. And Bash takes
/// the colon in the name of a command as the end of a word, so that the last part has to do.
fn for_bash(script: &str, command: &Command) -> String {
    let name = PROGRAM.replace('-', "__");
    let script = script.replace(&PROGRAM.replace('-', "__subcmd__"), &name);
    let commands = command.get_subcommands().map(Command::get_name);
    let parts = commands.filter_map(|command| Some((command, command.split_once(':')?.1)));
    parts.fold(script, |script, (command, verb)| {
        let label = format!("{name},{command})");
        script.replace(&label, &format!("{name},{command} | {name},{verb})"))
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
