//! What can go wrong in a run.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::causes::{chain, with_causes};
use crate::environment::Environment;
use crate::holder::Holder;
use crate::report::seconds;
use crate::seed::is_operation;
use crate::seed_progress::ProgressState;

/// Why a run or a look at the database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database could not be reached, or refused a statement of this library.
    #[error("could not {step}")]
    Database {
        /// What was being done, to be read after "could not".
        step: &'static str,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// There is a table of the right name whose columns are not the expected ones.
    #[error(
        "the table kumiko_es_operations has another shape; expected the columns id, operation_type, \
         applied_at, duration_ms, applied_by and notes"
    )]
    MarkerTable {
        /// The statement's error.
        source: sqlx::Error,
    },
    /// The table of progress has other columns than the expected ones.
    #[error(
        "the table kumiko_es_progress has another shape than this version of the library expects"
    )]
    ProgressTable {
        /// The statement's error.
        source: sqlx::Error,
    },
    /// The database role lacks a privilege that seeds need. [`Error::remedy`] has the SQL.
    #[error("{} may not {step}", the_role(role.as_deref()))]
    NotPermitted {
        /// What was being done, to be read after "may not".
        step: &'static str,
        /// The role that the connection was opened with.
        role: Option<String>,
        /// What creates the table, where there is none.
        creation: Option<&'static str>,
        /// The privileges that it takes, and on which table: what follows `GRANT`.
        privileges: &'static str,
        /// The server's refusal.
        source: sqlx::Error,
    },
    /// Row level security may hide rows of a table from the database role, or refuses it one, so that what is there
    /// cannot be known. [`Error::remedy`] has the SQL.
    #[error("{} may not see every row of the table {table}, which has row level security", the_role(role.as_deref()))]
    RowSecurity {
        /// The table.
        table: &'static str,
        /// The role.
        role: Option<String>,
        /// The server's refusal; none where it would have hidden rows without a word.
        source: Option<sqlx::Error>,
    },
    /// Two seeds share an id, which only seeds written by hand can.
    #[error("two seeds have the id {id}")]
    DuplicateId {
        /// The id.
        id: &'static str,
    },
    /// A seed was asked for that the app does not contain.
    #[error("there is no seed {id} in this binary")]
    UnknownSeed {
        /// The id asked for.
        id: String,
    },
    /// A seed was asked for that does not run in this environment. Nothing was written.
    #[error("seed {id} is {}, only for {}", of_environment(environment.as_deref()).is_not(), environments.join(", "))]
    NotForEnvironment {
        /// The id asked for.
        id: String,
        /// Where this is, if anybody has said so.
        environment: Option<String>,
        /// The environments in which it runs.
        environments: Vec<String>,
    },
    /// The environment is none of those that the app declares. Nothing was written.
    #[error("there is no environment {name:?}: the app has {}", known.join(", "))]
    UnknownEnvironment {
        /// The name that was given.
        name: String,
        /// Those that the app declares.
        known: Vec<String>,
    },
    /// One seed was asked for, and others are pending that come before it. Nothing was written.
    #[error("seed {id} would run before {}, pending and earlier", pending.join(", "))]
    WouldReorder {
        /// The seed asked for.
        id: String,
        /// The pending seeds that come before it.
        pending: Vec<String>,
    },
    /// The id of a pending seed is the id of an operation of another kind.
    #[error(
        "the id {id} is taken by an operation of type {operation_type}; rename the seed's file"
    )]
    IdTaken {
        /// The id.
        id: String,
        /// The type of the operation that has it.
        operation_type: String,
    },
    /// A connection for a schema of PostgreSQL is in another one: the schema is missing, the role may not use it, or a pooler has
    /// dropped the options of the connection. Nothing was done.
    #[error("the connection is not in schema {schema}")]
    NotInSchema {
        /// The schema that was asked for.
        schema: String,
    },
    /// No schema of the database has a name that is like the pattern.
    #[error("there is no schema like {pattern:?}")]
    NoSchemas {
        /// The pattern.
        pattern: String,
    },
    /// The name of the app is none that one can have.
    #[error("{name:?} is no name for an app: it is made of a-z, 0-9 and -")]
    AppName {
        /// The name.
        name: String,
    },
    /// Pending seeds have markers of their ids from before the app had its name, of other source texts or of ones that
    /// nobody knows. They may be this app's, and then the seeds have run, or another app's. Nothing was written.
    #[error(
        "nothing was written, because it is not known whose markers these are, written without the app's name and \
         from another source text: {}",
        ids.join(", ")
    )]
    Contested {
        /// The seeds.
        ids: Vec<String>,
    },
    /// Pending seeds have the source texts of applied seeds that this binary does not contain, so that they are the same
    /// seeds in files that were renamed. Nothing was written.
    #[error(
        "nothing was written, because pending seeds are applied already under other names:{}",
        renamed(ids, from)
    )]
    Renamed {
        /// The pending seeds.
        ids: Vec<String>,
        /// What each was applied as.
        from: Vec<String>,
    },
    /// Seeds that are retired are not applied here, and this release cannot apply them. Nothing was written.
    #[error(
        "nothing was written, because this release does not have seeds any more that are not applied here:{}",
        retired(ids, releases)
    )]
    Retired {
        /// The seeds.
        ids: Vec<String>,
        /// The release that had each of them last.
        releases: Vec<String>,
    },
    /// Of the retired seeds that a seed replaces some are applied here, and others are not, so that it can neither run nor be
    /// recorded. Nothing was written by it.
    #[error(
        "{} replaces seeds of which some are applied here and others are not:\n  {}, applied{}",
        operation(id),
        applied.join(", applied\n  "),
        retired(left, releases)
    )]
    HalfReplaced {
        /// The seed.
        id: String,
        /// Those of what it replaces that are applied.
        applied: Vec<String>,
        /// The others.
        left: Vec<String>,
        /// The release that had each of the others last.
        releases: Vec<String>,
    },
    /// A seed was to be marked as applied, and it is.
    #[error("{} is applied already", operation(id))]
    AlreadyApplied {
        /// The seed.
        id: String,
    },
    /// The marker of a seed was to be taken away, and it has none.
    #[error("{} is not applied", operation(id))]
    NotApplied {
        /// The seed.
        id: String,
    },
    /// A seed was to be steered that is not under way: it has not begun, or it is applied.
    #[error("{} is not under way", operation(id))]
    NotUnderWay {
        /// The seed.
        id: String,
    },
    /// A seed was to be steered in a way that means nothing in the state in which it is.
    #[error("{} is {state}: there is nothing to {verb}", operation(id))]
    Steering {
        /// The seed.
        id: String,
        /// What was to be done, `resume` for example.
        verb: &'static str,
        /// Where it stands.
        state: ProgressState,
    },
    /// A seed is under way in steps, so that it can neither run in one transaction nor be marked. Nothing was written.
    #[error("{} is under way in steps ({done} items are done)", operation(id))]
    UnderWay {
        /// The seed.
        id: String,
        /// How many items are done.
        done: u64,
    },
    /// A seed is under way with another source than that of this binary. Nothing was written.
    #[error(
        "{} is under way with another source text than this binary's ({done} items are done)",
        operation(id)
    )]
    OtherSourceUnderWay {
        /// The seed.
        id: String,
        /// How many items are done.
        done: u64,
    },
    /// A seed that has not begun has the source text of one that is under way and that this binary does not contain, so that
    /// it is the same seed in a file that was renamed. Nothing was written.
    #[error(
        "{} is under way as {from}, whose file is gone ({done} items are done)",
        operation(id)
    )]
    RenamedUnderWay {
        /// The seed.
        id: String,
        /// What it began as.
        from: String,
        /// How many items are done.
        done: u64,
    },
    /// A seed whose turn it is has been paused.
    #[error("{} is paused ({done} items are done)", operation(id))]
    Paused {
        /// The seed.
        id: String,
        /// How many items are done.
        done: u64,
    },
    /// The `batch` of a seed gave the cursor that it had been given, so that its next step would do the same again.
    #[error(
        "{}: `batch` gave the cursor that it was given, {cursor}; it has to advance",
        operation(id)
    )]
    CursorStands {
        /// The seed.
        id: String,
        /// The cursor, as JSON.
        cursor: String,
    },
    /// Another process held the lock for longer than this one waits.
    #[error("gave up after {} of waiting for {}, {}", seconds(*waited), lock_of(*steps_of), held_by(holder.as_ref()))]
    LockTimeout {
        /// The seed whose steps the process does; none if it holds the lock of seeds.
        steps_of: Option<&'static str>,
        /// How long this process waited without seeing any progress.
        waited: Duration,
        /// Who held the lock at the end, as far as the database tells.
        holder: Option<Holder>,
    },
    /// Pending seeds call write handlers that would refuse them, or what the app has registered cannot work. Nothing was written.
    #[error(
        "nothing was written, because {}:{}",
        what_would_fail(problems),
        lines(problems)
    )]
    Preflight {
        /// Every such call, after what belongs to no seed.
        problems: Vec<PreflightProblem>,
    },
    /// A seed waits for a schema migration that is not applied. Nothing of the seed was written.
    #[error("seed {id} waits for the schema migration {version}, which {} {table}", if *has_failed { "has failed, says" } else { "is not in" })]
    MigrationMissing {
        /// The seed.
        id: String,
        /// The version of the migration.
        version: i64,
        /// The table in which migrations are noted.
        table: String,
        /// Whether it was tried and has failed.
        has_failed: bool,
    },
    /// Schema migrations and seeds are to run in the order of their dates, and the version of one is no date.
    #[error(
        "the schema migration {version} has no date for a version, so it has no place among the seeds"
    )]
    MigrationWithoutDate {
        /// The version.
        version: i64,
    },
    /// What the app does before its first pending seed failed.
    #[error("could not prepare the database for seeds")]
    Prepare {
        /// The app's error.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A projection cannot be rebuilt as asked.
    #[error("the projection cannot be rebuilt")]
    Projection {
        /// Why: a `ProjectionError` of the feature `events`.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An operation on streams was not begun, since it could not be done as asked.
    #[error("nothing was begun")]
    NotBegun {
        /// Why: an `EventStoreError` of the feature `events`.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Events cannot be delivered again as asked.
    #[error("the events cannot be delivered again")]
    Replay {
        /// Why: a `ReplayError` of the feature `events`.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A seed returned an error.
    #[error("{} failed", operation(id))]
    Seed {
        /// The seed.
        id: &'static str,
        /// What it returned.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A seed panicked.
    #[error("{} panicked: {message}", operation(id))]
    Panicked {
        /// The seed.
        id: &'static str,
        /// What it panicked with.
        message: String,
    },
    /// A seed returned `Ok` although a write in it had failed or had never been awaited.
    #[error("{} returned Ok, but {problem}", operation(id))]
    Unfinished {
        /// The seed.
        id: &'static str,
        /// What is open.
        problem: String,
    },
    /// The connection was lost while a seed was being committed, and the database could not be asked
    /// what became of it. Whether the seed is applied shows at the next run, which looks before it
    /// runs anything.
    #[error(
        "seed {id} has run, but its commit was not answered, and whether it is applied could not be \
         found out: {}",
        with_causes(&**reason)
    )]
    CommitUnanswered {
        /// The seed.
        id: &'static str,
        /// What came instead of an answer.
        source: sqlx::Error,
        /// Why it could not be found out.
        reason: Box<Error>,
    },
    /// The run was told to stop, and did; see
    /// [`SeedRunner::apply_until`](crate::SeedRunner::apply_until).
    #[error("the run was told to stop")]
    Stopped,
    /// A seed, a handler or the app's preparation ended the transaction that it runs in.
    #[error("{}", ended(*id, *remains))]
    TransactionEnded {
        /// The seed; none if it was the preparation.
        id: Option<&'static str>,
        /// What is left of what was written.
        remains: Remains,
        /// What it failed with, if it did.
        source: Option<Box<Error>>,
    },
}

/// What is left of what was written in a transaction that was ended from within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remains {
    /// Nothing: the database refused the commit, as SQLite always does and PostgreSQL in a dry run.
    Nothing,
    /// What was written before it was committed, without a marker, and perhaps what was written after.
    Before {
        /// How many events were appended before.
        events: u64,
    },
    /// The same in a dry run, with the seeds that were tried before and their markers.
    BeforeInDryRun,
    /// It was rolled back, and what was written after that may be committed.
    After,
}

impl Error {
    pub(crate) fn database(step: &'static str, source: sqlx::Error) -> Self {
        Self::Database { step, source }
    }

    /// A seed that went on after a statement had failed.
    pub(crate) fn unfinished_after_failure(id: &'static str) -> Self {
        Self::Unfinished {
            id,
            problem: "a statement in it had failed, and after that PostgreSQL commits nothing; the server's \
                      log names the statement"
                .to_owned(),
        }
    }

    /// The seed that failed, where it is a seed that did.
    pub(crate) fn seed(&self) -> Option<&'static str> {
        match self {
            Self::Seed { id, .. } | Self::Panicked { id, .. } | Self::Unfinished { id, .. } => {
                Some(id)
            }
            Self::TransactionEnded { id, .. } => *id,
            _ => None,
        }
    }

    /// Whether it ended the run in the middle of a seed without being of the seed's making.
    pub(crate) fn is_of_the_seed_in_flight(&self) -> bool {
        match self {
            Self::Stopped => true,
            Self::TransactionEnded { source, .. } => {
                matches!(source.as_deref(), Some(Self::Stopped))
            }
            _ => false,
        }
    }

    /// Whether everything that the failing step did is undone, so that a retry repeats nothing.
    pub(crate) fn is_rolled_back(&self) -> bool {
        match self {
            Self::TransactionEnded { remains, .. } => *remains == Remains::Nothing,
            Self::CommitUnanswered { .. } => false,
            _ => true,
        }
    }

    /// The driver's error among the causes, if it is one of them.
    pub(crate) fn driver(&self) -> Option<&sqlx::Error> {
        chain(self).find_map(<dyn StdError>::downcast_ref)
    }
}

/// What is known to go wrong before anything is written: a call in a seed, or what the app has handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreflightProblem {
    /// Where the call is; none if the problem belongs to no seed.
    pub place: Option<SeedPlace>,
    /// What is wrong.
    pub message: String,
}

/// A place in a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedPlace {
    /// The seed.
    pub seed: &'static str,
    /// Its file, as [`Seed::file`](crate::Seed::file) has it.
    pub file: &'static str,
    /// The line in its file, counted from 1.
    pub line: u32,
}

impl PreflightProblem {
    pub(crate) fn of_app(message: String) -> Self {
        Self {
            place: None,
            message,
        }
    }

    pub(crate) fn of_seed(place: SeedPlace, message: String) -> Self {
        Self {
            place: Some(place),
            message,
        }
    }
}

impl fmt::Display for PreflightProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(SeedPlace { file, line, .. }) = self.place {
            write!(formatter, "{file}:{line}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// How messages call what has this id: `seed 2026-01-01-a`. The id of another operation says what it is.
pub(crate) fn operation(id: &str) -> String {
    if is_operation(id) {
        id.to_owned()
    } else {
        format!("seed {id}")
    }
}

pub(crate) fn the_role(role: Option<&str>) -> String {
    role.map_or_else(
        || "the database's user".to_owned(),
        |role| format!("the role {role:?}"),
    )
}

/// The lock of seeds, or that of a seed's steps.
pub(crate) fn lock_of(steps_of: Option<&str>) -> String {
    match steps_of {
        Some(id) => format!("the lock of the steps of {id}"),
        None => "the lock of seeds".to_owned(),
    }
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "whose holder is unknown".to_owned(),
        |holder| format!("held by {holder}"),
    )
}

fn ended(id: Option<&str>, remains: Remains) -> String {
    let (who, within) = match id {
        Some(id) => (operation(id), "in it or in a handler"),
        None => ("the preparation of the database".to_owned(), "in it"),
    };
    let marker = if id.is_some() {
        ", and it has no marker"
    } else {
        ""
    };
    match remains {
        Remains::Nothing => format!(
            "{who} tried to end its own transaction, with a COMMIT or ROLLBACK {within}; nothing of it \
             is left"
        ),
        Remains::Before { events } => {
            let events = match events {
                0 => String::new(),
                1 => ", 1 event among it".to_owned(),
                events => format!(", {events} events among it"),
            };
            format!(
                "{who} ended its own transaction, with a COMMIT {within}; what it had written until \
                 then is committed{events}{marker}"
            )
        }
        Remains::BeforeInDryRun => format!(
            "{who} ended its own transaction, with a COMMIT {within}; what it had written until then is \
             committed, and so are the seeds tried before it, with their markers"
        ),
        Remains::After => format!(
            "{who} ended its own transaction, with a ROLLBACK {within}; what it wrote after that may \
             be committed{marker}"
        ),
    }
}

fn of_environment(name: Option<&str>) -> Environment {
    name.map_or(Environment::Unset, Environment::from)
}

fn renamed(ids: &[String], from: &[String]) -> String {
    let pairs = ids.iter().zip(from);
    let lines = pairs.map(|(id, from)| format!("\n  {id} was {from}"));
    lines.collect()
}

fn retired(ids: &[String], releases: &[String]) -> String {
    let pairs = ids.iter().zip(releases);
    let lines = pairs.map(|(id, release)| format!("\n  {id}, last in {release}"));
    lines.collect()
}

fn what_would_fail(problems: &[PreflightProblem]) -> &'static str {
    if problems.iter().all(|problem| problem.place.is_some()) {
        "pending seeds call handlers that would fail"
    } else {
        "what the app has registered cannot work"
    }
}

fn lines(problems: &[PreflightProblem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    lines.concat()
}
