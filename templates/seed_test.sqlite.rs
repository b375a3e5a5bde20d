//! Applies the app's seeds to a new database, and looks at what one of them changed.

/// The seed that this is about.
const SEED: &str = "YYYY-MM-DD-what-it-changes";

#[tokio::test]
async fn it_is_applied() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{SEED}.db"));
    for ending in ["", "-wal", "-shm"] {
        // What an earlier run has left, if there was one.
        let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await?;

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
