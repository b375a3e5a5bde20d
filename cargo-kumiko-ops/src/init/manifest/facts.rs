//! What a Cargo.toml says beyond what Cargo tells. Pure.

use toml_edit::{DocumentMut, Item};

/// A dependency in `[workspace.dependencies]`.
pub(in crate::init) struct WorkspaceDependency {
    uses_default_features: bool,
    features: Vec<String>,
}

impl WorkspaceDependency {
    /// The dependency of this name, if the text has it.
    pub(in crate::init) fn find(text: &str, name: &str) -> Option<Self> {
        let document = parsed(text)?;
        let dependency = document.get("workspace")?.get("dependencies")?.get(name)?;
        let of = |key: &str| dependency.get(key);
        let features = of("features").and_then(Item::as_array);
        let features = features.into_iter().flatten();
        Some(Self {
            uses_default_features: of("default-features").and_then(Item::as_bool) != Some(false),
            features: features
                .filter_map(|feature| feature.as_str().map(ToOwned::to_owned))
                .collect(),
        })
    }

    /// Whether it has this feature, which is one of those by default.
    pub(in crate::init) fn has_default_feature(&self, feature: &str) -> bool {
        self.uses_default_features || self.features.iter().any(|one| one == feature)
    }
}

/// Whether `[package]` of this text sets something to `false`: `autobins`, `build`.
pub(in crate::init) fn is_switched_off(text: &str, setting: &str) -> bool {
    parsed(text).is_some_and(|document| {
        let package = document.get("package");
        let setting = package.and_then(|package| package.get(setting));
        setting.and_then(Item::as_bool) == Some(false)
    })
}

fn parsed(text: &str) -> Option<DocumentMut> {
    text.trim_start_matches('\u{feff}').parse().ok()
}
