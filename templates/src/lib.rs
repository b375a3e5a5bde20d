//! The files that `cargo kumiko-ops` scaffolds, as real files.
//!
//! Each is valid Rust as it stands, so that a test can compile it; what differs from app to app is a
//! value of the kind it will be, and the constants here name it. This is a crate of its own because a
//! package carries only the files of its own folder.

/// A new seed: `seeds/<YYYY-MM-DD>-<slug>.rs`.
pub const SEED: &str = include_str!("../seed.rs");

/// A new seed of an app without an event store.
pub const SEED_OF_ROWS: &str = include_str!("../seed_of_rows.rs");

/// A new seed of an app on cqrs-es.
pub const SEED_OF_COMMANDS: &str = include_str!("../seed_of_commands.rs");

/// A new seed of many steps.
pub const SEED_BATCH: &str = include_str!("../seed_batch.rs");

/// A new seed of many steps of an app without an event store.
pub const SEED_BATCH_OF_ROWS: &str = include_str!("../seed_batch_of_rows.rs");

/// A new seed of many steps of an app on cqrs-es.
pub const SEED_BATCH_OF_COMMANDS: &str = include_str!("../seed_batch_of_commands.rs");

/// A new seed that migrates streams.
pub const SEED_MIGRATING_STREAMS: &str = include_str!("../seed_migrating_streams.rs");

/// The beginnings of imports in [`SEED_MIGRATING_STREAMS`] that name the library, which an app may have renamed.
pub const SEED_MIGRATING_STREAMS_IMPORTS: [&str; 2] =
    ["use kumiko_seeds::events::{", "use kumiko_seeds::{"];

/// The import in the seeds of many steps that names the library, which an app may have renamed.
///
/// It is not from [`SEED_CONTEXT_MODULE`], since an app's own module may have what seeds with a `run` need, and no more.
pub const SEED_BATCH_RESULT: &str = "use kumiko_seeds::BatchResult;";

/// The module in the seeds that stands for the context of the app's database.
pub const SEED_CONTEXT_MODULE: &str = "kumiko_seeds::postgres";

/// The description in the seeds.
pub const SEED_DESCRIPTION: &str = "What this seed changes, in a sentence";

/// The test of a seed: `tests/<id with underscores>.rs`.
pub const SEED_TEST: &str = include_str!("../seed_test.rs");

/// The module in [`SEED_TEST`] that stands for the one of the app's database.
pub const SEED_TEST_MODULE: &str = "kumiko_seeds_testing::postgres";

/// The seed in [`SEED_TEST`] that stands for the one that is tested.
pub const SEED_TEST_ID: &str = "YYYY-MM-DD-what-it-changes";

/// The library in [`SEED_TEST`] that stands for the app's.
pub const SEED_TEST_LIBRARY: &str = "app::";

/// An app's ops binary: `src/bin/<app>-ops.rs`.
pub const OPS: &str = include_str!("../ops.rs");

/// The library in [`OPS`] that stands for the app's.
pub const OPS_LIBRARY: &str = "app::";

/// The binary in [`OPS`] that stands for the app's.
pub const OPS_BINARY: &str = "app-ops";

/// The module that brings seeds and write handlers together: `src/seeds.rs`.
pub const SEEDS: &str = include_str!("../seeds.rs");

/// The module that brings seeds in, of an app without an event store.
pub const SEEDS_WITHOUT_EVENTS: &str = include_str!("../seeds_without_events.rs");

/// The module that brings seeds in, of an app whose handlers append to a table of its own.
pub const SEEDS_WITH_OWN_EVENTS: &str = include_str!("../seeds_with_own_events.rs");

/// The module that brings seeds in, of an app on cqrs-es.
pub const SEEDS_OF_COMMANDS: &str = include_str!("../seeds_of_commands.rs");

/// The module in the modules that stands for the one of the app's database.
pub const SEEDS_DATABASE_MODULE: &str = "kumiko_seeds::postgres";

/// The runner in the modules, to which the app's name is added where it has one.
pub const SEEDS_RUNNER: &str = "database::SeedRunner::new(SEEDS)";

/// What follows the runner in [`SEEDS`].
pub const SEEDS_HANDLERS: &str = ".handlers(handlers())";

/// A build script: `build.rs`. A file of that name here would be this crate's own.
pub const BUILD_SCRIPT: &str = include_str!("../build_script.rs");

/// The call in [`BUILD_SCRIPT`] that an existing build script needs.
pub const BUILD_SCRIPT_CALL: &str = "kumiko_seeds_build::compile(\"seeds\");";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_app_to_app_occurs_once() {
        for (template, part) in [
            (SEED, SEED_CONTEXT_MODULE),
            (SEED, SEED_DESCRIPTION),
            (SEED_OF_ROWS, SEED_CONTEXT_MODULE),
            (SEED_OF_ROWS, SEED_DESCRIPTION),
            (SEED_BATCH, SEED_CONTEXT_MODULE),
            (SEED_BATCH, SEED_DESCRIPTION),
            (SEED_BATCH, SEED_BATCH_RESULT),
            (SEED_BATCH_OF_ROWS, SEED_CONTEXT_MODULE),
            (SEED_BATCH_OF_ROWS, SEED_DESCRIPTION),
            (SEED_BATCH_OF_ROWS, SEED_BATCH_RESULT),
            (SEED_BATCH_OF_COMMANDS, SEED_CONTEXT_MODULE),
            (SEED_BATCH_OF_COMMANDS, SEED_DESCRIPTION),
            (SEED_BATCH_OF_COMMANDS, SEED_BATCH_RESULT),
            (SEED_MIGRATING_STREAMS, SEED_CONTEXT_MODULE),
            (SEED_MIGRATING_STREAMS, SEED_DESCRIPTION),
            (SEED_MIGRATING_STREAMS, SEED_MIGRATING_STREAMS_IMPORTS[0]),
            (SEED_MIGRATING_STREAMS, SEED_MIGRATING_STREAMS_IMPORTS[1]),
            (SEED_TEST, SEED_TEST_MODULE),
            (SEED_TEST, SEED_TEST_ID),
            (SEED_TEST, SEED_TEST_LIBRARY),
            (OPS, OPS_LIBRARY),
            (OPS, OPS_BINARY),
            (SEEDS, SEEDS_DATABASE_MODULE),
            (SEEDS_WITHOUT_EVENTS, SEEDS_DATABASE_MODULE),
            (SEEDS, SEEDS_RUNNER),
            (SEEDS_WITHOUT_EVENTS, SEEDS_RUNNER),
            (SEEDS, SEEDS_HANDLERS),
            (SEEDS_WITH_OWN_EVENTS, SEEDS_DATABASE_MODULE),
            (SEEDS_WITH_OWN_EVENTS, SEEDS_RUNNER),
            (SEEDS_WITH_OWN_EVENTS, SEEDS_HANDLERS),
            (SEEDS_OF_COMMANDS, SEEDS_DATABASE_MODULE),
            (SEEDS_OF_COMMANDS, SEEDS_RUNNER),
            (SEED_OF_COMMANDS, SEED_CONTEXT_MODULE),
            (SEED_OF_COMMANDS, SEED_DESCRIPTION),
            (BUILD_SCRIPT, BUILD_SCRIPT_CALL),
        ] {
            assert_eq!(template.matches(part).count(), 1, "{part}");
        }
    }
}
