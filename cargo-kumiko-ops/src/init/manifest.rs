//! Changes to a Cargo.toml that keep its comments and layout. Pure.

use std::fmt;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// One change to a Cargo.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A dependency that is not there yet.
    Dependency {
        table: &'static str,
        name: &'static str,
        origin: Origin,
        features: Vec<&'static str>,
    },
    /// Features of a dependency that is there, under this key of `[dependencies]`.
    Features {
        key: String,
        features: Vec<&'static str>,
    },
    /// What `cargo run` starts, now that there is a second binary.
    DefaultRun(String),
    /// A binary that Cargo would not find by itself.
    Binary { name: String, path: String },
    /// The ops binary, where its name does not tell.
    OpsBinary(String),
}

/// Where a dependency comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Version(&'static str),
    Path(String),
    Workspace,
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

/// Whether `[workspace.dependencies]` of this text has a dependency.
pub(super) fn workspace_has(text: &str, name: &str) -> bool {
    let document: Result<DocumentMut, _> = text.trim_start_matches('\u{feff}').parse();
    document.is_ok_and(|document| {
        let table = document
            .get("workspace")
            .and_then(|item| item.get("dependencies"));
        table.is_some_and(|table| table.get(name).is_some())
    })
}

/// Whether `[package]` of this text sets something to `false`: `autobins`, `build`.
pub(super) fn is_switched_off(text: &str, setting: &str) -> bool {
    let document: Result<DocumentMut, _> = text.trim_start_matches('\u{feff}').parse();
    document.is_ok_and(|document| {
        let package = document.get("package");
        let setting = package.and_then(|package| package.get(setting));
        setting.and_then(Item::as_bool) == Some(false)
    })
}

fn make(document: &mut DocumentMut, edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Dependency {
            table,
            name,
            origin,
            features,
        } => {
            place_new_table(document, table);
            let table = table_at(document.as_table_mut(), &[table])?;
            let was_sorted = is_sorted(table);
            table.insert(name, value(dependency(origin, features)));
            if was_sorted {
                table.sort_values();
            }
        }
        Edit::Features { key, features } => {
            let dependencies = table_at(document.as_table_mut(), &["dependencies"])?;
            let entry = dependencies.get_mut(key).ok_or_else(|| {
                format!("[dependencies] has no {key}, which stands in a table of another kind")
            })?;
            add_features(entry, features)
                .ok_or_else(|| format!("{key} of [dependencies] is of no known form"))?;
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
        Edit::OpsBinary(name) => {
            let path = ["package", "metadata", "kumiko-ops"];
            let settings = table_at(document.as_table_mut(), &path)?;
            settings.insert("bin", value(name.as_str()));
        }
    }
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

fn dependency(origin: &Origin, features: &[&str]) -> Value {
    let mut table = InlineTable::new();
    match origin {
        Origin::Version(version) if features.is_empty() => return (*version).into(),
        Origin::Version(version) => table.insert("version", (*version).into()),
        Origin::Path(path) => table.insert("path", path.as_str().into()),
        Origin::Workspace => table.insert("workspace", true.into()),
    };
    if !features.is_empty() {
        table.insert("features", Value::Array(features.iter().copied().collect()));
    }
    table.into()
}

/// Adds features to a dependency however it is written.
fn add_features(entry: &mut Item, features: &[&str]) -> Option<()> {
    if let Item::Value(Value::String(version)) = entry {
        let mut table = InlineTable::new();
        table.insert("version", version.value().as_str().into());
        *table.decor_mut() = version.decor().clone();
        *entry = Item::Value(table.into());
    }
    let table = entry.as_table_like_mut()?;
    let list = table
        .entry("features")
        .or_insert_with(|| value(Array::new()))
        .as_array_mut()?;
    for feature in features {
        push_like_the_last(list, feature);
    }
    Some(())
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
            Self::Dependency { name, features, .. } if features.is_empty() => {
                write!(formatter, "{name}")
            }
            Self::Dependency { name, features, .. } => {
                write!(formatter, "{name} with {}", features.join(" and "))
            }
            Self::Features { key, features } => {
                write!(formatter, "{key} now with {}", features.join(" and "))
            }
            Self::DefaultRun(binary) => write!(formatter, "default-run {binary}"),
            Self::Binary { name, .. } => write!(formatter, "binary {name}"),
            Self::OpsBinary(name) => write!(formatter, "ops binary {name}"),
        }
    }
}

#[cfg(test)]
mod tests;
