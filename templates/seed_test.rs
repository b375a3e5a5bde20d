//! What one seed changes, on a database of the test's own. The front page of `kumiko-seeds-testing` is the guide.

use kumiko_seeds_testing::TestResult;
use kumiko_seeds_testing::postgres::TestDatabase;

/// The seed that this is about.
const SEED: &str = "YYYY-MM-DD-what-it-changes";

#[tokio::test]
async fn it_is_applied() -> TestResult {
    let database = TestDatabase::new(app::seeds()).await?;

    // What the seed finds in an app that is in use: what earlier seeds have made, and what the test adds.
    //
    //     database.execute("INSERT INTO memberships (id, roles) VALUES (1, 'Admin')").await?;
    database.given_seeds_before(SEED).await?;

    // It fails here until the seed is written.
    database.apply(SEED).await?;

    // What it has changed:
    //
    //     let roles = kumiko_seeds_testing::json!([{ "roles": "Admin, TenantAdmin" }]);
    //     database.check_rows("SELECT roles FROM memberships", roles).await?;
    //
    // And, if it passes over what is done already, that it changes nothing when it runs a second time:
    //
    //     database.check_second_run(SEED).await?;
    Ok(())
}
