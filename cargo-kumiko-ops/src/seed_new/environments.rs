//! The line in a new seed that says in which environments it runs.

use kumiko_seeds_cli::Failure;

use crate::package::Member;

/// The seed with the line behind its description; as it is where it runs everywhere.
pub(super) fn put_into(
    content: String,
    environments: &[String],
    member: &Member,
) -> Result<String, Failure> {
    if environments.is_empty() {
        return Ok(content);
    }
    check_are_known(environments, member)?;
    insert(&content, environments).ok_or_else(|| {
        Failure::new(
            "the template has no `const DESCRIPTION`, behind which the environments could stand",
        )
        .help("write ENVIRONMENTS into the seed by hand, and leave --environment out")
    })
}

fn check_are_known(environments: &[String], member: &Member) -> Result<(), Failure> {
    let known = &member.settings.environments;
    let is_unknown = |name: &&String| !known.is_empty() && !known.contains(name);
    match environments.iter().find(is_unknown) {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!(
            "there is no environment {name:?}: Cargo.toml has {}",
            known.join(", ")
        ))
        .help(format!(
            "correct it, or add it to `environments` of [package.metadata.kumiko-ops] in {}",
            member.manifest().display()
        ))),
    }
}

fn insert(content: &str, environments: &[String]) -> Option<String> {
    let description = content.find("const DESCRIPTION")?;
    let (description, rest) =
        content.split_at(description + content[description..].find(";\n")? + 2);
    Some(format!(
        "{description}// Outside of these it is not pending, and keeps nobody waiting.\n\
         pub const ENVIRONMENTS: &[&str] = &{environments:?};\n{rest}"
    ))
}
