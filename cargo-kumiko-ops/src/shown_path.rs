//! Paths as people read them. Pure.

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

#[cfg(test)]
mod tests {
    use super::shown_path;

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
}
