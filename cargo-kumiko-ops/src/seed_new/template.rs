//! The templates of a project.

use std::fs;
use std::path::Path;

use kumiko_seeds_cli::{Failure, nearest};

use crate::package::Member;
use crate::shown::shown_path;

/// The template that is used where none is named.
pub(super) const DEFAULT: &str = "default";

/// The text of the template `name`; none for the one that the subcommand brings along.
pub(super) fn read(member: &Member, name: &str, current: &Path) -> Result<Option<String>, Failure> {
    let templates = &member.settings.templates;
    let Some(path) = templates.get(name) else {
        if name == DEFAULT {
            return Ok(None);
        }
        return Err(unknown(member, name, current));
    };
    let path = member.folder().join(path);
    let shown = shown_path(&path, current);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
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

fn unknown(member: &Member, name: &str, current: &Path) -> Failure {
    let known = member.settings.templates.keys().map(String::as_str);
    let mut names: Vec<&str> = known.chain([DEFAULT]).collect();
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
