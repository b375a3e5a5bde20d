//! What seeds run on, what they write and whose they are, and that a flag does not ask for something else than what is
//! there already. Pure.

use kumiko_seeds_cli::Failure;

use super::app::{self, ChosenApp};
use super::arguments::{EventStore, InitArguments};
use super::drivers::{self, Driver};
use super::inventory::Inventory;
use super::manifest::WorkspaceDependency;
use crate::app_source::mentions;
use crate::package::{CQRS_ES, Database, Featured, LIBRARY, Writes};

/// What seeds run on, what they write and whose they are, and why.
pub(super) struct Chosen {
    pub(super) database: Database,
    pub(super) reason: String,
    pub(super) writes: Writes,
    /// Whether the events are in a table of the app's own.
    pub(super) event_table: EventTable,
    /// Why seeds execute commands, where nobody asked for it.
    pub(super) note: Option<String>,
    pub(super) app: Option<ChosenApp>,
}

/// Which table handlers append to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventTable {
    Ours,
    TheApps,
}

/// Chooses by the flags and by what the package has.
///
/// Fails if a flag and the package contradict each other: half a change is worse than none.
pub(super) fn choose(
    arguments: &InitArguments,
    inventory: &Inventory<'_>,
) -> Result<Chosen, Failure> {
    let (database, reason) = match arguments.database {
        Some(database) => {
            check_database(arguments, database, inventory)?;
            (database, "as --database says".to_owned())
        }
        None => by_package(inventory)?,
    };
    let writes = writes(arguments, inventory)?;
    let is_unasked = arguments.event_store.is_none() && inventory.member.library().is_none();
    let note = (writes == Writes::Commands && is_unasked).then(|| {
        format!(
            "seeds execute commands, since the package depends on {CQRS_ES}; --event-store kumiko is for write handlers"
        )
    });
    Ok(Chosen {
        database,
        reason,
        writes,
        event_table: match arguments.event_store {
            Some(EventStore::Own) => EventTable::TheApps,
            _ => EventTable::Ours,
        },
        note,
        app: app::choose(arguments, inventory)?,
    })
}

/// The database of the file that brings the seeds in, that `kumiko-seeds` is used with, or that the
/// package's driver is for; PostgreSQL where that leaves a choice.
fn by_package(inventory: &Inventory<'_>) -> Result<(Database, String), Failure> {
    if let Some(wiring) = &inventory.wiring
        && let Some(database) = named_in(&wiring.text)
    {
        return Ok((
            database,
            format!("as {} says", inventory.shown(&wiring.path)),
        ));
    }
    let member = inventory.member;
    let of_features = |dependency| match member.featured(dependency) {
        Featured::Only(database) => Some((database, true)),
        Featured::Both => Some((Database::Postgres, false)),
        Featured::Neither => None,
    };
    if let Some(library) = member.library()
        && let Some((database, _)) = of_features(library)
    {
        return Ok((database, "as the features of kumiko-seeds say".to_owned()));
    }
    let drivers = drivers::of(member);
    for Driver { dependency, .. } in &drivers {
        if let Some((database, is_only_one)) = of_features(dependency) {
            let name = &dependency.name;
            let reason = if is_only_one {
                format!("as the features of {name} say")
            } else {
                format!(
                    "as {name} has features of both databases; --database sqlite chooses SQLite"
                )
            };
            return Ok((database, reason));
        }
    }
    if let Some((driver, database)) = drivers.iter().find_map(|one| Some((one, one.is_for?))) {
        return Ok((database, format!("as {} does", driver.dependency.name)));
    }
    if let Some(foreign) = drivers::foreign(member) {
        return Err(Failure::new(format!(
            "package {} uses {foreign}, and seeds run on PostgreSQL and SQLite only",
            member.name()
        ))
        .help(
            "if the data that seeds change is in one of these, say in which:\n    \
             cargo kumiko-ops init --database postgres",
        ));
    }
    let reason = "the default; --database sqlite chooses SQLite".to_owned();
    Ok((Database::Postgres, reason))
}

/// The only one whose module a source names; none if it names both or neither.
pub(super) fn named_in(source: &str) -> Option<Database> {
    let names = |database: Database| mentions(source, database.feature());
    match (names(Database::Postgres), names(Database::Sqlite)) {
        (true, false) => Some(Database::Postgres),
        (false, true) => Some(Database::Sqlite),
        _ => None,
    }
}

fn check_database(
    arguments: &InitArguments,
    asked_for: Database,
    inventory: &Inventory<'_>,
) -> Result<(), Failure> {
    let Some(wiring) = &inventory.wiring else {
        return Ok(());
    };
    match named_in(&wiring.text) {
        Some(there) if there != asked_for => Err(Failure::new(format!(
            "the seeds of package {} run on {}: {} takes them from kumiko_seeds::{}",
            inventory.member.name(),
            there.name(),
            inventory.shown(&wiring.path),
            there.feature()
        ))
        .help(format!(
            "to have them on {}, write {} for {} there and in the seeds that name it, and run this again:\n    {}",
            asked_for.name(),
            asked_for.feature(),
            there.feature(),
            arguments.repeated_with("--yes")
        ))),
        _ => Ok(()),
    }
}

/// What is there already decides; the flag decides where nothing is.
fn writes(arguments: &InitArguments, inventory: &Inventory<'_>) -> Result<Writes, Failure> {
    let member = inventory.member;
    let shared = WorkspaceDependency::find(&inventory.workspace_manifest, LIBRARY);
    let there = match (member.library(), shared) {
        (Some(_), _) => Some(member.writes()),
        (None, Some(shared)) if shared.has_default_feature("events") => Some(Writes::Events),
        _ => None,
    };
    if arguments.no_events {
        return without_events(arguments, inventory, there);
    }
    match (arguments.event_store, there) {
        (Some(EventStore::CqrsEs), _) => Ok(Writes::Commands),
        (Some(store), Some(Writes::Rows)) => Err(Failure::new(format!(
            "kumiko-seeds is there for package {} without its feature events, and --event-store {} asks for it",
            member.name(),
            store.name()
        ))
        .help(format!(
            "give kumiko-seeds the feature events in the Cargo.toml that names it, and run this again:\n    {}",
            arguments.repeated_with("--yes")
        ))),
        (None, Some(there)) => Ok(there),
        (None, None) if member.is_on_cqrs_es() => Ok(Writes::Commands),
        (Some(EventStore::Kumiko | EventStore::Own), _) | (None, None) => Ok(Writes::Events),
    }
}

fn without_events(
    arguments: &InitArguments,
    inventory: &Inventory<'_>,
    there: Option<Writes>,
) -> Result<Writes, Failure> {
    let member = inventory.member;
    match there {
        Some(Writes::Events) => Err(Failure::new(format!(
            "kumiko-seeds is there for package {} with its feature events, and --no-events asks for it without",
            member.name()
        ))
        .help(format!(
            "leave --no-events out; or give kumiko-seeds default-features = false in the Cargo.toml that names it, \
             and run this again:\n    {}",
            arguments.repeated_with("--yes")
        ))),
        _ => Ok(Writes::Rows),
    }
}
