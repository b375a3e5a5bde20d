//! A seed of many steps: one note for each item.

use futures_util::FutureExt;
use kumiko_seeds::{
    Batch, BatchResult, Ledger, Seed, SeedCode, SeedContext, SeedProgress, json, read_cursor,
};
use sqlx::Pool;

use crate::database::{Engine, TestDatabase};
use crate::seeds::seed;

/// The seed that the tests share.
pub const ID: &str = "2026-01-02-steps";

/// How many items there are, which are their numbers from 1 on. To be handed to the runner.
#[derive(Clone, Copy, Debug)]
pub struct Items(pub i64);

impl Items {
    /// Tells a replica how many there are. No other program reads it.
    pub const VARIABLE: &str = "KUMIKO_REPLICA_ITEMS";

    /// As many as this process was given, if it was.
    ///
    /// # Errors
    /// If it is no number.
    pub fn from_environment() -> Result<Option<Self>, std::num::ParseIntError> {
        let value = std::env::var(Self::VARIABLE).ok();
        Ok(value.map(|value| value.parse()).transpose()?.map(Self))
    }
}

/// A seed that writes a note for each item.
#[must_use]
pub fn notes_in_steps<DB: Engine>(id: &'static str) -> Seed<DB> {
    of_batch(id, |context, after, limit| {
        async move {
            let after = read_cursor(after)?;
            write_notes(context, after, limit).await?.written()
        }
        .boxed()
    })
}

/// A seed of these steps, with [`Items`] to be counted.
#[must_use]
pub fn of_batch<DB: Engine>(id: &'static str, batch: kumiko_seeds::RunBatch<DB>) -> Seed<DB> {
    Seed {
        code: SeedCode::Batch {
            count: Some(|context| async move { Ok(count(context)) }.boxed()),
            batch,
        },
        ..seed(id, |_| unreachable!("it has steps"))
    }
}

/// `seed`, left out of the boot.
#[must_use]
pub fn in_background<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        background: true,
        ..seed
    }
}

fn count<DB: Engine>(context: &SeedContext<'_, DB>) -> u64 {
    let Items(items) = *context.app().unwrap();
    items.try_into().unwrap()
}

/// What such a seed's `batch` is. The notes of an item that is done twice are two, and nothing in the database objects.
///
/// # Errors
/// If a note cannot be written.
pub async fn write_notes<DB: Engine>(
    context: &mut SeedContext<'_, DB>,
    after: Option<i64>,
    limit: u32,
) -> BatchResult<i64> {
    let Items(items) = *context.app().unwrap();
    let first = after.unwrap_or(0) + 1;
    let numbers: Vec<i64> = (first..=items).take(limit as usize).collect();
    // As a seed does that reads what comes next.
    DB::run(context.db().await?, "SELECT 1").await?;
    let notes = numbers
        .iter()
        .map(|number| json!({ "text": format!("{} {}", text(*number), fastrand::u64(..)) }));
    context.system_batch("notes:write:add", notes).await?;
    Ok(Batch::new(numbers.last().copied(), numbers.len()))
}

/// What the text of an item's note begins with.
#[must_use]
pub fn text(number: i64) -> String {
    format!("item {number:06}")
}

/// Fails unless each item has its note once, in an event and in a row.
pub async fn check_each_once<DB: Engine>(database: &TestDatabase<DB>, items: i64) {
    let expected: Vec<String> = (1..=items).map(text).collect();
    let events = "SELECT substr(payload->>'text', 1, 11) FROM kumiko_events WHERE type = 'note-added' \
                  AND payload->>'text' LIKE 'item %' ORDER BY 1";
    assert_eq!(database.texts(events).await, expected);
    let rows = "SELECT substr(text, 1, 11) FROM read_notes WHERE text LIKE 'item %' ORDER BY 1";
    assert_eq!(database.texts(rows).await, expected);
}

/// How many of `items` are done, at any moment. The error says what is there if events, rows, cursor and marker are apart.
///
/// # Errors
/// If they are.
pub async fn done_so_far<DB: Engine>(pool: &Pool<DB>, items: i64) -> Result<i64, String> {
    let tables = DB::texts(pool, DB::TABLES).await;
    if !tables.iter().any(|table| table == "kumiko_es_progress") {
        return Ok(0);
    }
    // One statement, so that it is one moment.
    let found = format!(
        "SELECT CAST((SELECT count(*) FROM kumiko_events WHERE payload->>'text' LIKE 'item %') AS text)
                 UNION ALL SELECT CAST((SELECT count(DISTINCT substr(payload->>'text', 1, 11)) FROM kumiko_events
             WHERE payload->>'text' LIKE 'item %') AS text)
         UNION ALL SELECT CAST((SELECT count(*) FROM read_notes WHERE text LIKE 'item %') AS text)
         UNION ALL SELECT CAST((SELECT count(*) FROM kumiko_es_operations WHERE id = '{ID}') AS text)
         UNION ALL SELECT coalesce(CAST((SELECT max(done) FROM kumiko_es_progress) AS text), '-')
         UNION ALL SELECT coalesce(CAST((SELECT max(\"cursor\") FROM kumiko_es_progress) AS text), '-')"
    );
    let found = DB::texts(pool, &found).await;
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    let [events, distinct, rows, markers, done, cursor] = found[..] else {
        return Err(format!("{found:?}"));
    };
    let expected = match (markers, done, cursor) {
        ("0", "-" | "0", "-") => 0,
        ("0", done, cursor) if done == cursor => done.parse().unwrap(),
        ("1", "-", "-") => items,
        _ => return Err(format!("{found:?}")),
    };
    let expected_text = expected.to_string();
    if [events, distinct, rows]
        .iter()
        .all(|it| *it == expected_text)
    {
        Ok(expected)
    } else {
        Err(format!(
            "events, texts, rows, markers, done, cursor: {found:?}"
        ))
    }
}

/// How far the seeds of an app without a name are: id, state, cursor, done and total of each.
pub async fn progress<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let history = Ledger::new(&database.pool).history().await.unwrap();
    let lines = history.progress.iter().map(|progress| {
        let SeedProgress {
            id, state, done, ..
        } = progress;
        let cursor = progress.cursor.as_deref().unwrap_or("-");
        let total = progress.total.unwrap_or_default();
        format!("{id} {state} {cursor} {done}/{total}")
    });
    lines.collect()
}
