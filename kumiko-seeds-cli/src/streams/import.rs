//! `stream:import`: brings back what a purge has exported.

use std::fs::File;
use std::io::{BufRead, BufReader, stdout};

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, ImportError, Imported};
use serde::Serialize;

use super::arguments::StreamImportArguments;
use super::change::no_handlers;
use crate::arguments::Format;
use crate::database::{find, open};
use crate::failure::{Exit, Failure};
use crate::printing::{counted, print_json, print_text};

/// `stream:import` of an app's own ops binary.
pub(crate) async fn run<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    arguments: &StreamImportArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    url.check_is_for::<DB>()?;
    url.check_for_changing()?;
    let handlers = runner.write_side().ok_or_else(no_handlers)?;
    let shown = arguments.file.display();
    let file = File::open(&arguments.file)
        .map_err(|error| Failure::new(format!("could not read {shown}")).caused_by(&error))?;
    let pool = open::<DB>(&url).await?;
    let lines = BufReader::new(file).lines();
    let imported = handlers.import_streams(&pool, lines).await;
    pool.close().await;
    let imported = imported.map_err(|error| {
        let help = help(&error);
        let failure = Failure::new(format!("could not import {shown}")).caused_by(&error);
        help.map_or(failure.clone(), |help| failure.help(help))
    })?;
    let view = ImportView::of(imported);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &(in_a_line(&view) + "\n"))?,
    }
    if imported.is_cut_off {
        anstream::eprintln!(
            "note: the file ends in the middle of a stream, which is left out: nothing of it was deleted before it was exported as a whole"
        );
    }
    Ok(Exit::Fine)
}

fn help(error: &ImportError) -> Option<&'static str> {
    match error {
        ImportError::OtherDatabase { .. } => Some(
            "import it into the database that it was exported from, or into a later copy of that",
        ),
        ImportError::InUse { .. } => Some("archive the stream first, if it is the same one"),
        _ => None,
    }
}

fn in_a_line(view: &ImportView) -> String {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let line = format!(
        "imported {} with {}; they are archived",
        counted(number(view.streams), "stream"),
        counted(number(view.events), "event"),
    );
    match view.known {
        0 => line,
        1 => format!("{line}, and 1 event was there already"),
        known => format!("{line}, and {known} events were there already"),
    }
}

/// What was imported.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ImportView {
    /// The version of this form.
    pub version: u32,
    /// How many streams. They are archived.
    pub streams: u64,
    /// How many events.
    pub events: u64,
    /// How many events of them were there already.
    pub known: u64,
    /// Whether the file ends in the middle of a stream, which is left out.
    pub cut_off: bool,
}

impl ImportView {
    fn of(imported: Imported) -> Self {
        Self {
            version: 1,
            streams: imported.streams,
            events: imported.events,
            known: imported.known,
            cut_off: imported.is_cut_off,
        }
    }
}
