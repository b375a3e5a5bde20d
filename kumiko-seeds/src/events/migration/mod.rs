//! Migrations of streams: to another tenant, id or aggregate type, with events renamed, changed, split, merged or dropped.
//!
//! A migration is a seed of many steps whose `batch` is one call. `streams`: which streams. `old_stream`, `new_streams` and `migrated_event`: what
//! its `migrate` gets and gives. `rewriting`: what that comes to, pure. `migrate`: a step of it, in a transaction; `kept` and `in_place`: one stream of
//! it. `diff`: what a dry run shows of one, pure. `undo`: the way back. `finding`: what is read before.

mod cursor;
mod diff;
mod error;
mod finding;
mod in_place;
mod inserting;
mod kept;
mod migrate;
mod migrated_event;
mod new_streams;
mod old_stream;
mod rewriting;
mod streams;
mod undo;

pub use self::cursor::StreamCursor;
pub use self::error::MigrationError;
pub use self::migrate::MigrateResult;
pub use self::migrated_event::MigratedEvent;
pub use self::new_streams::{NewStream, NewStreams};
pub use self::old_stream::OldStream;
pub use self::streams::Streams;
