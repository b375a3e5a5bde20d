//! The transaction under the lock: how it begins, how it ends, and what becomes of it in between.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Postgres, SqlStr, Transaction};

use super::baseline::{Baseline, CAN_CHECK_CLIENT, SETTINGS};
use super::fault::{self, ANOTHER_TRANSACTION};
use super::message::{Answers, Message};
use super::prepared::Prepared;
use crate::backend::{
    Backend, Ended, Fault, Found, Hands, Lock, Locked, Next, NotCommitted, Parameter, Statement,
    Taking, Under, column,
};

pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The key is the original's, 'esop' in ASCII, so that services in either language exclude each
/// other. The lock belongs to the transaction: no end of it, however violent, leaves it behind,
/// and a pooler in transaction mode cannot separate it from the statements it protects.
///
/// The number of the transaction is its identity. Only a transaction that has the lock gets one, because
/// fifty replicas that ask for the lock again and again would use up thousands.
///
/// The lock of an operation has two keys, which are another key space: nobody who boots waits for a step.
///
/// The settings end with the transaction. They let the server notice within half a minute that the
/// client's machine is gone. By default it takes it hours, and the lock with it.
fn lock_statement(lock: Lock) -> String {
    let keys = match lock {
        Lock::Seeds => LOCK_OF_SEEDS.to_string(),
        Lock::Operation(number) => format!("{LOCK_OF_SEEDS}, {number}"),
    };
    format!(
        "SELECT CASE WHEN pg_try_advisory_xact_lock({keys}) \
         THEN CAST(pg_current_xact_id() AS text) END, {}, \
         set_config('tcp_keepalives_idle', '15', true), \
         set_config('tcp_keepalives_interval', '5', true), \
         set_config('tcp_keepalives_count', '3', true)",
        Postgres::as_time("now()")
    )
}

/// A condition on a row of `pg_locks` named `held`: it is this lock.
pub(super) fn key_of_lock(lock: Lock) -> String {
    match lock {
        Lock::Seeds => {
            format!("held.classid = 0 AND held.objid = {LOCK_OF_SEEDS} AND held.objsubid = 1")
        }
        // The server shows the number without its sign.
        Lock::Operation(number) => format!(
            "held.classid = {LOCK_OF_SEEDS} AND held.objid = {} AND held.objsubid = 2",
            number.cast_unsigned()
        ),
    }
}

const LOCK_OF_SEEDS: i32 = 1_702_063_984;

/// With this the server notices within seconds that the client's process is gone, even in the middle of a long statement.
const CHECK_CLIENT: &str = "set_config('client_connection_check_interval', '5s', true)";

/// What became of the transaction `$1`.
const STATUS: &str = "SELECT pg_xact_status(CAST($1 AS xid8))";

/// Drops the temporary tables of a seed. Constraints are checked first, as the commit would: a table with
/// a check to come cannot be dropped. Not for a dry run, which has the table of [`FORBID_COMMIT`].
const DISCARD: [&str; 2] = ["SET CONSTRAINTS ALL IMMEDIATE", "DISCARD TEMP"];

/// The prepared statements of the session that were prepared in SQL. No statement takes only them away.
const PREPARED: &str = "SELECT name FROM pg_prepared_statements WHERE from_sql";

/// Checked with the commit, and cannot be fulfilled. Where the role may not create temporary tables, nothing
/// is done.
pub(super) const FORBID_COMMIT: &str = "
    DO $$
    BEGIN
        CREATE TEMPORARY TABLE kumiko_dry_run (
            kept integer CONSTRAINT a_dry_run_keeps_nothing UNIQUE DEFERRABLE INITIALLY DEFERRED
        );
        INSERT INTO kumiko_dry_run VALUES (1), (1);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END
    $$";

pub(super) async fn lock<'c>(
    connection: &'c mut PgConnection,
    baseline: &mut Option<Baseline>,
    taking: &Taking<'_>,
) -> sqlx::Result<Option<Locked<'c, Postgres>>> {
    let mut transaction = connection.begin_with(SqlStr::from_static(BEGIN)).await?;
    let mut message = Message::default();
    let settings = baseline.is_none().then(|| message.add(SETTINGS));
    let looking = Looking::add(&mut message, baseline.as_ref(), taking);
    let mut answers = message.send(&mut transaction).await.complete()?;
    if let Some(settings) = settings {
        *baseline = Some(Baseline::of(&answers.take(settings))?);
    }
    let Some(found) = looking.found(&mut answers)? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    Ok(Some(Locked { transaction, found }))
}

/// The places of a lock and of a look in a message.
struct Looking {
    lock: usize,
    look: Option<usize>,
}

impl Looking {
    fn add(message: &mut Message<'_>, baseline: Option<&Baseline>, taking: &Taking<'_>) -> Self {
        let mut lock = lock_statement(taking.lock);
        match baseline {
            None => {
                let checking = format!(", CASE WHEN {CAN_CHECK_CLIENT} THEN {CHECK_CLIENT} END");
                lock.push_str(&checking);
            }
            Some(baseline) if baseline.can_check_client => {
                lock.extend([", ", CHECK_CLIENT]);
            }
            Some(_) => {}
        }
        Self {
            lock: message.add_with_values(&Statement {
                sql: lock,
                values: Vec::new(),
            }),
            look: taking
                .look
                .as_ref()
                .map(|look| message.add_with_values(look)),
        }
    }

    /// What was found; none if somebody else has the lock.
    fn found(self, answers: &mut Answers) -> sqlx::Result<Option<Found<Postgres>>> {
        let lock = answers.take(self.lock);
        let lock = lock.first().ok_or(sqlx::Error::RowNotFound)?;
        let Some(identity) = column::<Postgres, Option<String>>(lock, 0)? else {
            return Ok(None);
        };
        Ok(Some(Found {
            since: Postgres::time(lock, 1)?,
            identity,
            rows: self.look.map_or_else(Vec::new, |look| answers.take(look)),
        }))
    }
}

/// A guard: a statement that is an error in every transaction but this, which keeps the statements after it in a message
/// from being executed. A seed or a handler may have committed or rolled back behind our back. Whatever language the
/// server speaks, its error repeats the text that is no number.
fn guard(identity: &str) -> Statement<'_> {
    Statement {
        sql: format!(
            "SELECT CASE WHEN pg_current_xact_id_if_assigned() IS DISTINCT FROM CAST($1 AS xid8) \
             THEN CAST(concat('{ANOTHER_TRANSACTION}', pg_backend_pid()) AS integer) END"
        ),
        values: vec![Parameter::Text(identity)],
    }
}

/// A message that begins with the guard.
fn guarded(identity: &str) -> Message<'static> {
    let mut message = Message::default();
    message.add_with_values(&guard(identity));
    message
}

pub(super) async fn is_open(connection: &mut PgConnection, identity: &str) -> sqlx::Result<bool> {
    match guarded(identity).send(connection).await.complete() {
        Ok(_) => Ok(true),
        Err(error) if fault::of(&error) == Fault::TransactionEnded => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn record(
    connection: &mut PgConnection,
    under: Under<'_, Postgres>,
    record: &[Statement<'_>],
) -> sqlx::Result<()> {
    let mut message = guarded(under.identity);
    under.baseline.restore(&mut message, under.hands);
    for statement in record {
        message.add_with_values(statement);
    }
    message.send(connection).await.complete().map(drop)
}

/// All of it is one message. `AND CHAIN` opens the next transaction, with the isolation level and the access mode of
/// this one, and a seed cannot have changed them: the first is settled by the statement that takes the lock, and
/// without the second there is no marker. If nobody wants it, sqlx ends it with a ROLLBACK, sent with its next
/// statement and so at no cost.
///
/// **Invariant:** what failed after the COMMIT is not told as a commit that failed. The answers come one by one, so it
/// is known how far the server came.
pub(super) async fn commit<'c>(
    mut transaction: Transaction<'c, Postgres>,
    prepared: &mut Prepared,
    under: Under<'_, Postgres>,
    record: &[Statement<'_>],
    next: Option<&Taking<'_>>,
) -> Result<Next<'c, Postgres>, NotCommitted<'c, Postgres>> {
    let Under {
        baseline,
        identity,
        hands,
    } = under;
    let is_restored = baseline.is_restored_after(hands);
    let next = next.filter(|_| is_restored);
    prepared.begin(identity);
    let mut message = match next {
        // It may have taken statements away.
        _ if hands == Hands::Seed => Message::default(),
        None if prepared.is_empty() => Message::default(),
        _ => Message::in_chain(prepared),
    };
    message.add_with_values(&guard(identity));
    baseline.restore(&mut message, hands);
    let names = (hands == Hands::Seed).then(|| {
        for statement in DISCARD {
            message.add(statement);
        }
        message.add(PREPARED)
    });
    for statement in record {
        message.add_with_values(statement);
    }
    if next.is_none() {
        message.end_chain();
    }
    let commit = message.add("COMMIT AND CHAIN");
    let looking = next.map(|next| Looking::add(&mut message, Some(baseline), next));
    let mut answers = message.send(&mut transaction).await;
    if !answers.has(commit) {
        return Err(not_committed(transaction, answers, commit));
    }
    if is_lost(&answers) {
        return Ok(Next::Reconnect);
    }
    let names = names.map(|names| answers.take(names));
    let has_others = names.is_some_and(|names| {
        let names = names.iter().map(|row| column::<Postgres, String>(row, 0));
        let names = names.collect::<sqlx::Result<Vec<_>>>();
        names.map_or(true, |names| prepared.keep(&names))
    });
    if has_others || !is_restored {
        return Ok(Next::Reconnect);
    }
    // What failed will fail again, and then it is the next transaction's failure.
    let has_failed = answers.error.is_some();
    let found = looking
        .filter(|_| !has_failed)
        .and_then(|looking| looking.found(&mut answers).ok().flatten());
    if let Some(found) = found {
        return Ok(Next::Locked(Locked { transaction, found }));
    }
    if has_failed && !prepared.is_empty() {
        // If it fails, so does what follows.
        drop(transaction.execute("ROLLBACK AND CHAIN").await);
    }
    let ended = prepared.take_away(&mut transaction).await;
    Ok(if ended.is_ok() {
        Next::Begin
    } else {
        Next::Reconnect
    })
}

/// Commits a transaction that has no lock and comes with nothing to record. As with [`commit`], sqlx ends the next one, at
/// no cost.
#[cfg(feature = "events")]
pub(crate) async fn commit_own<'c>(
    mut transaction: Transaction<'c, Postgres>,
    identity: &str,
) -> Result<(), NotCommitted<'c, Postgres>> {
    let mut message = guarded(identity);
    let commit = message.add("COMMIT AND CHAIN");
    let answers = message.send(&mut transaction).await;
    if answers.has(commit) {
        Ok(())
    } else {
        Err(not_committed(transaction, answers, commit))
    }
}

/// Why there is no answer to the commit with this place.
fn not_committed(
    transaction: Transaction<'_, Postgres>,
    answers: Answers,
    commit: usize,
) -> NotCommitted<'_, Postgres> {
    let is_lost = is_lost(&answers);
    let error = answers.error.unwrap_or(sqlx::Error::RowNotFound);
    if is_lost {
        NotCommitted::Unanswered(error)
    } else if answers.rows.len() == commit {
        NotCommitted::RolledBack(error)
    } else {
        NotCommitted::Refused(transaction, error)
    }
}

/// Whether the answers end because the connection does.
fn is_lost(answers: &Answers) -> bool {
    let error = answers.error.as_ref();
    error.is_some_and(|error| !fault::is_refusal(error))
}

/// The number of the open transaction.
#[cfg(feature = "events")]
pub(crate) async fn identity(connection: &mut PgConnection) -> sqlx::Result<String> {
    let sql = "SELECT CAST(pg_current_xact_id() AS text)";
    let rows = Postgres::fetch(connection, sql, &[]).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    column::<Postgres, _>(row, 0)
}

/// In a transaction in which a statement has failed nothing can be asked. It is left for one in which
/// that is possible; what was written in it is lost in any case.
pub(super) async fn roll_back(
    mut transaction: Transaction<'_, Postgres>,
    prepared: &mut Prepared,
    identity: &str,
) -> sqlx::Result<Option<Ended>> {
    let ended = match is_open(&mut transaction, identity).await {
        Ok(true) => None,
        Ok(false) => match status(&mut transaction, identity).await?.as_deref() {
            Some("committed") => Some(Ended::Committed),
            _ => Some(Ended::RolledBack),
        },
        Err(error) if fault::of(&error) == Fault::TransactionFailed => {
            transaction.execute("ROLLBACK AND CHAIN").await?;
            ended_before(&mut transaction, identity).await?
        }
        Err(error) => return Err(error),
    };
    forget(transaction, prepared).await?;
    Ok(ended)
}

/// Rolls a transaction back in which no statement has failed.
pub(super) async fn forget(
    mut transaction: Transaction<'_, Postgres>,
    prepared: &mut Prepared,
) -> sqlx::Result<()> {
    prepared.take_away(&mut transaction).await?;
    transaction.rollback().await
}

/// A transaction that is still in progress has lost its client, so the server is about to roll it back,
/// unless the client's last statement is a COMMIT on its way.
pub(super) async fn ended_before(
    connection: &mut PgConnection,
    identity: &str,
) -> sqlx::Result<Option<Ended>> {
    let status = last_status(connection, identity).await?;
    Ok((status.as_deref() == Some("committed")).then_some(Ended::Committed))
}

/// Whether a transaction whose client is lost is committed. None if that is not known, or not yet.
#[cfg(feature = "events")]
pub(crate) async fn is_committed(
    connection: &mut PgConnection,
    identity: &str,
) -> sqlx::Result<Option<bool>> {
    let status = last_status(connection, identity).await?;
    Ok(match status.as_deref() {
        Some("committed") => Some(true),
        Some("aborted") => Some(false),
        _ => None,
    })
}

/// The status of a transaction, for which it is waited a little while it is in progress.
async fn last_status(
    connection: &mut PgConnection,
    identity: &str,
) -> sqlx::Result<Option<String>> {
    const ATTEMPTS: usize = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    let mut last = status(connection, identity).await?;
    for _ in 0..ATTEMPTS {
        if last.as_deref() != Some("in progress") {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        last = status(connection, identity).await?;
    }
    Ok(last)
}

async fn status(connection: &mut PgConnection, identity: &str) -> sqlx::Result<Option<String>> {
    let rows = Postgres::fetch(connection, STATUS, &[Parameter::Text(identity)]).await?;
    rows.first()
        .map_or(Ok(None), |row| column::<Postgres, _>(row, 0))
}
