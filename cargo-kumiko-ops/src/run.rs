//! From arguments to a command's end.

use std::ffi::OsString;
use std::io::{stderr, stdout};
use std::process::ExitCode;

use kumiko_seeds_cli as cli;

use crate::arguments::{Arguments, Steering, Subcommand};
use crate::package::PackageArguments;
use crate::{
    by_hand, events, projections, seed_apply, seed_history, seed_new, seed_retire, seed_show,
    seed_status, seed_verify, seed_work, shell_files, steering, streams,
};

/// Runs the command that the arguments of this process name.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Arguments = match cli::parse(without_cargos_own(arguments)) {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    cli::block_on(async {
        match arguments.command {
            Subcommand::Init(arguments) => {
                crate::init::run(&arguments, &mut stdout(), &mut stderr()).map(ExitCode::from)
            }
            Subcommand::New(arguments) => {
                seed_new::run(&arguments, &mut stdout(), &mut stderr()).map(ExitCode::from)
            }
            Subcommand::Status(arguments) => seed_status::run(&arguments, &mut stdout())
                .await
                .map(ExitCode::from),
            Subcommand::Retire(arguments) => {
                seed_retire::run(&arguments, &mut stdout(), &mut stderr())
                    .await
                    .map(ExitCode::from)
            }
            Subcommand::Show(arguments) => seed_show::run(&arguments, &mut stdout())
                .await
                .map(ExitCode::from),
            Subcommand::History(arguments) => seed_history::run(&arguments, &mut stdout())
                .await
                .map(ExitCode::from),
            Subcommand::Mark(arguments) => by_hand::mark(&arguments).await.map(ExitCode::from),
            Subcommand::Unmark(arguments) => by_hand::unmark(&arguments).await.map(ExitCode::from),
            Subcommand::Apply(arguments) => seed_apply::run(&arguments),
            Subcommand::Work(arguments) => seed_work::run(&arguments),
            Subcommand::ProjectionStatus(arguments) => projections::status(&arguments),
            Subcommand::ProjectionCheck(arguments) => projections::check(&arguments),
            Subcommand::ProjectionRebuild(arguments) => projections::rebuild(&arguments),
            Subcommand::StreamArchive(arguments) => streams::archive(&arguments),
            Subcommand::StreamRestore(arguments) => streams::restore(&arguments),
            Subcommand::StreamList(arguments) => streams::list(&arguments),
            Subcommand::StreamPurge(arguments) => streams::purge(&arguments),
            Subcommand::StreamImport(arguments) => streams::import(&arguments),
            Subcommand::EventReplay(arguments) => events::replay(&arguments),
            Subcommand::Pause(Steering { steering, package }) => {
                steer(cli::SteeringRequest::pause(steering), &package).await
            }
            Subcommand::Resume(Steering { steering, package }) => {
                steer(cli::SteeringRequest::resume(steering), &package).await
            }
            Subcommand::Cancel(Steering { steering, package }) => {
                steer(cli::SteeringRequest::cancel(steering), &package).await
            }
            Subcommand::Retry(Steering { steering, package }) => {
                steer(cli::SteeringRequest::retry(steering), &package).await
            }
            Subcommand::Verify(arguments) => seed_verify::run(&arguments),
            Subcommand::Completions(arguments) => {
                shell_files::completions(&arguments, &mut stdout()).map(ExitCode::from)
            }
            Subcommand::Man(arguments) => {
                shell_files::manual(&arguments, &mut stdout()).map(ExitCode::from)
            }
        }
    })
}

async fn steer(
    request: cli::SteeringRequest,
    package: &PackageArguments,
) -> Result<ExitCode, cli::Failure> {
    steering::steer(request, package).await.map(ExitCode::from)
}

/// Cargo calls `cargo-kumiko-ops kumiko-ops seed:status`; people may leave the second word out.
fn without_cargos_own(
    arguments: impl IntoIterator<Item = OsString>,
) -> impl Iterator<Item = OsString> {
    arguments
        .into_iter()
        .enumerate()
        .filter(|(position, argument)| *position != 1 || argument != "kumiko-ops")
        .map(|(_, argument)| argument)
}

#[cfg(test)]
mod tests {
    use super::without_cargos_own;

    #[test]
    fn only_the_word_that_cargo_adds_is_dropped() {
        for (line, rest) in [
            ("x kumiko-ops seed:status", "x seed:status"),
            ("x seed:status", "x seed:status"),
            ("x seed:new kumiko-ops", "x seed:new kumiko-ops"),
            ("x kumiko-ops kumiko-ops", "x kumiko-ops"),
        ] {
            let left = without_cargos_own(line.split(' ').map(Into::into));
            assert_eq!(left.collect::<Vec<_>>().join(" ".as_ref()), rest);
        }
    }
}
