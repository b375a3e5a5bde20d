//! What changes in the folder, all of it or nothing.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The list that is written, and the files that go.
pub(super) struct FileChanges {
    pub(super) list: PathBuf,
    pub(super) text: String,
    pub(super) removed: Vec<PathBuf>,
}

impl FileChanges {
    /// Makes the changes. If one cannot be made, those before it are taken back.
    pub(super) fn make(&self) -> io::Result<()> {
        let list = aside(&self.list, ".new");
        fs::write(&list, &self.text)?;
        let mut moved = Vec::new();
        let made = self.removed.iter().try_for_each(|path| {
            let away = aside(path, ".retired");
            fs::rename(path, &away)?;
            moved.push((path, away));
            Ok(())
        });
        if let Err(error) = made.and_then(|()| fs::rename(&list, &self.list)) {
            // The error that counts is the first one.
            for (path, away) in moved {
                drop(fs::rename(away, path));
            }
            drop(fs::remove_file(list));
            return Err(error);
        }
        // They are no seeds any more, whether or not they can be deleted.
        moved.iter().try_for_each(|(_, away)| fs::remove_file(away))
    }
}

/// A name beside it that the build leaves alone.
fn aside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn all_or_nothing_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let names = || {
            let mut names: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            names.sort();
            names
        };
        for name in ["a.rs", "b.rs", "retired.txt"] {
            fs::write(path(name), name).unwrap();
        }
        let changes = |removed: [&str; 2]| FileChanges {
            list: path("retired.txt"),
            text: "new".to_owned(),
            removed: removed.map(path).to_vec(),
        };
        changes(["a.rs", "lost.rs"]).make().unwrap_err();
        assert_eq!(names(), ["a.rs", "b.rs", "retired.txt"]);
        assert_eq!(
            fs::read_to_string(path("retired.txt")).unwrap(),
            "retired.txt"
        );
        changes(["a.rs", "b.rs"]).make().unwrap();
        assert_eq!(names(), ["retired.txt"]);
        assert_eq!(fs::read_to_string(path("retired.txt")).unwrap(), "new");
    }
}
