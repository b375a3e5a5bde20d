//! All that is known of one seed, for people. Pure.

use anstyle::Style;

use super::view::ShownSeed;
use crate::app_seeds::{SeedSource, SourceCall};
use crate::printing::{Columns, Palette, milliseconds, printable};
use crate::progress_view::ProgressView;

/// A line: the name of what is known, what is known, and how that looks.
type Row = (&'static str, String, Style);

/// A line for each thing that is known of the seed.
pub(super) fn table(seed: &ShownSeed<'_>, palette: Palette) -> String {
    let mut rows = vec![plain("id", seed.id), plain("description", seed.description)];
    rows.extend(seed.source.into_iter().flat_map(of_source));
    rows.extend(of_database(seed, palette));
    let cells: Vec<[String; 2]> = rows
        .iter()
        .map(|(name, value, _)| [(*name).to_owned(), printable(value)])
        .collect();
    let columns = Columns::of(&cells);
    let lines = cells.iter().zip(&rows);
    lines
        .map(|(cells, (_, _, style))| columns.line(cells, [palette.heading, *style]))
        .collect()
}

fn plain(name: &'static str, value: impl Into<String>) -> Row {
    (name, value.into(), Style::new())
}

fn of_source(source: &SeedSource) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(source.file.iter().map(|file| plain("file", file)));
    rows.push(match &source.skip_flag {
        Some(flag) => plain("skippable", format!("with {flag}=1")),
        None => plain("skippable", "no"),
    });
    if !source.environments.is_empty() {
        rows.push(plain("runs in", source.environments.join(", ")));
    }
    let migration = source.after_migration.iter();
    rows.extend(migration.map(|version| plain("after migration", version.to_string())));
    let late = source.out_of_order.iter();
    rows.extend(late.map(|reason| plain("may be late", reason)));
    if source.handler_calls.is_empty() {
        rows.push(plain("handlers", "none named in the source"));
    }
    let names = ["handlers"].into_iter().chain(std::iter::repeat(""));
    let calls = names.zip(&source.handler_calls);
    rows.extend(calls.map(|(name, call)| plain(name, handler(call))));
    rows
}

fn of_database(seed: &ShownSeed<'_>, palette: Palette) -> Vec<Row> {
    let Some(state) = seed.state else {
        let reason = "unknown: no database is configured, so none was asked";
        return vec![("state", reason.to_owned(), palette.faint)];
    };
    let mut rows = vec![("state", state.to_string(), palette.of_state(state))];
    rows.extend(seed.remark.iter().map(|remark| plain("remark", remark)));
    rows.extend(seed.progress.iter().flat_map(of_progress));
    if let Some(marker) = &seed.marker {
        rows.extend([
            plain("applied at", marker.applied_at.to_string()),
            plain("took", milliseconds(marker.duration_ms)),
            plain("by", marker.applied_by),
            plain("notes", marker.notes.unwrap_or("none")),
        ]);
    }
    rows
}

fn of_progress(progress: &ProgressView<'_>) -> Vec<Row> {
    let cursor = progress.cursor.as_ref();
    vec![
        plain("begun at", progress.started_at.to_string()),
        plain("last step", progress.updated_at.to_string()),
        plain("worker", progress.worker.unwrap_or("none")),
        plain(
            "steps",
            format!("{}, with {} events", progress.steps, progress.events),
        ),
        plain("next step", format!("{} items", progress.step_size)),
        plain(
            "cursor",
            cursor.map_or_else(|| "none".to_owned(), ToString::to_string),
        ),
    ]
}

fn handler(call: &SourceCall) -> String {
    let roles = match call.roles.as_deref() {
        None => "roles that the source does not tell".to_owned(),
        Some([]) => "no role of its own".to_owned(),
        Some([role]) => format!("role {role}"),
        Some(roles) => format!("roles {}", roles.join(", ")),
    };
    format!("{}, line {}, with {roles}", call.handler, call.line)
}
