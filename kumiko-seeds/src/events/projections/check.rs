//! Compares the rows of a projection with what its events say, and changes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Connection, Pool, SqlStr, Transaction};
use uuid::Uuid;

use super::backend::Lives;
use super::error::ProjectionError;
use super::fold::Fold;
use super::projection::Projection;
use super::rebuild::fold_some;
use super::set_aside::{SetAside, list};
use super::shape::{Rows, Shape};
use super::tables::{hold, shapes};
use crate::backend::column;
use crate::events::{EventBackend, Handlers};

/// How many events are read at a time.
const PAGE: u32 = 5_000;
/// How long a migration of the tables is left alone before it is asked again whether it is over.
const PAUSE: Duration = Duration::from_millis(200);

/// What a check of a projection has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionCheck {
    /// The projection.
    pub projection: String,
    /// The version of it that the app has.
    pub version: u32,
    /// How many events were read.
    pub events: u64,
    /// How many rows there should be and are not.
    pub missing: u64,
    /// How many rows have other values than they should have.
    pub different: u64,
    /// How many rows there are and should not be.
    pub superfluous: u64,
    /// The first of them.
    pub rows: Vec<WrongRow>,
    /// The events that a rebuild has set aside. The rows are compared as they are without them.
    pub set_aside: Vec<SetAside>,
    /// The event types that the projection takes and of which there is no event, in byte order: never emitted yet, or misspelt.
    pub unseen: Vec<String>,
}

/// A row that is not as the events say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongRow {
    /// The table.
    pub table: String,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// The values of its primary key, as texts.
    pub key: Vec<String>,
    /// The columns that have other values, where it is different.
    pub columns: Vec<String>,
}

/// What can be wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It should be there.
    Missing,
    /// It has other values than it should have.
    Different,
    /// It should not be there.
    Superfluous,
}

impl Wrong {
    /// The spelling in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Superfluous => "superfluous",
        }
    }

    fn of(text: &str) -> Self {
        let mut all = [Self::Missing, Self::Different].into_iter();
        let found = all.find(|wrong| wrong.as_str() == text);
        found.unwrap_or(Self::Superfluous)
    }
}

impl ProjectionCheck {
    /// How many rows are wrong.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.missing + self.different + self.superfluous
    }
}

impl<DB: EventBackend> Handlers<DB> {
    /// Compares the rows of the projection `name` with what its events say, and changes nothing. Up to `most` rows that are wrong are given with
    /// their keys; all of them are counted.
    ///
    /// It takes no lock that anybody waits for. Rows that are computed from one aggregate each are compared some at a time, each time as they
    /// and their events are at one moment; other rows all at one moment, which keeps a transaction open meanwhile. It uses one connection, and
    /// writes nothing but temporary tables, for which a role needs the right to create them on PostgreSQL.
    ///
    /// # Errors
    /// [`ProjectionError::Unknown`] if there is no such projection; if its tables are not as it says, an event cannot be applied, or
    /// the database fails.
    pub async fn check_projection(
        &self,
        pool: &Pool<DB>,
        name: &str,
        most: usize,
    ) -> Result<ProjectionCheck, ProjectionError> {
        let projection = self.projection(name)?;
        let mut check = ProjectionCheck {
            projection: projection.name.clone(),
            version: projection.version,
            ..ProjectionCheck::default()
        };
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(ProjectionError::database("get a connection"))?;
        check.set_aside = list::<DB>(&mut connection, name).await?;
        let mut seen = BTreeSet::new();
        let mut after = None;
        loop {
            after = self
                .check_some(
                    &mut connection,
                    projection,
                    after,
                    &mut check,
                    most,
                    &mut seen,
                )
                .await?;
            if after.is_none() {
                let types = projection.sources.iter().flat_map(|it| &it.event_types);
                let unseen: BTreeSet<_> = types.filter(|taken| !seen.contains(*taken)).collect();
                check.unseen = unseen.into_iter().cloned().collect();
                return Ok(check);
            }
        }
    }

    /// Compares the rows of the aggregates after `after`, or all rows. Gives where to go on.
    async fn check_some(
        &self,
        connection: &mut DB::Connection,
        projection: &Projection<DB>,
        after: Option<Uuid>,
        check: &mut ProjectionCheck,
        most: usize,
        seen: &mut BTreeSet<String>,
    ) -> Result<Option<Uuid>, ProjectionError> {
        let mut transaction = loop {
            let begin = SqlStr::from_static(DB::BEGIN_SNAPSHOT);
            let transaction = connection.begin_with(begin).await;
            let mut transaction =
                transaction.map_err(ProjectionError::database("begin a transaction"))?;
            // The moment that is seen begins afterwards.
            if hold(&mut *transaction, projection).await? {
                break transaction;
            }
            roll_back(transaction).await?;
            tokio::time::sleep(PAUSE).await;
        };
        let shapes = shapes(&mut *transaction, projection).await?;
        let created = DB::create_shadows(&mut transaction, &shapes).await;
        created.map_err(ProjectionError::database("create shadows of the tables"))?;
        let mut fold = Fold::new(&mut *transaction, self, projection, Lives::UntilCommit).await?;
        let left_out = check
            .set_aside
            .iter()
            .filter_map(|it| it.event_id.parse().ok());
        fold.left_out = left_out.collect();
        let (rows, to) = if projection.is_by_aggregate() {
            let to = fold_some(&mut *transaction, &mut fold, after, PAGE).await?;
            (Rows::Between(after, to), to)
        } else {
            fold.note_all_archived(&mut transaction).await?;
            fold_all(&mut *transaction, &mut fold).await?;
            (Rows::All, None)
        };
        check.events += fold.events as u64;
        seen.append(&mut fold.seen);
        for shape in &shapes {
            compare::<DB>(&mut *transaction, shape, &rows, check, most).await?;
        }
        roll_back(transaction).await?;
        Ok(to)
    }
}

/// Computes all rows.
async fn fold_all<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
) -> Result<(), ProjectionError> {
    let mut after = 0;
    loop {
        let page = fold.load_by_id(connection, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        fold.apply(connection, page).await?;
    }
}

async fn roll_back<DB: EventBackend>(
    transaction: Transaction<'_, DB>,
) -> Result<(), ProjectionError> {
    let rolled_back = transaction.rollback().await;
    rolled_back.map_err(ProjectionError::database("roll back the check"))
}

async fn compare<DB: EventBackend>(
    connection: &mut DB::Connection,
    shape: &Shape,
    rows: &Rows<'_>,
    check: &mut ProjectionCheck,
    most: usize,
) -> Result<(), ProjectionError> {
    let failed = || ProjectionError::database("compare rows");
    let sql = shape.counted::<DB>(rows);
    let counted = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
    for row in &counted {
        let kind: String = column::<DB, _>(row, 0).map_err(failed())?;
        let count: i64 = column::<DB, _>(row, 1).map_err(failed())?;
        let of_kind = match Wrong::of(&kind) {
            Wrong::Missing => &mut check.missing,
            Wrong::Different => &mut check.different,
            Wrong::Superfluous => &mut check.superfluous,
        };
        *of_kind += count.unsigned_abs();
    }
    let more = most.saturating_sub(check.rows.len());
    if counted.is_empty() || more == 0 {
        return Ok(());
    }
    let sql = shape.listed::<DB>(rows, more);
    let listed = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
    for row in &listed {
        let kind: String = column::<DB, _>(row, 0).map_err(failed())?;
        let list = |index| {
            let text = DB::text(row, index).map_err(failed())?.unwrap_or_default();
            let names = text.split(Shape::BETWEEN).skip(1).map(str::to_owned);
            Ok::<Vec<String>, ProjectionError>(names.collect())
        };
        check.rows.push(WrongRow {
            table: shape.name.clone(),
            wrong: Wrong::of(&kind),
            key: list(1)?,
            columns: list(2)?,
        });
    }
    Ok(())
}
