//! `stream:list`: which streams are archived.

use std::io::stdout;

use anstyle::Style;
use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{ArchivedStream, ArchivedStreams, EventBackend, archived_streams};
use serde::Serialize;

use super::arguments::StreamListArguments;
use super::change::StreamView;
use crate::arguments::{Format, id};
use crate::database::{connect, find};
use crate::failure::{Exit, Failure};
use crate::printing::{Columns, Moment, Terminal, print_json, print_text, printable};

/// `stream:list` of an app's own ops binary.
pub(crate) async fn run<DB: EventBackend>(
    _: &SeedRunner<DB>,
    arguments: &StreamListArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let mut asked = ArchivedStreams::default().at_most(arguments.show);
    if let Some(aggregate_type) = &arguments.aggregate_type {
        asked = asked.of(aggregate_type);
    }
    if let Some(text) = &arguments.tenant {
        asked = asked.in_tenant(id("--tenant", text)?);
    }
    // In a database that is not there yet, nothing is archived.
    let streams = match connect::<DB>(&url).await? {
        None => Vec::new(),
        Some(pool) => {
            let listed = async {
                let mut connection = pool.acquire().await?;
                archived_streams::<DB>(&mut connection, &asked).await
            };
            let listed = listed.await;
            pool.close().await;
            listed.map_err(|error| {
                Failure::new(format!("could not read the archive of {url}")).caused_by(&error)
            })?
        }
    };
    let view = ArchiveView::of(&streams);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &table(&view, Terminal::of_stdout()))?,
    }
    Ok(Exit::Fine)
}

/// Which streams are archived.
#[derive(Clone, Debug, Serialize)]
pub struct ArchiveView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The streams, those first that have been archived for the longest.
    pub streams: Vec<ArchivedView<'a>>,
}

/// A stream that is archived.
#[derive(Clone, Debug, Serialize)]
pub struct ArchivedView<'a> {
    /// The stream.
    #[serde(flatten)]
    pub stream: StreamView<'a>,
    /// Since when.
    pub archived_at: Moment,
    /// By whom.
    pub archived_by: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// Whether it was purged, so that nothing but the mark is left.
    pub purged: bool,
}

impl<'a> ArchiveView<'a> {
    fn of(streams: &'a [ArchivedStream]) -> Self {
        let view = |archived: &'a ArchivedStream| ArchivedView {
            stream: StreamView::of(&archived.stream),
            archived_at: Moment(archived.archived_at),
            archived_by: &archived.archived_by,
            reason: archived.reason.as_deref(),
            purged: archived.is_purged,
        };
        Self {
            version: 1,
            streams: streams.iter().map(view).collect(),
        }
    }
}

const HEADINGS: [&str; 6] = ["STREAM", "TENANT", "ARCHIVED AT", "EVENTS", "BY", "REASON"];

fn table(archive: &ArchiveView<'_>, terminal: Terminal) -> String {
    if archive.streams.is_empty() {
        return "no stream is archived\n".to_owned();
    }
    let Terminal { palette, width } = terminal;
    let headings = HEADINGS.map(str::to_owned);
    let row = |archived: &ArchivedView<'_>| {
        let StreamView {
            aggregate_type,
            aggregate_id,
            tenant_id,
        } = &archived.stream;
        [
            format!("{}/{aggregate_id}", printable(aggregate_type)),
            tenant_id.clone(),
            archived.archived_at.to_string(),
            if archived.purged { "purged" } else { "kept" }.to_owned(),
            printable(archived.archived_by),
            archived.reason.map_or_else(String::new, printable),
        ]
    };
    let rows: Vec<[String; 6]> = archive.streams.iter().map(row).collect();
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);
    let mut text = columns.line(&headings, [palette.heading; 6]);
    for row in &rows {
        text += &columns.line(row, [Style::new(); 6]);
    }
    text
}
