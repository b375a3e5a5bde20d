//! The build script half of Kumiko seeds: turns a folder of dated seed files into one sorted static array.
//!
//! An app keeps its seeds as `seeds/<YYYY-MM-DD>-<slug>.rs` and has one line in its `build.rs`:
//!
//! ```no_run
//! kumiko_seeds_build::compile("seeds");
//! ```
//!
//! That writes `kumiko_seeds.rs` into Cargo's output folder. The `include_seeds!` macro of the crate
//! `kumiko-seeds` takes it from there, so that the binary carries its seeds and needs no file at run time.
//!
//! # A seed file
//!
//! ```
//! # mod kumiko_seeds {
//! #     pub type SeedResult = Result<(), String>;
//! #     pub mod postgres {
//! #         pub struct SeedContext<'c>(&'c ());
//! #         impl SeedContext<'_> {
//! #             pub async fn system_write_as(&mut self, _: &str, _: ()) -> super::SeedResult { Ok(()) }
//! #         }
//! #     }
//! # }
//! use kumiko_seeds::SeedResult;
//! use kumiko_seeds::postgres::SeedContext;
//!
//! pub const DESCRIPTION: &str = "Gives every tenant administrator the role TenantAdmin";
//! // Optional: lets an operator skip this seed with an environment variable. Default: false.
//! pub const SKIPPABLE: bool = true;
//!
//! pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
//! #   let payload = ();
//!     ctx.system_write_as("tenant:write:update-member-roles", payload).await?;
//!     Ok(())
//! }
//! ```
//!
//! `pub(crate)` and `pub(super)` do as well as `pub`.
//!
//! Three constants more a seed may have, each for itself. `pub const AFTER_MIGRATION: i64 = 20260512090000;` names the schema
//! migration of sqlx that has to be there before it runs. `pub const OUT_OF_ORDER: &str = "why";` says that it does no harm after
//! seeds with later dates.
//!
//! `pub const ENVIRONMENTS: &[&str] = &["staging"];` keeps a seed out of all other environments. What environments there are
//! can be said in the `Cargo.toml` that is nearest to the folder of seeds, from there upwards; then a name that is not among
//! them fails the build, and the names are compiled in, so that a run in another environment is refused:
//!
//! ```toml
//! [package.metadata.kumiko-ops]
//! environments = ["production", "staging", "demo"]
//! ```
//!
//! # A seed of many steps
//!
//! A change that is too large for one transaction has a `batch` in place of `run`. It is called again and again, each time
//! in a transaction of its own, and is told how many items to take and which one was the last before. Where it has come to,
//! its `Cursor`, is stored in the same transaction, so that a step is done once, also if the app is killed meanwhile.
//!
//! ```
//! # mod kumiko_seeds {
//! #     pub struct Batch;
//! #     impl Batch { pub fn new(_: Option<i64>, _: usize) -> Self { Self } }
//! #     pub type BatchResult<Cursor> = Result<Batch, Cursor>;
//! #     pub type CountResult = Result<u64, String>;
//! #     pub mod postgres {
//! #         pub use super::{Batch, BatchResult, CountResult};
//! #         pub struct SeedContext<'c>(&'c ());
//! #         impl SeedContext<'_> {
//! #             pub async fn system_batch(&mut self, _: &str, _: Vec<i64>) -> Result<(), i64> { Ok(()) }
//! #         }
//! #     }
//! # }
//! # async fn members_after(_: i64, _: u32) -> Vec<i64> { Vec::new() }
//! use kumiko_seeds::postgres::{Batch, BatchResult, CountResult, SeedContext};
//!
//! pub const DESCRIPTION: &str = "Gives every member the default role";
//! // Optional, in any seed: the app boots without it, and works on it meanwhile. Default: false.
//! pub const BACKGROUND: bool = true;
//! // Optional, in any seed: what has to be applied before it begins. Default: none.
//! pub const AFTER: &[&str] = &["2026-05-20-fix-admin-roles"];
//!
//! /// What is stored of the last item: a number, a text, a tuple, or a struct or enum of that name with serde.
//! pub type Cursor = i64;
//!
//! /// Optional: how many items there are, to show how far it is.
//! pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
//!     Ok(1_000_000)
//! }
//!
//! pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor> {
//!     let members = members_after(after.unwrap_or_default(), limit).await;
//!     let (last, items) = (members.last().copied(), members.len());
//!     ctx.system_batch("member:write:set-default-role", members).await?;
//!     // With no last one there is nothing left, and the seed is applied.
//!     Ok(Batch::new(last, items))
//! }
//! ```
//!
//! A seed that an `AFTER` names is one of the same folder, and sorts before the one that waits for it.
//!
//! # What is read
//!
//! Every file of the folder must be a seed: have a valid name (see [`validate_id`]), a `DESCRIPTION`, and a `run` or a
//! `batch`. The build reports all problems in one go, each with file and line, and fails before the compiler sees any of
//! it. Left alone are names that start with `_` or `.`, files that are no Rust files, and what editors leave behind. An
//! error, on the other hand, is what looks like a seed and would not be read: `x.RS`, `x.rs.txt`, a folder with Rust files,
//! and a folder of seeds that is not there.
//!
//! # Edits
//!
//! A seed has a hash, by which an edit is told after it was applied. It is over the code: comments, those of the
//! documentation too, do not count, nor does what `rustfmt` does: white space, commas at the end of a list, the order and
//! nesting of `use`s, brackets around one expression in an arm or a closure, and the semicolon of a last `return`. What
//! `rustfmt` does seldom does count: it sorts `mod a;`, merges two `derive`s, makes `vec![]` of `vec!()`, and
//! takes away doubled parentheses.
//!
//! The hash covers the files that a seed includes, and those that they include: by `include!`, `include_str!` and
//! `include_bytes!` with a literal path, and by `mod a;`, also with a `#[path]`. It does not know of code that is used in
//! another way, the handlers of the app for example, of a path that is put together (`concat!`), of a module in a
//! module in braces, nor of a macro that reads a file by itself.
//!
//! # Retired seeds
//!
//! `retired.txt` in the folder is a list of seeds whose files are gone and that stay known; `cargo kumiko-ops seed:retire` writes it
//! with [`with_retired`]. Each line has an id, the two hashes, the last release that had it, and what it did. They are in the array,
//! without code. A line that is none, such as what a merge leaves, is a problem with its number, and so is an id that is there
//! twice or has its file again.
//!
//! A seed in whose place they are taken together says so with `pub const REPLACES: &[&str] = &["2025-01-02-a", "2025-02-03-b"];`. Each
//! is one of the list, sorts before the seed, ran in the same environments, and is replaced by this one alone; the seed has a
//! `run`, and no `BACKGROUND`.
//!
//! # Time stamps
//!
//! Cargo runs a build script again if a file that it watches is newer than its last run. A seed with an older time,
//! from a cache, a checkout or the layer of an image, is not noticed by a plain `cargo build`. Two things help:
//! `cargo kumiko-ops seed:apply` compares the binary with the files before it runs any, and builds again if
//! they differ; and another value of [`KUMIKO_SEEDS_REBUILD`](REBUILD_VARIABLE) makes every build look anew.
//!
//! The generated file names no place. An app that is copied, moved or mounted with its build output is compiled with the
//! seeds of the folder that it is in; a seed that the build script has not read, or not as it is, does not compile. Work
//! trees that share one build output are another matter: Cargo takes their packages for one, and may take the program of
//! one, seeds and all, for that of the other without compiling anything. Give each its own.
//!
//! # Hundreds of seeds
//!
//! Every seed is code, and takes the compiler its time: with 1,000 of them in the package of an app, some
//! seconds after each edit, and more than a minute in a release build. They can be in a package of their own, on
//! which the app depends, for a seed calls handlers by name. Then an edit of the app leaves them alone, and
//! they need no optimisation, since each runs once:
//!
//! ```toml
//! # Cargo.toml of the app
//! [package.metadata.kumiko-ops]
//! seeds = "../app-seeds/seeds"
//!
//! # Cargo.toml of the workspace
//! [profile.release.package.app-seeds]
//! opt-level = 0
//!
//! # By default 256: with more seeds than that each new one moves others to another unit.
//! [profile.dev.package.app-seeds]
//! codegen-units = 4096
//! ```
//!
//! # Without a build script
//!
//! [`scan`] reads the same files with the same rules and needs neither Cargo nor its environment, for tools
//! that list seeds without compiling them.

mod condition;
mod config;
mod entry;
mod environment_name;
mod generate;
mod handler_calls;
mod id;
mod manifest;
mod problem;
#[cfg(test)]
mod properties;
mod replaced;
mod retired;
mod scan;
mod seed_file;
mod source;
mod source_folder;
mod source_hash;
mod suggestion;
mod text_hash;

pub use config::{Compiled, Config, REBUILD_VARIABLE, compile};
pub use environment_name::is_environment_name;
pub use handler_calls::HandlerCall;
pub use id::{IdError, skip_flag, validate_id};
pub use problem::Problem;
pub use retired::{RETIRED_LIST, with_retired};
pub use scan::{Error, scan};
pub use seed_file::SeedFile;
