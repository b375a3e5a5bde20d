//! Paths and texts as people read them.

use std::path::{Component, Path, PathBuf};

/// The path from the current folder where that is shorter, else the full path. Both are absolute.
pub(crate) fn shown_path(path: &Path, current: &Path) -> PathBuf {
    match relative(path, current) {
        Some(short) if short.as_os_str().len() < path.as_os_str().len() => short,
        _ => path.to_owned(),
    }
}

fn relative(path: &Path, current: &Path) -> Option<PathBuf> {
    let (to, from): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (path.components().collect(), current.components().collect());
    let shared = to
        .iter()
        .zip(&from)
        .take_while(|(one, other)| one == other)
        .count();
    // Two paths may share nothing, on two drives of Windows for example.
    (shared > 0).then(|| {
        let up = from[shared..].iter().map(|_| Component::ParentDir);
        up.chain(to[shared..].iter().copied()).collect()
    })
}

/// A folder from the root of its repository, or of its workspace where there is
/// none, with a slash behind each folder. It is empty at the root itself.
pub(crate) fn in_repository(folder: &Path, workspace: &Path) -> String {
    // In a second work tree `.git` is a file.
    let repository = workspace
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    below(folder, repository.unwrap_or(workspace))
}

fn below(folder: &Path, root: &Path) -> String {
    let folder = folder.strip_prefix(root).unwrap_or(folder);
    let names = folder.components().filter_map(|component| match component {
        Component::Normal(name) => Some(format!("{}/", name.to_string_lossy())),
        Component::ParentDir => Some("../".to_owned()),
        _ => None,
    });
    names.collect()
}

/// A text of several lines, each of which begins with the blanks.
pub(crate) fn indented(blanks: &str, text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("{blanks}{line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{below, shown_path};

    #[test]
    fn a_path_is_relative_where_that_is_shorter() {
        for (path, current, shown) in [
            ("/here/app/seeds/a.rs", "/here/app", "seeds/a.rs"),
            ("/here/app/seeds/a.rs", "/here/app/src", "../seeds/a.rs"),
            ("/app/a.rs", "/somewhere/quite/else", "/app/a.rs"),
            ("/here/app", "/", "here/app"),
        ] {
            assert_eq!(
                shown_path(path.as_ref(), current.as_ref()),
                std::path::Path::new(shown)
            );
        }
    }

    #[test]
    fn a_path_starts_at_the_root_whatever_the_system_divides_it_with() {
        for (folder, path) in [
            ("/r/app/./seeds", "app/seeds/"),
            ("/r/seeds", "seeds/"),
            ("/r", ""),
        ] {
            assert_eq!(below(folder.as_ref(), "/r".as_ref()), path);
        }
    }
}
