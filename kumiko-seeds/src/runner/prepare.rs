//! What the app does before its seeds: all of it at once, or schema migrations as far as the next seed was written for.

use std::error::Error as StdError;
use std::sync::Arc;

use chrono::NaiveDateTime;
use futures_util::future::BoxFuture;

use crate::backend::Backend;
use crate::{Error, Seed};

/// What the app does before its seeds.
pub(super) struct Prepare<DB: Backend> {
    pub(super) run: RunPrepare<DB>,
    /// The versions of the schema migrations, ascending, where each runs before the seeds that were written after it.
    versions: Option<Vec<i64>>,
}

/// Does it, up to and including the migration of a version.
type RunPrepare<DB> = Arc<
    dyn for<'a> Fn(&'a mut <DB as sqlx::Database>::Connection, i64) -> BoxFuture<'a, Prepared>
        + Send
        + Sync,
>;

/// What comes of it.
pub(super) type Prepared = Result<(), Box<dyn StdError + Send + Sync>>;

/// The version up to which all is done.
pub(super) const ALL: i64 = i64::MAX;

/// The version up to which nothing is done.
pub(super) const NOTHING: i64 = i64::MIN;

// By hand, because deriving would ask for a `DB` that can be cloned.
impl<DB: Backend> Clone for Prepare<DB> {
    fn clone(&self) -> Self {
        Self {
            run: self.run.clone(),
            versions: self.versions.clone(),
        }
    }
}

impl<DB: Backend> Prepare<DB> {
    /// All of it before the first seed.
    pub(super) fn at_once(
        run: impl for<'a> Fn(&'a mut DB::Connection, i64) -> BoxFuture<'a, Prepared>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            run: Arc::new(run),
            versions: None,
        }
    }

    /// The same, which is migrations of these versions, each before the seeds that were written after it.
    #[cfg(feature = "migrate")]
    pub(super) fn between_seeds(mut self, mut versions: Vec<i64>) -> Self {
        versions.sort_unstable();
        self.versions = Some(versions);
        self
    }

    pub(super) fn is_interleaved(&self) -> bool {
        self.versions.is_some()
    }

    /// Fails if a migration has no place among the seeds.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut versions = self.versions.iter().flatten();
        match versions.find(|version| !is_date(**version)) {
            Some(version) => Err(Error::MigrationWithoutDate { version: *version }),
            None => Ok(()),
        }
    }

    /// The last version that is to be there before `seed`; [`NOTHING`] if there is none.
    pub(super) fn before(&self, seed: &Seed<DB>) -> i64 {
        let Some(versions) = &self.versions else {
            return ALL;
        };
        let limit = limit(seed.id, seed.after_migration);
        let mut before = versions.iter().rev();
        *before
            .find(|version| **version <= limit)
            .unwrap_or(&NOTHING)
    }
}

/// Whether a version is a date with a time, as `sqlx migrate add` writes it: `20260512090000`.
fn is_date(version: i64) -> bool {
    let text = version.to_string();
    text.len() == "YYYYMMDDHHMMSS".len()
        && NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S").is_ok()
}

/// The greatest version that a migration before a seed may have: the migrations of a day run before the seeds of that day, since
/// a seed writes what is there. A seed that names one of its day or a later one means that one.
///
/// What has no date comes after all.
fn limit(id: &str, after_migration: Option<i64>) -> i64 {
    let date = id.get(.."YYYY-MM-DD".len()).unwrap_or_default();
    let Ok(day) = date.replace('-', "").parse::<i64>() else {
        return ALL;
    };
    let (begin, end) = (day * 1_000_000, day * 1_000_000 + 235_959);
    after_migration
        .filter(|version| *version >= begin)
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_of_a_day_come_before_its_seeds() {
        for (id, after, expected) in [
            ("2026-05-12-a", None, 20_260_512_235_959),
            ("2026-05-12-a", Some(20_260_512_090_000), 20_260_512_090_000),
            ("2026-05-12-a", Some(20_260_601_000_000), 20_260_601_000_000),
            // It is there long since, and the seed was written for what came after it.
            ("2026-05-12-a", Some(20_260_101_000_000), 20_260_512_235_959),
            ("projection-rebuild/tenants/1", None, ALL),
            ("é", None, ALL),
        ] {
            assert_eq!(limit(id, after), expected, "{id} {after:?}");
        }
    }

    #[test]
    fn a_version_is_a_date_with_a_time() {
        for (version, expected) in [
            (20_260_512_090_000, true),
            (1, false),
            (20_260_512, false),
            (2_026_051_209_000, false),
            (20_261_312_090_000, false),
            (20_260_512_250_000, false),
            (202_605_120_900_000, false),
            (-20_260_512_090_000, false),
        ] {
            assert_eq!(is_date(version), expected, "{version}");
        }
    }
}
