//! Which bin target of a package applies its seeds.

use kumiko_ops_templates::{OPS, OPS_BINARY, OPS_LIBRARY};
use kumiko_seeds_cli::Failure;

use crate::app_source::{SeedsFunction, function_of, library};
use crate::package::{Member, crate_name};
use crate::shown::indented;

/// The bin target that the settings name, or else the one named `ops` or ending in `-ops`.
pub(crate) fn find(member: &Member) -> Result<&str, Failure> {
    let targets = member.package.targets.iter();
    let bins: Vec<&str> = targets
        .filter(|target| target.is_bin())
        .map(|target| target.name.as_str())
        .collect();
    let manifest = member.manifest().display();
    if let Some(named) = &member.settings.bin {
        return bins
            .iter()
            .find(|bin| *bin == named)
            .copied()
            .ok_or_else(|| {
                Failure::new(format!(
                    "package {} has no binary {named}, which [package.metadata.kumiko-ops] in {manifest} names",
                    member.name()
                ))
                .help(format!("its binaries are {}", list(&bins)))
            });
    }
    let candidates: Vec<&str> = bins.into_iter().filter(|bin| is_ops_name(bin)).collect();
    match candidates.as_slice() {
        [bin] => Ok(bin),
        [] => Err(missing(member)),
        [first, ..] => Err(Failure::new(format!(
            "package {} has several ops binaries: {}",
            member.name(),
            list(&candidates)
        ))
        .help(format!(
            "name the one that applies seeds, in {manifest}:\n    \
             [package.metadata.kumiko-ops]\n    bin = \"{first}\""
        ))),
    }
}

/// Whether a bin target of this name is an ops binary where the settings name none.
pub(crate) fn is_ops_name(bin: &str) -> bool {
    bin == "ops" || bin.ends_with("-ops")
}

/// The name of the ops binary of a package that has none yet.
pub(crate) fn new_name(member: &Member) -> String {
    let named = member.settings.bin.clone();
    named.unwrap_or_else(|| format!("{}-ops", member.name()))
}

/// The source of an ops binary; the function `seeds` is in `module`.
pub(crate) fn source(member: &Member, name: &str, module: &str) -> String {
    let commands = member.command_library_in_code();
    OPS.replace(OPS_BINARY, name)
        .replace(OPS_LIBRARY, &format!("{module}::"))
        .replace("kumiko_seeds_cli::", &format!("{commands}::"))
}

fn missing(member: &Member) -> Failure {
    let name = member.name();
    let library = library(member).ok().flatten();
    let module = library.and_then(|library| match function_of(&library) {
        SeedsFunction::In(module) => Some(module),
        SeedsFunction::Unknown => crate_name(&library.name),
    });
    let module = module.unwrap_or_else(|| name.replace('-', "_"));
    let bin = new_name(member);
    let source = source(member, &bin, &module);
    Failure::new(format!(
        "package {name} has no ops binary: no bin target is named ops or ends in -ops"
    ))
    .help(format!(
        "create src/bin/{bin}.rs, with seeds() being the function that gives your app its SeedRunner:\n{}",
        indented("    ", &source)
    ))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
