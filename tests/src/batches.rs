//! Seeds that write several times each and would not notice being run twice, so that half of one, or two
//! of one, stay to be seen.

use kumiko_seeds::{Seed, SeedContext, SeedResult, json};
use sqlx::Pool;

use crate::database::Engine;
use crate::seeds::seed;

/// The seeds, in order.
pub const BATCHES: [&str; 4] = [
    "2026-02-01-batch",
    "2026-02-02-batch",
    "2026-02-03-batch",
    "2026-02-04-batch",
];

/// How many numbers a seed writes, each an event and a row.
const NUMBERS: usize = 3;

/// The seeds of [`BATCHES`]. The first writes 1, 2, 3, the second 4, 5, 6.
#[must_use]
pub fn batches<DB: Engine>() -> Vec<Seed<DB>> {
    BATCHES
        .map(|id| seed(id, |ctx| Box::pin(batch(ctx))))
        .to_vec()
}

async fn batch<DB: Engine>(ctx: &mut SeedContext<'_, DB>) -> SeedResult {
    let position = BATCHES.iter().position(|id| *id == ctx.id());
    let before = position.unwrap_or_default() * NUMBERS;
    for number in before + 1..=before + NUMBERS {
        ctx.system_write_as("journal:write:add", json!({ "number": number }))
            .await?;
    }
    Ok(())
}

/// How many of [`BATCHES`] are applied. The error says what is there if it is anything else than each of
/// the first seeds as a whole, once, in order, with its marker. It can be asked at any time.
pub async fn applied<DB: Engine>(pool: &Pool<DB>) -> Result<usize, String> {
    if !has_markers(pool).await {
        let early = DB::texts(pool, DB::TABLES).await;
        let events = if early.iter().any(|table| table == "kumiko_events") {
            let numbers = "SELECT type FROM kumiko_events WHERE payload->>'number' IS NOT NULL";
            DB::texts(pool, numbers).await
        } else {
            Vec::new()
        };
        if events.is_empty() {
            return Ok(0);
        }
        if !has_markers(pool).await {
            return Err(format!("no table of markers, but events: {events:?}"));
        }
    }
    // One statement, so that it is one moment.
    let found = DB::texts(
        pool,
        "SELECT text FROM (
             SELECT 1 AS kind, 0 AS position, id AS text FROM kumiko_es_operations
             WHERE operation_type = 'seed-migration' AND id LIKE '%-batch'
             UNION ALL
             SELECT 2, id, 'event ' || CAST(payload->>'number' AS text) FROM kumiko_events
             WHERE payload->>'number' IS NOT NULL
             UNION ALL
             SELECT 3, number, 'row ' || CAST(number AS text) FROM read_journal
         ) AS found ORDER BY kind, position, text",
    )
    .await;
    let markers = found.iter().filter(|text| text.starts_with("2026")).count();
    let numbers = 1..=markers * NUMBERS;
    let expected: Vec<String> = (BATCHES.iter().take(markers).map(ToString::to_string))
        .chain(numbers.clone().map(|number| format!("event {number}")))
        .chain(numbers.map(|number| format!("row {number}")))
        .collect();
    if found == expected {
        Ok(markers)
    } else {
        Err(format!("{found:?}"))
    }
}

async fn has_markers<DB: Engine>(pool: &Pool<DB>) -> bool {
    let tables = DB::texts(pool, DB::TABLES).await;
    tables.iter().any(|table| table == "kumiko_es_operations")
}
