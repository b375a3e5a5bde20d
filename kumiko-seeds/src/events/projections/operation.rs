//! Rebuilds as operations: pending, done in steps and recorded as seeds are.

use std::fmt::{self, Write};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Pool;
use uuid::Uuid;

use super::error::ProjectionError;
use super::fold::Failing;
use super::projection::Projection;
use super::rebuild::{Asked, Cursor, step};
use super::set_aside::Quarantine;
use super::shape::quoted;
use crate::backend::{Parameter, column};
use crate::events::operations::{free, hash, in_steps, kept};
use crate::events::{EventBackend, Handlers, forget_snapshots};
use crate::{
    BatchResult, CountResult, Environment, Error, History, Parts, ProgressState, Seed, SeedCode,
    SeedContext, SeedInfo, SeedProgress, SeedRunner, SkipFlags, Status, Steering,
};

impl<DB: EventBackend> SeedRunner<DB> {
    /// The app's write side, if the runner was given one.
    #[must_use]
    pub fn write_side(&self) -> Option<&Handlers<DB>> {
        let handlers = self.value::<Arc<Handlers<DB>>>();
        handlers.map(AsRef::as_ref)
    }

    /// A runner whose [`SeedRunner::work`] rebuilds these projections, also those that are as they should be, and does nothing else.
    ///
    /// One that is pending is rebuilt under the id of its version, `projection-rebuild/members/2`. Where that is done, the ledger gets a row with
    /// a number behind it, `projection-rebuild/members/2/1`. A rebuild that was interrupted goes on, and one that had failed or was cancelled
    /// begins anew, which costs time and no rows.
    ///
    /// # Errors
    /// [`Error::Projection`] if there is no such projection; otherwise if the ledger cannot be read.
    pub async fn rebuilding(self, pool: &Pool<DB>, names: &[&str]) -> Result<Self, Error> {
        let history = self.ledger(pool).history().await?;
        let mut operations = Vec::new();
        for name in names {
            let handlers = self
                .write_side()
                .ok_or_else(|| ProjectionError::unknown(name));
            let projection = handlers.and_then(|handlers| handlers.projection(name));
            let projection = projection.map_err(|error| Error::Projection {
                source: Box::new(error),
            })?;
            let first = operation(projection);
            let id = if is_applied(&first.info(), &history) {
                let ids = (1..).map(|number| format!("{}/{number}", first.id));
                free(ids, &history)
            } else {
                first.id
            };
            operations.push(Seed {
                id,
                background: true,
                ..first
            });
        }
        for operation in &operations {
            let is_it = |progress: &&SeedProgress| progress.id == operation.id;
            let state = history.progress.iter().find(is_it).map(|it| it.state);
            // Whoever asks for a rebuild has seen why the last one stopped.
            if let Some(ProgressState::Failed | ProgressState::Cancelled) = state {
                let anew = Steering::Restart(operation.info());
                self.ledger(pool).steer(operation.id, anew).await?;
            }
        }
        Ok(self.with_operations_alone(operations))
    }

    /// A runner whose [`SeedRunner::work`] rebuilds the rows of one aggregate or one tenant, and does nothing else. The ledger gets a row of the
    /// type `aggregate-rebuild`.
    ///
    /// Its first step also [forgets the snapshots](crate::events::forget_snapshots) of these aggregates, so that the next load of each computes
    /// its state anew.
    ///
    /// # Errors
    /// [`Error::Projection`] if there is no such projection, or its rows belong to no single aggregate; otherwise if the ledger cannot be read.
    pub async fn rebuilding_part(
        self,
        pool: &Pool<DB>,
        name: &str,
        part: Part,
    ) -> Result<Self, Error> {
        let history = self.ledger(pool).history().await?;
        let handlers = self
            .write_side()
            .ok_or_else(|| ProjectionError::unknown(name));
        let projection = handlers.and_then(|handlers| handlers.projection(name));
        let projection = projection.and_then(|projection| {
            if projection.is_by_aggregate() {
                return Ok(projection);
            }
            Err(ProjectionError::NoParts {
                projection: name.to_owned(),
            })
        });
        let projection = projection.map_err(|error| Error::Projection {
            source: Box::new(error),
        })?;
        let ids = (1..).map(|number| format!("aggregate-rebuild/{name}/{part}/{number}"));
        let operation = Seed {
            id: free(ids, &history),
            description: kept(format!("Rebuild {part} of the projection {name}")),
            background: true,
            // To count the events of a part costs as much as to read them.
            code: SeedCode::Batch {
                count: None,
                batch: batch::<DB>,
            },
            ..operation(projection)
        };
        Ok(self.with_operations_alone(vec![operation]))
    }
}

/// Whether a run of the app takes it for applied, as it does by a marker of its own, or by one without its name if that is of the
/// same source.
fn is_applied(operation: &SeedInfo<'_>, history: &History) -> bool {
    let status = Status::compare(
        [operation.clone()],
        history.clone(),
        &SkipFlags::default(),
        &Environment::Every,
    );
    let mut seeds = status.seeds.iter();
    seeds.any(|seed| seed.id == operation.id && seed.marker.is_some())
}

/// Some of the rows of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those of the aggregate with this id.
    Aggregate(Uuid),
    /// Those of the streams of this tenant.
    Tenant(Uuid),
}

/// As it stands in the id of an operation.
impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(id) => write!(formatter, "aggregate-{id}"),
            Self::Tenant(id) => write!(formatter, "tenant-{id}"),
        }
    }
}

impl Part {
    /// The part that an operation is about; none if it is about all rows.
    fn of(id: &str) -> Option<Self> {
        let part = id.strip_prefix("aggregate-rebuild/")?.split('/').nth(1)?;
        let (kind, id) = part.split_once('-')?;
        let id = Uuid::parse_str(id).ok()?;
        match kind {
            "tenant" => Some(Self::Tenant(id)),
            _ => Some(Self::Aggregate(id)),
        }
    }
}

/// The rebuild of a projection to the version that the app has.
pub(in crate::events) fn operation<DB: EventBackend>(projection: &Projection<DB>) -> Seed<DB> {
    let name = &projection.name;
    let description = format!(
        "Rebuild the projection {name}, version {}",
        projection.version
    );
    Seed {
        source_hash: kept(definition_hash(projection)),
        text_hash: "",
        background: !projection.is_before_serving,
        ..in_steps(
            kept(id(projection)),
            description,
            SeedCode::Batch {
                count: Some(count::<DB>),
                batch: batch::<DB>,
            },
        )
    }
}

/// Whether no event was appended yet. Then every projection is as it should be.
pub(in crate::events) fn is_new<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async {
        // A statement that names a table that is not there would end a transaction of PostgreSQL.
        let existing = DB::fetch(connection, DB::EXISTING_RELATIONS, &[]).await?;
        let existing = existing.iter().map(|row| column::<DB, String>(row, 0));
        let existing = existing.collect::<sqlx::Result<Vec<_>>>()?;
        if !existing.iter().any(|name| name == "kumiko_events") {
            return Ok(true);
        }
        let rows = DB::fetch(connection, "SELECT id FROM kumiko_events LIMIT 1", &[]).await?;
        Ok(rows.is_empty())
    })
}

/// What the ledger knows the rebuild as.
pub(super) fn id<DB: EventBackend>(projection: &Projection<DB>) -> String {
    format!(
        "projection-rebuild/{}/{}",
        projection.name, projection.version
    )
}

/// By which it shows that a projection takes other events or keeps other tables under the same version.
fn definition_hash<DB: EventBackend>(projection: &Projection<DB>) -> String {
    let mut definition = id(projection);
    // To write into a String does not fail.
    let _ = write!(
        definition,
        "{:?}{:?}",
        projection.sources, projection.tables
    );
    hash(&definition)
}

/// Each event is read twice, once to repair rows and once to check them; or once, and each row is compared twice.
fn count<'a, DB: EventBackend>(context: &'a mut SeedContext<'_, DB>) -> BoxFuture<'a, CountResult> {
    Box::pin(async move {
        let (handlers, name) = asked_for(context)?;
        let projection = handlers.projection(&name)?;
        let sources = projection.sources.iter();
        let types: Vec<Parameter<'_>> = sources
            .map(|source| Parameter::Text(&source.aggregate_type))
            .collect();
        let places: Vec<String> = (1..=types.len()).map(|place| format!("${place}")).collect();
        let events = format!(
            "SELECT count(*) FROM kumiko_events WHERE aggregate_type IN ({})",
            places.join(", ")
        );
        let connection = context.parts().connection;
        let events = number::<DB>(connection, &events, &types).await?;
        if projection.is_by_aggregate() {
            return Ok(events * 2);
        }
        let mut rows = 0;
        for table in &projection.tables {
            let counted = format!("SELECT count(*) FROM {}", quoted(&table.name));
            rows += number::<DB>(connection, &counted, &[]).await?;
        }
        Ok(events + rows * 2)
    })
}

async fn number<DB: EventBackend>(
    connection: &mut DB::Connection,
    sql: &str,
    values: &[Parameter<'_>],
) -> sqlx::Result<u64> {
    let rows = DB::fetch(connection, sql, values).await?;
    let number: i64 = rows.first().map_or(Ok(0), |row| column::<DB, _>(row, 0))?;
    Ok(number.unsigned_abs())
}

fn batch<'a, DB: EventBackend>(
    context: &'a mut SeedContext<'_, DB>,
    cursor: Option<&'a str>,
    limit: u32,
) -> BoxFuture<'a, BatchResult<String>> {
    Box::pin(async move {
        let (handlers, name) = asked_for(context)?;
        let projection = handlers.projection(&name)?;
        let id = context.id();
        let part = Part::of(id);
        let failing = match context.app::<Quarantine>() {
            Some(Quarantine) => Failing::SetAside,
            None => Failing::Stops,
        };
        let begun = cursor;
        let cursor: Cursor = match begun {
            Some(cursor) => serde_json::from_str(cursor)?,
            None => Cursor::default(),
        };
        let mut work = context.begin(format!("the rebuild of projection {name:?}"));
        let stepped = match work.parts().await {
            Ok(Parts {
                connection,
                journal,
                ..
            }) => {
                journal.note_handed_out();
                let asked = Asked {
                    id,
                    handlers: &handlers,
                    projection,
                    part,
                    limit,
                    failing,
                };
                let forgotten = match (begun, part) {
                    (None, Some(part)) => forget::<DB>(connection, projection, part).await,
                    _ => Ok(()),
                };
                match forgotten {
                    Ok(()) => step(connection, asked, cursor).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => return Err(work.failed(error).into()),
        };
        work.ended(stepped)?.written()
    })
}

/// Forgets the snapshots of the aggregates whose rows are rebuilt: whoever doubts the ones doubts the others.
async fn forget<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &Projection<DB>,
    part: Part,
) -> Result<(), ProjectionError> {
    for source in &projection.sources {
        forget_snapshots::<DB>(connection, &source.aggregate_type, Some(part)).await?;
    }
    Ok(())
}

/// The app's write side, and the name of the projection that the operation is of.
fn asked_for<DB: EventBackend>(
    context: &SeedContext<'_, DB>,
) -> Result<(Arc<Handlers<DB>>, String), ProjectionError> {
    let name = context
        .id()
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    match context.app::<Arc<Handlers<DB>>>() {
        Some(handlers) => Ok((handlers.clone(), name)),
        None => Err(ProjectionError::unknown(&name)),
    }
}
