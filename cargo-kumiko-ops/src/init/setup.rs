//! What `init` would do, as data.

use std::path::PathBuf;

use super::manifest::Edit;

/// All that is to be done, and what is left to people.
#[derive(Debug, Default)]
pub(super) struct Setup {
    pub(super) changes: Vec<Change>,
    /// The changes to Cargo.toml, until they are a change of that file.
    pub(super) manifest: Vec<Edit>,
    /// The module that brings the seeds in, where it is new.
    pub(super) module: Option<NewModule>,
    /// What only a person can do, each to be read behind `left:`.
    pub(super) left: Vec<String>,
    /// What to know about the changes.
    pub(super) notes: Vec<String>,
}

/// The module that brings the seeds in.
#[derive(Debug)]
pub(super) struct NewModule {
    pub(super) file: PathBuf,
    /// How binaries name it: `shop::seeds`.
    pub(super) rust_path: String,
}

/// A file with another content than before.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    /// The content that the plan was made for; none if the file is new.
    pub(super) before: Option<String>,
    pub(super) after: String,
    /// What is put into a file that exists.
    pub(super) summary: String,
}

impl Setup {
    /// Plans a new file.
    pub(super) fn create(&mut self, path: PathBuf, content: String) {
        self.changes.push(Change {
            path,
            before: None,
            after: content,
            summary: String::new(),
        });
    }

    /// Plans a change to a file that exists.
    pub(super) fn change(&mut self, path: PathBuf, before: &str, after: String, summary: String) {
        self.changes.push(Change {
            path,
            before: Some(before.to_owned()),
            after,
            summary,
        });
    }

    /// The changes to files that exist.
    pub(super) fn of_existing_files(&self) -> Vec<&Change> {
        let changes = self.changes.iter();
        changes.filter(|change| change.before.is_some()).collect()
    }
}
