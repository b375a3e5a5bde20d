//! The arguments about the package, which most commands have.

use std::path::PathBuf;

use clap::Args;
use kumiko_seeds_cli::shell_word;

/// Which package.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Package")]
pub(crate) struct PackageArguments {
    /// The package; by default the one of the current folder, or the one of the workspace with seeds
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// The Cargo.toml of the package or its workspace; by default the nearest one
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
}

impl PackageArguments {
    /// The same arguments, to be put behind a command that is shown to be pasted.
    pub(crate) fn repeated(&self) -> String {
        let package = self.package.as_ref().map(|name| format!(" -p {name}"));
        let path = self
            .manifest_path
            .as_ref()
            .map(|path| format!(" --manifest-path {}", shell_word(&path.to_string_lossy())));
        package.into_iter().chain(path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_for_the_package_can_be_pasted_again() {
        let arguments = |package: Option<&str>, path: Option<&str>| PackageArguments {
            package: package.map(Into::into),
            manifest_path: path.map(Into::into),
        };
        assert_eq!(arguments(None, None).repeated(), "");
        assert_eq!(
            arguments(Some("shop"), Some("it's here/Cargo.toml")).repeated(),
            " -p shop --manifest-path \"it's here/Cargo.toml\""
        );
    }
}
