//! The arguments of the commands.

use std::path::PathBuf;

use clap::{Args, Parser};
use clap_complete::Shell;
use kumiko_seeds_cli as cli;

use crate::init::{self, InitArguments};
use crate::ops_binary::BuildArguments;
use crate::package::PackageArguments;
use crate::seed_new::NewArguments;
use crate::seed_retire::RetireArguments;

/// Scaffold, inspect and apply the seeds of a package.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-kumiko-ops",
    bin_name = "cargo kumiko-ops",
    version,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  cargo kumiko-ops init
  cargo kumiko-ops seed:new fix-admin-roles
  cargo kumiko-ops seed:status
  cargo kumiko-ops seed:apply

The database is the first of --database-url, the variable DATABASE_URL, DATABASE_URL in a file .env beside
the package or at the root of the workspace, and database-url in [package.metadata.kumiko-ops] of
Cargo.toml."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
    /// Make the package ready for seeds: dependencies, build script, module, ops binary
    #[command(name = "init", after_help = init::HELP)]
    Init(InitArguments),
    /// Create a seed that fails until it is written
    #[command(
        name = "seed:new",
        after_help = "\
Examples:
  cargo kumiko-ops seed:new fix-admin-roles
  cargo kumiko-ops seed:new \"Fix admin roles\" --test --edit
  cargo kumiko-ops seed:new \"Default roles of members\" --batch
  cargo kumiko-ops seed:new \"Users to their own tenant\" --migrate-streams
  cargo kumiko-ops seed:new \"Исправить роли\" --slug fix-roles

A template of the project may hold {{id}}, {{slug}}, {{description}} and {{context}}, which is the module
that SeedContext and SeedResult come from."
    )]
    New(NewArguments),
    /// Show which seeds are applied and which are pending, without compiling anything
    #[command(
        name = "seed:status",
        after_help = "\
Examples:
  cargo kumiko-ops seed:status
  cargo kumiko-ops seed:status --check --format json
  cargo kumiko-ops seed:status --check --allow-background

Exit codes: 0 fine; 1 pending, with --check; 2 could not run; 3 a seed is missing, out of order or renamed, with
--check."
    )]
    Status(StatusArguments),
    /// Show all that is known of one seed: its file, its handlers, its marker
    #[command(
        name = "seed:show",
        after_help = "\
Examples:
  cargo kumiko-ops seed:show 2026-05-20-grant-tenant-admin
  cargo kumiko-ops seed:show seeds/2026-05-20-grant-tenant-admin.rs --format json"
    )]
    Show(ShowArguments),
    /// Show what was done in the database and when: seeds, rebuilds, replays, purges, and what is under way
    #[command(
        name = "seed:history",
        after_help = "\
Examples:
  cargo kumiko-ops seed:history --limit 20
  cargo kumiko-ops seed:history --since 2026-05-01 --type projection-rebuild
  cargo kumiko-ops seed:history admin-roles --format json

The newest stands last, and below it what is under way."
    )]
    History(HistoryArguments),
    /// Remove old seeds, and keep what makes them known
    #[command(
        name = "seed:retire",
        after_help = "\
Examples:
  cargo kumiko-ops seed:retire 2025-05-20-grant-tenant-admin
  cargo kumiko-ops seed:retire --before 2026-01-01 --dry-run

Their ids, hashes and last release stay in seeds/retired.txt. Where they are applied nothing changes; a database
that has not applied one is refused until that release was started on it. The tests that seed:new --test made go
with them."
    )]
    Retire(RetireArguments),
    /// Build the app's ops binary and apply the pending seeds with it
    #[command(
        name = "seed:apply",
        after_help = "\
Examples:
  cargo kumiko-ops seed:apply
  cargo kumiko-ops seed:apply --dry-run
  cargo kumiko-ops seed:apply --to seeds/2026-05-20-fix-admin-roles.rs
  cargo kumiko-ops seed:apply --release --locked

Background seeds come after all others, unless a seed is named or --foreground leaves them to the workers.

Exit codes: 0 fine; 1 a seed failed or is left; 2 could not run; 130 interrupted by Ctrl-C; 143 by SIGTERM."
    )]
    Apply(ApplyArguments),
    /// Build the app's ops binary and do the background seeds with it, and nothing else
    #[command(
        name = "seed:work",
        after_help = "\
Examples:
  cargo kumiko-ops seed:work
  cargo kumiko-ops seed:work --release --format json

Any number of workers take turns, step by step. Ctrl-C ends after the step in flight, and a second one at once;
both lose nothing.

Exit codes: 0 all are applied; 1 a seed failed or is left; 2 could not run; 130 interrupted by Ctrl-C; 143 by
SIGTERM."
    )]
    Work(WorkArguments),
    /// Let the next step of a seed wait until it is resumed
    #[command(
        name = "seed:pause",
        after_help = "\
Example:
  cargo kumiko-ops seed:pause 2026-06-01-default-role

The step in flight is done, and no other begins, in any process."
    )]
    Pause(Steering<cli::SteeringArguments>),
    /// Let a paused seed go on
    #[command(
        name = "seed:resume",
        after_help = "\
Example:
  cargo kumiko-ops seed:resume 2026-06-01-default-role"
    )]
    Resume(Steering<cli::SteeringArguments>),
    /// Give a seed of many steps up; what is done stays
    #[command(
        name = "seed:cancel",
        after_help = "\
Example:
  cargo kumiko-ops seed:cancel 2026-06-01-default-role

It asks first. No step runs any more until seed:retry; seed:mark makes the seed count as applied."
    )]
    Cancel(Steering<cli::CancelArguments>),
    /// Let a seed that failed or was cancelled go on where it was
    #[command(
        name = "seed:retry",
        after_help = "\
Examples:
  cargo kumiko-ops seed:retry 2026-06-01-default-role
  cargo kumiko-ops seed:retry 2026-06-01-default-role --continue
  cargo kumiko-ops seed:retry 2026-06-01-default-role --restart

A seed that was edited since it began needs one of the two options. --restart asks first."
    )]
    Retry(Steering<cli::RetryArguments>),
    /// Build the app's ops binary and check every seed with it, without a database
    #[command(
        name = "seed:verify",
        after_help = "\
Seeds compile, and the write handlers they name exist and are open to them.

Examples:
  cargo kumiko-ops seed:verify
  cargo kumiko-ops seed:verify --formatted
  cargo kumiko-ops seed:verify --locked --format json

Exit codes: 0 fine; 1 a handler call would fail, or a seed is not formatted; 2 could not run, which includes seeds that do not compile."
    )]
    Verify(VerifyArguments),
    /// Build the app's ops binary and show which version of its rows each projection has
    #[command(
        name = "projection:status",
        after_help = "\
Example:
  cargo kumiko-ops projection:status"
    )]
    ProjectionStatus(InOpsBinary<cli::ProjectionStatusArguments>),
    /// Build the app's ops binary and compare the rows of projections with what their events say
    #[command(
        name = "projection:check",
        after_help = "\
Nothing is changed, and nobody waits.

Examples:
  cargo kumiko-ops projection:check
  cargo kumiko-ops projection:check members --show 100 --format json
  cargo kumiko-ops projection:check members --mark

Exit codes: 0 every row is what its events say; 2 could not run; 3 a row is wrong."
    )]
    ProjectionCheck(InOpsBinary<cli::ProjectionCheckArguments>),
    /// Build the app's ops binary and make the rows of projections what their events say
    #[command(
        name = "projection:rebuild",
        after_help = "\
The app may serve meanwhile. Ctrl-C ends after the step in flight, and the same command goes on.

Examples:
  cargo kumiko-ops projection:rebuild members
  cargo kumiko-ops projection:rebuild --outdated
  cargo kumiko-ops projection:rebuild members --aggregate 0198f0a1-0000-7000-8000-000000000001

Exit codes: 0 all are rebuilt; 1 one failed or is left; 2 could not run; 130 interrupted by Ctrl-C; 143 by
SIGTERM."
    )]
    ProjectionRebuild(InOpsBinary<cli::ProjectionRebuildArguments>),
    /// Build the app's ops binary and archive streams
    #[command(
        name = "stream:archive",
        after_help = "\
An archived stream takes no events, a load gives nothing, and projections have no rows of it. Its events stay.

Examples:
  cargo kumiko-ops stream:archive account/0198f0a1-0000-7000-8000-000000000001
  cargo kumiko-ops stream:archive account/0198f0a1-0000-7000-8000-000000000001 --reason 'closed in 2024'"
    )]
    StreamArchive(InOpsBinary<cli::StreamArchiveArguments>),
    /// Build the app's ops binary and take streams out of the archive
    #[command(
        name = "stream:restore",
        after_help = "\
Example:
  cargo kumiko-ops stream:restore account/0198f0a1-0000-7000-8000-000000000001"
    )]
    StreamRestore(InOpsBinary<cli::StreamRestoreArguments>),
    /// Build the app's ops binary and show which streams are archived
    #[command(
        name = "stream:list",
        after_help = "\
Examples:
  cargo kumiko-ops stream:list
  cargo kumiko-ops stream:list --type account --format json"
    )]
    StreamList(InOpsBinary<cli::StreamListArguments>),
    /// Build the app's ops binary and delete the events of streams that were archived for long
    #[command(
        name = "stream:purge",
        after_help = "\
The events are written into a file before they are deleted, and stream:import brings them back. The id of a purged
stream cannot be used again. Ctrl-C ends after the step in flight, and the same command goes on, with another file.

Examples:
  cargo kumiko-ops stream:purge --older-than 90d --dry-run
  cargo kumiko-ops stream:purge --older-than 90d --export purged.jsonl --reason 'kept for 90 days'
  cargo kumiko-ops stream:purge --older-than 90d --type account --without-export

Exit codes: 0 all are purged; 1 it failed or is left; 2 could not run; 130 interrupted by Ctrl-C; 143 by SIGTERM."
    )]
    StreamPurge(InOpsBinary<cli::StreamPurgeArguments>),
    /// Build the app's ops binary and bring back what stream:purge has exported
    #[command(
        name = "stream:import",
        after_help = "\
The streams are archived afterwards, as they were; stream:restore makes them live.

Example:
  cargo kumiko-ops stream:import purged.jsonl"
    )]
    StreamImport(InOpsBinary<cli::StreamImportArguments>),
    /// Build the app's ops binary and deliver events to a reactor again
    #[command(
        name = "event:replay",
        after_help = "\
The app may serve meanwhile. Each event is delivered at least once, in order. Ctrl-C ends after the step in flight, and the same
command goes on.

Examples:
  cargo kumiko-ops event:replay welcome-mail --from 2026-05-20 --until 2026-05-21 --dry-run
  cargo kumiko-ops event:replay welcome-mail --from 2026-05-20 --until 2026-05-21 --reason 'the mail server was down'
  cargo kumiko-ops event:replay search --stream account/0198f0a1-0000-7000-8000-000000000001

Exit codes: 0 all are delivered or set aside; 1 it failed or is left; 2 could not run; 130 interrupted by Ctrl-C;
143 by SIGTERM."
    )]
    EventReplay(InOpsBinary<cli::EventReplayArguments>),
    /// Mark a seed as applied without running it, where its change was made already
    #[command(
        name = "seed:mark",
        after_help = "\
Example:
  cargo kumiko-ops seed:mark 2026-05-20-fix-admin-roles

It asks first. seed:status shows that the seed was marked by hand."
    )]
    Mark(ByHandArguments),
    /// Take the marker of a seed away, so that it runs again; what it did is not undone
    #[command(
        name = "seed:unmark",
        after_help = "\
Example:
  cargo kumiko-ops seed:unmark 2026-05-20-fix-admin-roles

It asks first. seed:status shows that the seed was unmarked by hand."
    )]
    Unmark(ByHandArguments),
    /// Print what a shell needs to complete these commands
    #[command(after_help = "\
Examples:
  echo 'eval \"$(cargo kumiko-ops completions bash)\"' >> ~/.bashrc
  cargo kumiko-ops completions fish > ~/.config/fish/conf.d/cargo-kumiko-ops.fish
  cargo kumiko-ops completions zsh > <a folder of fpath>/_cargo-kumiko-ops

In these three shells, `cargo kumiko-ops` is completed as well as the program, cargo-kumiko-ops; in Zsh it needs
Cargo's own completions.")]
    Completions(CompletionsArguments),
    /// Write the manual pages of these commands
    Man(ManArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The folder to write them to, which is created where it is missing
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    pub(crate) status: cli::StatusArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct ByHandArguments {
    #[command(flatten)]
    pub(crate) by_hand: cli::ByHandArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    pub(crate) history: cli::HistoryArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) show: cli::ShowArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) apply: cli::ApplyArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct WorkArguments {
    #[command(flatten)]
    pub(crate) work: cli::WorkArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// The arguments of a command that the ops binary does as it is.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct InOpsBinary<A: Args> {
    #[command(flatten)]
    pub(crate) command: A,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// The arguments of a command that steers a seed.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Steering<A: Args> {
    #[command(flatten)]
    pub(crate) steering: A,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) verify: cli::VerifyArguments,
    /// Check first that rustfmt would change no seed
    #[arg(long)]
    pub(crate) formatted: bool,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_argument_contradicts_another() {
        cli::command::<Arguments>().debug_assert();
    }

    #[test]
    fn the_build_gets_what_was_given() {
        let line = "x seed:apply -F a,b --features c --no-default-features --profile ops --locked --offline";
        let arguments = Arguments::try_parse_from(line.split(' ')).map(|parsed| parsed.command);
        let Ok(Subcommand::Apply(arguments)) = arguments else {
            unreachable!("{arguments:?}");
        };
        assert_eq!(
            arguments.build.words().join(" "),
            "--no-default-features --locked --offline --features a,b --features c --profile ops"
        );
        assert_eq!(BuildArguments::default().words(), [""; 0]);
    }
}
