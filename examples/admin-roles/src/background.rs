//! The seeds that a boot leaves out, done while the app serves.

use admin_roles::Database;
use admin_roles::database::SeedRunner;
use kumiko_seeds::error_chain;
use sqlx::Pool;

// ANCHOR: work
/// Ends when all of them are applied, or with the step in flight once `stop` is ready.
pub(crate) async fn work(seeds: SeedRunner, pool: Pool<Database>, stop: impl Future<Output = ()>) {
    let report = seeds.work_until(&pool, stop).await;
    for seed in &report.applied {
        println!("applied {}", seed.id);
    }
    // The app goes on without them, and `seed:status` shows them, too.
    for failed in &report.failed {
        eprintln!("error: {}", error_chain(&failed.error).join(": "));
    }
    if let Some(error) = &report.error {
        eprintln!("error: {}", error_chain(error).join(": "));
    }
}
// ANCHOR_END: work
