//! What a Cargo.toml says about the seeds of its package.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::environment_name::environment_name_fault;
use crate::problem::Problem;

/// The nearest Cargo.toml from a folder upwards.
pub(crate) fn nearest_manifest(folder: &Path) -> Option<PathBuf> {
    let find = |folder: &Path| {
        let mut manifests = folder.ancestors().map(|folder| folder.join("Cargo.toml"));
        manifests.find(|manifest| manifest.is_file())
    };
    // As it was given, so that it is shown like that.
    find(folder).or_else(|| find(&std::path::absolute(folder).ok()?))
}

/// The names in `environments` of `[package.metadata.kumiko-ops]`; none if it is not there.
///
/// Whatever else is wrong with the file, Cargo says.
pub(crate) fn known_environments(manifest: &Path, shown: &Path) -> Result<Vec<String>, Problem> {
    let Ok(text) = fs::read_to_string(manifest) else {
        return Ok(Vec::new());
    };
    read_environments(&text).map_err(|(line, message)| match line {
        Some(line) => Problem::at_line(shown, line, message),
        None => Problem::new(shown, message),
    })
}

fn read_environments(text: &str) -> Result<Vec<String>, (Option<usize>, String)> {
    const LINE: &str = "write `environments = [\"production\", \"staging\"]`";

    let line = |offset: usize| {
        text.get(..offset)
            .map(|before| before.matches('\n').count() + 1)
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().and_then(|span| line(span.start));
        (at, format!("it is not valid TOML: {}", error.message()))
    })?;
    let Some(found) = environments_in(table.get_ref()) else {
        return Ok(Vec::new());
    };
    let fault = |at: &Spanned<DeValue<'_>>, message: String| (line(at.span().start), message);
    let DeValue::Array(names) = found.get_ref() else {
        return Err(fault(
            found,
            format!("`environments` is not a list of names; {LINE}"),
        ));
    };
    let names = names.iter().map(|name| match name.get_ref() {
        DeValue::String(text) => match environment_name_fault(text) {
            None => Ok(text.clone().into_owned()),
            Some(wrong) => Err(fault(
                name,
                format!("`environments` has {text:?}, but {wrong}"),
            )),
        },
        _ => Err(fault(
            name,
            format!("`environments` is not a list of names; {LINE}"),
        )),
    });
    names.collect()
}

fn environments_in<'a, 'i>(table: &'a DeTable<'i>) -> Option<&'a Spanned<DeValue<'i>>> {
    let path = ["package", "metadata", "kumiko-ops"];
    let table = path
        .into_iter()
        .try_fold(table, |table, name| match table.get(name)?.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        });
    table?.get("environments")
}

#[cfg(test)]
mod tests {
    use super::read_environments;

    #[test]
    fn environments_are_names() {
        for (text, names) in [
            ("", Ok(vec![])),
            ("[package.metadata]\nother = 1", Ok(vec![])),
            ("[package.metadata.kumiko-ops]\napp = \"a\"", Ok(vec![])),
            ("[workspace]\nmembers = []", Ok(vec![])),
            (
                "[package]\nmetadata.kumiko-ops.environments = [\"production\", 'staging-2']",
                Ok(vec!["production", "staging-2"]),
            ),
            (
                "[package.metadata.kumiko-ops]\nenvironments = \"staging\"",
                Err((
                    2,
                    "`environments` is not a list of names; write `environments = [\"production\", \"staging\"]`",
                )),
            ),
            (
                "[package.metadata.kumiko-ops]\nenvironments = [\n  \"a\",\n  1]",
                Err((
                    4,
                    "`environments` is not a list of names; write `environments = [\"production\", \"staging\"]`",
                )),
            ),
            (
                "[package.metadata.kumiko-ops]\nenvironments = [\n  \"a\",\n  \"Staging\"]",
                Err((
                    4,
                    "`environments` has \"Staging\", but the name of an environment is made of a-z, 0-9 and -; correct it",
                )),
            ),
        ] {
            let names = names.map(|names| names.into_iter().map(str::to_owned).collect());
            let names = names.map_err(|(line, message)| (Some(line), message.to_owned()));
            assert_eq!(read_environments(text), names, "{text}");
        }
        let broken = read_environments("[package]\nname = ");
        assert!(
            matches!(broken, Err((Some(2), message)) if message.starts_with("it is not valid TOML: "))
        );
    }
}
