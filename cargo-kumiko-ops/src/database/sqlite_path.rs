//! Relative paths in SQLite URLs. Pure.

use std::path::Path;

/// The same URL with its path starting at `folder`, if it is a SQLite URL with a relative path.
pub(super) fn starting_at(folder: &Path, url: &str) -> String {
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return url.to_owned();
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    // Without a path it is a database in memory.
    if path.is_empty() || path == ":memory:" || Path::new(path).is_absolute() {
        return url.to_owned();
    }
    // The path in a URL is percent-encoded, that of the folder is not.
    let folder = folder.to_string_lossy();
    let folder = folder
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    let path = Path::new(&folder).join(path.strip_prefix("./").unwrap_or(path));
    format!("sqlite:{}{query}", path.display())
}

#[cfg(test)]
mod tests {
    use super::starting_at;

    #[test]
    fn only_relative_paths_of_sqlite_change() {
        for (url, changed) in [
            ("sqlite:app.db", "sqlite:/a%20%25/b c/app.db"),
            (
                "sqlite://data/app.db?mode=rw",
                "sqlite:/a%20%25/b c/data/app.db?mode=rw",
            ),
            ("sqlite:./app.db", "sqlite:/a%20%25/b c/app.db"),
            ("sqlite:../app.db", "sqlite:/a%20%25/b c/../app.db"),
            ("sqlite:///x/app.db", "sqlite:///x/app.db"),
            ("sqlite:/x/app.db", "sqlite:/x/app.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("sqlite://?mode=memory", "sqlite://?mode=memory"),
            ("postgres://localhost/app", "postgres://localhost/app"),
            ("app.db", "app.db"),
        ] {
            // The folder is really named "a%20%".
            let expected = changed.replace("a%20%25", "a%2520%25");
            assert_eq!(starting_at("/a%20%/b c".as_ref(), url), expected);
        }
    }
}
