//! Runs a command from its beginning to the exit code of the process.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::printing::print_failure;

/// Runs a command to its end on a runtime of its own, and prints its failure if it fails.
pub fn block_on<T: Into<ExitCode>>(command: impl Future<Output = Result<T, Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let finished = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::new("could not start").caused_by(&error)),
    };
    match finished {
        Ok(exit) => exit.into(),
        Err(failure) => {
            print_failure(&failure);
            failure.exit.into()
        }
    }
}
