//! What somebody else can do to a session of PostgreSQL, and how it is undone.

use sqlx::Postgres;
use sqlx::postgres::PgRow;

use super::message::Message;
use crate::backend::{Hands, Parameter, Statement, column};

/// What a session is like before anybody but the app's pool has had it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Baseline {
    /// The settings that are not those the session began with, in the order in which they can be set.
    settings: Vec<Setting>,
    /// Whether the server can look for a client in the middle of a statement.
    pub(super) can_check_client: bool,
    /// Whether a pool's `after_connect` seems to have done nothing.
    is_untouched: bool,
}

#[derive(Debug)]
struct Setting {
    name: String,
    value: String,
}

/// The setting for it is known from PostgreSQL 14 on, and works on Linux.
macro_rules! can_check_client {
    () => {
        "current_setting('server_version_num')::integer >= 140000 AND version() LIKE '%linux%'"
    };
}
pub(super) const CAN_CHECK_CLIENT: &str = can_check_client!();

/// The settings of a session that are not those it began with: a pool may make some on each new connection. And
/// the one that says where the table of operations is: the marker goes where the lock and the re-check
/// looked, whatever a handler has set. The role comes last, because it may not be allowed to set the others.
///
/// PostgreSQL lists no setting of an extension or of the app's own that nobody has declared.
pub(super) const SETTINGS: &str = concat!(
    "SELECT name, setting, is_made, ",
    can_check_client!(),
    " FROM (
        SELECT 0 AS rank, 'session_authorization' AS name, CAST(session_user AS text) AS setting,
               false AS is_made
        UNION ALL
        SELECT 1, name, setting, source = 'session' FROM pg_settings
        WHERE (source = 'session' AND context IN ('user', 'superuser') AND setting IS NOT NULL
               AND name NOT IN
                   ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable'))
              OR name = 'search_path'
        UNION ALL
        SELECT 2, 'role', current_setting('role'), current_setting('role') <> 'none'
    ) AS settings
    ORDER BY rank"
);

/// What is not a setting and outlives a transaction, and then all settings. Those of [`Baseline`] follow.
const RESET: [&str; 6] = [
    "CLOSE ALL",
    "UNLISTEN *",
    "SELECT pg_advisory_unlock_all()",
    "RESET SESSION AUTHORIZATION",
    "RESET ROLE",
    "RESET ALL",
];

impl Baseline {
    /// From the rows of [`SETTINGS`].
    pub(super) fn of(rows: &[PgRow]) -> sqlx::Result<Self> {
        let mut baseline = Self {
            settings: Vec::new(),
            can_check_client: false,
            is_untouched: true,
        };
        for row in rows {
            baseline.settings.push(Setting {
                name: column::<Postgres, _>(row, 0)?,
                value: column::<Postgres, _>(row, 1)?,
            });
            baseline.is_untouched &= !column::<Postgres, bool>(row, 2)?;
            baseline.can_check_client = column::<Postgres, bool>(row, 3)?;
        }
        Ok(baseline)
    }

    /// Adds to `message` what brings the session back after `hands`.
    pub(super) fn restore(&self, message: &mut Message<'_>, hands: Hands) {
        match hands {
            Hands::Library => {}
            Hands::Handler => {
                let search_path = self.settings.iter().filter(|set| set.name == "search_path");
                message.add_with_values(&setting(search_path));
            }
            Hands::Seed => {
                for statement in RESET {
                    message.add(statement);
                }
                message.add_with_values(&setting(self.settings.iter()));
            }
        }
    }

    /// Whether [`Baseline::restore`] brings everything back. What it cannot is a setting that `after_connect` has made
    /// and nobody has declared, so where that has made any the connection is replaced.
    pub(super) fn is_restored_after(&self, hands: Hands) -> bool {
        hands < Hands::Seed || self.is_untouched
    }
}

/// One statement that makes these settings.
fn setting<'a>(settings: impl Iterator<Item = &'a Setting>) -> Statement<'a> {
    let values = settings.flat_map(|Setting { name, value }| [name, value]);
    let values: Vec<_> = values.map(|text| Parameter::Text(text)).collect();
    let calls = (1..=values.len()).step_by(2);
    let calls = calls.map(|place| format!("set_config(${place}, ${}, false)", place + 1));
    let calls: Vec<_> = calls.collect();
    Statement {
        sql: format!("SELECT {}", calls.join(", ")),
        values,
    }
}
