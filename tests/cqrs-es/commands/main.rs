//! Seeds that execute commands of an app on cqrs-es: one file for each promise.

mod after_a_commit;
mod all_or_nothing;
mod as_published;
mod conflicts;
mod dry_run;
mod ended_transactions;
mod failing_commands;
mod other_stores;
mod statements;
mod tables;
