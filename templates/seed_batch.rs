//! Why the data has to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::BatchResult;
use kumiko_seeds::postgres::SeedContext;

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets an operator skip this seed with an environment variable, should it keep the app from starting.
// pub const SKIPPABLE: bool = true;

// Lets the app start before this seed is done. It is done by `SeedRunner::work`, which the app spawns.
// pub const BACKGROUND: bool = true;

/// What is stored of the last item of a step, so that the next one goes on after it.
pub type Cursor = i64;

// How many items there are in all, to show how far it is:
//
//     pub async fn count(ctx: &mut SeedContext<'_>) -> kumiko_seeds::CountResult {
//         let members: i64 = sqlx::query_scalar("SELECT count(*) FROM members")
//             .fetch_one(ctx.db().await?)
//             .await?;
//         Ok(members.unsigned_abs())
//     }

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    // Each call is a step in a transaction of its own, which stores the cursor, too. An error undoes that step
    // alone. The seed is applied for good once a step gives no cursor. Take the next items, then write them
    // through a handler:
    //
    //     let members: Vec<(i64,)> =
    //         sqlx::query_as("SELECT id FROM members WHERE id > $1 ORDER BY id LIMIT $2")
    //             .bind(after.unwrap_or_default())
    //             .bind(i64::from(limit))
    //             .fetch_all(ctx.db().await?)
    //             .await?;
    //     let commands = members.iter().map(|(id,)| kumiko_seeds::json!({ "id": id }));
    //     ctx.system_batch("member:write:set-default-role", commands).await?;
    //     Ok(kumiko_seeds::Batch::new(members.last().map(|(id,)| *id), members.len()))
    //
    // It fails until it is written: an empty step that gave no cursor would mark the seed as applied, and it
    // would never run again once it is written.
    let _ = (after, limit);
    Err(format!("{} is not written yet", ctx.id()).into())
}
