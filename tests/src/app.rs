//! The app under test: notes, each an event and a row, and handlers that fail in every way.

use kumiko_seeds::events::{
    Access, Command, EventBackend, HandlerResult, Handlers, NewEvent, WriteContext,
    create_event_tables,
};
use kumiko_seeds::{Seed, SeedRunner, SkipFlags};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::Engine;

/// A runner with the app's handlers and tables, blind to the environment's flags.
#[must_use]
pub fn runner<DB: Engine>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    SeedRunner::new(seeds.leak())
        .handlers(handlers())
        .skip_flags(SkipFlags::default())
        .prepare(|connection| Box::pin(create_tables::<DB>(connection)))
}

/// The app's tables, created where they are missing.
///
/// # Errors
/// If the database refuses.
pub async fn create_tables<DB: Engine>(
    connection: &mut DB::Connection,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    create_event_tables::<DB>(connection).await?;
    DB::run(
        connection,
        "CREATE TABLE IF NOT EXISTS read_notes (text text PRIMARY KEY);
         CREATE TABLE IF NOT EXISTS read_journal (number integer)",
    )
    .await?;
    Ok(())
}

/// The app's handlers.
#[must_use]
pub fn handlers<DB: Engine>() -> Handlers<DB> {
    Handlers::new()
        .register("notes:write:add", Access::OpenToAll, add)
        .register("notes:write:add-as-editor", Access::roles(["Editor"]), add)
        .register("notes:write:fail", Access::OpenToAll, fail)
        .register("notes:write:conflict", Access::OpenToAll, conflict)
        .register("notes:write:commit", Access::OpenToAll, commit)
        .register("counter:write:count", Access::OpenToAll, count)
        .register("journal:write:add", Access::OpenToAll, journal)
        .command(Access::OpenToAll, rename)
}

/// The payload of `notes:write:add` and its like.
#[derive(Debug, Serialize, Deserialize)]
pub struct Note {
    /// What the note says.
    pub text: String,
}

async fn add<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult<String> {
    let stream = write.stream("note", id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-added", &note)])
        .await?;
    let literal = note.text.replace('\'', "''");
    let insert = format!("INSERT INTO read_notes (text) VALUES ('{literal}')");
    DB::run(write.connection().await?, &insert).await?;
    Ok(note.text)
}

/// Fails after it has written.
async fn fail<DB: Engine>(write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    add(write, note).await?;
    Err("the note is in bad taste".into())
}

/// Appends to a stream it believes to be longer than it is.
async fn conflict<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    write
        .append(&stream, 7, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}

/// Ends the transaction that is not its own.
async fn commit<DB: Engine>(mut write: WriteContext<'_, DB>, _: Note) -> HandlerResult {
    DB::run(write.connection().await?, "COMMIT").await?;
    Ok(())
}

/// Replaces a note, as a typed command.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenameNote {
    /// What the note said.
    pub from: String,
    /// What it is to say.
    pub to: String,
}

impl Command for RenameNote {
    const HANDLER: &'static str = "notes:write:rename";
}

async fn rename<DB: Engine>(mut write: WriteContext<'_, DB>, note: RenameNote) -> HandlerResult {
    let stream = write.stream("note", id(&note.from));
    let version = write.stream_version(&stream).await?;
    write
        .append(&stream, version, [NewEvent::new("note-renamed", &note)])
        .await?;
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
struct Count {
    number: i32,
}

/// Appends to the one stream that all counts share. Seeds out of order, or one that ran twice or not
/// at all, end in a version conflict.
async fn count<DB: EventBackend>(mut write: WriteContext<'_, DB>, count: Count) -> HandlerResult {
    let stream = write.stream("counter", Uuid::nil());
    let event = NewEvent::new("counted", &count);
    write.append(&stream, count.number - 1, [event]).await?;
    Ok(())
}

/// Appends to a stream of its own, and to a table that takes anything: nothing here would notice that a
/// seed runs twice.
async fn journal<DB: Engine>(mut write: WriteContext<'_, DB>, count: Count) -> HandlerResult {
    let stream = write.stream("journal", Uuid::from_u128(fastrand::u128(..)));
    let event = NewEvent::new("journalled", &count);
    write.append(&stream, 0, [event]).await?;
    let number = count.number;
    let insert = format!("INSERT INTO read_journal (number) VALUES ({number})");
    DB::run(write.connection().await?, &insert).await?;
    Ok(())
}

/// A stable id for a text.
#[must_use]
pub fn id(text: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (index, byte) in text.bytes().enumerate() {
        bytes[index % 16] ^= byte.rotate_left(u32::try_from(index / 16).unwrap_or_default());
    }
    Uuid::from_bytes(bytes)
}
