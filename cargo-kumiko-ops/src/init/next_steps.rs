//! What to do when a package is ready. Pure.

use super::database::Database;
use crate::arguments::shell_word;

/// What the next steps depend on.
pub(super) struct Ready<'a> {
    pub(super) database: Database,
    pub(super) has_database_url: bool,
    pub(super) package_name: &'a str,
    /// The arguments about the package, repeated.
    pub(super) package: &'a str,
    /// The new module's file and its path in Rust.
    pub(super) module: Option<(String, String)>,
}

/// Lines to read and to paste.
pub(super) fn next_steps(ready: &Ready<'_>) -> String {
    let mut lines = Vec::new();
    if let Some((file, path)) = &ready.module {
        lines.push(format!(
            "next: register your write handlers in {file}, and apply the seeds where the app starts, with its sqlx pool:"
        ));
        lines.push(format!("    {path}::seeds().apply(&pool).await?;"));
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
