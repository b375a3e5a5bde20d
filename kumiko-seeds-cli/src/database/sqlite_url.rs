//! The parts of a SQLite URL, as its driver divides it. Pure.

use std::path::{Path, PathBuf};

/// The path, percent-encoded as it is, and the query without its question mark.
pub(super) fn parts(url: &str) -> (&str, &str) {
    let rest = url
        .trim_start_matches("sqlite://")
        .trim_start_matches("sqlite:");
    rest.split_once('?').unwrap_or((rest, ""))
}

/// The path of the file, if what is encoded in it is text.
pub(super) fn file(url: &str) -> Option<PathBuf> {
    let (path, _) = parts(url);
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code = code.filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            decoded.push(byte);
            rest = &behind[2..];
        } else {
            decoded.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(decoded).ok().map(PathBuf::from)
}

/// The parameters of a query with their values, but for those that are percent-encoded.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&');
    let pairs = pairs.filter(|pair| !pair.is_empty() && !pair.contains(['%', '+']));
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Whether `mode` is one of the modes that the URL gives; the driver does not forget the first for a second.
pub(super) fn has_mode(url: &str, mode: &str) -> bool {
    let (_, query) = parts(url);
    parameters(query).any(|parameter| parameter == ("mode", mode))
}

/// The same URL, with leave to create the file.
pub(super) fn creating(url: &str) -> String {
    let (start, query) = url.split_once('?').unwrap_or((url, ""));
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("mode="));
    let query: Vec<&str> = kept.chain(["mode=rwc"]).collect();
    format!("{start}?{}", query.join("&"))
}

/// The same URL with its path starting at `folder`, if its path is relative.
pub(super) fn starting_at(folder: &Path, url: &str) -> String {
    let (path, query) = parts(url);
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
    let mark = if query.is_empty() { "" } else { "?" };
    format!("sqlite:{}{mark}{query}", path.display())
}

#[cfg(test)]
mod tests {
    use super::{creating, has_mode, starting_at};

    #[test]
    fn only_relative_paths_change() {
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
        ] {
            // The folder is really named "a%20%".
            let expected = changed.replace("a%20%25", "a%2520%25");
            assert_eq!(starting_at("/a%20%/b c".as_ref(), url), expected);
        }
    }

    #[test]
    fn leave_to_create_is_added_to_what_there_is() {
        for (url, changed) in [
            ("sqlite:a.db", "sqlite:a.db?mode=rwc"),
            ("sqlite://a.db?", "sqlite://a.db?mode=rwc"),
            (
                "sqlite:a.db?mode=ro&cache=shared",
                "sqlite:a.db?cache=shared&mode=rwc",
            ),
        ] {
            assert_eq!(creating(url), changed);
            assert!(has_mode(&creating(url), "rwc"));
        }
    }
}
