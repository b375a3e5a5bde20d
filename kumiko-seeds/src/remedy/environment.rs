//! What to do where a run is in the wrong environment, or in none.

use crate::{Environment, Error};

pub(super) fn remedy(error: &Error) -> Option<String> {
    let variable = Environment::VARIABLE;
    match error {
        Error::UnknownEnvironment { .. } => Some(format!(
            "correct what {variable}, --environment or the app says; a new environment belongs into `environments` of \
             [package.metadata.kumiko-ops] in Cargo.toml"
        )),
        Error::NotForEnvironment { environments, .. } => {
            let name = environments.first()?;
            Some(format!(
                "if this is one of those, say so:\n    export {variable}={name}"
            ))
        }
        _ => None,
    }
}
