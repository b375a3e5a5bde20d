use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::entry::Entry;
use crate::handler_calls::HandlerCall;
use crate::problem::Problem;
use crate::source::read_source;
use crate::suggestion::suggested_file_name;
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
    /// The calls of write handlers that can be read from the source, in the order of their lines.
    pub handler_calls: Vec<HandlerCall>,
    /// The 64 bit FNV-1a hash of the source as 16 lower-case hexadecimal digits. CRLF counts as LF and a byte
    /// order mark does not count.
    pub source_hash: String,
    /// Whether the file has a `SKIPPABLE` the generated code can refer to.
    pub(crate) declares_skippable: bool,
}

pub(crate) fn read_seed(
    entry: &Entry,
    folder: &Path,
    shown: &Path,
) -> Result<SeedFile, Vec<Problem>> {
    let path = folder.join(&entry.file_name);
    let shown = &shown.join(&entry.file_name);
    if let Some(fault) = &entry.fault {
        return Err(vec![Problem::new(shown, fault)]);
    }
    let id = checked_id(&entry.stem).map_err(|message| vec![Problem::new(shown, message)])?;
    let source = read_text(&path).map_err(|message| vec![Problem::new(shown, message)])?;
    let source = read_source(&source).map_err(|findings| {
        findings
            .into_iter()
            .map(|(line, message)| match line {
                Some(line) => Problem::at_line(shown, line, message),
                None => Problem::new(shown, message),
            })
            .collect::<Vec<_>>()
    })?;
    Ok(SeedFile {
        skip_flag: skip_flag(&id),
        id,
        path,
        description: source.description,
        skippable: source.skippable.unwrap_or(false),
        handler_calls: source.handler_calls,
        source_hash: source.source_hash,
        declares_skippable: source.skippable.is_some(),
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
