//! `seed:apply`: applies what is pending, or tries it and keeps nothing.

use std::io::{stderr, stdout};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use sqlx::Pool;

use super::apply_failure::{Run, of_dry_run_interrupted};
use super::apply_output::{write_report, write_stopped, write_warnings};
use super::database::connect_for_applying;
use super::dry_run_output::{write_dry_run, write_stopped_dry_run};
use super::interrupt::Interrupt;
use super::kept_stdout::KeptStdout;
use super::progress_display::{Action, ProgressDisplay};
use super::{ApplyArguments, DatabaseUrl, Exit, Failure, Invocation, database_url, seed_selection};
use kumiko_seeds::{AppliedBy, Backend, SeedRunner};

pub(super) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &ApplyArguments,
) -> Result<Exit, Failure> {
    let invocation = Invocation::of_this_process(&arguments.database);
    let ids: Vec<&str> = runner.seeds().iter().map(|seed| seed.id).collect();
    let arguments = &seed_selection::with_ids(arguments, &ids, &invocation)?;
    let url = database_url::<DB>(&arguments.database)?;
    let pool = connect_for_applying::<DB>(&url, arguments).await?;
    let action = if arguments.dry_run {
        Action::Try
    } else {
        Action::Apply
    };
    let display = ProgressDisplay::on_stderr(action);
    let observed = display.clone();
    let ci = std::env::var("CI").ok();
    let applied_by = arguments.applied_by.unwrap_or_else(|| cause(ci.as_deref()));
    let mut runner = runner
        .select(seed_selection::selection(arguments))
        .applied_by(applied_by)
        // The database of the URL may be behind any pooler.
        .unnamed_statements()
        .observe(move |progress| observed.show(progress));
    if let Some(seconds) = arguments.lock_timeout {
        runner = runner.lock_timeout(Duration::from_secs(seconds));
    }
    let command = Command {
        arguments,
        url,
        invocation,
        display,
        interrupt: Interrupt::listen()?,
    };
    match action {
        Action::Apply => command.apply(&runner, &pool).await,
        Action::Try => command.try_out(&runner, &pool).await,
    }
}

/// Who applies if nobody says so. Every common CI service sets `CI=true`.
fn cause(ci: Option<&str>) -> AppliedBy {
    if ci == Some("true") {
        AppliedBy::CiPipeline
    } else {
        AppliedBy::Cli
    }
}

/// The command, ready to begin.
struct Command<'a> {
    arguments: &'a ApplyArguments,
    url: DatabaseUrl,
    invocation: Invocation,
    display: ProgressDisplay,
    interrupt: Interrupt,
}

impl Command<'_> {
    async fn apply<DB: Backend>(
        mut self,
        runner: &SeedRunner<DB>,
        pool: &Pool<DB>,
    ) -> Result<Exit, Failure> {
        let began = Instant::now();
        let mut signal = None;
        let kept = KeptStdout::keep()?;
        let applied = runner
            .apply_until(pool, async {
                signal = Some(self.interrupt.signal().await);
            })
            .await;
        pool.close().await;
        drop(kept);
        self.display.finish();
        let took = began.elapsed();
        let format = self.arguments.format;
        let report = match &applied {
            Ok(report) => report,
            Err(stopped) => &stopped.report,
        };
        write_warnings(&mut stderr().lock(), &report.warnings);
        match applied {
            Ok(report) => {
                let count = runner.seeds().len();
                write_report(&mut stdout().lock(), &report, took, count, self.arguments)?;
                Ok(Exit::Fine)
            }
            Err(stopped) => {
                write_stopped(&mut stdout().lock(), &stopped, took, format)?;
                Err(self.run().failure(&stopped, took, signal))
            }
        }
    }

    async fn try_out<DB: Backend>(
        mut self,
        runner: &SeedRunner<DB>,
        pool: &Pool<DB>,
    ) -> Result<Exit, Failure> {
        let began = Instant::now();
        let kept = KeptStdout::keep()?;
        let tried = {
            let trying = std::pin::pin!(runner.dry_run(pool));
            let signal = std::pin::pin!(self.interrupt.signal());
            match select(trying, signal).await {
                Either::Left((tried, _)) => Ok(tried),
                Either::Right((signal, _)) => Err(signal),
            }
        };
        pool.close().await;
        drop(kept);
        self.display.finish();
        let took = began.elapsed();
        let format = self.arguments.format;
        match tried {
            Ok(Ok(tried)) => {
                write_warnings(&mut stderr().lock(), &tried.warnings);
                let count = runner.seeds().len();
                write_dry_run(&mut stdout().lock(), &tried, took, count, self.arguments)?;
                Ok(Exit::Fine)
            }
            Ok(Err(stopped)) => {
                write_warnings(&mut stderr().lock(), &stopped.report.warnings);
                write_stopped_dry_run(&mut stdout().lock(), &stopped, took, format)?;
                Err(self.run().failure(&stopped, took, None))
            }
            Err(signal) => Err(of_dry_run_interrupted(signal)),
        }
    }

    fn run(&self) -> Run<'_> {
        Run {
            arguments: self.arguments,
            url: &self.url,
            invocation: &self.invocation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AppliedBy, cause};

    #[test]
    fn a_pipeline_is_known_by_its_variable() {
        assert_eq!(cause(Some("true")), AppliedBy::CiPipeline);
        for other in [None, Some(""), Some("false"), Some("0")] {
            assert_eq!(cause(other), AppliedBy::Cli, "{other:?}");
        }
    }
}
