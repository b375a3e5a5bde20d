//! The editor of whoever types.

use std::path::Path;
use std::process::Command;

use kumiko_seeds_cli::Failure;

/// A program that opens files, with its arguments.
pub(super) struct Editor {
    words: Vec<String>,
    variable: &'static str,
}

impl Editor {
    /// The editor that the variables name, as most programs find it.
    pub(super) fn from_environment() -> Result<Self, Failure> {
        let named = ["VISUAL", "EDITOR"].into_iter().find_map(|variable| {
            let line = std::env::var(variable).ok()?;
            (!line.trim().is_empty()).then_some((variable, line))
        });
        let (variable, line) = named.ok_or_else(|| {
            Failure::new("--edit needs an editor: VISUAL and EDITOR are not set")
                .help("name one, for example\n    export EDITOR=vi")
        })?;
        match shlex::split(&line) {
            Some(words) if !words.is_empty() => Ok(Self { words, variable }),
            _ => Err(Failure::new(format!("{variable} is no command: {line}"))
                .help("is a quote left open?")),
        }
    }

    /// Opens a file and waits until the editor has ended.
    pub(super) fn open(&self, path: &Path, shown: &Path) -> Result<(), Failure> {
        let failure = |message: String| {
            let mut failure = Failure::new(message);
            let note = format!("{} is created and stays", shown.display());
            failure.notes.push(note);
            failure
        };
        let program = self.words.first().map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(self.words.iter().skip(1)).arg(path);
        let status = command.status().map_err(|error| {
            failure(format!("could not start the editor {program}"))
                .caused_by(&error)
                .help(format!("is it installed? it is named in {}", self.variable))
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(failure(format!("the editor {program} failed: {status}")))
        }
    }
}
