//! The template that a seed is made of: one of the project, or one that the subcommand brings along.

use std::fs;
use std::path::Path;

use kumiko_seeds_cli::{Failure, nearest};

use crate::package::{Member, Writes};
use crate::shown::shown_path;

/// The template that is used where none is named.
pub(super) const DEFAULT: &str = "default";

/// The template of seeds of many steps.
pub(super) const BATCH: &str = "batch";

/// The template of seeds that migrate streams.
pub(super) const MIGRATE_STREAMS: &str = "migrate-streams";

pub(super) enum Template {
    /// One of the project: its text.
    Own(String),
    /// What the subcommand brings along where the project has none of the name [`DEFAULT`].
    BuiltIn,
    /// What it brings along where the project has none of the name [`BATCH`].
    BuiltInBatch,
    /// What it brings along where the project has none of the name [`MIGRATE_STREAMS`].
    BuiltInMigration,
}

/// The template `name`.
pub(super) fn read(member: &Member, name: &str, current: &Path) -> Result<Template, Failure> {
    let templates = &member.settings.templates;
    let Some(path) = templates.get(name) else {
        return match name {
            DEFAULT => Ok(Template::BuiltIn),
            BATCH => Ok(Template::BuiltInBatch),
            MIGRATE_STREAMS => match member.writes() {
                Writes::Events => Ok(Template::BuiltInMigration),
                Writes::Commands | Writes::Rows => Err(no_streams(member)),
            },
            _ => Err(unknown(member, name, current)),
        };
    };
    let path = member.folder().join(path);
    let shown = shown_path(&path, current);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Template::Own(text)),
        Err(error) => Err(Failure::new(format!(
            "the template {name} cannot be read from {}",
            shown.display()
        ))
        .caused_by(&error)
        .help(format!(
            "correct its path in [package.metadata.kumiko-ops.templates] of {}",
            shown_path(member.manifest(), current).display()
        ))),
    }
}

fn no_streams(member: &Member) -> Failure {
    Failure::new(format!(
        "{} has no streams to be migrated: only those of the library's own event store are",
        member.name()
    ))
    .help("for a change in many steps of another kind, say --batch".to_owned())
}

fn unknown(member: &Member, name: &str, current: &Path) -> Failure {
    let known = member.settings.templates.keys().map(String::as_str);
    let mut names: Vec<&str> = known.chain([BATCH, DEFAULT, MIGRATE_STREAMS]).collect();
    names.sort_unstable();
    names.dedup();
    let manifest = shown_path(member.manifest(), current);
    let mut failure = Failure::new(format!("there is no template {name}"));
    if let Some(nearest) = nearest(name, &names) {
        failure.help.push(format!("did you mean {nearest}?"));
    }
    failure.help.push(format!(
        "the templates are {}; name another one in {}:\n    \
         [package.metadata.kumiko-ops.templates]\n    {name} = \"path/to/{name}.rs\"",
        names.join(", "),
        manifest.display()
    ));
    failure
}
