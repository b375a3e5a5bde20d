//! The module that an app's seeds import their context from. Pure.
//!
//! It is, in this order:
//! 1. the one that the last seed imports `SeedContext` and `SeedResult` from: an app may have its own,
//! 2. `postgres` or `sqlite` of the library, if the package's default features enable one of the two,
//! 3. the same, if all of its features together do,
//! 4. `postgres`, the production engine.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Dependency;
use syn::{Item, UseTree};

use crate::package::Member;

pub(super) fn choose(member: &Member, last_source: Option<&str>) -> String {
    if let Some(module) = last_source.and_then(imported_from) {
        return module;
    }
    let library = member.library();
    let name = library.map_or("kumiko-seeds", |library| {
        library.rename.as_deref().unwrap_or(&library.name)
    });
    let database = database_of(member);
    format!("{}::{database}", name.replace('-', "_"))
}

/// The database that the package's features say, as the feature of the library is named.
pub(crate) fn database_of(member: &Member) -> &'static str {
    let Some(library) = member.library() else {
        return "postgres";
    };
    let name = library.rename.as_deref().unwrap_or(&library.name);
    database(library, name, &member.package.features)
}

fn database(
    library: &Dependency,
    name: &str,
    features: &BTreeMap<String, Vec<String>>,
) -> &'static str {
    let by_default = enabled(["default"], name, features);
    let by_any = enabled(features.keys().map(String::as_str), name, features);
    for mut enabled in [by_default, by_any] {
        enabled.extend(library.features.iter().map(String::as_str));
        match (enabled.contains("postgres"), enabled.contains("sqlite")) {
            (true, _) => return "postgres",
            (false, true) => return "sqlite",
            (false, false) => {}
        }
    }
    "postgres"
}

/// The features of the library that some features of the package enable.
pub(crate) fn enabled<'a>(
    start: impl IntoIterator<Item = &'a str>,
    library: &str,
    features: &'a BTreeMap<String, Vec<String>>,
) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = start.into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut enabled = BTreeSet::new();
    while let Some(feature) = open.pop() {
        if !seen.insert(feature) {
            continue;
        }
        match feature.split_once('/') {
            Some((package, feature)) if package.trim_end_matches('?') == library => {
                enabled.insert(feature);
            }
            _ => open.extend(
                features
                    .get(feature)
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            ),
        }
    }
    enabled
}

/// The module that a seed imports both `SeedContext` and `SeedResult` from.
fn imported_from(source: &str) -> Option<String> {
    let file = syn::parse_file(source).ok()?;
    let mut modules: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for item in &file.items {
        if let Item::Use(item) = item {
            let root = if item.leading_colon.is_some() {
                "::"
            } else {
                ""
            };
            collect(&item.tree, root, &mut modules);
        }
    }
    let [contexts, results] = [modules.get("SeedContext")?, modules.get("SeedResult")?];
    contexts.intersection(results).next().cloned()
}

fn collect(tree: &UseTree, module: &str, modules: &mut BTreeMap<&str, BTreeSet<String>>) {
    match tree {
        UseTree::Path(path) => {
            let divider = if module.is_empty() || module == "::" {
                ""
            } else {
                "::"
            };
            collect(
                &path.tree,
                &format!("{module}{divider}{}", path.ident),
                modules,
            );
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, module, modules);
            }
        }
        UseTree::Name(name) => {
            for known in ["SeedContext", "SeedResult"] {
                if name.ident == known {
                    modules.entry(known).or_default().insert(module.to_owned());
                }
            }
        }
        UseTree::Rename(_) | UseTree::Glob(_) => {}
    }
}

#[cfg(test)]
mod tests;
