//! Copies of a runner.

use super::builder::SeedRunner;
use crate::backend::Backend;

// By hand, because deriving would ask for a `DB` that can be cloned.
impl<DB: Backend> Clone for SeedRunner<DB> {
    fn clone(&self) -> Self {
        Self {
            seeds: self.seeds,
            operations: self.operations.clone(),
            is_new: self.is_new,
            on_failure: self.on_failure,
            app: self.app.clone(),
            values: self.values.clone(),
            preflights: self.preflights.clone(),
            preflights_of_app: self.preflights_of_app.clone(),
            prepare: self.prepare.clone(),
            observer: self.observer.clone(),
            skip_flags: self.skip_flags.clone(),
            selection: self.selection.clone(),
            applied_by: self.applied_by,
            lock_timeout: self.lock_timeout,
            step_time: self.step_time,
            step_size: self.step_size.clone(),
            pace: self.pace.clone(),
            when_paused: self.when_paused,
            baseline_contains_retired: self.baseline_contains_retired,
            environment: self.environment.clone(),
            migrations_table: self.migrations_table.clone(),
        }
    }
}
