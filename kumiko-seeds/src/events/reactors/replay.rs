//! Which events are to be delivered to which reactor, and how the id of the operation says it. Pure.

use std::fmt;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use uuid::Uuid;

/// What the id of a replay begins with.
const TYPE: &str = "event-replay/";

/// Events that are delivered to a reactor again: all that it takes, unless fewer are asked for.
///
/// ```
/// # use kumiko_seeds::events::Replay;
/// # fn example(yesterday: chrono::DateTime<chrono::Utc>) {
/// let replay = Replay::to("welcome-mail")
///     .from(yesterday)
///     .because("the mail server was down");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub(super) reactor: String,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) aggregate_type: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) stream: Option<(String, Uuid)>,
    pub(super) reason: Option<String>,
}

impl Replay {
    /// To the reactor of this name.
    #[must_use]
    pub fn to(reactor: impl Into<String>) -> Self {
        Self {
            reactor: reactor.into(),
            from: None,
            until: None,
            aggregate_type: None,
            event_type: None,
            tenant_id: None,
            stream: None,
            reason: None,
        }
    }

    /// Those that were appended then or later, to the millisecond.
    #[must_use]
    pub fn from(mut self, moment: DateTime<Utc>) -> Self {
        self.from = Some(moment.trunc_subsecs(3));
        self
    }

    /// Those that were appended before then, to the millisecond.
    #[must_use]
    pub fn until(mut self, moment: DateTime<Utc>) -> Self {
        self.until = Some(moment.trunc_subsecs(3));
        self
    }

    /// Those of this kind of aggregate.
    #[must_use]
    pub fn aggregate_type(mut self, aggregate_type: impl Into<String>) -> Self {
        self.aggregate_type = Some(aggregate_type.into());
        self
    }

    /// Those of this type.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Those of this tenant's streams.
    #[must_use]
    pub fn tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = Some(tenant_id);
        self
    }

    /// Those of one stream; of each tenant that has one of this id.
    #[must_use]
    pub fn stream(mut self, aggregate_type: impl Into<String>, aggregate_id: Uuid) -> Self {
        self.stream = Some((aggregate_type.into(), aggregate_id));
        self
    }

    /// Why; the ledger keeps it.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Whether events of this type from such a stream may be among them.
    pub(super) fn includes(&self, aggregate_type: &str, event_type: &str) -> bool {
        let kinds = [
            self.aggregate_type.as_deref(),
            self.stream.as_ref().map(|(kind, _)| kind.as_str()),
        ];
        kinds.iter().flatten().all(|kind| *kind == aggregate_type)
            && self.event_type.as_deref().is_none_or(|it| it == event_type)
    }

    /// The id of the operation, `event-replay/welcome-mail/from-2026-08-30T00:00:00Z/type-user/1`, where it is the one of this number. It says
    /// all but the reason, so that another process can go on with it.
    pub(super) fn id(&self, number: u32) -> String {
        format!("{TYPE}{self}/{number}")
    }

    /// What an id of this form says.
    pub(super) fn of(id: &str) -> Option<Self> {
        let mut parts = id.strip_prefix(TYPE)?.rsplit_once('/')?.0.split('/');
        let mut replay = Self::to(parts.next()?);
        while let Some(part) = parts.next() {
            let (name, value) = part.split_once('-')?;
            let moment = || DateTime::parse_from_rfc3339(value).ok().map(Into::into);
            replay = match name {
                "from" => replay.from(moment()?),
                "until" => replay.until(moment()?),
                "type" => replay.aggregate_type(read(value)),
                "event" => replay.event_type(read(value)),
                "tenant" => replay.tenant(value.parse().ok()?),
                "stream" => replay.stream(read(value), parts.next()?.parse().ok()?),
                _ => return None,
            };
        }
        Some(replay)
    }
}

/// As it stands in the id of an operation.
impl fmt::Display for Replay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reactor)?;
        for (name, moment) in [("from", self.from), ("until", self.until)] {
            if let Some(moment) = moment {
                let moment = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                write!(formatter, "/{name}-{moment}")?;
            }
        }
        for (name, text) in [("type", &self.aggregate_type), ("event", &self.event_type)] {
            if let Some(text) = text {
                write!(formatter, "/{name}-{}", written(text))?;
            }
        }
        if let Some(tenant_id) = self.tenant_id {
            write!(formatter, "/tenant-{tenant_id}")?;
        }
        if let Some((aggregate_type, aggregate_id)) = &self.stream {
            write!(
                formatter,
                "/stream-{}/{aggregate_id}",
                written(aggregate_type)
            )?;
        }
        Ok(())
    }
}

/// A type as part of an id, in which a slash separates parts.
fn written(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F")
}

fn read(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_all_that_was_asked_for() {
        let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap_or_default();
        let id = Uuid::from_u128(7);
        let all = Replay::to("mail")
            .from(moment("2026-08-30T00:00:00Z"))
            .until(moment("2026-08-30T12:00:00.1239Z"))
            .aggregate_type("bank/account")
            .event_type("50%2F-off/a-b:c")
            .tenant(id)
            .stream("bank/account", id);
        assert_eq!(
            all.id(3),
            format!(
                "event-replay/mail/from-2026-08-30T00:00:00Z/until-2026-08-30T12:00:00.123Z/type-bank%2Faccount\
                 /event-50%252F-off%2Fa-b:c/tenant-{id}/stream-bank%2Faccount/{id}/3"
            )
        );
        assert_eq!(Replay::of(&all.id(3)), Some(all));
        let plain = Replay::to("mail");
        assert_eq!(plain.id(1), "event-replay/mail/1");
        assert_eq!(Replay::of("event-replay/mail/1"), Some(plain));
        for other in [
            "event-replay/mail",
            "event-replay/mail/x/1",
            "event-replay/mail/from-yesterday/1",
            "event-replay/mail/stream-a/1",
            "archived-stream-purge/before-x/1",
        ] {
            assert_eq!(Replay::of(other), None, "{other}");
        }
    }
}
