//! What `init` says. Pure.

use std::path::Path;

use kumiko_seeds_cli::shell_word;
use similar::TextDiff;

use super::choice::{Chosen, EventTable};
use super::setup::{Change, NewModule, Setup};
use crate::package::{Database, Writes};

/// One line for each change.
pub(super) fn lines(
    changes: &[Change],
    tense: Tense,
    shown: &dyn Fn(&Path) -> String,
) -> Vec<String> {
    let line = |change: &Change| {
        let path = shown(&change.path);
        match (&change.before, tense) {
            (Some(_), Tense::Done) => format!("changed {path}: {}", change.summary),
            (Some(_), Tense::Would) => format!("would change {path}: {}", change.summary),
            (None, Tense::Done) => format!("created {path}"),
            (None, Tense::Would) => format!("would create {path}"),
        }
    };
    changes.iter().map(line).collect()
}

/// Whether something has happened.
#[derive(Clone, Copy)]
pub(super) enum Tense {
    Would,
    Done,
}

/// `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// What stands between the changes and the next steps.
pub(super) fn notes(setup: &Setup, chosen: &Chosen) -> Vec<String> {
    let database = format!(
        "note: seeds run on {}, {}",
        chosen.database.name(),
        chosen.reason
    );
    let app = chosen.app.iter();
    let app = app.map(|app| format!("note: the app is {}, {}", app.name, app.reason));
    let notes = chosen.note.iter().chain(&setup.notes);
    let notes = notes.map(|note| format!("note: {note}"));
    std::iter::once(database).chain(app).chain(notes).collect()
}

/// What is left to people.
pub(super) fn left(setup: &Setup) -> Vec<String> {
    let left = setup.left.iter();
    left.map(|left| format!("left: {left}")).collect()
}

/// A change as a diff that `git apply` reads, with the file under this name.
pub(super) fn diff(change: &Change, name: &str) -> String {
    let head = format!("diff --git a/{name} b/{name}\n");
    let (old, mode) = match change.before {
        Some(_) => (format!("a/{name}"), ""),
        None => ("/dev/null".to_owned(), "new file mode 100644\n"),
    };
    let before = change.before.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(before, &change.after);
    let lines = diff
        .unified_diff()
        .context_radius(3)
        .header(&old, &format!("b/{name}"))
        .to_string();
    format!("{head}{mode}{lines}")
}

/// What the next steps depend on.
pub(super) struct Ready<'a> {
    pub(super) database: Database,
    pub(super) writes: Writes,
    pub(super) event_table: EventTable,
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
        let register = match (ready.writes, ready.event_table) {
            (Writes::Events, EventTable::Ours) => {
                format!("register your write handlers in {file}, and ")
            }
            (Writes::Events, EventTable::TheApps) => format!(
                "make the SQL in {file} that of your event table, register your write handlers there, and "
            ),
            (Writes::Commands, _) => {
                format!("name your aggregates with their services and views in {file}, and ")
            }
            (Writes::Rows, _) => String::new(),
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
