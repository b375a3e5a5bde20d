//! An app whose tenants have a schema each.

use kumiko_seeds::Targets;
use kumiko_seeds::postgres::SeedRunner;
use sqlx::postgres::PgConnectOptions;

/// Applies in each schema what is pending there.
pub async fn apply(
    runner: &SeedRunner,
    options: PgConnectOptions,
) -> Result<(), kumiko_seeds::Error> {
    // ANCHOR: many
    let tenants = Targets::schemas(&options, "tenant_%").await?;
    for outcome in runner.apply_each(&tenants).await {
        println!("{}: {:?}", outcome.name, outcome.result);
    }
    // ANCHOR_END: many
    Ok(())
}
