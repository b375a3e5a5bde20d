//! The module that an app's seeds import their context from. Pure.
//!
//! It is the one that the last seed with a `run` imports `SeedContext` and `SeedResult` from, since an app may have its own,
//! or else that of the package's database in the library.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree};

use crate::package::Member;

pub(super) fn choose(member: &Member, last_source: Option<&str>) -> String {
    if let Some(module) = last_source.and_then(imported_from) {
        return module;
    }
    format!(
        "{}::{}",
        member.library_in_code(),
        member.database().feature()
    )
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
mod tests {
    use super::imported_from;

    #[test]
    fn an_app_may_have_a_module_of_its_own() {
        for (source, module) in [
            (
                "use crate::database::{SeedContext, SeedResult};",
                Some("crate::database"),
            ),
            (
                "use ::app::db::SeedContext; use ::app::db::SeedResult;",
                Some("::app::db"),
            ),
            (
                "use kumiko_seeds::{sqlite::{SeedContext, SeedResult}, json};",
                Some("kumiko_seeds::sqlite"),
            ),
            (
                "use kumiko_seeds::SeedResult; use kumiko_seeds::sqlite::SeedContext;",
                None,
            ),
            (
                "use crate::SeedContext as Context; use crate::SeedResult;",
                None,
            ),
            ("use crate::database::*;", None),
            ("not rust", None),
        ] {
            assert_eq!(imported_from(source).as_deref(), module, "{source}");
        }
    }
}
