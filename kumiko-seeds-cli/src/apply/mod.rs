//! `seed:apply`: applies what is pending, or tries it and keeps nothing.

mod arguments;
mod each;
mod each_failure;
mod each_table;
mod each_view;
mod events_table;
mod failure;
mod migration_text;
mod migration_view;
mod selection;
mod summary;
mod target;
mod view;

use std::io::stdout;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use kumiko_seeds::{Backend, Report, SeedRunner, WhenPaused, WorkReport};
use sqlx::Pool;

pub use arguments::ApplyArguments;
pub use each_view::{ApplyEachView, OutcomeView, TargetView};
use failure::{Asked, of_dry_run_interrupted};
pub use migration_view::{ChangeView, DiffView, MigrationView, Payloads, StreamNameView};
pub use view::{DryRunView, EstimateView, EventView, FailedView, ReportView, TriedView};

use crate::arguments::Format;
use crate::attended_run::{
    Action, Interrupt, KeptStdout, ProgressDisplay, Signal, cause, print_warnings, texts,
};
use crate::database::find;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{print_json, print_text, printable};

/// `seed:apply` of an app's own ops binary.
pub(crate) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &ApplyArguments,
) -> Result<Exit, Failure> {
    let invocation = Invocation::of_this_process(&arguments.database);
    let ids: Vec<&str> = runner.seeds().iter().map(|seed| seed.id).collect();
    let arguments = selection::with_ids(arguments, &ids, &invocation)?;
    let runner = arguments.environment.set(set_up(runner, &arguments))?;
    if arguments.targets.are_given() {
        return each::run(runner, &arguments, &invocation).await;
    }
    let url = find::<DB>(&arguments.database)?;
    let pool = arguments.open::<DB>(&url).await?;
    let action = if arguments.dry_run {
        Action::Try
    } else {
        Action::Apply
    };
    let display = ProgressDisplay::on_stderr(action);
    let observed = display.clone();
    let runner = runner.observe(move |progress| observed.show(progress));
    let applying = Applying {
        asked: Asked {
            arguments,
            url,
            invocation,
        },
        runner,
        pool,
        display,
        interrupt: Interrupt::listen()?,
    };
    match action {
        Action::Apply => applying.apply().await,
        Action::Try => applying.try_out().await,
    }
}

/// The runner, set up as the arguments ask for.
fn set_up<DB: Backend>(runner: SeedRunner<DB>, arguments: &ApplyArguments) -> SeedRunner<DB> {
    let runner = runner
        .when_paused(WhenPaused::Leaves)
        .select(arguments.selection())
        .applied_by(cause(arguments.applied_by))
        // The database of the URL may be behind any pooler.
        .unnamed_statements();
    match arguments.lock_timeout {
        Some(seconds) => runner.lock_timeout(Duration::from_secs(seconds)),
        None => runner,
    }
}

/// The command with all that it needs, ready to begin.
struct Applying<DB: Backend> {
    asked: Asked,
    runner: SeedRunner<DB>,
    pool: Pool<DB>,
    display: ProgressDisplay,
    interrupt: Interrupt,
}

impl<DB: Backend> Applying<DB> {
    async fn apply(mut self) -> Result<Exit, Failure> {
        let began = Instant::now();
        let mut signal = None;
        let kept = KeptStdout::keep()?;
        let applied = self
            .runner
            .apply_until(&self.pool, async {
                signal = Some(self.interrupt.signal().await);
            })
            .await;
        let worked = match &applied {
            Ok(report) if self.is_to_work(report) && signal.is_none() => {
                Some(self.work(&mut signal).await)
            }
            _ => None,
        };
        self.end(kept).await;
        let took = began.elapsed();
        let arguments = &self.asked.arguments;
        let out = &mut stdout().lock();
        match applied {
            Ok(report) => {
                let mut view = ReportView::of(&report, took);
                if let Some(worked) = &worked {
                    view = view.and_in_background(worked);
                }
                print_warnings(&view.warnings);
                let seeds = self.runner.seeds().len();
                let sum = summary::of_run(&view, took, seeds, arguments);
                let failure = worked
                    .and_then(|worked| self.asked.failure_in_background(&worked, &sum, signal));
                match arguments.format {
                    Format::Json => print_json(out, &view)?,
                    // For people a failure says it all.
                    Format::Table if failure.is_none() => {
                        print_text(out, &(printable(&sum) + "\n"))?;
                    }
                    Format::Table => {}
                }
                self.asked.tell(&view);
                failure.map_or(Ok(Exit::Fine), Err)
            }
            Err(stopped) => {
                print_warnings(&texts(&stopped.report.warnings));
                let view = ReportView::of_stopped(&stopped, took);
                // For people the failure says it all.
                if arguments.format == Format::Json {
                    print_json(out, &view)?;
                }
                self.asked.tell(&view);
                Err(self.asked.failure(&stopped, took, signal))
            }
        }
    }

    /// Whether there are background seeds to do, and they are asked for.
    fn is_to_work(&self, report: &Report) -> bool {
        self.asked.arguments.does_background() && !report.left_to_background.is_empty()
    }

    /// Does the background seeds.
    async fn work(&mut self, signal: &mut Option<Signal>) -> WorkReport {
        let stop = async {
            *signal = Some(self.interrupt.signal().await);
        };
        self.runner.work_until(&self.pool, stop).await
    }

    async fn try_out(mut self) -> Result<Exit, Failure> {
        let began = Instant::now();
        let kept = KeptStdout::keep()?;
        let tried = {
            let trying = std::pin::pin!(self.runner.dry_run(&self.pool));
            let signal = std::pin::pin!(self.interrupt.signal());
            match select(trying, signal).await {
                Either::Left((tried, _)) => Ok(tried),
                Either::Right((signal, _)) => Err(signal),
            }
        };
        self.end(kept).await;
        let took = began.elapsed();
        let arguments = &self.asked.arguments;
        let out = &mut stdout().lock();
        match tried {
            Ok(Ok(tried)) => {
                print_warnings(&texts(&tried.warnings));
                let view = DryRunView::of(&tried, took, arguments.payloads());
                match arguments.format {
                    Format::Json => print_json(out, &view)?,
                    Format::Table => {
                        let seeds = self.runner.seeds().len();
                        let sum = summary::of_dry_run(&view, took, seeds, arguments);
                        let events = events_table::events_table(&view.seeds);
                        print_text(out, &format!("{events}{}\n", printable(&sum)))?;
                    }
                }
                Ok(Exit::Fine)
            }
            Ok(Err(stopped)) => {
                print_warnings(&texts(&stopped.report.warnings));
                if arguments.format == Format::Json {
                    print_json(out, &DryRunView::of_stopped(&stopped, took))?;
                }
                Err(self.asked.failure(&stopped, took, None))
            }
            Err(signal) => Err(of_dry_run_interrupted(signal)),
        }
    }

    /// Ends what a run needs, and gives stdout back for the result.
    async fn end(&self, kept: KeptStdout) {
        self.pool.close().await;
        drop(kept);
        self.display.finish();
    }
}
