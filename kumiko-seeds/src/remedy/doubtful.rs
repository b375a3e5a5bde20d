//! Seeds that may be applied already, under another id or without the app's name.

use crate::Error;

/// What to do about markers that may be this app's or another's, except for the commands.
pub(crate) const CONTESTED: &str = "if such a seed is this app's and was edited since, mark it; if the marker is \
                                    another app's, rename the file";

/// What to do about renamed files, except for the commands.
pub(crate) const RENAMED: &str = "mark them, so that they do not run again; one that is to run again needs another \
                                  text, if only a comment";

pub(super) fn remedy(error: &Error) -> Option<String> {
    let (text, ids) = match error {
        Error::Contested { ids } => (CONTESTED, ids),
        Error::Renamed { ids, .. } => (RENAMED, ids),
        _ => return None,
    };
    let lines = ids
        .iter()
        .map(|id| format!("\n    cargo kumiko-ops seed:mark {id}"));
    Some(format!("{text}:{}", lines.collect::<String>()))
}
