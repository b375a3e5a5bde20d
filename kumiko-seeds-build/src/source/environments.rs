//! The environments that a seed is for.

use syn::Item;

use super::constants::{List, Texts, faults, texts};
use super::finding::Finding;
use crate::environment_name::{environment_name_fault, or_known};

const LIST: List = List {
    name: "ENVIRONMENTS",
    line_to_write: "write `pub const ENVIRONMENTS: &[&str] = &[\"staging\"];`",
};

/// The names in `ENVIRONMENTS`, if the file has it. The error is all that is wrong with them.
pub(super) fn environments(
    items: &[Item],
    known: &[String],
) -> Result<Option<Vec<String>>, Vec<Finding>> {
    let Some(Texts { line, texts: names }) = texts(items, LIST)? else {
        return Ok(None);
    };
    if names.is_empty() {
        let message = "`ENVIRONMENTS` names none, so the seed would run nowhere; name one, or take the constant away, \
                       and it runs everywhere";
        return Err(vec![(line, message.to_owned())]);
    }
    let findings = faults(LIST, &names, |name| fault(name, known));
    if findings.is_empty() {
        Ok(Some(names.into_iter().map(|(name, _)| name).collect()))
    } else {
        Err(findings)
    }
}

/// What is wrong with a name, and what to do.
fn fault(name: &str, known: &[String]) -> Option<String> {
    if let Some(fault) = environment_name_fault(name) {
        return Some(format!("`ENVIRONMENTS` names {name:?}, but {fault}"));
    }
    if known.is_empty() || known.iter().any(|known| known == name) {
        return None;
    }
    Some(format!(
        "`ENVIRONMENTS` names {name:?}, which Cargo.toml does not have among its `environments`; {}",
        or_known(name, known)
    ))
}
