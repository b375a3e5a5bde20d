//! `seed:pause`, `seed:resume`, `seed:cancel` and `seed:retry`, without compiling anything.

use kumiko_seeds_cli::{Exit, Failure, Invocation, SteeringRequest};

use crate::package::PackageArguments;
use crate::seed_files::app_seeds;
use crate::{database, package};

/// Does what is asked of a seed, which need not be one of the package's.
pub(crate) async fn steer(
    request: SteeringRequest,
    package: &PackageArguments,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let arguments = &request.arguments().database;
    let invocation = Invocation::new(
        "cargo kumiko-ops",
        package.repeated() + &arguments.repeated(),
    );
    let member = package::find(package, &current, &request.line(&invocation))?;
    let seeds = app_seeds(&member, &current)?;
    let url = database::find(arguments, &member, &current)?;
    database::steer(&url, &request, &seeds, &invocation).await
}
