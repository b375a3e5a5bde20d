//! How the program was called, for the commands that messages show to be pasted.

use crate::database::DatabaseArguments;
use crate::printing::shell_word;

/// How the program was called: what stands before a command, and what has to stand behind it for it to
/// mean the same app and database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    program: String,
    options: String,
}

/// Where the program that started this one says how it was called. `cargo kumiko-ops` sets them, so
/// that people are shown the command they know, not a path into the build folder.
const PROGRAM_VARIABLE: &str = "KUMIKO_OPS_PROGRAM";
const OPTIONS_VARIABLE: &str = "KUMIKO_OPS_OPTIONS";

impl Invocation {
    /// A call of `program`; `options` is empty or starts with a space.
    pub fn new(program: impl Into<String>, options: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            options: options.into(),
        }
    }

    pub(crate) fn of_this_process(arguments: &DatabaseArguments) -> Self {
        if let Ok(program) = std::env::var(PROGRAM_VARIABLE) {
            let options = std::env::var(OPTIONS_VARIABLE);
            return Self::new(program, options.unwrap_or_default());
        }
        let program = std::env::args_os().next().unwrap_or_default();
        Self::new(shell_word(&program.to_string_lossy()), arguments.repeated())
    }

    /// The variables through which a program that is started learns of this call.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [
            (PROGRAM_VARIABLE, &self.program),
            (OPTIONS_VARIABLE, &self.options),
        ]
    }

    /// What the library says to do, with its commands as this program is called.
    pub(crate) fn as_called(&self, remedy: &str) -> String {
        let lines = remedy.split('\n').map(|line| {
            line.strip_prefix("    cargo kumiko-ops ").map_or_else(
                || line.to_owned(),
                |command| format!("    {} {command}{}", self.program, self.options),
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A command with its arguments, as a line for a shell.
    #[must_use]
    pub fn line(&self, command: &str, words: &[String]) -> String {
        let Self { program, options } = self;
        let words = words.iter().map(|word| format!(" {}", shell_word(word)));
        format!("{program} {command}{}{options}", words.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::Invocation;

    #[test]
    fn a_line_can_be_pasted() {
        let invocation = Invocation::new("cargo kumiko-ops", " -p shop");
        assert_eq!(
            invocation.line("seed:apply", &["--only".into(), "it's".into()]),
            "cargo kumiko-ops seed:apply --only \"it's\" -p shop"
        );
        assert_eq!(
            Invocation::new("./ops", " -d")
                .as_called("mark it:\n    cargo kumiko-ops seed:mark a\nor not"),
            "mark it:\n    ./ops seed:mark a -d\nor not"
        );
    }
}
