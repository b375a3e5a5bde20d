//! Why the data has to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::postgres::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets an operator skip this seed with an environment variable, should it keep the app from starting.
// pub const SKIPPABLE: bool = true;

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    // A seed runs once in each database, in one transaction. `Ok` marks it as applied for good; an
    // error undoes all of it and stops the run. Write on the connection of that transaction:
    //
    //     let changed = sqlx::query("UPDATE plans SET tier = $1 WHERE tier IS NULL")
    //         .bind("basic")
    //         .execute(ctx.unmanaged_db().await?)
    //         .await?
    //         .rows_affected();
    //     if changed == 0 {
    //         return Err("there is no plan without a tier".into());
    //     }
    //     Ok(())
    //
    // It fails until it is written: an empty seed that returned `Ok` would be marked as applied, and
    // would never run again once it is written.
    Err(format!("{} is not written yet", ctx.id()).into())
}
