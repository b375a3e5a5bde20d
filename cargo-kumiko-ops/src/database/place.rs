//! One place where the URL of the database may be.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kumiko_seeds::cli::{DatabaseUrl, Failure};

use super::env_file;
use super::sqlite_path::starting_at;
use crate::shown_path::shown_path;

/// A place, with what is in it where that is known already.
pub(super) enum Place<'a> {
    Flag(Option<&'a str>),
    Variable(Option<OsString>),
    EnvFile(PathBuf),
    Settings {
        manifest: &'a Path,
        url: Option<&'a str>,
    },
}

/// What a look at a place gave.
pub(super) enum Look {
    Found(DatabaseUrl),
    /// Where it was looked for, and why it is not there.
    Miss(String),
}

impl Place<'_> {
    /// Fails where something is there that cannot be understood: going on to the next place might end
    /// in another database than the one that is meant.
    pub(super) fn look(self, current: &Path) -> Result<Look, Failure> {
        match self {
            Self::Flag(None) => Ok(Look::Miss("--database-url is not given".to_owned())),
            Self::Flag(Some("")) => Err(Failure::new("--database-url is empty")
                .help("does the variable that it is taken from have a value?")),
            Self::Flag(Some(url)) => Ok(Look::Found(DatabaseUrl::new(url, "--database-url"))),
            Self::Variable(None) => Ok(Look::Miss("DATABASE_URL is not set".to_owned())),
            Self::Variable(Some(value)) => match value.into_string() {
                Ok(url) if url.is_empty() => Ok(Look::Miss("DATABASE_URL is empty".to_owned())),
                Ok(url) => Ok(Look::Found(DatabaseUrl::new(url, "DATABASE_URL"))),
                Err(_) => Err(Failure::new("the variable DATABASE_URL is not UTF-8")
                    .help("unset DATABASE_URL")),
            },
            Self::EnvFile(path) => match env_file::database_url(&path)? {
                Ok(url) => Ok(in_file(&url, &path, current)),
                Err(reason) => Ok(Look::Miss(format!("{} {reason}", path.display()))),
            },
            Self::Settings { manifest, url } => Ok(match url {
                Some(url) if !url.is_empty() => in_file(url, manifest, current),
                _ => Look::Miss(format!(
                    "{} has no database-url in [package.metadata.kumiko-ops]",
                    manifest.display()
                )),
            }),
        }
    }
}

/// A URL that stands in a file. A relative path in it starts at the file's folder, since the file says
/// the same wherever it is read from.
fn in_file(url: &str, file: &Path, current: &Path) -> Look {
    let folder = file.parent().unwrap_or(Path::new(""));
    let source = shown_path(file, current).display().to_string();
    Look::Found(DatabaseUrl::new(starting_at(folder, url), source))
}
