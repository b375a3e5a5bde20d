//! How the program was called, for the commands that messages show to be pasted.

use crate::database::DatabaseArguments;
use crate::printing::shell_word;

/// How the program was called: what stands before a command, and what has to stand behind it for it to
/// mean the same app and database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    program: String,
    options: String,
    /// What has to stand behind a command that builds the app, and would be refused by the others.
    build: String,
}

/// The commands that build the app.
const BUILDING: [&str; 12] = [
    "seed:apply",
    "seed:work",
    "seed:verify",
    "projection:status",
    "projection:check",
    "projection:rebuild",
    "stream:archive",
    "stream:restore",
    "stream:list",
    "stream:purge",
    "stream:import",
    "event:replay",
];

/// Where the program that started this one says how it was called. `cargo kumiko-ops` sets them, so
/// that people are shown the command they know, not a path into the build folder.
const PROGRAM_VARIABLE: &str = "KUMIKO_OPS_PROGRAM";
const OPTIONS_VARIABLE: &str = "KUMIKO_OPS_OPTIONS";
const BUILD_VARIABLE: &str = "KUMIKO_OPS_BUILD_OPTIONS";

impl Invocation {
    /// A call of `program`; `options` is empty or starts with a space.
    pub fn new(program: impl Into<String>, options: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            options: options.into(),
            build: String::new(),
        }
    }

    /// The same call with options for the build of the app; they are empty or start with a space.
    #[must_use]
    pub fn building(mut self, options: impl Into<String>) -> Self {
        self.build = options.into();
        self
    }

    pub(crate) fn of_this_process(arguments: &DatabaseArguments) -> Self {
        if let Ok(program) = std::env::var(PROGRAM_VARIABLE) {
            let [options, build] = [OPTIONS_VARIABLE, BUILD_VARIABLE]
                .map(|name| std::env::var(name).unwrap_or_default());
            return Self::new(program, options).building(build);
        }
        let program = std::env::args_os().next().unwrap_or_default();
        Self::new(shell_word(&program.to_string_lossy()), arguments.repeated())
    }

    /// The variables through which a program that is started learns of this call.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [
            (PROGRAM_VARIABLE, &self.program),
            (OPTIONS_VARIABLE, &self.options),
            (BUILD_VARIABLE, &self.build),
        ]
    }

    /// What the library says to do, with its commands as this program is called.
    pub(crate) fn as_called(&self, remedy: &str) -> String {
        let lines = remedy.split('\n').map(|line| {
            line.strip_prefix("    cargo kumiko-ops ").map_or_else(
                || line.to_owned(),
                |command| {
                    let (name, words) =
                        command.split_at(command.find(' ').unwrap_or(command.len()));
                    format!("    {}", self.joined(name, words))
                },
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A command with its arguments, as a line for a shell.
    #[must_use]
    pub fn line(&self, command: &str, words: &[String]) -> String {
        let words = words.iter().map(|word| format!(" {}", shell_word(word)));
        self.joined(command, &words.collect::<String>())
    }

    fn joined(&self, command: &str, words: &str) -> String {
        let Self {
            program,
            options,
            build,
        } = self;
        let build = if BUILDING.contains(&command) {
            build
        } else {
            ""
        };
        format!("{program} {command}{words}{options}{build}")
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
        let invocation = invocation.building(" --release");
        assert_eq!(
            [
                ("seed:work", "seed:work -p shop --release"),
                ("seed:status", "seed:status -p shop")
            ]
            .map(|(command, shown)| invocation.line(command, &[])
                == format!("cargo kumiko-ops {shown}")),
            [true; 2]
        );
    }
}
