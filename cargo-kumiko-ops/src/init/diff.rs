//! The changes as a diff that `git apply` reads. Pure.

use similar::TextDiff;

use super::plan::Change;

/// The change, with the file under this name.
pub(super) fn diff(change: &Change, name: &str) -> String {
    let head = format!("diff --git a/{name} b/{name}\n");
    let (old, mode) = match change.before {
        Some(_) => (format!("a/{name}"), ""),
        None => ("/dev/null".to_owned(), "new file mode 100644\n"),
    };
    let before = change.before.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(before, &change.after);
    let lines = diff
        .unified_diff()
        .context_radius(3)
        .header(&old, &format!("b/{name}"))
        .to_string();
    format!("{head}{mode}{lines}")
}
