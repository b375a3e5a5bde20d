//! The ids of operations that are no seeds, and are steered as seeds are. Pure.

use crate::invocation::Invocation;

/// Whether this is the id of an operation that is no seed, or was meant to be one.
pub(crate) fn is_operation(id: &str) -> bool {
    is_rebuild(id) || id.starts_with(PURGE) || id.starts_with(REPLAY)
}

/// Whether this is the id of a rebuild, or was meant to be one.
pub(crate) fn is_rebuild(id: &str) -> bool {
    let types = ["projection-rebuild/", "aggregate-rebuild/"];
    types.iter().any(|of_type| id.starts_with(of_type))
}

/// What messages call it.
pub(crate) fn kind(id: &str) -> &'static str {
    match id {
        _ if is_rebuild(id) => "rebuild",
        _ if is_operation(id) => "operation",
        _ => "seed",
    }
}

/// What the id of a purge begins with: `archived-stream-purge/before-2026-08-30T00:00:00Z/type-account/1`.
const PURGE: &str = "archived-stream-purge/";

/// What the id of a replay begins with: `event-replay/welcome-mail/from-2026-08-30T00:00:00Z/1`.
const REPLAY: &str = "event-replay/";

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

/// A command that goes on with an operation, or does the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    command: &'static str,
    words: Vec<String>,
}

impl Again {
    /// The command for an operation of this id; none of a seed.
    pub(crate) fn of(id: &str) -> Option<Self> {
        if let Some(rebuild) = Rebuild::of(id) {
            let (command, words) = ("projection:rebuild", rebuild.words());
            return Some(Self { command, words });
        }
        if let Some(parts) = id.strip_prefix(REPLAY) {
            let (command, words) = ("event:replay", words_of_replay(parts)?);
            return Some(Self { command, words });
        }
        let parts = id.strip_prefix(PURGE)?;
        let mut words = options_of(parts)?;
        words.extend(["--export".to_owned(), "purged.jsonl".to_owned()]);
        Some(Self {
            command: "stream:purge",
            words,
        })
    }

    /// The same with this flag.
    pub(crate) fn with(mut self, flag: &str) -> Self {
        self.words.push(flag.to_owned());
        self
    }

    /// The command as a line for a shell.
    pub(crate) fn line(&self, invocation: &Invocation) -> String {
        invocation.line(self.command, &self.words)
    }
}

/// The command that goes on with what somebody has asked for. None of others, which a worker takes up by itself.
pub(crate) fn asked_for(id: &str) -> Option<Again> {
    let is_for_workers = Rebuild::of(id).is_some_and(Rebuild::is_for_workers);
    Again::of(id).filter(|_| !is_for_workers)
}

/// `before-2026-08-30T00:00:00Z/type-account/1` as options. The number at the end is none.
fn options_of(parts: &str) -> Option<Vec<String>> {
    let (parts, number) = parts.rsplit_once('/')?;
    number.parse::<u32>().ok()?;
    let mut words: Vec<String> = Vec::new();
    for part in parts.split('/') {
        let named = part.split_once('-');
        match named.filter(|(name, _)| ["before", "type", "tenant"].contains(name)) {
            Some((name, value)) => words.extend([format!("--{name}"), value.to_owned()]),
            // An aggregate type may have a slash in it.
            None => words.last_mut()?.extend(["/", part]),
        }
    }
    Some(words)
}

/// `welcome-mail/from-2026-08-30T00:00:00Z/stream-user/0198-a1/1` as arguments. The number at the end is none.
fn words_of_replay(parts: &str) -> Option<Vec<String>> {
    let (parts, number) = parts.rsplit_once('/')?;
    number.parse::<u32>().ok()?;
    let mut parts = parts.split('/');
    let mut words = vec![parts.next()?.to_owned()];
    while let Some(part) = parts.next() {
        let (name, value) = part.split_once('-')?;
        // A slash in a type would separate parts.
        let value = value.replace("%2F", "/").replace("%25", "%");
        let value = match name {
            "stream" => format!("{value}/{}", parts.next()?),
            _ => value,
        };
        words.extend([format!("--{name}"), value]);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_asked_for_is_told_from_what_workers_take_up() {
        for (id, is_one, line) in [
            ("2026-01-01-a", false, None),
            ("projection-rebuild/members", true, None),
            ("projection-rebuild/members/2", true, None),
            (
                "projection-rebuild/members/2/1",
                true,
                Some("projection:rebuild members"),
            ),
            ("projection-rebuild/members/x/1", true, None),
            (
                "aggregate-rebuild/members/tenant-0198-a1/3",
                true,
                Some("projection:rebuild members --tenant 0198-a1"),
            ),
            (
                "aggregate-rebuild/members/aggregate-0198-a1/3",
                true,
                Some("projection:rebuild members --aggregate 0198-a1"),
            ),
            ("event-replay/mail", true, None),
            ("event-replay/mail/1", true, Some("event:replay mail")),
            (
                "event-replay/mail/from-2026-08-30T00:00:00Z/event-50%252F%2Fa:b/stream-bank%2Faccount/0198-a1/2",
                true,
                Some(
                    "event:replay mail --from 2026-08-30T00:00:00Z --event '50%2F/a:b' --stream bank/account/0198-a1",
                ),
            ),
            ("archived-stream-purge/before-x", true, None),
            (
                "archived-stream-purge/before-2026-08-30T00:00:00Z/1",
                true,
                Some("stream:purge --before 2026-08-30T00:00:00Z --export purged.jsonl"),
            ),
            (
                "archived-stream-purge/before-2026-08-30T00:00:00Z/type-bank/account/tenant-0198-a1/2",
                true,
                Some(
                    "stream:purge --before 2026-08-30T00:00:00Z --type bank/account --tenant 0198-a1 --export purged.jsonl",
                ),
            ),
        ] {
            assert_eq!(is_operation(id), is_one, "{id}");
            let found = asked_for(id).map(|again| again.line(&Invocation::new("ops", "")));
            let expected = line.map(|line| format!("ops {line}"));
            assert_eq!(found, expected, "{id}");
        }
    }
}
