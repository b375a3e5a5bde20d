//! Archiving and restoring streams, and what is printed of it.

use std::io::stdout;

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, Handlers, NotProjected, Stream, User};
use serde::Serialize;
use sqlx::Pool;

use super::arguments::{ChosenStreams, StreamArchiveArguments, StreamRestoreArguments};
use super::choice::chosen;
use crate::arguments::Format;
use crate::database::{DatabaseArguments, find, open};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{counted, print_json, print_text, printable};

/// `stream:archive` of an app's own ops binary.
pub(crate) async fn archive<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    arguments: &StreamArchiveArguments,
) -> Result<Exit, Failure> {
    let asked = Asked {
        verb: "archive",
        done: "archived",
        chosen: &arguments.chosen,
        database: &arguments.database,
        format: arguments.format,
    };
    let reason = arguments.reason.as_deref();
    asked
        .change(runner, async |handlers, pool, streams| {
            let user = User::system();
            handlers.archive_streams(pool, streams, &user, reason).await
        })
        .await
}

/// `stream:restore` of an app's own ops binary.
pub(crate) async fn restore<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    arguments: &StreamRestoreArguments,
) -> Result<Exit, Failure> {
    let asked = Asked {
        verb: "restore",
        done: "restored",
        chosen: &arguments.chosen,
        database: &arguments.database,
        format: arguments.format,
    };
    asked
        .change(runner, async |handlers, pool, streams| {
            handlers.restore_streams(pool, streams).await
        })
        .await
}

struct Asked<'a> {
    verb: &'static str,
    done: &'static str,
    chosen: &'a ChosenStreams,
    database: &'a DatabaseArguments,
    format: Format,
}

impl Asked<'_> {
    async fn change<DB: EventBackend>(
        &self,
        runner: &SeedRunner<DB>,
        change: impl AsyncFn(
            &Handlers<DB>,
            &Pool<DB>,
            &[Stream],
        ) -> Result<NotProjected, kumiko_seeds::events::EventStoreError>,
    ) -> Result<Exit, Failure> {
        let url = find::<DB>(self.database)?;
        url.check_is_for::<DB>()?;
        url.check_for_changing()?;
        let handlers = runner.write_side().ok_or_else(no_handlers)?;
        let pool = open::<DB>(&url).await?;
        let mut connection = pool.acquire().await.map_err(|error| {
            Failure::new(format!("could not connect to {url}")).caused_by(&error)
        })?;
        let streams = chosen::<DB>(&mut connection, self.chosen).await?;
        drop(connection);
        let changed = change(handlers, &pool, &streams).await;
        pool.close().await;
        let left = changed.map_err(|error| {
            let what = counted(streams.len(), "stream");
            Failure::new(format!("could not {} {what}", self.verb)).caused_by(&error)
        })?;
        self.print(&streams, &left)
    }

    fn print(&self, streams: &[Stream], left: &NotProjected) -> Result<Exit, Failure> {
        let view = StreamsView::of(streams, left);
        let out = &mut stdout().lock();
        match self.format {
            Format::Json => print_json(out, &view)?,
            Format::Table => {
                let lines = view.streams.iter().map(|stream| {
                    let StreamView {
                        aggregate_type,
                        aggregate_id,
                        tenant_id,
                    } = stream;
                    let kind = printable(aggregate_type);
                    format!(
                        "{} {kind}/{aggregate_id} of tenant {tenant_id}\n",
                        self.done
                    )
                });
                print_text(out, &lines.collect::<String>())?;
            }
        }
        if !left.projections.is_empty() {
            let invocation = Invocation::of_this_process(self.database);
            let rebuild = invocation.line("projection:rebuild", &left.projections);
            anstream::eprintln!(
                "note: rows that are computed from many streams are right after a rebuild:\n    {rebuild}"
            );
        }
        Ok(Exit::Fine)
    }
}

pub(super) fn no_handlers() -> Failure {
    Failure::new("the app has no event store here: its runner has no handlers")
}

/// Streams that were archived or restored.
#[derive(Clone, Debug, Serialize)]
pub struct StreamsView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The streams, as they were named.
    pub streams: Vec<StreamView<'a>>,
    /// The projections whose rows are right after a rebuild, and not before.
    pub to_rebuild: &'a [String],
}

/// A stream.
#[derive(Clone, Debug, Serialize)]
pub struct StreamView<'a> {
    /// The kind of aggregate.
    pub aggregate_type: &'a str,
    /// The aggregate.
    pub aggregate_id: String,
    /// The tenant that it is stored under.
    pub tenant_id: String,
}

impl<'a> StreamsView<'a> {
    fn of(streams: &'a [Stream], left: &'a NotProjected) -> Self {
        Self {
            version: 1,
            streams: streams.iter().map(StreamView::of).collect(),
            to_rebuild: &left.projections,
        }
    }
}

impl<'a> StreamView<'a> {
    pub(super) fn of(stream: &'a Stream) -> Self {
        Self {
            aggregate_type: &stream.aggregate_type,
            aggregate_id: stream.aggregate_id.to_string(),
            tenant_id: stream.tenant_id.to_string(),
        }
    }
}
