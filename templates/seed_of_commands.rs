//! Why the data has to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::postgres::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets an operator skip this seed with an environment variable, should it keep the app from starting.
// pub const SKIPPABLE: bool = true;

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    // A seed runs once in each database, in one transaction. `Ok` marks it as applied for good; an
    // error undoes all of it and stops the run. With the trait that lets it execute commands of the app,
    //
    //     use kumiko_seeds_cqrs_es::ExecuteCommands;
    //
    // look something up, and execute one:
    //
    //     let accounts: Vec<String> = sqlx::query_scalar("SELECT view_id FROM account_view")
    //         .fetch_all(ctx.db().await?)
    //         .await?;
    //     for account in accounts {
    //         ctx.execute::<Account>(account, AccountCommand::Deposit { amount: 7 }).await?;
    //     }
    //     Ok(())
    //
    // It fails until it is written: an empty seed that returned `Ok` would be marked as applied, and
    // would never run again once it is written.
    Err(format!("{} is not written yet", ctx.id()).into())
}
