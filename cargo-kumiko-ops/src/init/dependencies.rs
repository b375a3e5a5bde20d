//! What the package has to depend on. Pure.

use cargo_metadata::Dependency;

use super::checkout::Checkout;
use super::choice::Chosen;
use super::inventory::Inventory;
use super::manifest::{DefaultFeatures, Edit, Origin, WorkspaceDependency};
use crate::package::{BUILD_LIBRARY, COMMAND_LIBRARY, CQRS_ES_LIBRARY, LIBRARY, Writes, key};

/// The changes to the dependencies: what is missing, and features that are missing of what is there.
pub(super) fn edits(
    inventory: &Inventory<'_>,
    chosen: &Chosen,
    checkout: Option<&Checkout>,
) -> Vec<Edit> {
    let member = inventory.member;
    let mut edits = Vec::new();
    match member.library() {
        None => edits.push(new_library(inventory, chosen, checkout)),
        Some(library) => {
            edits.extend(moved(library, "dependencies", checkout));
            let there = member.features_of(library);
            let feature = chosen.database.feature();
            if !there.contains(feature) {
                edits.push(Edit::Features {
                    key: key(library).to_owned(),
                    features: vec![feature],
                });
            }
        }
    }
    if chosen.writes == Writes::Commands {
        edits.extend(match member.cqrs_es_library() {
            None => Some(Edit::Dependency {
                table: "dependencies",
                name: CQRS_ES_LIBRARY,
                origin: origin(inventory, CQRS_ES_LIBRARY, checkout),
                default_features: DefaultFeatures::On,
                features: vec![chosen.database.feature()],
            }),
            Some(library) => moved(library, "dependencies", checkout),
        });
    }
    let others = [
        (member.command_library(), COMMAND_LIBRARY, "dependencies"),
        (member.build_library(), BUILD_LIBRARY, "build-dependencies"),
    ];
    for (there, name, table) in others {
        edits.extend(match there {
            None => Some(Edit::Dependency {
                table,
                name,
                origin: origin(inventory, name, checkout),
                default_features: DefaultFeatures::On,
                features: Vec::new(),
            }),
            Some(library) => moved(library, table, checkout),
        });
    }
    edits
}

fn new_library(inventory: &Inventory<'_>, chosen: &Chosen, checkout: Option<&Checkout>) -> Edit {
    let origin = origin(inventory, LIBRARY, checkout);
    let mut features = vec![chosen.database.feature()];
    let shared = WorkspaceDependency::find(&inventory.workspace_manifest, LIBRARY);
    let lacks_events = shared.is_some_and(|shared| !shared.has_default_feature("events"));
    let default_features = match (chosen.writes, &origin) {
        (Writes::Events, _) => {
            if lacks_events {
                features.push("events");
            }
            DefaultFeatures::On
        }
        // Its features are the workspace's affair.
        (Writes::Commands | Writes::Rows, Origin::Workspace) => DefaultFeatures::On,
        (Writes::Commands | Writes::Rows, _) => DefaultFeatures::Off,
    };
    Edit::Dependency {
        table: "dependencies",
        name: LIBRARY,
        origin,
        default_features,
        features,
    }
}

fn origin(inventory: &Inventory<'_>, name: &str, checkout: Option<&Checkout>) -> Origin {
    if WorkspaceDependency::find(&inventory.workspace_manifest, name).is_some() {
        return Origin::Workspace;
    }
    match checkout {
        Some(checkout) => Origin::Path(checkout.library(name)),
        None => Origin::Version(env!("CARGO_PKG_VERSION")),
    }
}

/// The change of a dependency that is there to the checkout that is asked for.
fn moved(library: &Dependency, table: &'static str, checkout: Option<&Checkout>) -> Option<Edit> {
    let checkout = checkout?;
    let there = library.path.as_ref().map(|path| path.as_std_path());
    if there.is_some_and(|path| checkout.has_at(&library.name, path)) {
        return None;
    }
    Some(Edit::Path {
        table,
        key: key(library).to_owned(),
        path: checkout.library(&library.name),
    })
}
