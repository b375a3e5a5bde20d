//! Where Postgres's server programs are.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// Folders that hold one folder per installed version, and the path from there to the programs.
const VERSIONED: [(&str, &str, &str); 5] = [
    // Debian and Ubuntu.
    ("/usr/lib/postgresql", "", "bin"),
    // The RPM packages of the PostgreSQL project.
    ("/usr", "pgsql-", "bin"),
    // Homebrew, on Apple silicon and on Intel.
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    // Postgres.app.
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder with the programs that make and run a server.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Looks in `PATH`, then where packages put the newest version, then asks `pg_config`.
    pub fn find() -> Result<Self, Failure> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(VERSIONED.iter().flat_map(|(parent, prefix, below)| {
                let mut names = names_in(Path::new(parent), prefix);
                newest_first(&mut names);
                names
                    .into_iter()
                    .map(move |name| Path::new(parent).join(name).join(below))
            }))
            .chain(configured_folder())
            .find(|folder| holds_server(folder))
            .map(|folder| Self {
                folder: behind_links(folder),
            })
            .ok_or_else(missing)
    }

    /// Those of this folder, if it holds a server.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Option<Self> {
        holds_server(folder).then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// `PATH` for whoever is to find these programs before all others.
    #[must_use]
    pub fn path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.clone()].into_iter();
        // A folder whose name holds a colon cannot be in PATH.
        env::join_paths(folders.chain(env::split_paths(&path))).unwrap_or(path)
    }

    /// The folder that holds `initdb`, `postgres` and, with most packages, all others.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version as `postgres --version` tells it, for example `15.18`.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let output = Command::new(self.folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        version_in(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned)
    }
}

pub(crate) fn missing() -> Failure {
    Failure::new("PostgreSQL's server programs (initdb, postgres) were not found").help(
        "install them, then run the command again:
    Debian, Ubuntu:  sudo apt-get install postgresql
    Fedora:          sudo dnf install postgresql-server
    macOS:           brew install postgresql",
    )
}

fn holds_server(folder: &Path) -> bool {
    // A relative entry of PATH would mean another folder to the server's own process.
    folder.is_absolute() && folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The folder of the programs themselves: a folder of links may lack some of them.
fn behind_links(folder: PathBuf) -> PathBuf {
    let postgres = fs::canonicalize(folder.join("postgres"));
    match postgres.as_deref().map(Path::parent) {
        Ok(Some(real)) if holds_server(real) => real.to_owned(),
        _ => folder,
    }
}

fn configured_folder() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim_end()))
}

fn names_in(parent: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str().map(str::to_owned))
        .filter(|name| name.starts_with(prefix))
        .collect()
}

/// Sorts folder names by the version they end in; names without one come last.
fn newest_first(names: &mut [String]) {
    names.sort_by_key(|name| std::cmp::Reverse(trailing_version(name)));
}

/// `15` in `postgresql@15`, `[9, 6]` in `pgsql-9.6`, nothing in `latest`.
fn trailing_version(name: &str) -> Vec<u32> {
    let start = name
        .rfind(|character: char| !character.is_ascii_digit() && character != '.')
        .map_or(0, |index| index + 1);
    name[start..]
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// `15.18` in `postgres (Postgres) 15.18 (Debian 15.18-0+deb12u1)`.
fn version_in(output: &str) -> Option<&str> {
    let mut words = output.split_whitespace();
    words.find(|word| *word == "(PostgreSQL)")?;
    words.next()
}

/// Whether a folder of `PATH` holds a file of this name.
pub fn is_in_path(program: impl AsRef<OsStr>) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program.as_ref()).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_tried_first() {
        let mut names = ["9.6", "15", "latest", "postgresql@17", "pgsql-16", "10"]
            .map(str::to_owned)
            .to_vec();
        newest_first(&mut names);
        assert_eq!(
            names,
            ["postgresql@17", "pgsql-16", "15", "10", "9.6", "latest"]
        );
    }

    #[test]
    fn the_version_is_told_without_the_packager() {
        assert_eq!(
            version_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some("15.18")
        );
        assert_eq!(version_in("postgres (PostgreSQL) 18.0\n"), Some("18.0"));
        assert_eq!(version_in(""), None);
    }

    #[test]
    fn a_folder_without_a_server_does_not_count() {
        assert!(!holds_server(Path::new("/")));
        assert!(!holds_server(Path::new("")));
    }
}
