use std::path::Path;

/// The folder of seeds as the generated file names it.
///
/// **Invariant:** it is named from a folder that Cargo tells the compiler, if it is in one. Build output is copied, moved,
/// mounted and shared, and Cargo does not run the build script again for that; an absolute path would still lead to
/// the folder that the output came from.
#[derive(Debug)]
pub(crate) struct SourceFolder {
    /// The environment variable of Cargo that has the folder at which the path starts.
    pub(crate) variable: &'static str,
    pub(crate) path: String,
}

impl SourceFolder {
    /// How to name `folder`, which is absolute and UTF-8. One that is in neither of the two folders keeps its path.
    pub(crate) fn of(folder: &Path, package: &Path, out_dir: &Path) -> Self {
        let (variable, path) = match folder.strip_prefix(out_dir) {
            Ok(path) => ("OUT_DIR", path),
            Err(_) => (
                "CARGO_MANIFEST_DIR",
                folder.strip_prefix(package).unwrap_or(folder),
            ),
        };
        Self {
            variable,
            path: path.to_string_lossy().into_owned(),
        }
    }

    /// The path of a seed's file.
    pub(crate) fn path_of(&self, id: &str) -> String {
        let path = Path::new(&self.path).join(format!("{id}.rs"));
        path.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_only_where_nothing_leads_to_it() {
        for (folder, variable, path) in [
            ("/app/seeds", "CARGO_MANIFEST_DIR", "seeds/x.rs"),
            (
                "/app/../shared/seeds",
                "CARGO_MANIFEST_DIR",
                "../shared/seeds/x.rs",
            ),
            ("/app", "CARGO_MANIFEST_DIR", "x.rs"),
            ("/app/target/out/seeds", "OUT_DIR", "seeds/x.rs"),
            (
                "/application/seeds",
                "CARGO_MANIFEST_DIR",
                "/application/seeds/x.rs",
            ),
        ] {
            let package = Path::new("/app");
            let out_dir = Path::new("/app/target/out");
            let named = SourceFolder::of(folder.as_ref(), package, out_dir);
            assert_eq!(
                (named.variable, &*named.path_of("x")),
                (variable, path),
                "{folder}"
            );
        }
    }
}
