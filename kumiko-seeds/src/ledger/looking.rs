//! Whether one seed is applied.

use chrono::{DateTime, Utc};

use super::progress::{columns, find_progress, has_progress, progress};
use super::table::{Table, Tables, delete_source, fault, number, row_security, see_all};
use crate::app::App;
use crate::backend::{Backend, Fault, Parameter, Statement};
use crate::hashes::Hashes;
use crate::history::History;
use crate::operation_type::OperationType;
use crate::plan::Source;
use crate::{Error, SeedInfo, SeedProgress};

const RECHECK: &str = "re-check under the lock whether the seed is applied";

/// A seed to be looked for in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Sought<'a> {
    id: &'a str,
    hashes: Hashes<'a>,
    own: Rows,
    /// What it may be known as, too.
    also: Option<Rows>,
    progress: Heed,
}

/// What progress of the seed means to whoever looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heed {
    /// It is in the way.
    Refuse,
    /// It is read.
    Read,
    /// It is looked at apart from this, so that an error tells which table it is of.
    Ignore,
}

/// The ids of a marker and of the row of its source.
#[derive(Clone, Debug)]
struct Rows {
    ledger_id: String,
    source_id: String,
}

impl Rows {
    fn of(ledger_id: &str) -> Self {
        Self {
            ledger_id: ledger_id.to_owned(),
            source_id: History::source_id(ledger_id),
        }
    }
}

impl<'a> Sought<'a> {
    /// The app's own marker of the seed `id`.
    pub(crate) fn own(app: &App, id: &'a str) -> Self {
        Self::as_written(id, &app.ledger_id(id))
    }

    /// The marker of the seed `id` with this id in the ledger.
    pub(super) fn as_written(id: &'a str, ledger_id: &str) -> Self {
        Self {
            id,
            hashes: Hashes::default(),
            own: Rows::of(ledger_id),
            also: None,
            progress: Heed::Refuse,
        }
    }

    /// The same, to be done in steps: its look also tells how far it is.
    pub(crate) fn in_steps(self) -> Self {
        Self {
            progress: Heed::Read,
            ..self
        }
    }

    /// The same, with a look at its marker alone.
    pub(crate) fn marker_alone(self) -> Self {
        Self {
            progress: Heed::Ignore,
            ..self
        }
    }

    /// A seed that is about to be run. That of an app with a name may have been applied without it, also by a replica
    /// that is a release behind.
    pub(crate) fn seed(app: &App, seed: &SeedInfo<'a>) -> Self {
        Self {
            hashes: Hashes::of_info(seed),
            also: app.name().map(|_| Rows::of(seed.id)),
            ..Self::own(app, seed.id)
        }
    }

    /// What looks whether there is any row of it, which is little work for a server where there is none.
    pub(crate) fn look<DB: Backend>(&self, tables: Tables) -> Statement<'_> {
        let values: Vec<_> = self.ids().map(Parameter::Text).collect();
        let rows = (1..).zip(self.ids()).map(|(place, id)| count(place, id));
        let rows = rows.collect::<Vec<_>>().join(" + ");
        let row_security = row_security::<DB>();
        let sql = match (self.progress, tables.progress) {
            (Heed::Read, _) => format!(
                "SELECT {row_security}, {rows}, {} FROM (SELECT 1) AS one \
                 LEFT JOIN kumiko_es_progress AS progress ON progress.id = $1",
                columns::<DB>()
            ),
            (Heed::Ignore, _) => format!("SELECT {row_security}, {rows}"),
            (Heed::Refuse, Table::Exists) => format!(
                "SELECT {row_security}, \
                 {rows} + (SELECT count(*) FROM kumiko_es_progress WHERE id = $1)"
            ),
            (Heed::Refuse, Table::MayBeMissing) => {
                format!("SELECT {row_security}, {rows} + {}", DB::HAS_PROGRESS)
            }
        };
        Statement { sql, values }
    }

    /// When it was applied, from the rows of its look; `None` if it is not, and then nothing is in the way of its
    /// marker. The lock must be held.
    pub(crate) async fn recheck<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        rows: &[DB::Row],
    ) -> Result<Option<DateTime<Utc>>, Error> {
        see_all::<DB>(connection, RECHECK, rows).await?;
        let counts = rows.iter().map(|row| number::<DB>(row, 1));
        let counts = counts.collect::<sqlx::Result<Vec<_>>>();
        if counts.map_err(|error| fault::<DB>(RECHECK, error))? == [0] {
            return Ok(None);
        }
        // Progress first: the last step, which has another lock, commits the marker with the end of the row. The other way round it could
        // do so in between, and the seed would be run once more.
        let under_way = self.progress_in_the_way::<DB>(connection).await?;
        let applied_at = self.applied_at::<DB>(connection).await?;
        if applied_at.is_none() {
            if let Some(progress) = under_way {
                return Err(Error::UnderWay {
                    id: self.id.to_owned(),
                    done: progress.done,
                });
            }
            // It may be left from a marker that was taken away.
            delete_source::<DB>(connection, &self.own.source_id).await?;
        }
        Ok(applied_at)
    }

    /// How far it is, from the rows of its look; none if it has not begun or is done.
    pub(crate) async fn progress<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        rows: &[DB::Row],
    ) -> Result<Option<SeedProgress>, Error> {
        match rows.first() {
            Some(row) => progress::<DB>(connection, row, 2).await,
            None => Ok(None),
        }
    }

    /// How far it is in steps, where it is to be done in one transaction or marked.
    async fn progress_in_the_way<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<Option<SeedProgress>, Error> {
        if self.progress != Heed::Refuse || !has_progress::<DB>(connection).await? {
            return Ok(None);
        }
        find_progress::<DB>(connection, &self.own.ledger_id).await
    }

    /// Does the same with a look of its own.
    pub(crate) async fn check<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        tables: Tables,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let Statement { sql, values } = self.look::<DB>(tables);
        let rows = DB::fetch(connection, &sql, &values).await;
        let rows = rows.map_err(|error| fault::<DB>(RECHECK, error))?;
        self.recheck::<DB>(connection, &rows).await
    }

    /// When it was applied. Means something for the future only under the lock.
    async fn applied_at<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let values: Vec<_> = self.ids().map(Parameter::Text).collect();
        let places = (1..=values.len()).map(|place| format!("${place}"));
        let places = places.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {}, {}, {}, {}, {}
             FROM (SELECT 1) AS one LEFT JOIN kumiko_es_operations ON id IN ({places})",
            row_security::<DB>(),
            DB::as_text("id"),
            DB::as_text("operation_type"),
            DB::as_time("applied_at"),
            DB::as_text("notes"),
        );
        let rows = DB::fetch(connection, &sql, &values).await;
        let rows = rows.map_err(|error| fault::<DB>(RECHECK, error))?;
        see_all::<DB>(connection, RECHECK, &rows).await?;
        let found = rows.iter().map(found::<DB>).filter_map(Result::transpose);
        let found = found.collect::<sqlx::Result<Vec<_>>>();
        self.among(&found.map_err(|error| fault::<DB>(RECHECK, error))?)
    }

    /// The ids of its rows.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let rows = [&self.own].into_iter().chain(&self.also);
        rows.flat_map(|rows| [rows.ledger_id.as_str(), rows.source_id.as_str()])
    }

    fn among(&self, found: &[Found]) -> Result<Option<DateTime<Utc>>, Error> {
        let with_id = |id: &str| found.iter().find(|found| found.ledger_id == id);
        let marker = OperationType::of_marker(self.id).as_str();
        let is_marker = |found: &&Found| found.operation_type == marker;
        let id = self.id.to_owned();
        if let Some(own) = with_id(&self.own.ledger_id) {
            return if is_marker(&own) {
                Ok(Some(own.applied_at))
            } else {
                Err(Error::IdTaken {
                    id,
                    operation_type: own.operation_type.clone(),
                })
            };
        }
        let Some(also) = &self.also else {
            return Ok(None);
        };
        let Some(unnamed) = with_id(&also.ledger_id).filter(is_marker) else {
            return Ok(None);
        };
        // A row of the source that is older than the marker is of one that was taken away.
        let source = with_id(&also.source_id)
            .filter(|source| source.operation_type == OperationType::SeedSource.as_str())
            .filter(|source| source.applied_at >= unnamed.applied_at)
            .map_or(Source::Foreign, |source| {
                Source::of_hash(source.notes.as_deref().unwrap_or_default())
            });
        if self.hashes.contains(source.hash()) {
            Ok(Some(unnamed.applied_at))
        } else {
            Err(Error::Contested { ids: vec![id] })
        }
    }

    /// When it was applied, where there may be no table. A missing table ends a PostgreSQL transaction, so this is for
    /// those that do nothing else.
    pub(crate) async fn find<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        match self.applied_at::<DB>(connection).await {
            Err(Error::Database { source, .. }) if DB::fault(&source) == Fault::TableMissing => {
                Ok(None)
            }
            found => found,
        }
    }
}

/// An expression: how many rows have `id`, which stands in this place.
///
/// PostgreSQL may keep the plan for all seeds of a run, and may have made it when the table was tiny. A look by `=` would
/// read the whole table then, and go on with that as the table grows. The next row in the order of an index is found by
/// the index, whatever the size.
///
/// **Invariant:** rows are compared and ordered by one collation, or the row would be passed over. What is not ASCII may
/// come with one of its own (`inline.rs`).
fn count(place: usize, id: &str) -> String {
    if id.is_ascii() {
        format!(
            "coalesce(CAST((SELECT id FROM kumiko_es_operations WHERE id >= ${place} ORDER BY id LIMIT 1) \
             = ${place} AS integer), 0)"
        )
    } else {
        format!("(SELECT count(*) FROM kumiko_es_operations WHERE id = ${place})")
    }
}

/// A row that a look has found.
struct Found {
    ledger_id: String,
    operation_type: String,
    applied_at: DateTime<Utc>,
    notes: Option<String>,
}

fn found<DB: Backend>(row: &DB::Row) -> sqlx::Result<Option<Found>> {
    let Some(ledger_id) = DB::text(row, 1)? else {
        return Ok(None);
    };
    Ok(Some(Found {
        ledger_id,
        operation_type: DB::text(row, 2)?.unwrap_or_default(),
        applied_at: DB::time(row, 3)?,
        notes: DB::text(row, 4)?,
    }))
}
