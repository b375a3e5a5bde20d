//! Where a database stands before it is opened: whether the file of a SQLite database is there, or may be created.

use std::path::{Path, PathBuf};

use super::kind::Kind;
use super::sqlite_url;
use super::url::DatabaseUrl;
use super::url_fault::Fault;
use crate::failure::Failure;

/// Where a database stands before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A server, which says itself what it has, or a file that is there.
    There,
    /// A file that is created by whoever applies seeds.
    ToCreate,
    /// The memory of the process that opens it.
    Memory,
}

impl DatabaseUrl {
    /// Where the database is.
    ///
    /// # Errors
    /// If it is a file that neither exists nor may be created, or if no file is named.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        if self.kind != Kind::Sqlite {
            return Ok(Place::There);
        }
        let file = self.file();
        if self.is_in_memory() {
            return Ok(Place::Memory);
        }
        if file == Path::new("") {
            let fault = Fault::new(
                "names no file, and a database without one ends with the command",
                format!(
                    "does a variable in it have no value? use {}",
                    self.kind.example()
                ),
            );
            return Err(fault.in_source(&self.source));
        }
        // Of a file that may not be looked at, the driver says why.
        if file.try_exists().unwrap_or(true) {
            return Ok(Place::There);
        }
        if !sqlite_url::has_mode(&self.url, "rwc") {
            let creating = sqlite_url::creating(&self.url);
            let help = format!("if it is to be created, let the URL say so:\n    {creating}");
            return Err(no_file(&file).help(help).help(self.correct_the_path()));
        }
        match file.parent() {
            Some(folder) if folder != Path::new("") && !folder.is_dir() => {
                Err(Failure::new(format!(
                    "there is no folder {} for the database file",
                    folder.display()
                ))
                .help(format!("create it, or correct the path in {}", self.source)))
            }
            _ => Ok(Place::ToCreate),
        }
    }

    /// Fails where there is no database to change a marker in.
    ///
    /// # Errors
    /// If the database is yet to be created, or ends with the command.
    pub fn check_for_changing(&self) -> Result<(), Failure> {
        match self.place()? {
            Place::There => Ok(()),
            Place::ToCreate => Err(self.not_created()),
            Place::Memory => Err(self.in_memory()),
        }
    }

    /// Fails for a database that ends with the command, or that no file is named for.
    pub(crate) fn check_outlives_command(&self) -> Result<(), Failure> {
        let has_file = self.kind != Kind::Sqlite || self.file() != Path::new("");
        if has_file && !self.is_in_memory() {
            return Ok(());
        }
        self.check_for_changing()
    }

    /// What to say of a database that is yet to be created.
    pub(super) fn to_create(&self) -> String {
        let file = self.file();
        format!(
            "there is no database file {} yet; seed:apply creates it",
            file.display()
        )
    }

    /// The failure of a command that needs a database which is yet to be created.
    pub(crate) fn not_created(&self) -> Failure {
        let file = self.file();
        no_file(&file)
            .help(self.correct_the_path())
            .help("seed:apply creates it")
    }

    /// The failure of a command whose work would be gone with its own memory.
    pub(crate) fn in_memory(&self) -> Failure {
        Fault::new(
            "is that of a database in memory, which ends with the command",
            "use sqlite:path/to/file.db",
        )
        .in_source(&self.source)
    }

    fn is_in_memory(&self) -> bool {
        self.kind == Kind::Sqlite
            && (sqlite_url::has_mode(&self.url, "memory") || self.file() == Path::new(":memory:"))
    }

    fn file(&self) -> PathBuf {
        // What is read has a path that can be decoded.
        sqlite_url::file(&self.url).unwrap_or_default()
    }

    fn correct_the_path(&self) -> String {
        format!("if it should be there, correct the path in {}", self.source)
    }
}

fn no_file(file: &Path) -> Failure {
    Failure::new(format!("there is no database file {}", file.display()))
}
