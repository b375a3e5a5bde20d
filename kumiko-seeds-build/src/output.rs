use std::fs;
use std::io;
use std::path::Path;

/// Writes a file unless it has this content already, so that its time stamp changes only with its content.
pub(crate) fn write_if_changed(path: &Path, content: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == content.as_bytes()) {
        return Ok(());
    }
    fs::write(path, content)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::SystemTime;

    use super::*;

    #[test]
    fn leaves_a_file_with_the_same_content_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.rs");
        write_if_changed(&path, "one").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();

        write_if_changed(&path, "one").unwrap();
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(modified(), SystemTime::UNIX_EPOCH);

        write_if_changed(&path, "two").unwrap();
        assert_ne!(modified(), SystemTime::UNIX_EPOCH);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
