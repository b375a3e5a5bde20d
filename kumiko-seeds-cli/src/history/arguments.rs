//! The arguments of `seed:history`.

use std::num::NonZeroUsize;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use clap::Args;

use crate::arguments::Format;
use crate::database::DatabaseArguments;

/// The arguments of `seed:history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryArguments {
    /// Only operations with this text in their id
    #[arg(value_name = "TEXT")]
    pub(super) text: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
    /// Only operations of this type, as seed-migration, projection-rebuild or event-replay; may be given more than once
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) types: Vec<String>,
    /// Only what was begun at this time or later: 2026-05-20, or 2026-05-20T09:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Time>,
    /// Only what was begun at this time or earlier; of a date, all of the day
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Time>,
    /// Only what this started: boot, cli, ci-pipeline, or what another service wrote
    #[arg(long, value_name = "CAUSE")]
    pub(super) by: Option<String>,
    /// No more than the newest of them
    #[arg(long, value_name = "COUNT")]
    pub(super) limit: Option<NonZeroUsize>,
}

/// A point in time, or a day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
}

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "expected a date like 2026-05-20, or a time like 2026-05-20T09:30:00Z";
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            let time = time.to_utc();
            return Ok(Self {
                first: time,
                last: time,
            });
        }
        let day: NaiveDate = text.parse().map_err(|_| EXPECTED)?;
        let next = day.checked_add_days(Days::new(1)).ok_or(EXPECTED)?;
        let [first, next] = [day, next].map(|day| day.and_time(NaiveTime::MIN).and_utc());
        let last = next - chrono::TimeDelta::nanoseconds(1);
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn a_date_is_all_of_its_day() {
        let ends = |text: &str| {
            let time: Result<Time, _> = text.parse();
            time.map(|time| [time.first, time.last].map(|end| end.to_rfc3339()))
        };
        assert_eq!(
            ends("2026-05-20"),
            Ok([
                "2026-05-20T00:00:00+00:00".to_owned(),
                "2026-05-20T23:59:59.999999999+00:00".to_owned()
            ])
        );
        let moment = "2026-05-20T07:30:00+00:00".to_owned();
        assert_eq!(
            ends("2026-05-20T09:30:00+02:00"),
            Ok([moment.clone(), moment])
        );
        for text in ["", "yesterday", "2026-02-30", "2026-05-20 09:30"] {
            assert!(ends(text).is_err(), "{text}");
        }
    }
}
