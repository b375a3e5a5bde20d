//! What the test of a seed needs and a package does not have, as commands to paste.

use std::path::Path;

use cargo_metadata::Dependency;
use kumiko_seeds_cli::shell_word;

use crate::package::{Member, Writes};
use crate::shown::shown_path;

/// The library that tests of seeds are written with.
const TESTING_LIBRARY: &str = "kumiko-seeds-testing";

/// The commands that add what is missing; none if nothing is. `package` are the arguments that name the package.
pub(super) fn missing(member: &Member, current: &Path, package: &str) -> Option<String> {
    let dependencies = &member.package.dependencies;
    let find = |name: &str| dependencies.iter().find(|found| found.name == name);
    let mut lines = Vec::new();
    let feature = member.database().feature();
    match find(TESTING_LIBRARY) {
        Some(there) if member.features_of(there).contains(feature) => {}
        Some(_) => lines.push(format!(
            "cargo add --dev {TESTING_LIBRARY} --features {feature}{package}"
        )),
        None => {
            let origin = origin(member.library(), current);
            let rows = match member.writes() {
                Writes::Events => "",
                Writes::Commands | Writes::Rows => " --no-default-features",
            };
            lines.push(format!(
                "cargo add --dev {origin}{rows} --features {feature}{package}"
            ));
        }
    }
    if find("tokio").is_none() {
        lines.push(format!(
            "cargo add --dev tokio --features macros,rt{package}"
        ));
    }
    (!lines.is_empty()).then(|| format!("note: the test needs\n    {}", lines.join("\n    ")))
}

/// The library for tests from where the package has the library that seeds are written with, as `cargo add` reads it.
fn origin(library: Option<&Dependency>, current: &Path) -> String {
    let path = library.and_then(|library| library.path.as_ref()?.parent());
    let path = path.map(|checkout| checkout.as_std_path().join(TESTING_LIBRARY));
    if let Some(path) = path.filter(|path| path.join("Cargo.toml").is_file()) {
        let path = shown_path(&path, current);
        return format!(
            "{TESTING_LIBRARY} --path {}",
            shell_word(&path.to_string_lossy())
        );
    }
    let source = library.and_then(|library| library.source.as_ref());
    match source.and_then(|source| of_git(&source.repr)) {
        Some(git) => format!("{TESTING_LIBRARY} {git}"),
        None => format!("{TESTING_LIBRARY}@{}", env!("CARGO_PKG_VERSION")),
    }
}

/// `--git https://host/repository --branch main` for `git+https://host/repository?branch=main`.
fn of_git(source: &str) -> Option<String> {
    let source = source.strip_prefix("git+")?;
    let source = source.split_once('#').map_or(source, |(source, _)| source);
    let (url, reference) = source.split_once('?').unwrap_or((source, ""));
    let reference = match reference.split_once('=') {
        Some((kind @ ("branch" | "tag" | "rev"), name)) => {
            format!(" --{kind} {}", shell_word(name))
        }
        _ => String::new(),
    };
    Some(format!("--git {}{reference}", shell_word(url)))
}

#[cfg(test)]
mod tests {
    use super::of_git;

    #[test]
    fn a_repository_is_named_as_cargo_add_reads_it() {
        for (source, expected) in [
            ("git+https://host/a", Some("--git https://host/a")),
            (
                "git+https://host/a?branch=b#0123",
                Some("--git https://host/a --branch b"),
            ),
            (
                "git+ssh://git@host/a?rev=0123",
                Some("--git ssh://git@host/a --rev 0123"),
            ),
            ("registry+https://host/index", None),
        ] {
            assert_eq!(of_git(source).as_deref(), expected, "{source}");
        }
    }
}
