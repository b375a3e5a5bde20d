//! The test that goes with a new seed. Pure.

use kumiko_ops_templates::{
    SEED_TEST_DATABASE, SEED_TEST_ID, SEED_TEST_LIBRARY, SEED_TEST_POSTGRES, SEED_TEST_SQLITE,
};
use kumiko_seeds::cli::Failure;

use super::context_module;
use crate::package::Member;

/// The most characters that PostgreSQL keeps of a name.
const NAME_LIMIT: usize = 63;

/// The path of the test from the package's folder: beside the other tests of the whole app, since it
/// uses the app as others do.
pub(super) fn path(id: &str) -> String {
    format!("tests/{}.rs", id.replace('-', "_"))
}

/// The test of the seed `id`.
pub(super) fn content(member: &Member, id: &str) -> Result<String, Failure> {
    let library = member.package.targets.iter().find(|target| target.is_lib());
    let library = library.ok_or_else(|| {
        Failure::new(format!(
            "package {} has no library for a test to use",
            member.name()
        ))
        .help(
            "move what the app is into src/lib.rs, with seeds() being the function that gives its \
             SeedRunner; or leave --test out",
        )
    })?;
    let library = format!("{}::", library.name.replace('-', "_"));
    let template = match context_module::database_of(member) {
        "sqlite" => SEED_TEST_SQLITE,
        _ => SEED_TEST_POSTGRES,
    };
    let mut database = format!("test_{}", id.replace('-', "_"));
    database.truncate(NAME_LIMIT);
    Ok(template
        .replace(SEED_TEST_LIBRARY, &library)
        .replace(SEED_TEST_DATABASE, &database)
        .replace(SEED_TEST_ID, id))
}

/// What a test needs and the package does not have, as commands to paste.
pub(super) fn missing_dependencies(member: &Member) -> Option<String> {
    let has = |name: &str| {
        member
            .package
            .dependencies
            .iter()
            .any(|found| found.name == name)
    };
    let missing = [
        (
            has("sqlx"),
            "cargo add --dev sqlx@0.9 --no-default-features",
        ),
        (has("tokio"), "cargo add --dev tokio --features macros,rt"),
    ];
    let lines: Vec<&str> = missing
        .iter()
        .filter(|(has, _)| !has)
        .map(|(_, line)| *line)
        .collect();
    (!lines.is_empty()).then(|| format!("note: the test needs\n    {}", lines.join("\n    ")))
}
