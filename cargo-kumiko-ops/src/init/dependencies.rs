//! What the package has to depend on. Pure.

use super::database::{self, Database};
use super::manifest::{Edit, Origin, workspace_has};
use super::state::State;
use crate::package::Member;

const LIBRARY: &str = "kumiko-seeds";
const BUILD_LIBRARY: &str = "kumiko-seeds-build";

/// The library as the package's Rust code names it.
pub(super) fn library_name(member: &Member) -> String {
    let library = member.library();
    let name = library.and_then(|library| library.rename.as_deref());
    name.unwrap_or(LIBRARY).replace('-', "_")
}

/// The changes to the dependencies: what is missing, and features that are missing of what is there.
pub(super) fn edits(
    state: &State<'_>,
    database: Database,
    checkout: Option<&dyn Fn(&str) -> String>,
) -> Vec<Edit> {
    let member = state.member;
    let origin = |name| {
        if workspace_has(&state.workspace_manifest, name) {
            return Origin::Workspace;
        }
        match checkout {
            Some(path) => Origin::Path(path(name)),
            None => Origin::Version(env!("CARGO_PKG_VERSION")),
        }
    };
    let mut edits = Vec::new();
    let mut features = vec!["cli", database.feature()];
    match member.library() {
        None => edits.push(Edit::Dependency {
            table: "dependencies",
            name: LIBRARY,
            origin: origin(LIBRARY),
            features,
        }),
        Some(library) => {
            // The module that is created registers write handlers.
            if !library.uses_default_features && state.wiring.is_none() {
                features.push("events");
            }
            let there = database::features(library, member);
            features.retain(|feature| !there.contains(feature));
            if !features.is_empty() {
                let key = library.rename.as_ref().unwrap_or(&library.name);
                edits.push(Edit::Features {
                    key: key.clone(),
                    features,
                });
            }
        }
    }
    if !member.compiles_seeds() {
        edits.push(Edit::Dependency {
            table: "build-dependencies",
            name: BUILD_LIBRARY,
            origin: origin(BUILD_LIBRARY),
            features: Vec::new(),
        });
    }
    edits
}
