//! Which package of a workspace is meant. Pure.

use std::path::Path;

use kumiko_seeds_cli::Failure;

use super::Member;
use super::member::Likelihood;

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
    let mut found: Vec<Member> = members
        .into_iter()
        .filter(|member| member.likelihood() == likelihood)
        .collect();
    if found.len() > 1 {
        found.sort_by(|one, other| one.name().cmp(other.name()));
        let lines = found
            .iter()
            .map(|member| format!("\n    {command} -p {}", member.name()));
        return Err(
            Failure::new(format!("several packages have seeds: {}", names(&found))).help(format!(
                "name the one you mean:{}",
                lines.collect::<String>()
            )),
        );
    }
    found
        .pop()
        .ok_or_else(|| Failure::new("this workspace has no packages"))
}

pub(super) fn names(members: &[Member]) -> String {
    let mut names: Vec<&str> = members.iter().map(Member::name).collect();
    names.sort_unstable();
    names.join(", ")
}

pub(super) fn is_same(member: &Member, manifest: &Path) -> bool {
    // One of the two may go through a symbolic link.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(member.manifest()) == real(manifest)
}
