//! Names of environments: what may be one, and which one was meant.

use crate::suggestion::nearest_name;

/// Whether an environment can have this name: a-z, 0-9 and -.
///
/// Upper case is in none, so that `Staging` and `staging` cannot be two.
#[must_use]
pub fn is_environment_name(name: &str) -> bool {
    let is_part = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !name.is_empty() && name.bytes().all(is_part)
}

/// What is wrong with a name for an environment, if something is.
pub(crate) fn environment_name_fault(name: &str) -> Option<&'static str> {
    let fault = "the name of an environment is made of a-z, 0-9 and -; correct it";
    (!is_environment_name(name)).then_some(fault)
}

/// What to do about a name that is not among the known ones.
pub(crate) fn or_known(name: &str, known: &[String]) -> String {
    match nearest_name(name, known) {
        Some(nearest) => format!("did you mean {nearest:?}? If not, add it there"),
        None => format!("write one of {}, or add it there", known.join(", ")),
    }
}
