//! The driver that seeds use, as far as a package has it already.

use cargo_metadata::semver::Version;

use super::member::Member;

/// The name to give to the version that seeds use, beside another version.
pub(crate) const BESIDE_ANOTHER: &str = "sqlx_09";

/// What a package has of the driver that seeds use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sqlx {
    /// The version that seeds use.
    Usable,
    /// Only others, of which this is one requirement.
    OfVersion(String),
    Missing,
}

impl Sqlx {
    /// The version that seeds use, as Rust code of the package names it, or will where it is still to be added.
    pub(crate) fn name_in_code(&self) -> &'static str {
        match self {
            Self::Usable | Self::Missing => "sqlx",
            Self::OfVersion(_) => BESIDE_ANOTHER,
        }
    }

    pub(crate) fn of(member: &Member) -> Self {
        let dependencies = member.package.dependencies.iter();
        let mut others = None;
        for one in dependencies.filter(|one| one.name == "sqlx") {
            // A requirement may begin at any patch of the version, or end at one.
            if [0, u64::MAX]
                .iter()
                .any(|patch| one.req.matches(&Version::new(0, 9, *patch)))
            {
                return Self::Usable;
            }
            let version = one.req.to_string();
            others = Some(version.trim_start_matches(['^', '=', '~']).to_owned());
        }
        others.map_or(Self::Missing, Self::OfVersion)
    }
}
