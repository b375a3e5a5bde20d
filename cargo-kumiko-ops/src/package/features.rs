//! The features of a package's dependencies. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Dependency;

/// The features of a package, and what each enables, as Cargo.toml has them.
pub(super) type Features = BTreeMap<String, Vec<String>>;

/// The name that the package has for a dependency.
pub(crate) fn key(dependency: &Dependency) -> &str {
    dependency.rename.as_deref().unwrap_or(&dependency.name)
}

/// The features that a dependency has where these features of the package are on.
pub(super) fn enabled<'a>(
    start: impl IntoIterator<Item = &'a str>,
    dependency: &'a Dependency,
    features: &'a Features,
) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = start.into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut enabled: BTreeSet<&str> = dependency.features.iter().map(String::as_str).collect();
    while let Some(feature) = open.pop() {
        if !seen.insert(feature) {
            continue;
        }
        match feature.split_once('/') {
            Some((package, feature)) if package.trim_end_matches('?') == key(dependency) => {
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
