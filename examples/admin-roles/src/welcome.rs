//! The mail that greets a new user.

use kumiko_seeds::events::{Delivery, Reactor, ReactorResult, StoredEvent};

use crate::outbox;

// ANCHOR: reactor
/// Nothing else calls it here, since only seeds make users. An app whose people do calls `welcome` after the commit.
pub(crate) fn mail() -> Reactor {
    Reactor::new("welcome-mail", welcome)
        .of("user", ["user-created"])
        // Without this a replay is refused.
        .replayable()
}

async fn welcome(event: StoredEvent, delivery: Delivery) -> ReactorResult {
    let to = event.payload["email"].as_str();
    let to = to.ok_or("the user has no address")?;
    // The same whenever this event comes, so the mail server can tell that it has sent this one.
    outbox::send(to, "Welcome!", &delivery.idempotency_key()).await?;
    Ok(())
}
// ANCHOR_END: reactor
