//! The ids of rebuilds, which are steered as seeds are and are none. Pure.

/// Whether this is the id of a rebuild, or was meant to be one.
pub(crate) fn is_rebuild(id: &str) -> bool {
    let types = ["projection-rebuild/", "aggregate-rebuild/"];
    types.iter().any(|of_type| id.starts_with(of_type))
}

/// What a rebuild is of, as its id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rebuild<'a> {
    /// To a version of the projection, which a worker takes up: `projection-rebuild/members/2`.
    Version { projection: &'a str, version: u32 },
    /// To a version that was recorded already, because somebody asked for it: `projection-rebuild/members/2/1`.
    OnceMore { projection: &'a str, version: u32 },
    /// Of the rows of one tenant or one aggregate: `aggregate-rebuild/members/tenant-<id>/1`.
    Part {
        projection: &'a str,
        option: &'static str,
        of: &'a str,
    },
}

impl<'a> Rebuild<'a> {
    /// None if it is the id of a seed, or of nothing.
    pub(crate) fn of(id: &'a str) -> Option<Self> {
        match id.split('/').collect::<Vec<_>>()[..] {
            ["projection-rebuild", projection, version] => Some(Self::Version {
                projection,
                version: version.parse().ok()?,
            }),
            ["projection-rebuild", projection, version, _] => Some(Self::OnceMore {
                projection,
                version: version.parse().ok()?,
            }),
            ["aggregate-rebuild", projection, part, _] => {
                let (kind, of) = part.split_once('-')?;
                let option = if kind == "tenant" {
                    "--tenant"
                } else {
                    "--aggregate"
                };
                Some(Self::Part {
                    projection,
                    option,
                    of,
                })
            }
            _ => None,
        }
    }

    /// The projection.
    pub(crate) fn projection(self) -> &'a str {
        match self {
            Self::Version { projection, .. }
            | Self::OnceMore { projection, .. }
            | Self::Part { projection, .. } => projection,
        }
    }

    /// Whether workers take it up by themselves.
    pub(crate) fn is_for_workers(self) -> bool {
        matches!(self, Self::Version { .. })
    }

    /// The arguments with which `projection:rebuild` does the same again.
    pub(crate) fn words(self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Version { projection, .. } | Self::OnceMore { projection, .. } => &[projection],
            Self::Part {
                projection,
                option,
                of,
            } => &[projection, option, of],
        };
        words.iter().map(ToString::to_string).collect()
    }
}

/// The arguments with which `projection:rebuild` goes on with a rebuild that somebody has asked for. None of others, which a worker
/// takes up by itself.
pub(crate) fn asked_for(id: &str) -> Option<Vec<String>> {
    let rebuild = Rebuild::of(id)?;
    (!rebuild.is_for_workers()).then(|| rebuild.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_asked_for_is_told_from_what_workers_take_up() {
        for (id, is_one, words) in [
            ("2026-01-01-a", false, None),
            ("projection-rebuild/members", true, None),
            ("projection-rebuild/members/2", true, None),
            ("projection-rebuild/members/2/1", true, Some("members")),
            ("projection-rebuild/members/x/1", true, None),
            (
                "aggregate-rebuild/members/tenant-0198-a1/3",
                true,
                Some("members --tenant 0198-a1"),
            ),
            (
                "aggregate-rebuild/members/aggregate-0198-a1/3",
                true,
                Some("members --aggregate 0198-a1"),
            ),
        ] {
            assert_eq!(is_rebuild(id), is_one, "{id}");
            let found = asked_for(id).map(|words| words.join(" "));
            assert_eq!(found.as_deref(), words, "{id}");
        }
    }
}
