//! The test that goes with a new seed.

use kumiko_ops_templates::{SEED_TEST, SEED_TEST_ID, SEED_TEST_LIBRARY, SEED_TEST_MODULE};
use kumiko_seeds_cli::Failure;

use crate::app_source::{SeedsFunction, function_of, library};
use crate::package::{Member, crate_name, unnameable};

/// The path of the test from the package's folder: beside the other tests of the whole app, since it
/// uses the app as others do.
pub(crate) fn path(id: &str) -> String {
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
    let kit = format!("kumiko_seeds_testing::{}", member.database().feature());
    let content = SEED_TEST
        .replace(SEED_TEST_MODULE, &kit)
        .replace(SEED_TEST_LIBRARY, &format!("{module}::"))
        .replace(SEED_TEST_ID, id);
    Ok((content, note))
}
