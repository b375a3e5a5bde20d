//! Keeps everybody from writing events.

use std::time::Duration;

use crate::events::EventBackend;

/// Less than the second after which the server looks for deadlocks, so that if there is one, it is we who give way.
const WAITS: Duration = Duration::from_millis(500);

/// Takes the table of events from its writers until the transaction ends, while readers go on. None if it is taken, else who has it.
pub(in crate::events) async fn lock_events<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> sqlx::Result<Option<String>> {
    let shape = DB::shape(connection, "kumiko_events").await?;
    let shapes: Vec<_> = shape.into_iter().collect();
    if shapes.is_empty() {
        // Whoever reads it next says so.
        return Ok(None);
    }
    DB::lock_writers_out(connection, &shapes, WAITS, None).await
}
