use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::entry::Entry;
use crate::handler_calls::HandlerCall;
use crate::problem::Problem;
use crate::source::{Code, Folder, Line, read_source};
use crate::source_hash::source_hash;
use crate::suggestion::suggested_file_name;
use crate::text_hash::text_hash;
use crate::{skip_flag, validate_id};

/// A seed as its file tells it, nothing compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedFile {
    /// The file name without `.rs`.
    pub id: String,
    /// The file: the folder as it was given, and the name.
    pub path: PathBuf,
    /// The value of `DESCRIPTION`.
    pub description: String,
    /// The value of `SKIPPABLE`; false if the file has none.
    pub skippable: bool,
    /// The environment variable that skips it, if it is skippable; see [`skip_flag`].
    pub skip_flag: String,
    /// The value of `BACKGROUND`: whether the seed is left out of the boot of the app. False if the file has none.
    pub background: bool,
    /// The ids in `AFTER`: the seeds that have to be applied before this one begins. Each is a seed of the same
    /// folder and sorts before it.
    pub after: Vec<String>,
    /// The ids in `REPLACES`: the retired seeds in whose place this one is. Each has a line in the list of the same folder and sorts
    /// before it.
    pub replaces: Vec<String>,
    /// The environments in `ENVIRONMENTS`, outside of which the seed does not run. Empty if the file has no such list: then
    /// it runs everywhere.
    pub environments: Vec<String>,
    /// The environments that there are, as the nearest `Cargo.toml` from the folder upwards says in `environments` of
    /// `[package.metadata.kumiko-ops]`. Empty if it does not.
    pub known_environments: Vec<String>,
    /// The value of `OUT_OF_ORDER`: why the seed is in order though seeds with later dates are applied. None if the file does not
    /// say that it is.
    pub out_of_order: Option<String>,
    /// The value of `AFTER_MIGRATION`: the version of the schema migration that the seed waits for. None if the file has none.
    pub after_migration: Option<i64>,
    /// Whether the seed has a `batch`, which makes its change in many steps with a transaction each, in place of
    /// a `run`, which makes it in one.
    pub in_steps: bool,
    /// The calls of write handlers that can be read from the source, in the order of their lines.
    pub handler_calls: Vec<HandlerCall>,
    /// The hash of its code and of what that includes: `tokens:` and 16 lower-case hexadecimal digits. Comments and
    /// layout do not count.
    pub source_hash: String,
    /// The 64 bit FNV-1a hash of the text of its file as 16 lower-case hexadecimal digits. CRLF counts as LF and a byte
    /// order mark does not count.
    pub text_hash: String,
    /// The files that it includes, as far as that can be told: paths that start with the folder.
    pub included: Vec<PathBuf>,
    /// The last release that had it, if it is retired: it has a line in the list [`RETIRED_LIST`](crate::RETIRED_LIST), which its path
    /// names, and no file of its own.
    pub retired: Option<String>,
    /// The lines of the ids in `AFTER`.
    pub(crate) after_lines: Vec<Line>,
    /// The lines of the ids in `REPLACES`.
    pub(crate) replaces_lines: Vec<Line>,
    /// What of the things that a file may leave out is there, for the generated code to refer to.
    pub(crate) declares: Vec<Declared>,
}

impl SeedFile {
    /// A seed that says nothing of itself, and whose hashes are not known.
    pub(crate) fn bare(id: &str, path: PathBuf) -> Self {
        Self {
            id: id.to_owned(),
            path,
            description: String::new(),
            skippable: false,
            skip_flag: skip_flag(id),
            background: false,
            after: Vec::new(),
            replaces: Vec::new(),
            environments: Vec::new(),
            known_environments: Vec::new(),
            out_of_order: None,
            after_migration: None,
            in_steps: false,
            handler_calls: Vec::new(),
            source_hash: String::new(),
            text_hash: String::new(),
            included: Vec::new(),
            retired: None,
            after_lines: Vec::new(),
            replaces_lines: Vec::new(),
            declares: Vec::new(),
        }
    }
}

/// Something that a seed file may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    Skippable,
    Background,
    After,
    Replaces,
    Environments,
    OutOfOrder,
    AfterMigration,
    Count,
}

pub(crate) fn read_seed(
    entry: &Entry,
    folder: &Path,
    shown: &Path,
    ids: &[String],
    known_environments: &[String],
) -> Result<SeedFile, Vec<Problem>> {
    let path = folder.join(&entry.file_name);
    let shown = &shown.join(&entry.file_name);
    if let Some(fault) = &entry.fault {
        return Err(vec![Problem::new(shown, fault)]);
    }
    let id = checked_id(&entry.stem).map_err(|message| vec![Problem::new(shown, message)])?;
    let text = read_text(&path).map_err(|message| vec![Problem::new(shown, message)])?;
    let of_folder = Folder {
        id: &id,
        ids,
        known_environments,
    };
    let source = read_source(&text, of_folder).map_err(|findings| {
        findings
            .into_iter()
            .map(|(line, message)| match line {
                Some(line) => Problem::at_line(shown, line, message),
                None => Problem::new(shown, message),
            })
            .collect::<Vec<_>>()
    })?;
    let declares = [
        (source.skippable.is_some(), Declared::Skippable),
        (source.background.is_some(), Declared::Background),
        (source.after.is_some(), Declared::After),
        (source.replaces.is_some(), Declared::Replaces),
        (source.environments.is_some(), Declared::Environments),
        (source.out_of_order.is_some(), Declared::OutOfOrder),
        (source.after_migration.is_some(), Declared::AfterMigration),
        (source.code == Code::InCountedSteps, Declared::Count),
    ];
    let declares = declares.into_iter().filter(|(is_there, _)| *is_there);
    let hashed = source_hash(&source.canonical, &path);
    let (after, after_lines) = source.after.unwrap_or_default().into_iter().unzip();
    let (replaces, replaces_lines) = source.replaces.unwrap_or_default().into_iter().unzip();
    Ok(SeedFile {
        skip_flag: skip_flag(&id),
        id,
        path,
        description: source.description,
        skippable: source.skippable.unwrap_or(false),
        background: source.background.unwrap_or(false),
        after,
        after_lines,
        replaces,
        replaces_lines,
        environments: source.environments.unwrap_or_default(),
        known_environments: known_environments.to_vec(),
        out_of_order: source.out_of_order,
        after_migration: source.after_migration,
        in_steps: source.code != Code::Whole,
        handler_calls: source.handler_calls,
        source_hash: hashed.hash,
        text_hash: text_hash(&text),
        included: hashed.included,
        retired: None,
        declares: declares.map(|(_, declared)| declared).collect(),
    })
}

pub(crate) fn checked_id(stem: &OsStr) -> Result<String, String> {
    let name = stem.to_string_lossy();
    let fault = match stem.to_str().map(validate_id) {
        Some(Ok(())) => return Ok(name.into_owned()),
        Some(Err(rule)) => rule.to_string(),
        None => "the name is not UTF-8".to_owned(),
    };
    Err(format!(
        "{fault}; rename it to {}, or let its name start with _ if it is no seed",
        suggested_file_name(&name)
    ))
}

fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("the file cannot be read: {error}");
    // Reading a pipe would wait for a writer that never comes.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is not a regular file; put the seed's source in its place".to_owned());
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes)
        .map_err(|_| "the content is not UTF-8; save the file as UTF-8".to_owned())
}
