//! Which package of a workspace is meant. Pure.

use std::path::Path;

use kumiko_seeds_cli::Failure;

use super::member::{Likelihood, Member};

/// What to do where no package is one with seeds.
const START: &str = "in the folder of your app:\n    cargo kumiko-ops init";

/// The package named `name`.
pub(super) fn by_name(members: Vec<Member>, name: &str) -> Result<Member, Failure> {
    let names = names(&members);
    let found = members.into_iter().find(|member| member.name() == name);
    found.ok_or_else(|| {
        Failure::new(format!("there is no package {name} in this workspace"))
            .help(format!("the packages are {names}"))
    })
}

/// The package of `manifest` if it is one with seeds, or else, where `manifest` is that of the
/// workspace, the one package that is.
///
/// `command` is the command to paste with `-p` where several are.
pub(super) fn by_place(
    members: Vec<Member>,
    manifest: &Path,
    command: &str,
) -> Result<Member, Failure> {
    let here = members.iter().find(|member| is_same(member, manifest));
    if let Some(here) = here {
        if here.likelihood() > Likelihood::None {
            return Ok(here.clone());
        }
        let is_root = manifest.parent() == Some(&here.workspace_root);
        if !is_root || members.len() == 1 {
            let name = here.name();
            return Err(Failure::new(format!(
                "package {name} has no seeds: it does not depend on kumiko-seeds and has no folder {}",
                here.seeds_folder().display()
            ))
            .help(START));
        }
    }
    let likelihood = members.iter().map(Member::likelihood).max();
    let likelihood = likelihood.unwrap_or(Likelihood::None);
    if likelihood == Likelihood::None {
        return Err(Failure::new(
            "no package of this workspace has seeds: none depends on kumiko-seeds or has a folder seeds",
        )
        .help(START));
    }
    let found = members.into_iter();
    let found = found.filter(|member| member.likelihood() == likelihood);
    only(
        found.collect(),
        "several packages have seeds",
        "name the one you mean",
        command,
    )
}

/// The package of `manifest`, or else, where `manifest` is that of the workspace, its only package.
///
/// `command` is the command to paste with `-p` where there are several.
pub(super) fn any_by_place(
    members: Vec<Member>,
    manifest: &Path,
    command: &str,
) -> Result<Member, Failure> {
    if let Some(here) = members.iter().find(|member| is_same(member, manifest)) {
        return Ok(here.clone());
    }
    only(
        members,
        "this workspace has several packages",
        "name the one that is to get seeds",
        command,
    )
}

/// The package, if it is the only one, or else `several` with the commands that name one.
fn only(
    mut members: Vec<Member>,
    several: &str,
    choose: &str,
    command: &str,
) -> Result<Member, Failure> {
    if members.len() > 1 {
        members.sort_by(|one, other| one.name().cmp(other.name()));
        let lines = members.iter();
        let lines = lines.map(|member| format!("\n    {command} -p {}", member.name()));
        let failure = Failure::new(format!("{several}: {}", names(&members)));
        return Err(failure.help(format!("{choose}:{}", lines.collect::<String>())));
    }
    members
        .pop()
        .ok_or_else(|| Failure::new("this workspace has no packages"))
}

fn names(members: &[Member]) -> String {
    let mut names: Vec<&str> = members.iter().map(Member::name).collect();
    names.sort_unstable();
    names.join(", ")
}

fn is_same(member: &Member, manifest: &Path) -> bool {
    // One of the two may go through a symbolic link.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(member.manifest()) == real(manifest)
}
