//! The one event that everybody writes.

use kumiko_seeds::events::SYSTEM_TENANT_ID;
use serde::{Deserialize, Serialize};

pub(crate) const EVENT_TYPE: &str = "account-opened";
pub(crate) const AGGREGATE_TYPE: &str = "account";

/// The payload, about 150 bytes as JSON.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Account {
    number: u64,
    holder: String,
    email: String,
    currency: String,
    purpose: String,
}

impl Account {
    pub(crate) fn numbered(number: u64) -> Self {
        Self {
            number,
            holder: format!("Holder of account {number:08}"),
            email: format!("holder-{number:08}@example.com"),
            currency: "EUR".to_owned(),
            purpose: "everyday spending and savings".to_owned(),
        }
    }
}

/// The system user, as events name it.
pub(crate) const USER: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) fn metadata() -> String {
    format!(r#"{{"userId":"{USER}"}}"#)
}

/// A statement that inserts the event of an account, as somebody would write it into a migration. Two of
/// it make two events, so that a migration that ran twice shows.
pub(crate) fn insert_statement(number: u64) -> String {
    let payload = serde_json::to_string(&Account::numbered(number)).unwrap_or_default();
    let metadata = metadata();
    format!(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                    event_version, payload, metadata, created_by)
         VALUES (gen_random_uuid(), '{AGGREGATE_TYPE}', '{SYSTEM_TENANT_ID}', 1, '{EVENT_TYPE}',
                 1, '{payload}', '{metadata}', '{USER}')"
    )
}
