//! Paths as a hosted repository knows them.

use std::path::{Component, Path};

use crate::package::Member;

/// The folder of a package's seeds from the root of its repository, or of its workspace where there is
/// none, with a slash behind each folder. It is empty at the root itself.
pub(crate) fn in_repository(member: &Member) -> String {
    let workspace = member.workspace_root.as_path();
    // In a second work tree `.git` is a file.
    let repository = workspace
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    below(&member.seeds_folder(), repository.unwrap_or(workspace))
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

#[cfg(test)]
mod tests {
    use super::below;

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
