//! Whether one seed is applied.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{SEED, fault, text, unhidden};
use crate::app::App;
use crate::backend::{Backend, Fault, Value};
use crate::plan::{Source, is_of};
use crate::{Error, SeedInfo};

const RECHECK: &str = "re-check under the lock whether the seed is applied";

/// A seed to be looked for in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Sought<'a> {
    id: &'a str,
    source_hash: Option<&'a str>,
    ledger_id: Cow<'a, str>,
    /// What it may be known as, too.
    also: Cow<'a, str>,
}

impl<'a> Sought<'a> {
    /// A seed that is about to be run. That of an app with a name may have been applied without it, also by a replica
    /// that is a release behind.
    pub(crate) fn seed(app: &App, seed: SeedInfo<'a>) -> Self {
        Self {
            id: seed.id,
            source_hash: seed.source_hash,
            ledger_id: app.ledger_id(seed.id),
            also: Cow::Borrowed(seed.id),
        }
    }

    /// The app's own marker of the seed `id`.
    pub(crate) fn own(app: &App, id: &'a str) -> Self {
        Self {
            id,
            source_hash: None,
            ledger_id: app.ledger_id(id),
            also: app.ledger_id(id),
        }
    }

    /// The values of [`Backend::LOOK`].
    pub(crate) fn values(&self) -> [Value<'_>; 2] {
        [Value::Text(&self.ledger_id), Value::Text(&self.also)]
    }
}

/// When a seed was applied; `None` if it is not. Means something for the future only under the lock.
pub(crate) async fn applied_at<DB: Backend>(
    connection: &mut DB::Connection,
    sought: &Sought<'_>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let rows = DB::fetch(connection, DB::LOOK, &sought.values()).await;
    let rows = rows.map_err(|error| fault::<DB>(RECHECK, error))?;
    looked::<DB>(connection, rows, sought).await
}

/// The same from the rows of [`Backend::LOOK`].
pub(crate) async fn looked<DB: Backend>(
    connection: &mut DB::Connection,
    rows: Vec<DB::Row>,
    sought: &Sought<'_>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let rows = unhidden::<DB>(connection, RECHECK, rows).await?;
    let found = rows
        .iter()
        .map(found::<DB>)
        .collect::<sqlx::Result<Vec<_>>>();
    let found = found.map_err(|error| fault::<DB>(RECHECK, error))?;
    let id = sought.id.to_owned();
    if let Some(own) = found
        .iter()
        .find(|found| found.ledger_id == sought.ledger_id)
    {
        return match own.operation_type.as_str() {
            SEED => Ok(Some(own.applied_at)),
            _ => Err(Error::IdTaken {
                id,
                operation_type: own.operation_type.clone(),
            }),
        };
    }
    match found.iter().find(|found| found.operation_type == SEED) {
        None => Ok(None),
        Some(unnamed) if is_of(unnamed.source(), sought.source_hash) => {
            Ok(Some(unnamed.applied_at))
        }
        Some(_) => Err(Error::Contested { ids: vec![id] }),
    }
}

/// A row of [`Backend::LOOK`].
struct Found {
    ledger_id: String,
    operation_type: String,
    applied_at: DateTime<Utc>,
    source_hash: Option<String>,
}

impl Found {
    fn source(&self) -> Source<'_> {
        let hash = self.source_hash.as_deref();
        hash.map_or(Source::Foreign, Source::of_hash)
    }
}

fn found<DB: Backend>(row: &DB::Row) -> sqlx::Result<Found> {
    Ok(Found {
        ledger_id: text::<DB>(row, 0)?,
        operation_type: text::<DB>(row, 1)?,
        applied_at: DB::time(row, 2)?,
        source_hash: DB::text(row, 3)?,
    })
}

/// When a seed was applied; `None` if it is not, or if there is no table. A missing table ends
/// a PostgreSQL transaction, so this is for those that do nothing else.
pub(crate) async fn find<DB: Backend>(
    connection: &mut DB::Connection,
    sought: &Sought<'_>,
) -> Result<Option<DateTime<Utc>>, Error> {
    match applied_at::<DB>(connection, sought).await {
        Err(Error::Database { source, .. }) if DB::fault(&source) == Fault::TableMissing => {
            Ok(None)
        }
        found => found,
    }
}
