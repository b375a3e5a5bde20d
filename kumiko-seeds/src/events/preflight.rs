//! Refusing a run whose pending seeds call handlers that would refuse them.

use std::sync::Arc;

use super::projections::{failed, is_new, operation};
use super::{EventBackend, Handlers, User, WriteError};
use crate::{AppValues, PreflightProblem, Seed, SeedRunner};

impl<DB: EventBackend> SeedRunner<DB> {
    /// The app's write side, alone or in the [`Arc`] in which the app itself has it: the write handlers that seeds reach with
    /// [`SeedContext::system_write_as`](crate::SeedContext::system_write_as).
    ///
    /// Before the first write of a run, every handler that a pending seed names in a literal is looked
    /// up: it has to be registered, and open to the system user with the roles the seed gives. What is wrong with
    /// [`Handlers::projections`], [`Handlers::reactors`] and [`Handlers::upcasters`] stops a run as well, and be it that nothing is pending.
    #[must_use]
    pub fn handlers(self, handlers: impl Into<Arc<Handlers<DB>>>) -> Self {
        let handlers: Arc<Handlers<DB>> = handlers.into();
        let operations: Vec<_> = (handlers.rebuildable()).map(operation).collect();
        let runner = operations.into_iter().fold(self, SeedRunner::operation);
        let runner = runner.recorded_if(is_new::<DB>).on_failure(failed::<DB>);
        runner
            .with(handlers)
            .preflight_app(misconfigured::<DB>)
            .preflight(unreachable_calls::<DB>)
    }
}

fn misconfigured<DB: EventBackend>(values: &AppValues) -> Vec<String> {
    let handlers = values.get::<Arc<Handlers<DB>>>();
    handlers.map_or_else(Vec::new, |handlers| handlers.problems().to_vec())
}

fn unreachable_calls<DB: EventBackend>(
    values: &AppValues,
    seed: &Seed<DB>,
) -> Vec<PreflightProblem> {
    let Some(handlers) = values.get::<Arc<Handlers<DB>>>() else {
        return Vec::new();
    };
    seed.handler_calls
        .iter()
        .filter_map(|call| {
            let mut user = User::system();
            user.roles.extend(
                call.roles
                    .unwrap_or_default()
                    .iter()
                    .map(ToString::to_string),
            );
            let error = handlers.check(call.handler, &user).err()?;
            let known = match error {
                // Roles that are not literals may be the right ones; the handler's gate will tell.
                WriteError::AccessDenied { .. } => call.roles.is_some(),
                // It is no seed's.
                WriteError::Misconfigured { .. } => false,
                _ => true,
            };
            known.then(|| seed.problem(call.line, error.to_string()))
        })
        .collect()
}
