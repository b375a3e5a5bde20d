//! Where an app's function `seeds` is.

use std::fs;
use std::path::Path;

use syn::{Item, ItemMod, UseTree, Visibility};

use super::library::Library;
use super::source::{Source, mentions};
use crate::package::crate_name;
use crate::text_file::{TextFile, first_file};

/// The function `seeds` as binaries and tests of the package find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SeedsFunction {
    /// In this module: `shop::seeds`.
    In(String),
    /// The source does not say where.
    Unknown,
}

/// How a file declares a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Not,
    Privately,
    Publicly,
}

/// The file in the folder or below it that uses `include_seeds!`.
pub(crate) fn wiring(folder: &Path) -> Option<TextFile> {
    first_file(folder, &|text| mentions(text, "include_seeds"))
}

/// Looks for the function in a library whose seeds are brought in by some file of it.
pub(crate) fn function_of(library: &Library) -> SeedsFunction {
    let wiring = wiring(library.folder());
    wiring.map_or(SeedsFunction::Unknown, |wiring| {
        seeds_function(library, &wiring)
    })
}

/// Looks for the function, from the library down to the file that brings the seeds in.
pub(crate) fn seeds_function(library: &Library, wiring: &TextFile) -> SeedsFunction {
    found(library, wiring).map_or(SeedsFunction::Unknown, SeedsFunction::In)
}

fn found(library: &Library, wiring: &TextFile) -> Option<String> {
    let name = crate_name(&library.name)?;
    let first = Source::parse(&library.file.text).ok()?;
    let wired = Source::parse(&wiring.text).ok()?;
    if !has_public_seeds(&wired) {
        return None;
    }
    if wiring.path == library.file.path {
        return Some(name);
    }
    let modules = module_path(&wiring.path, library.folder())?;
    if re_exports_seeds(&first, &modules) {
        return Some(name);
    }
    let mut folder = library.folder().to_owned();
    let mut declaring = first.text.to_owned();
    for (depth, module) in modules.iter().enumerate() {
        let source = Source::parse(&declaring).ok()?;
        if declares(&source, module) != Declared::Publicly {
            return None;
        }
        if depth + 1 < modules.len() {
            folder.push(module);
            let text = fs::read_to_string(folder.with_extension("rs"));
            declaring = text
                .or_else(|_| fs::read_to_string(folder.join("mod.rs")))
                .ok()?;
        }
    }
    Some(format!("{name}::{}", modules.join("::")))
}

/// The modules that lead to a file, by its path from the folder of the library.
fn module_path(file: &Path, folder: &Path) -> Option<Vec<String>> {
    let inside = file.strip_prefix(folder).ok()?.with_extension("");
    let mut modules: Vec<String> = inside
        .iter()
        .map(|part| part.to_str().map(ToOwned::to_owned))
        .collect::<Option<_>>()?;
    if modules.len() > 1 && modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    Some(modules)
}

/// How a file declares the module `name`.
pub(crate) fn declares(source: &Source<'_>, name: &str) -> Declared {
    let module = modules(source).find(|module| module.ident == name);
    module.map_or(Declared::Not, |module| match module.vis {
        Visibility::Public(_) => Declared::Publicly,
        _ => Declared::Privately,
    })
}

/// The modules that a file declares.
pub(crate) fn modules<'a>(source: &'a Source<'_>) -> impl DoubleEndedIterator<Item = &'a ItemMod> {
    source.file.items.iter().filter_map(|item| match item {
        Item::Mod(module) => Some(module),
        _ => None,
    })
}

fn has_public_seeds(source: &Source<'_>) -> bool {
    source.file.items.iter().any(|item| {
        matches!(item, Item::Fn(function) if function.sig.ident == "seeds"
            && matches!(function.vis, Visibility::Public(_)))
    })
}

/// Whether the first file of the library shows the function `seeds` of a module as its own.
fn re_exports_seeds(source: &Source<'_>, modules: &[String]) -> bool {
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    source.file.items.iter().any(|item| {
        matches!(item, Item::Use(item) if matches!(item.vis, Visibility::Public(_))
            && shows_seeds(&item.tree, &modules))
    })
}

/// Whether a `use` brings in `seeds` from exactly this module.
fn shows_seeds(tree: &UseTree, module: &[&str]) -> bool {
    match (tree, module) {
        (UseTree::Path(path), _) if path.ident == "self" || path.ident == "crate" => {
            shows_seeds(&path.tree, module)
        }
        (UseTree::Path(path), [first, rest @ ..]) => {
            path.ident == first && shows_seeds(&path.tree, rest)
        }
        (UseTree::Group(group), _) => group.items.iter().any(|tree| shows_seeds(tree, module)),
        (UseTree::Name(name), []) => name.ident == "seeds",
        (UseTree::Glob(_), []) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRED: &str = "kumiko_seeds::sqlite::include_seeds!();\npub fn seeds() -> R { R }\n";

    #[track_caller]
    fn assert_finds(files: &[(&str, &str)], wiring: &str, function: Option<&str>) {
        let folder = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
        for (path, text) in files {
            let path = folder.path().join(path);
            let written = fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
                .and_then(|()| fs::write(path, text));
            assert!(written.is_ok());
        }
        let file = |name: &str| TextFile {
            path: folder.path().join(name),
            text: fs::read_to_string(folder.path().join(name)).unwrap_or_default(),
        };
        let library = Library {
            name: "my-shop".to_owned(),
            file: file("lib.rs"),
        };
        let expected = function.map_or(SeedsFunction::Unknown, |module| {
            SeedsFunction::In(module.to_owned())
        });
        assert_eq!(seeds_function(&library, &file(wiring)), expected);
    }

    #[test]
    fn it_is_found_wherever_the_library_shows_it() {
        assert_finds(&[("lib.rs", WIRED)], "lib.rs", Some("my_shop"));
        let module = [("lib.rs", "pub mod seeds;"), ("seeds.rs", WIRED)];
        assert_finds(&module, "seeds.rs", Some("my_shop::seeds"));
        let folder = [("lib.rs", "pub mod data;"), ("data/mod.rs", WIRED)];
        assert_finds(&folder, "data/mod.rs", Some("my_shop::data"));
        for parent in ["a.rs", "a/mod.rs"] {
            let nested = [
                ("lib.rs", "pub mod a;"),
                (parent, "pub mod b;"),
                ("a/b.rs", WIRED),
            ];
            assert_finds(&nested, "a/b.rs", Some("my_shop::a::b"));
        }
        for use_of_it in [
            "pub use seeds::seeds;",
            "pub use crate::seeds::{other, seeds};",
            "pub use self::seeds::*;",
        ] {
            let text = format!("mod seeds;\n{use_of_it}");
            let shown = [("lib.rs", text.as_str()), ("seeds.rs", WIRED)];
            assert_finds(&shown, "seeds.rs", Some("my_shop"));
        }
    }

    #[test]
    fn what_is_not_shown_is_unknown() {
        for library in [
            "mod seeds;",
            "",
            "pub use other::seeds;",
            "mod seeds; pub use seeds::a;",
        ] {
            let files = [("lib.rs", library), ("seeds.rs", WIRED)];
            assert_finds(&files, "seeds.rs", None);
        }
        let private = WIRED.replace("pub fn", "pub(crate) fn");
        assert_finds(&[("lib.rs", &private)], "lib.rs", None);
    }

    #[test]
    fn what_is_declared_is_known() {
        for (text, declared) in [
            ("pub mod seeds;", Declared::Publicly),
            ("mod seeds;", Declared::Privately),
            ("pub(crate) mod seeds {}", Declared::Privately),
            ("// mod seeds;\nmod seed;", Declared::Not),
        ] {
            let found = Source::parse(text).map(|source| declares(&source, "seeds"));
            assert_eq!(found.ok(), Some(declared), "{text}");
        }
    }
}
