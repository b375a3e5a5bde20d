//! The arguments of `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kumiko_seeds::App;
use kumiko_seeds_cli::shell_word;

use crate::package::{Database, PackageArguments};

/// What the help of the command says at its end.
pub(crate) const HELP: &str = "\
Examples:
  cargo kumiko-ops init --dry-run
  cargo kumiko-ops init --database sqlite
  cargo kumiko-ops init --event-store own
  cargo kumiko-ops init --no-events
  cargo kumiko-ops init --app billing

It adds kumiko-seeds, kumiko-seeds-cli and kumiko-seeds-build to Cargo.toml, the call that compiles seeds to
build.rs, the folder seeds, a module for handlers and seeds to the library, and an ops binary. What is there already
stays as it is.

Before it changes a file that exists, it asks once; --yes is the answer. Without a terminal to ask on and without
--yes, it only says what it would change, writes nothing, and exits with 2. New files alone need no answer.

Exit codes: 0 ready, or nothing to do; 2 could not run, or was not allowed to.";

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The database of the app; by default the one that its features of sqlx name, else postgres
    #[arg(long, value_enum, value_name = "DATABASE")]
    pub(super) database: Option<Database>,
    /// Set it up for an app without an event store, whose seeds write rows
    #[arg(long)]
    pub(super) no_events: bool,
    /// Where the app's events are; by default in the table of kumiko-seeds, or with cqrs-es where the package depends on it
    #[arg(long, value_enum, value_name = "STORE", conflicts_with = "no_events")]
    pub(super) event_store: Option<EventStore>,
    /// The name of an app that shares its database with others, so that its seeds are its own: a-z, 0-9 and -
    #[arg(long, value_name = "NAME", value_parser = app_name)]
    pub(super) app: Option<String>,
    /// Depend on the libraries in this checkout of Kumiko seeds instead of the published ones
    #[arg(long, value_name = "CHECKOUT")]
    pub(super) path: Option<PathBuf>,
    /// Show what would change as a diff that `git apply` reads, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Change files that exist without asking
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) package: PackageArguments,
}

/// Where the events of an app are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EventStore {
    /// In the table of kumiko-seeds
    Kumiko,
    /// In a table of the app's own
    Own,
    /// With cqrs-es, in the tables of postgres-es or sqlite-es
    CqrsEs,
}

impl EventStore {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kumiko => "kumiko",
            Self::Own => "own",
            Self::CqrsEs => "cqrs-es",
        }
    }
}

impl InitArguments {
    /// The same command with `option` instead of `--dry-run` or `--yes`, to be pasted.
    pub(super) fn repeated_with(&self, option: &str) -> String {
        let database = self
            .database
            .map(|database| format!(" --database {}", database.feature()));
        let path = self
            .path
            .as_ref()
            .map(|path| format!(" --path {}", shell_word(&path.to_string_lossy())));
        let app = self.app.as_ref().map(|name| format!(" --app {name}"));
        let no_events = if self.no_events { " --no-events" } else { "" };
        let store = self
            .event_store
            .map(|store| format!(" --event-store {}", store.name()));
        format!(
            "cargo kumiko-ops init{}{no_events}{}{}{}{} {option}",
            database.unwrap_or_default(),
            store.unwrap_or_default(),
            app.unwrap_or_default(),
            path.unwrap_or_default(),
            self.package.repeated()
        )
    }
}

/// What may be the name of an app.
fn app_name(text: &str) -> Result<String, kumiko_seeds::Error> {
    App::named(text).check()?;
    Ok(text.to_owned())
}
