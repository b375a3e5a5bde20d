//! Applies the app's seeds to a new database, and looks at what one of them changed.
//!
//! `TEST_DATABASE_URL` names a PostgreSQL server on which databases may be created.

use std::str::FromStr;

/// The seed that this is about.
const SEED: &str = "YYYY-MM-DD-what-it-changes";

#[tokio::test]
async fn it_is_applied() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("TEST_DATABASE_URL").map_err(|_| {
        "set TEST_DATABASE_URL to a PostgreSQL server on which databases may be created"
    })?;
    let server = sqlx::PgPool::connect(&url).await?;
    // What an earlier run has left, if there was one.
    sqlx::query("DROP DATABASE IF EXISTS test_what_it_changes WITH (FORCE)")
        .execute(&server)
        .await?;
    sqlx::query("CREATE DATABASE test_what_it_changes")
        .execute(&server)
        .await?;
    let options = sqlx::postgres::PgConnectOptions::from_str(&url)?.database("test_what_it_changes");
    let pool = sqlx::PgPool::connect_with(options).await?;

    // It fails here until the seed is written. What the seed finds in an app that is in use has to be
    // put into the database before this.
    let report = app::seeds().apply(&pool).await?;
    assert!(report.applied.iter().any(|seed| seed.id == SEED));

    // Then look at what the seed has changed:
    //
    //     let roles: String = sqlx::query_scalar("SELECT roles FROM memberships")
    //         .fetch_one(&pool)
    //         .await?;
    //     assert_eq!(roles, r#"["TenantAdmin"]"#);
    Ok(())
}
