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
        None => edits.push(Edit::Dependency {
            table: "dependencies",
            name: LIBRARY,
            origin: origin(inventory, LIBRARY, checkout),
            default_features: default_features(inventory, LIBRARY, chosen),
            features: [chosen.database.feature()]
                .into_iter()
                .chain(lacking_events(inventory, LIBRARY, chosen))
                .collect(),
        }),
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
    edits.extend(match member.command_library() {
        None => Some(Edit::Dependency {
            table: "dependencies",
            name: COMMAND_LIBRARY,
            origin: origin(inventory, COMMAND_LIBRARY, checkout),
            default_features: default_features(inventory, COMMAND_LIBRARY, chosen),
            features: lacking_events(inventory, COMMAND_LIBRARY, chosen)
                .into_iter()
                .collect(),
        }),
        Some(library) => moved(library, "dependencies", checkout),
    });
    edits.extend(match member.build_library() {
        None => Some(Edit::Dependency {
            table: "build-dependencies",
            name: BUILD_LIBRARY,
            origin: origin(inventory, BUILD_LIBRARY, checkout),
            default_features: DefaultFeatures::On,
            features: Vec::new(),
        }),
        Some(library) => moved(library, "build-dependencies", checkout),
    });
    edits
}

/// Whether a new dependency on a library that has the feature `events` by default leaves it out.
fn default_features(inventory: &Inventory<'_>, name: &str, chosen: &Chosen) -> DefaultFeatures {
    let shared = WorkspaceDependency::find(&inventory.workspace_manifest, name);
    match (chosen.writes, shared) {
        // Its features are the workspace's affair.
        (Writes::Events, _) | (_, Some(_)) => DefaultFeatures::On,
        (Writes::Commands | Writes::Rows, None) => DefaultFeatures::Off,
    }
}

/// The feature `events`, where the package needs it and its workspace leaves it out.
fn lacking_events(inventory: &Inventory<'_>, name: &str, chosen: &Chosen) -> Option<&'static str> {
    let shared = WorkspaceDependency::find(&inventory.workspace_manifest, name);
    let is_left_out = shared.is_some_and(|shared| !shared.has_default_feature("events"));
    (chosen.writes == Writes::Events && is_left_out).then_some("events")
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
