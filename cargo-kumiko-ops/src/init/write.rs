//! Writes what is planned.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kumiko_seeds_cli::Failure;

use super::setup::Change;
use crate::text_file::create;

/// Fails if a new file is there already, whatever it is. Writes nothing.
pub(super) fn check(changes: &[Change], shown: &dyn Fn(&Path) -> String) -> Result<(), Failure> {
    let mut new = changes.iter().filter(|change| change.before.is_none());
    match new.find(|change| change.path.symlink_metadata().is_ok()) {
        Some(change) => Err(is_taken(&shown(&change.path))),
        None => Ok(()),
    }
}

/// That a file is in the way.
pub(super) fn is_taken(shown: &str) -> Failure {
    Failure::new(format!(
        "{shown} exists, is not a part of the package's seeds, and is left as it is"
    ))
    .help("move it away or rename it, and run this again; nothing was changed")
}

/// Writes every change, the new files first: they do no harm alone.
pub(super) fn write(changes: &[Change], shown: &dyn Fn(&Path) -> String) -> Result<(), Failure> {
    let (existing, new): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.before.is_some());
    for change in new.into_iter().chain(existing) {
        let written = match &change.before {
            None => create(&change.path, &change.after),
            Some(before) => replace(change, before),
        };
        written.map_err(|error| {
            Failure::new(format!("could not write {}", shown(&change.path)))
                .caused_by(&error)
                .help("correct this and run it again; it goes on where it stopped")
        })?;
    }
    Ok(())
}

/// Replaces the file in one step, so that it is never half of it.
fn replace(change: &Change, before: &str) -> io::Result<()> {
    // Behind a symbolic link the file changes, not the link.
    let path = change.path.canonicalize()?;
    if fs::read_to_string(&path)? != before {
        return Err(io::Error::other("it has changed in the meantime"));
    }
    let beside = beside(&path);
    let written = fs::write(&beside, &change.after)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&beside, &path));
    written.inspect_err(|_| drop(fs::remove_file(&beside)))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}
