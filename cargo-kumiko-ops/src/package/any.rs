//! Which package of a workspace is to get seeds. Pure.

use std::path::Path;

use kumiko_seeds_cli::Failure;

use super::Member;
use super::choice::{is_same, names};

/// The package of `manifest`, or else, where `manifest` is that of the workspace, its only package.
///
/// `command` is the command to paste with `-p` where there are several.
pub(super) fn by_place(
    mut members: Vec<Member>,
    manifest: &Path,
    command: &str,
) -> Result<Member, Failure> {
    if let Some(here) = members.iter().find(|member| is_same(member, manifest)) {
        return Ok(here.clone());
    }
    if members.len() > 1 {
        members.sort_by(|one, other| one.name().cmp(other.name()));
        let names = names(&members);
        let lines = members
            .iter()
            .map(|member| format!("\n    {command} -p {}", member.name()));
        return Err(
            Failure::new(format!("this workspace has several packages: {names}")).help(format!(
                "name the one that is to get seeds:{}",
                lines.collect::<String>()
            )),
        );
    }
    members
        .pop()
        .ok_or_else(|| Failure::new("this workspace has no packages"))
}
