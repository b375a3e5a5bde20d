//! The app's seeds: dated changes to its data, each a file of its own and applied once per database.

use kumiko_seeds::postgres as database;

// Brings in `SEEDS`.
database::include_seeds!();

/// The seeds with all they need. The app boots with it, and its ops binary applies with it.
#[must_use]
pub fn seeds() -> database::SeedRunner {
    // The same that the app says to the `CqrsFramework` of each aggregate: its services, and its views with
    // their tables. It is added to the runner with `.with(accounts)`:
    //
    //     let accounts = kumiko_seeds_cqrs_es::Commands::<Account>::on_event_store(services)
    //         .view::<AccountView>("account_view");
    database::SeedRunner::new(SEEDS)
}
