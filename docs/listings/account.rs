//! An aggregate, which handlers decide by.

use kumiko_seeds::events::{Aggregate, AggregateResult, HandlerResult, NewEvent, StoredEvent};
use kumiko_seeds::sqlite::WriteContext;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

// ANCHOR: aggregate
#[derive(Default, Serialize, Deserialize)]
struct Account {
    balance: i64,
}

impl Aggregate for Account {
    const SNAPSHOT_EVERY: Option<u32> = Some(100);

    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        let amount = event.payload["amount"]
            .as_i64()
            .ok_or("there is no amount")?;
        match event.event_type.as_str() {
            "deposited" => self.balance += amount,
            "withdrawn" => self.balance -= amount,
            _ => {}
        }
        Ok(())
    }
}

pub async fn withdraw(mut write: WriteContext<'_>, payload: Withdraw) -> HandlerResult {
    let stream = write.stream("account", payload.account);
    let (account, version) = write.load_aggregate::<Account>(&stream).await?;
    if account.balance < payload.amount {
        return Err("the account has not that much".into());
    }
    write
        .append(&stream, version, [NewEvent::new("withdrawn", &payload)])
        .await?;
    Ok(())
}
// ANCHOR_END: aggregate

/// What `withdraw` is asked for.
#[derive(Serialize, Deserialize)]
pub struct Withdraw {
    account: Uuid,
    amount: i64,
}
