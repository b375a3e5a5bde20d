//! Changes to a Cargo.toml that keep its comments and layout. Pure.

mod facts;

use std::fmt;

pub(super) use facts::{WorkspaceDependency, is_switched_off};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// One change to a Cargo.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A dependency that is not there yet.
    Dependency {
        table: &'static str,
        name: &'static str,
        origin: Origin,
        default_features: DefaultFeatures,
        features: Vec<&'static str>,
    },
    /// Another place of a dependency that is there, under this key of this table.
    Path {
        table: &'static str,
        key: String,
        path: String,
    },
    /// Features of a dependency that is there, under this key of `[dependencies]`.
    Features {
        key: String,
        features: Vec<&'static str>,
    },
    /// The library, where Cargo would not find it by itself or its package's name is of no use.
    Library { name: String, path: &'static str },
    /// What `cargo run` starts, now that there is a second binary.
    DefaultRun(String),
    /// A binary that Cargo would not find by itself.
    Binary { name: String, path: String },
    /// The ops binary, where its name does not tell.
    OpsBinary(String),
    /// The name of an app that shares its database.
    App(String),
}

/// Where a dependency comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Version(&'static str),
    Path(String),
    Workspace,
}

/// Whether a dependency has the features that it has by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DefaultFeatures {
    On,
    Off,
}

/// The text with the changes made, or why one cannot be.
pub(super) fn edited(text: &str, edits: &[Edit]) -> Result<String, String> {
    let (mark, toml) = match text.strip_prefix('\u{feff}') {
        Some(toml) => ("\u{feff}", toml),
        None => ("", text),
    };
    let mut document: DocumentMut = toml.parse().map_err(|error| format!("{error}"))?;
    for edit in edits {
        make(&mut document, edit)?;
    }
    let mut edited = document.to_string();
    // The parser knows only one kind of line end.
    if text.contains("\r\n") {
        edited = edited.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    Ok(format!("{mark}{edited}"))
}

fn make(document: &mut DocumentMut, edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Dependency {
            table,
            name,
            origin,
            default_features,
            features,
        } => {
            place_new_table(document, table);
            let table = table_at(document.as_table_mut(), &[table])?;
            let was_sorted = is_sorted(table);
            let dependency = dependency(origin, *default_features, features);
            table.insert(name, value(dependency));
            if was_sorted {
                table.sort_values();
            }
        }
        Edit::Path { table, key, path } => {
            let entry = table_at(document.as_table_mut(), &[table])?.get_mut(key);
            let entry = entry.ok_or_else(|| {
                format!("[{table}] has no {key}, which stands in a table of another kind")
            })?;
            set_path(entry, path).ok_or_else(|| {
                format!("{key} of [{table}] comes from the workspace or is of no known form")
            })?;
        }
        Edit::Features { key, features } => {
            let dependencies = table_at(document.as_table_mut(), &["dependencies"])?;
            let entry = dependencies.get_mut(key).ok_or_else(|| {
                format!("[dependencies] has no {key}, which stands in a table of another kind")
            })?;
            add_features(entry, features)
                .ok_or_else(|| format!("{key} of [dependencies] is of no known form"))?;
        }
        Edit::Library { name, path } => {
            let library = table_at(document.as_table_mut(), &["lib"])?;
            library.insert("name", value(name.as_str()));
            library.insert("path", value(*path));
        }
        Edit::DefaultRun(binary) => {
            let package = table_at(document.as_table_mut(), &["package"])?;
            package.insert("default-run", value(binary.as_str()));
        }
        Edit::Binary { name, path } => {
            let mut binary = Table::new();
            binary.insert("name", value(name.as_str()));
            binary.insert("path", value(path.as_str()));
            let binaries = document.entry("bin").or_insert_with(toml_edit::array);
            let binaries = binaries.as_array_of_tables_mut();
            binaries
                .ok_or("bin is not written as [[bin]]")?
                .push(binary);
        }
        Edit::OpsBinary(name) => set(document, "bin", name)?,
        Edit::App(name) => set(document, "app", name)?,
    }
    Ok(())
}

/// Sets a setting of this program.
fn set(document: &mut DocumentMut, setting: &str, to: &str) -> Result<(), String> {
    let path = ["package", "metadata", "kumiko-ops"];
    let settings = table_at(document.as_table_mut(), &path)?;
    settings.insert(setting, value(to));
    Ok(())
}

/// The table at a path; what is missing of it is created without headings of its own.
fn table_at<'a>(root: &'a mut Table, path: &[&str]) -> Result<&'a mut dyn TableLike, String> {
    let mut table: &mut dyn TableLike = root;
    for (depth, name) in path.iter().enumerate() {
        let item = table.entry(name).or_insert_with(|| {
            let mut new = Table::new();
            new.set_implicit(depth + 1 < path.len());
            Item::Table(new)
        });
        table = item
            .as_table_like_mut()
            .ok_or_else(|| format!("{} is no table", path[..=depth].join(".")))?;
    }
    Ok(table)
}

/// Puts `[build-dependencies]` behind `[dependencies]` where it is to be new; by itself it would be the
/// last table of the file.
fn place_new_table(document: &mut DocumentMut, name: &str) {
    if document.contains_key(name) {
        return;
    }
    let Some(position) = document.get("dependencies").and_then(last_position) else {
        return;
    };
    let mut table = Table::new();
    table.set_position(Some(position));
    document.insert(name, Item::Table(table));
}

/// The position of the last table in an item.
fn last_position(item: &Item) -> Option<isize> {
    let table = item.as_table()?;
    let inner = table.iter().filter_map(|(_, item)| last_position(item));
    inner.chain(table.position()).max()
}

fn is_sorted(table: &dyn TableLike) -> bool {
    table.iter().map(|(key, _)| key).is_sorted()
}

fn dependency(origin: &Origin, default_features: DefaultFeatures, features: &[&str]) -> Value {
    let mut table = InlineTable::new();
    let is_plain = default_features == DefaultFeatures::On && features.is_empty();
    match origin {
        Origin::Version(version) if is_plain => return (*version).into(),
        Origin::Version(version) => table.insert("version", (*version).into()),
        Origin::Path(path) => table.insert("path", path.as_str().into()),
        Origin::Workspace => table.insert("workspace", true.into()),
    };
    if default_features == DefaultFeatures::Off {
        table.insert("default-features", false.into());
    }
    if !features.is_empty() {
        table.insert("features", Value::Array(features.iter().copied().collect()));
    }
    table.into()
}

/// Gives a dependency a path instead of the place that it comes from.
fn set_path(entry: &mut Item, path: &str) -> Option<()> {
    let table = as_table(entry)?;
    if table.contains_key("workspace") {
        return None;
    }
    for place in ["git", "branch", "tag", "rev", "registry"] {
        table.remove(place);
    }
    table.insert("path", value(path));
    // The blank before the brace stands behind what was the last value.
    if let Some(table) = entry.as_inline_table_mut() {
        table.fmt();
    }
    Some(())
}

/// Adds features to a dependency however it is written.
fn add_features(entry: &mut Item, features: &[&str]) -> Option<()> {
    let list = as_table(entry)?
        .entry("features")
        .or_insert_with(|| value(Array::new()))
        .as_array_mut()?;
    for feature in features {
        push_like_the_last(list, feature);
    }
    Some(())
}

/// A dependency as a table, which it becomes if it is only a version.
fn as_table(entry: &mut Item) -> Option<&mut dyn TableLike> {
    if let Item::Value(Value::String(version)) = entry {
        let mut table = InlineTable::new();
        table.insert("version", version.value().as_str().into());
        *table.decor_mut() = version.decor().clone();
        *entry = Item::Value(table.into());
    }
    entry.as_table_like_mut()
}

/// Adds to the end of a list, on a line of its own where the last value has one. A comment behind the
/// last value stays there.
fn push_like_the_last(array: &mut Array, text: &str) {
    let has_comma = array.trailing_comma();
    let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
    let index = array.len().checked_sub(1);
    let Some(last) = index.and_then(|last| array.get_mut(last)) else {
        array.push(text);
        return;
    };
    let decor = last.decor_mut();
    let prefix = decor.prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default();
    let line = prefix
        .rfind('\n')
        .map_or(" ", |end| &prefix[end..])
        .to_owned();
    let suffix = decor.suffix().and_then(|suffix| suffix.as_str());
    let suffix = suffix.unwrap_or_default().to_owned();
    let behind = if has_comma { &trailing } else { &suffix };
    let (comment, end) = behind.split_at(behind.rfind('\n').unwrap_or(0));
    let prefix = format!("{comment}{line}");
    if !has_comma {
        decor.set_suffix("");
        array.push_formatted(Value::from(text).decorated(prefix, end));
        return;
    }
    array.push_formatted(Value::from(text).decorated(prefix, ""));
    array.set_trailing(end);
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dependency {
                name,
                default_features,
                features,
                ..
            } => {
                formatter.write_str(name)?;
                if !features.is_empty() {
                    write!(formatter, " with {}", features.join(" and "))?;
                }
                if *default_features == DefaultFeatures::Off {
                    let and = if features.is_empty() { "" } else { " and" };
                    write!(formatter, "{and} without default features")?;
                }
                Ok(())
            }
            Self::Path { key, path, .. } => write!(formatter, "{key} at {path}"),
            Self::Library { name, .. } => write!(formatter, "library {name}"),
            Self::Features { key, features } => {
                write!(formatter, "{key} now with {}", features.join(" and "))
            }
            Self::DefaultRun(binary) => write!(formatter, "default-run {binary}"),
            Self::Binary { name, .. } => write!(formatter, "binary {name}"),
            Self::OpsBinary(name) => write!(formatter, "ops binary {name}"),
            Self::App(name) => write!(formatter, "app {name}"),
        }
    }
}

#[cfg(test)]
mod tests;
