//! Which bin target of a package applies its seeds.

use kumiko_ops_templates::{OPS, OPS_BINARY, OPS_LIBRARY};
use kumiko_seeds_cli::Failure;

use crate::app_source::{self, SeedsFunction};
use crate::package::Member;
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
    let candidates: Vec<&str> = bins
        .into_iter()
        .filter(|bin| *bin == "ops" || bin.ends_with("-ops"))
        .collect();
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

fn missing(member: &Member) -> Failure {
    let name = member.name();
    let bin = format!("{name}-ops");
    let path = format!("src/bin/{bin}.rs");
    let module = app_source::library(member)
        .ok()
        .flatten()
        .and_then(|library| {
            let wiring = app_source::wiring(library.folder())?;
            match app_source::seeds_function(&library, &wiring) {
                SeedsFunction::In(module) => Some(module),
                SeedsFunction::Unknown => app_source::crate_name(&library.name),
            }
        });
    let module = module.unwrap_or_else(|| name.replace('-', "_"));
    let source = OPS
        .replace(OPS_BINARY, &bin)
        .replace(OPS_LIBRARY, &format!("{module}::"));
    Failure::new(format!(
        "package {name} has no ops binary: no bin target is named ops or ends in -ops"
    ))
    .help(format!(
        "create {path}, with seeds() being the function that gives your app its SeedRunner:\n{}",
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
