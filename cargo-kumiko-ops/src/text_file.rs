//! Text files of a package.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kumiko_seeds_cli::Failure;

/// A text file.
pub(crate) struct TextFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl TextFile {
    /// Reads it. The failure says that nothing was changed, so it has to be read before anything is.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("could not read {}", path.display()))
                .caused_by(&error)
                .help("nothing was changed; correct this and run it again")
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }
}

/// Creates a file with its folder. **Invariant:** a file that exists is never written to, even one
/// that another process creates at the same moment.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a file is worse than none; the error that counts is the first one.
        drop(fs::remove_file(path));
    })
}

/// The first Rust file in the folder or below it that is looked for.
pub(super) fn first_file(folder: &Path, is_it: &dyn Fn(&str) -> bool) -> Option<TextFile> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.iter().find_map(|entry| {
        let path = entry.path();
        if entry.file_type().ok()?.is_dir() {
            return (!is_of_others(&path))
                .then(|| first_file(&path, is_it))
                .flatten();
        }
        if path.extension().is_none_or(|ending| ending != "rs") || !path.is_file() {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        is_it(&text).then_some(TextFile { path, text })
    })
}

/// Whether a folder is no part of the package: what Cargo builds, another package, something hidden.
/// The library of a package may lie beside them.
fn is_of_others(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
        || folder.join("CACHEDIR.TAG").exists()
        || folder.join("Cargo.toml").exists()
}
