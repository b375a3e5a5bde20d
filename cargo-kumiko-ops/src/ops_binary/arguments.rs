//! The arguments about the build.

use clap::Args;
use kumiko_seeds_cli::shell_word;

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
