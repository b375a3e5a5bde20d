//! What is in a folder of seeds.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use crate::suggestion::suggested_file_name;
use crate::validate_id;

/// A file or folder that is a seed, or looks as if somebody meant it to be one.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) file_name: OsString,
    /// The name without `.rs`, by which entries are sorted.
    pub(crate) stem: OsString,
    /// Why it is not read, and what to do.
    pub(crate) fault: Option<String>,
}

/// What an entry of the folder is; none if it is left alone: README files, data, what starts with `_` or `.`, and what
/// editors and merges leave behind.
///
/// **Invariant:** no file is left alone that has Rust's ending in its name or an id for its name, and no folder with a Rust
/// file. A seed that is passed over is missed by nobody until its change is.
pub(crate) fn entry(entry: &DirEntry, shown_folder: &Path) -> Option<Entry> {
    let file_name = entry.file_name();
    if is_set_aside(&file_name) {
        return None;
    }
    let has_ending = has_ending(&file_name);
    // A link counts as what it leads to.
    let fault = if entry.path().is_dir() {
        Some(fault_of_folder(&entry.path(), shown_folder)?)
    } else if has_ending {
        None
    } else {
        Some(fault_of_name(&file_name)?)
    };
    let path = Path::new(&file_name);
    let stem = if has_ending { path.file_stem() } else { None };
    Some(Entry {
        stem: stem.unwrap_or(&file_name).to_owned(),
        file_name,
        fault,
    })
}

/// By the rule of the folder, or as the leftover of an editor or a merge.
fn is_set_aside(file_name: &OsStr) -> bool {
    const LEFTOVERS: [&str; 8] = ["~", "#", ".orig", ".rej", ".bak", ".tmp", ".swp", ".swo"];
    let name = file_name.to_string_lossy();
    name.starts_with(['_', '.']) || LEFTOVERS.iter().any(|ending| name.ends_with(ending))
}

fn has_ending(file_name: &OsStr) -> bool {
    Path::new(file_name)
        .extension()
        .is_some_and(|ending| ending == "rs")
}

/// The name without its ending, if the ending is meant to be Rust's: `x.RS`, `x.rs.txt`, `x.rs ` and the like.
fn rust_stem(file_name: &OsStr) -> Option<String> {
    let name = file_name.to_string_lossy();
    let (stem, endings) = name.split_once('.')?;
    let is_rust = |ending: &str| ending.trim().eq_ignore_ascii_case("rs");
    endings.split('.').any(is_rust).then(|| stem.to_owned())
}

fn fault_of_name(file_name: &OsStr) -> Option<String> {
    let name = file_name.to_string_lossy();
    let is_id = validate_id(&name).is_ok();
    let stem = rust_stem(file_name).or_else(|| is_id.then(|| name.into_owned()))?;
    Some(format!(
        "the name does not end in .rs; rename it to {}, or let its name start with _ if it is no seed",
        right_file_name(&stem)
    ))
}

fn right_file_name(stem: &str) -> String {
    match validate_id(stem) {
        Ok(()) => format!("{stem}.rs"),
        Err(_) => suggested_file_name(stem),
    }
}

fn fault_of_folder(folder: &Path, shown_folder: &Path) -> Option<String> {
    let name = folder.file_name()?;
    let or = "or let the folder's name start with _ if it holds no seeds";
    if let Some(found) = first_rust_file(folder) {
        // `x/mod.rs` is another way to write `x.rs`.
        let file_name = found.file_name()?;
        let own_name = if file_name == "mod.rs" {
            found.parent()?.file_name()?
        } else {
            file_name
        };
        let stem = rust_stem(own_name).unwrap_or_else(|| own_name.to_string_lossy().into_owned());
        let shown = shown_folder
            .join(name)
            .join(found.strip_prefix(folder).ok()?);
        return Some(format!(
            "seeds in a folder are not found; move {} to {}, {or}",
            shown.display(),
            shown_folder.join(right_file_name(&stem)).display()
        ));
    }
    rust_stem(name).map(|_| format!("it is a folder; put the seed's source in its place, {or}"))
}

/// The first Rust file in the folder or below it. Links are not followed, since they may lead back.
fn first_rust_file(folder: &Path) -> Option<PathBuf> {
    // What cannot be listed has nothing that could be named.
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut entries: Vec<DirEntry> = entries
        .filter(|entry| !is_set_aside(&entry.file_name()))
        .collect();
    entries.sort_by_key(DirEntry::file_name);
    entries.into_iter().find_map(|entry| {
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            return first_rust_file(&entry.path());
        }
        rust_stem(&entry.file_name()).map(|_| entry.path())
    })
}
