//! What an app says of the statements that the library prepares.

use crate::app_values::Unnamed;
use crate::{Backend, SeedRunner};

impl<DB: Backend> SeedRunner<DB> {
    /// Prepares statements without names, except on a connection that keeps statements of the app's own: for a pooler
    /// that lends a connection for one transaction and forgets what was prepared on it, like PgBouncer before 1.21. Each
    /// write then takes a round trip more.
    ///
    /// The app's own queries need `.persistent(false)` behind such a pooler. The driver's
    /// `statement_cache_capacity(0)` is not enough: it names the statements that it does not keep, too.
    #[must_use]
    pub fn unnamed_statements(self) -> Self {
        self.with(Unnamed)
    }
}
