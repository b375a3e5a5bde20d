//! What to do when a package is ready. Pure.

use kumiko_seeds_cli::shell_word;

use super::plan::NewModule;
use crate::package::{Database, Writes};

/// What the next steps depend on.
pub(super) struct Ready<'a> {
    pub(super) database: Database,
    pub(super) writes: Writes,
    pub(super) has_database_url: bool,
    pub(super) package_name: &'a str,
    /// The arguments about the package, repeated.
    pub(super) package: &'a str,
    /// The new module, and how its file is shown.
    pub(super) module: Option<(&'a NewModule, String)>,
    /// The commands that add what a pool needs.
    pub(super) missing_dependencies: Vec<String>,
}

/// Lines to read and to paste.
pub(super) fn next_steps(ready: &Ready<'_>) -> String {
    let mut lines = Vec::new();
    if let Some((module, file)) = &ready.module {
        let register = match ready.writes {
            Writes::Events => format!("register your write handlers in {file}, and "),
            Writes::Rows => String::new(),
        };
        lines.push(format!(
            "next: {register}apply the seeds where the app starts, with its sqlx pool:"
        ));
        lines.push(format!(
            "    {}::seeds().apply(&pool).await?;",
            module.rust_path
        ));
        if !ready.missing_dependencies.is_empty() {
            lines.push("next: a pool needs these dependencies".to_owned());
            let commands = ready.missing_dependencies.iter();
            lines.extend(commands.map(|command| format!("    {command}")));
        }
    }
    lines.push("next: create a seed, write it, and apply it".to_owned());
    if !ready.has_database_url {
        let url = match ready.database {
            Database::Postgres => "postgres://user:password@localhost/database".to_owned(),
            Database::Sqlite => format!("sqlite:{}.db?mode=rwc", ready.package_name),
        };
        lines.push(format!("    export DATABASE_URL={}", shell_word(&url)));
    }
    for command in ["seed:new first-change", "seed:status", "seed:apply"] {
        lines.push(format!("    cargo kumiko-ops {command}{}", ready.package));
    }
    lines.join("\n")
}
