//! Why the data has to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::BatchResult;
use kumiko_seeds::postgres::SeedContext;

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets an operator skip this seed with an environment variable, should it keep the app from starting.
// pub const SKIPPABLE: bool = true;

// Lets the app start before this seed is done. It is done by `SeedRunner::work`, which the app spawns.
// pub const BACKGROUND: bool = true;

/// What is stored of the last item of a step, so that the next one goes on after it.
pub type Cursor = String;

// How many items there are in all, to show how far it is:
//
//     pub async fn count(ctx: &mut SeedContext<'_>) -> kumiko_seeds::CountResult {
//         let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM account_view")
//             .fetch_one(ctx.db().await?)
//             .await?;
//         Ok(accounts.unsigned_abs())
//     }

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    // Each call is a step in a transaction of its own, which stores the cursor, too. An error undoes that step
    // alone. The seed is applied for good once a step gives no cursor. With the trait that lets it execute
    // commands of the app,
    //
    //     use kumiko_seeds_cqrs_es::ExecuteCommands;
    //
    // take the next items, and execute a command for each:
    //
    //     let accounts: Vec<String> = sqlx::query_scalar(
    //         "SELECT view_id FROM account_view WHERE view_id > $1 ORDER BY view_id LIMIT $2",
    //     )
    //     .bind(after.unwrap_or_default())
    //     .bind(i64::from(limit))
    //     .fetch_all(ctx.db().await?)
    //     .await?;
    //     for account in accounts.clone() {
    //         ctx.execute::<Account>(account, AccountCommand::Deposit { amount: 7 }).await?;
    //     }
    //     Ok(kumiko_seeds::Batch::new(accounts.last().cloned(), accounts.len()))
    //
    // It fails until it is written: an empty step that gave no cursor would mark the seed as applied, and it
    // would never run again once it is written.
    let _ = (after, limit);
    Err(format!("{} is not written yet", ctx.id()).into())
}
