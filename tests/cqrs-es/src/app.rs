//! The app: people's requests go through the published store, seeds through the adapter.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{GenericQuery, PersistedEventStore};
use cqrs_es::{AggregateError, CqrsFramework};
use kumiko_seeds::{ApplyError, Report, Seed, SeedRunner, SkipFlags, error_chain};
use kumiko_seeds_cqrs_es::Commands;
use kumiko_tests::database::TestDatabase;

use crate::account::{Account, AccountCommand, AccountError, AccountView, Bank, upcasters};
use crate::stores::Store;

/// People's requests.
pub struct Requests<DB: Store> {
    framework: CqrsFramework<Account, PersistedEventStore<DB::Events, Account>>,
}

impl<DB: Store> Requests<DB> {
    /// On the event store, in its usual tables.
    pub async fn on(database: &TestDatabase<DB>) -> Self {
        Self::in_tables(database, None).await
    }

    /// On the event store, in these tables of events and snapshots.
    pub async fn in_tables(database: &TestDatabase<DB>, tables: Option<(&str, &str)>) -> Self {
        let (events, views) = DB::open(&database.url, tables).await;
        let store = PersistedEventStore::new_event_store(events).with_upcasters(upcasters());
        Self::through(store, views)
    }

    /// On the aggregate store, which reads nothing but snapshots.
    pub async fn on_aggregate_store(database: &TestDatabase<DB>) -> Self {
        let (events, views) = DB::open(&database.url, None).await;
        Self::through(PersistedEventStore::new_aggregate_store(events), views)
    }

    fn through(store: PersistedEventStore<DB::Events, Account>, views: DB::Views) -> Self {
        let mut query = GenericQuery::<_, AccountView, Account>::new(Arc::new(views));
        query.use_error_handler(Box::new(|error| panic!("{error}")));
        Self {
            framework: CqrsFramework::new(store, vec![Box::new(query)], Bank::default()),
        }
    }

    /// A request.
    pub async fn execute(
        &self,
        id: &str,
        command: AccountCommand,
    ) -> Result<(), AggregateError<AccountError>> {
        let metadata = HashMap::from([("who".to_owned(), "a person".to_owned())]);
        self.framework
            .execute_with_metadata(id, command, metadata)
            .await
    }
}

/// What the app hands to its seeds.
#[must_use]
pub fn commands(bank: Bank) -> Commands<Account> {
    Commands::on_event_store(bank)
        .view::<AccountView>("account_view")
        .upcasters(upcasters())
}

/// A runner with the app's commands, blind to the environment's flags.
#[must_use]
pub fn runner<DB: Store>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    SeedRunner::new(seeds.leak())
        .skip_flags(SkipFlags::default())
        .with(commands(Bank::default()))
}

/// All events of accounts: aggregate, sequence, type, version, payload, metadata.
pub async fn events<DB: Store>(database: &TestDatabase<DB>) -> Vec<String> {
    let events = database
        .texts(
            "SELECT aggregate_id || ' ' || CAST(sequence AS text) || ' ' || event_type || ' ' || event_version
                    || ' ' || CAST(payload AS text) || ' ' || CAST(metadata AS text)
             FROM events WHERE aggregate_type = 'account' ORDER BY aggregate_id, sequence",
        )
        .await;
    compact(events)
}

/// All views of accounts: id, version, payload.
pub async fn views<DB: Store>(database: &TestDatabase<DB>) -> Vec<String> {
    let views = database
        .texts(
            "SELECT view_id || ' ' || CAST(version AS text) || ' ' || CAST(payload AS text)
             FROM account_view ORDER BY view_id",
        )
        .await;
    compact(views)
}

/// Whether there is neither an event nor a view nor a marker.
pub async fn is_untouched<DB: Store>(database: &TestDatabase<DB>) -> bool {
    events(database).await.is_empty()
        && views(database).await.is_empty()
        && has_no_marker(database).await
}

/// Whether no seed is applied, so that there is not even the table of operations.
pub async fn has_no_marker<DB: Store>(database: &TestDatabase<DB>) -> bool {
    let tables = database
        .texts(<DB as kumiko_tests::database::Engine>::TABLES)
        .await;
    !tables.iter().any(|table| table == "kumiko_es_operations")
}

/// The databases write the same JSON with other spaces.
fn compact(rows: Vec<String>) -> Vec<String> {
    let compact = |row: String| row.replace("\": ", "\":").replace(", \"", ",\"");
    rows.into_iter().map(compact).collect()
}

/// What went wrong, from the outside in.
#[must_use]
pub fn failure(applied: Result<Report, Box<ApplyError>>) -> Vec<String> {
    error_chain(&*applied.unwrap_err())
}
