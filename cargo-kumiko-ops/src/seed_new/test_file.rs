//! The test that goes with a new seed.

use kumiko_ops_templates::{
    SEED_TEST_DATABASE, SEED_TEST_ID, SEED_TEST_LIBRARY, SEED_TEST_POSTGRES, SEED_TEST_SQLITE,
};
use kumiko_seeds_cli::Failure;

use crate::app_source::{SeedsFunction, function_of, library};
use crate::package::{BESIDE_ANOTHER, Database, Member, Sqlx, crate_name, unnameable};

/// The most characters that PostgreSQL keeps of a name.
const NAME_LIMIT: usize = 63;

/// The path of the test from the package's folder: beside the other tests of the whole app, since it
/// uses the app as others do.
pub(super) fn path(id: &str) -> String {
    format!("tests/{}.rs", id.replace('-', "_"))
}

/// The test of the seed `id`, and what to know about it.
pub(super) fn content(member: &Member, id: &str) -> Result<(String, Option<String>), Failure> {
    let library = library(member)?.ok_or_else(|| {
        Failure::new(format!(
            "package {} has no library for a test to use",
            member.name()
        ))
        .help(
            "move what the app is into src/lib.rs, with seeds() being the function that gives its \
             SeedRunner; or leave --test out",
        )
    })?;
    let name = crate_name(&library.name);
    let name = name.ok_or_else(|| unnameable(member.name(), &library.name))?;
    let (module, note) = match function_of(&library) {
        SeedsFunction::In(module) => (module, None),
        SeedsFunction::Unknown => {
            let note = format!(
                "note: the test calls {name}::seeds(); correct it if the app's SeedRunner comes from elsewhere"
            );
            (name, Some(note))
        }
    };
    let template = match member.database() {
        Database::Sqlite => SEED_TEST_SQLITE,
        Database::Postgres => SEED_TEST_POSTGRES,
    };
    let mut database = format!("test_{}", id.replace('-', "_"));
    database.truncate(NAME_LIMIT);
    let content = template
        .replace("sqlx::", &format!("{}::", sqlx_name(member)))
        .replace(SEED_TEST_LIBRARY, &format!("{module}::"))
        .replace(SEED_TEST_DATABASE, &database)
        .replace(SEED_TEST_ID, id);
    Ok((content, note))
}

/// The version of sqlx that seeds use, as the test names it.
fn sqlx_name(member: &Member) -> String {
    match Sqlx::of(member) {
        Sqlx::Usable(name) => name.replace('-', "_"),
        Sqlx::OfVersion(_) => BESIDE_ANOTHER.to_owned(),
        Sqlx::Missing => "sqlx".to_owned(),
    }
}

/// What a test needs and the package does not have, as commands to paste.
pub(super) fn missing_dependencies(member: &Member, package: &str) -> Option<String> {
    let mut lines = Vec::new();
    match Sqlx::of(member) {
        Sqlx::Usable(_) => {}
        Sqlx::OfVersion(_) => lines.push(format!(
            "cargo add --dev sqlx@0.9 --rename {BESIDE_ANOTHER} --no-default-features{package}"
        )),
        Sqlx::Missing => lines.push(format!(
            "cargo add --dev sqlx@0.9 --no-default-features{package}"
        )),
    }
    let mut dependencies = member.package.dependencies.iter();
    if !dependencies.any(|found| found.name == "tokio") {
        lines.push(format!(
            "cargo add --dev tokio --features macros,rt{package}"
        ));
    }
    (!lines.is_empty()).then(|| format!("note: the test needs\n    {}", lines.join("\n    ")))
}
