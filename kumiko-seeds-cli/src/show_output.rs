//! What `seed:show` prints.

use std::io::Write;

use serde::Serialize;

use super::output::{write_json, written};
use super::printable::printable;
use super::shown_seed::{ShownHandlerCall, ShownSeed};
use super::status_table::marker_cells;
use super::style::{Palette, painted};
use super::{Failure, Format, Terminal};

/// Prints all that is known of a seed.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_seed(
    out: &mut dyn Write,
    seed: &ShownSeed,
    format: Format,
    terminal: Terminal,
) -> Result<(), Failure> {
    match format {
        Format::Json => write_json(out, &Document::of(seed)),
        Format::Table => written(out.write_all(text(seed, terminal.palette).as_bytes())),
    }
}

fn text(seed: &ShownSeed, palette: Palette) -> String {
    let plain = anstyle::Style::new();
    let mut rows = vec![
        ("id", seed.id.clone(), plain),
        ("description", seed.description.clone(), plain),
    ];
    if let Some(source) = &seed.source {
        let file = source.file.iter().map(|file| ("file", file.clone(), plain));
        rows.extend(file);
        let skippable = match &source.skip_flag {
            Some(flag) => format!("with {flag}=1"),
            None => "no".to_owned(),
        };
        rows.push(("skippable", skippable, plain));
        if source.handler_calls.is_empty() {
            rows.push(("handlers", "none named in the source".to_owned(), plain));
        }
        let names = ["handlers"].into_iter().chain(std::iter::repeat(""));
        let calls = names.zip(&source.handler_calls);
        rows.extend(calls.map(|(name, call)| (name, handler(call), plain)));
    }
    match &seed.standing {
        None => {
            let reason = "unknown: no database is configured, so none was asked";
            rows.push(("state", reason.to_owned(), palette.faint));
        }
        Some(standing) => {
            let state = standing.state;
            rows.push(("state", state.to_string(), palette.of_state(state)));
            let remark = standing.remark.iter();
            rows.extend(remark.map(|remark| ("remark", remark.clone(), plain)));
            if let Some(marker) = &standing.marker {
                let [at, took, by] = marker_cells(marker);
                let notes = marker
                    .notes
                    .as_deref()
                    .map_or_else(|| "none".to_owned(), str::to_owned);
                let cells = [
                    ("applied at", at),
                    ("took", took),
                    ("by", by),
                    ("notes", notes),
                ];
                rows.extend(cells.map(|(name, value)| (name, value, plain)));
            }
        }
    }
    let lines = rows.into_iter().map(|(name, value, style)| {
        let spaces = " ".repeat("description".len() + 2 - name.len());
        let name = if name.is_empty() {
            String::new()
        } else {
            painted(name, palette.heading)
        };
        format!("{name}{spaces}{}", painted(&printable(&value), style))
            .trim_end()
            .to_owned()
            + "\n"
    });
    lines.collect()
}

fn handler(call: &ShownHandlerCall) -> String {
    let roles = match call.roles.as_deref() {
        None => "roles that the source does not tell".to_owned(),
        Some([]) => "no role of its own".to_owned(),
        Some([role]) => format!("role {role}"),
        Some(roles) => format!("roles {}", roles.join(", ")),
    };
    format!("{}, line {}, with {roles}", call.handler, call.line)
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    id: &'a str,
    description: &'a str,
    source: Option<SourceDocument<'a>>,
    state: Option<&'static str>,
    remark: Option<&'a str>,
    marker: Option<MarkerDocument<'a>>,
}

#[derive(Serialize)]
struct SourceDocument<'a> {
    file: Option<&'a str>,
    skip_flag: Option<&'a str>,
    handler_calls: Vec<HandlerDocument<'a>>,
}

#[derive(Serialize)]
struct HandlerDocument<'a> {
    handler: &'a str,
    line: usize,
    roles: Option<&'a [String]>,
}

#[derive(Serialize)]
struct MarkerDocument<'a> {
    applied_at: String,
    duration_ms: i32,
    applied_by: &'a str,
    notes: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn of(seed: &'a ShownSeed) -> Self {
        let source = seed.source.as_ref().map(|source| SourceDocument {
            file: source.file.as_deref(),
            skip_flag: source.skip_flag.as_deref(),
            handler_calls: source
                .handler_calls
                .iter()
                .map(HandlerDocument::of)
                .collect(),
        });
        let standing = seed.standing.as_ref();
        let marker = standing.and_then(|standing| standing.marker.as_ref());
        Self {
            version: 1,
            id: &seed.id,
            description: &seed.description,
            source,
            state: standing.map(|standing| standing.state.as_str()),
            remark: standing.and_then(|standing| standing.remark.as_deref()),
            marker: marker.map(|marker| MarkerDocument {
                applied_at: marker.applied_at.to_rfc3339(),
                duration_ms: marker.duration_ms,
                applied_by: &marker.applied_by,
                notes: marker.notes.as_deref(),
            }),
        }
    }
}

impl<'a> HandlerDocument<'a> {
    fn of(call: &'a ShownHandlerCall) -> Self {
        Self {
            handler: &call.handler,
            line: call.line,
            roles: call.roles.as_deref(),
        }
    }
}
