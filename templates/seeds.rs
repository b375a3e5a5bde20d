//! The app's seeds: dated changes to its data, each a file of its own and applied once per database.

use kumiko_seeds::postgres as database;

// Brings in `SEEDS`.
database::include_seeds!();

/// The write handlers that seeds may call, and who may call them.
#[must_use]
pub fn handlers() -> database::Handlers {
    // Each is an `async fn(database::WriteContext<'_>, Payload) -> HandlerResult` with a name:
    //
    //     database::Handlers::new()
    //         .register("tenant:write:rename", Access::roles(["TenantAdmin"]), tenant::rename)
    database::Handlers::new()
}

/// The seeds with all they need. The app boots with it, and its ops binary applies with it.
#[must_use]
pub fn seeds() -> database::SeedRunner {
    let runner = database::SeedRunner::new(SEEDS).handlers(handlers());
    // Before the first pending seed, under the lock: the tables of the event store, where they are missing,
    // and what else the app needs of its database.
    runner.prepare(|connection| {
        Box::pin(async move {
            database::create_event_tables(connection).await?;
            Ok(())
        })
    })
}
