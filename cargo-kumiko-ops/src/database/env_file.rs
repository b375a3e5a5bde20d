//! `DATABASE_URL` in a file `.env`. The environment of this process stays as it is.

use std::fs;
use std::io;
use std::path::Path;

use kumiko_seeds_cli::Failure;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The URL in the file, or why it has none, to be read after the file's path.
pub(super) fn database_url(path: &Path) -> Result<Result<String, &'static str>, Failure> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err("does not exist"));
        }
        Err(error) => {
            return Err(Failure::new(format!("could not read {}", path.display()))
                .caused_by(&error)
                .help("correct the file or its permissions, or set DATABASE_URL instead"));
        }
    };
    let content = content
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(content.as_slice());
    // As dotenvy itself does, the first of two values counts.
    for variable in dotenvy::Iter::new(content) {
        let (name, value) = variable.map_err(|error| not_understood(path, content, &error))?;
        if name == "DATABASE_URL" && !value.trim().is_empty() {
            return Ok(Ok(value));
        }
    }
    Ok(Err("has no DATABASE_URL"))
}

/// The parser's own message shows the line, which may hold a password.
fn not_understood(path: &Path, content: &[u8], error: &dotenvy::Error) -> Failure {
    let line = match error {
        dotenvy::Error::LineParse(line, _) => line_number(content, line),
        _ => None,
    };
    let place = match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    };
    Failure::new(format!("{place} is not a line NAME=value"))
        .help("put a value with spaces, quotes, # or $ between single quotes: NAME='value'")
}

/// The first line, counted from 1, that has the part of a line that the parser stumbled over.
fn line_number(content: &[u8], part: &str) -> Option<usize> {
    let part = part.lines().next()?.trim();
    let mut lines = std::str::from_utf8(content).ok()?.lines();
    lines
        .position(|line| line.contains(part))
        .map(|index| index + 1)
}
