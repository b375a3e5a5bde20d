//! What starts a run, as its markers say.

use kumiko_seeds::AppliedBy;

/// The cause that the arguments give, or else what the environment tells.
pub(crate) fn cause(given: Option<AppliedBy>) -> AppliedBy {
    given.unwrap_or_else(|| in_environment(std::env::var("CI").ok().as_deref()))
}

/// Every common CI service sets `CI=true`.
fn in_environment(ci: Option<&str>) -> AppliedBy {
    if ci == Some("true") {
        AppliedBy::CiPipeline
    } else {
        AppliedBy::Cli
    }
}

#[cfg(test)]
mod tests {
    use super::{AppliedBy, in_environment};

    #[test]
    fn a_pipeline_is_known_by_its_variable() {
        assert_eq!(in_environment(Some("true")), AppliedBy::CiPipeline);
        for other in [None, Some(""), Some("false"), Some("0")] {
            assert_eq!(in_environment(other), AppliedBy::Cli, "{other:?}");
        }
    }
}
