//! One place where the URL of the database may be.

use std::path::{Path, PathBuf};

use kumiko_seeds_cli::{DatabaseArguments, DatabaseUrl, Failure, Look};

use super::env_file;
use crate::shown_path::shown_path;

/// A place, with what is in it where that is known already.
pub(super) enum Place<'a> {
    Flag(&'a DatabaseArguments),
    Variable,
    EnvFile(PathBuf),
    Settings {
        manifest: &'a Path,
        url: Option<&'a str>,
    },
}

impl Place<'_> {
    /// Fails where something is there that cannot be understood: going on to the next place might end
    /// in another database than the one that is meant.
    pub(super) fn look(self, current: &Path) -> Result<Look, Failure> {
        match self {
            Self::Flag(arguments) => Look::at_flag(arguments),
            Self::Variable => Look::at_variable(),
            Self::EnvFile(path) => match env_file::database_url(&path)? {
                Ok(url) => in_file(&url, &path, current),
                Err(reason) => Ok(Look::Miss(format!("{} {reason}", path.display()))),
            },
            Self::Settings { manifest, url } => match url {
                Some(url) if !url.trim().is_empty() => in_file(url, manifest, current),
                _ => Ok(Look::Miss(format!(
                    "{} has no database-url in [package.metadata.kumiko-ops]",
                    manifest.display()
                ))),
            },
        }
    }
}

/// A URL that stands in a file. A relative path in it starts at the file's folder, since the file says
/// the same wherever it is read from.
fn in_file(url: &str, file: &Path, current: &Path) -> Result<Look, Failure> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let source = shown_path(file, current).display().to_string();
    let url = DatabaseUrl::read(url, source)?.starting_at(folder);
    Ok(Look::Found(url))
}
