//! The arguments of the commands.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use kumiko_seeds_build::IdError;
use kumiko_seeds_cli::{self as cli, DatabaseArguments};
pub(crate) use kumiko_seeds_cli::{repeated_database, shell_word};

use crate::package::PackageArguments;

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
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the package ready for seeds: dependencies, build script, module, ops binary
    #[command(name = "init", after_help = crate::init::HELP)]
    Init(crate::init::InitArguments),
    /// Create a seed that fails until it is written
    #[command(
        name = "seed:new",
        after_help = "\
Examples:
  cargo kumiko-ops seed:new fix-admin-roles
  cargo kumiko-ops seed:new \"Fix admin roles\" --test --edit
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
    /// Build the app's ops binary and apply the pending seeds with it
    #[command(
        name = "seed:apply",
        after_help = "\
Examples:
  cargo kumiko-ops seed:apply
  cargo kumiko-ops seed:apply --dry-run
  cargo kumiko-ops seed:apply --to seeds/2026-05-20-fix-admin-roles.rs
  cargo kumiko-ops seed:apply --release --locked

Exit codes: 0 fine; 1 a seed failed; 2 could not run; 130 interrupted by Ctrl-C; 143 by SIGTERM."
    )]
    Apply(ApplyArguments),
    /// Build the app's ops binary and check every seed with it, without a database
    #[command(
        name = "seed:verify",
        after_help = "\
Seeds compile, and the write handlers they name exist and are open to them.

Examples:
  cargo kumiko-ops seed:verify
  cargo kumiko-ops seed:verify --locked --format json

Exit codes: 0 fine; 1 a handler call would fail; 2 could not run, which includes seeds that do not compile."
    )]
    Verify(VerifyArguments),
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
pub(crate) struct NewArguments {
    /// What the seed changes, in words or as a part of its file name: a-z, 0-9 and -
    #[arg(required = true, value_name = "NAME", num_args = 1..)]
    pub(crate) name: Vec<String>,
    /// The name in the file's name, where NAME is a title to be kept as it is: a-z, 0-9 and -
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) slug: Option<String>,
    /// The date before the name; by default that of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(crate) date: Option<NaiveDate>,
    /// The template in [package.metadata.kumiko-ops.templates]; by default the one named default
    #[arg(long, value_name = "NAME")]
    pub(crate) template: Option<String>,
    /// Create a test of the seed, too, in the folder tests
    #[arg(long)]
    pub(crate) test: bool,
    /// Open the seed in the editor that VISUAL or EDITOR names
    #[arg(long)]
    pub(crate) edit: bool,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
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

impl StatusArguments {
    pub(crate) fn database(&self) -> &DatabaseArguments {
        &self.status.database
    }
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
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) verify: cli::VerifyArguments,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// How to build the ops binary; each is the flag of `cargo build` with the same name.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Build, as for cargo build")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of `cargo build`, and they are independent"
)]
pub(crate) struct BuildArguments {
    /// Features to enable, separated by commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub(crate) features: Vec<String>,
    /// Enable all features
    #[arg(long)]
    pub(crate) all_features: bool,
    /// Leave the default features out
    #[arg(long)]
    pub(crate) no_default_features: bool,
    /// Build with optimizations
    #[arg(short, long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// The profile to build with
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Fail if Cargo.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Do without the network
    #[arg(long)]
    pub(crate) offline: bool,
}

impl NewArguments {
    /// The arguments but for name, slug and date, to be put behind a command that is shown to be pasted.
    pub(crate) fn repeated(&self) -> String {
        let template = self.template.as_ref();
        let template = template.map(|name| format!(" --template {}", shell_word(name)));
        let flags = [(self.test, " --test"), (self.edit, " --edit")];
        let flags = flags.into_iter().filter(|(given, _)| *given);
        let flags: String = flags.map(|(_, flag)| flag).collect();
        template.unwrap_or_default() + &flags + &self.package.repeated()
    }
}

/// What may stand behind the date of an id.
fn slug(text: &str) -> Result<String, String> {
    let valid = kumiko_seeds_build::validate_id(&format!("2026-01-01-{text}"));
    valid.map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// A date of the calendar, written as in an id.
fn date(text: &str) -> Result<NaiveDate, String> {
    let valid = kumiko_seeds_build::validate_id(&format!("{text}-x"));
    match (valid, text.parse()) {
        (Ok(()), Ok(date)) => Ok(date),
        (Err(IdError::NoSuchDate(_)), _) => Err("there is no such date".to_owned()),
        _ => Err("a date is written YYYY-MM-DD".to_owned()),
    }
}

impl BuildArguments {
    /// The arguments as `cargo build` takes them.
    pub(crate) fn words(&self) -> Vec<String> {
        let flags = [
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
            (self.release, "--release"),
            (self.locked, "--locked"),
            (self.offline, "--offline"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        let mut words: Vec<String> = given.map(|(_, flag)| flag.to_owned()).collect();
        for features in &self.features {
            words.extend(["--features".to_owned(), features.clone()]);
        }
        if let Some(profile) = &self.profile {
            words.extend(["--profile".to_owned(), profile.clone()]);
        }
        words
    }

    /// The same arguments, to be put behind a command that is shown to be pasted.
    pub(crate) fn repeated(&self) -> String {
        let words = self.words();
        let words = words
            .iter()
            .flat_map(|word| [" ".to_owned(), shell_word(word)]);
        words.collect()
    }
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
        let Ok(Command::Apply(arguments)) = arguments else {
            unreachable!("{arguments:?}");
        };
        assert_eq!(
            arguments.build.words().join(" "),
            "--no-default-features --locked --offline --features a,b --features c --profile ops"
        );
        assert_eq!(BuildArguments::default().words(), [""; 0]);
    }
}
