//! `seed:apply` in many databases: what is done in each.

use std::io::stdout;
use std::time::Instant;

use kumiko_seeds::{
    ApplyError, Backend, Error, OpenTarget, Report, SeedRunner, TargetOutcome, TargetWork,
    WorkReport,
};

use super::arguments::ApplyArguments;
use super::each_failure::failure;
use super::each_table::table;
use super::each_view::{ApplyEachView, OutcomeView};
use crate::arguments::Format;
use crate::attended_run::{Interrupt, KeptStdout, ProgressDisplay, print_warnings};
use crate::database::find;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{Terminal, print_json, print_text};

/// `seed:apply` in each of the databases that the arguments name.
pub(super) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &ApplyArguments,
    invocation: &Invocation,
) -> Result<Exit, Failure> {
    let places = arguments
        .targets
        .places(|| find::<DB>(&arguments.database))?;
    let mut targets = places.targets::<DB>().await?;
    if let Some(canary) = &arguments.canary {
        targets = targets.canary(canary).ok_or_else(|| {
            Failure::new(format!("there is no target {canary} to be the canary"))
                .help("name one as the table of outcomes does")
        })?;
    }
    let work = ApplyingEach {
        does_background: arguments.does_background(),
        runner,
    };
    let mut interrupt = Interrupt::listen()?;
    let began = Instant::now();
    let mut signal = None;
    let kept = KeptStdout::keep()?;
    let outcomes = targets.each(&work, async { signal = Some(interrupt.signal().await) });
    let outcomes = outcomes.await;
    drop(kept);

    let view = ApplyEachView::of(&outcomes, began.elapsed());
    print_warnings(&view.warnings());
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &table(&view, Terminal::of_stdout()))?,
    }
    if view.count(OutcomeView::NothingPending) < view.targets.len() {
        arguments.notify.tell(&view);
    }
    let again = invocation.line("seed:apply", &arguments.words());
    failure(&outcomes, &view, &again, signal).map_or(Ok(Exit::Fine), Err)
}

/// Applies what is pending in a target, and then what the others leave to the background.
struct ApplyingEach<DB: Backend> {
    runner: SeedRunner<DB>,
    does_background: bool,
}

/// What was done in a target.
pub(super) struct Done {
    pub(super) report: Report,
    /// What was done in the background, if there was anything to do.
    pub(super) worked: Option<WorkReport>,
}

/// Why a target failed.
pub(super) enum Failed {
    InForeground(Box<ApplyError>),
    InBackground {
        report: Report,
        worked: Box<WorkReport>,
    },
}

pub(super) type Outcome = TargetOutcome<Done, Failed>;

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::InForeground(error.into())
    }
}

impl<DB: Backend> ApplyingEach<DB> {
    fn display(&self, target: &OpenTarget<'_, DB>) -> (SeedRunner<DB>, ProgressDisplay) {
        let display = ProgressDisplay::of_target(target.name);
        let observed = display.clone();
        let runner = self.runner.clone();
        let runner = runner.observe(move |progress| observed.show(progress));
        (runner, display)
    }
}

impl<DB: Backend> TargetWork<DB> for ApplyingEach<DB> {
    type Done = Done;
    type Failed = Failed;

    async fn look(&self, target: &OpenTarget<'_, DB>) -> Result<Option<Done>, Failed> {
        if self.runner.has_pending(target.pool).await? {
            return Ok(None);
        }
        let (runner, _) = self.display(target);
        let report = runner.apply(target.pool).await;
        let report = report.map_err(Failed::InForeground)?;
        Ok(Some(Done {
            report,
            worked: None,
        }))
    }

    async fn act(
        &self,
        target: &OpenTarget<'_, DB>,
        mut stop: impl Future<Output = ()> + Send + Unpin,
    ) -> Result<Done, Failed> {
        let (runner, display) = self.display(target);
        let applied = runner.apply_until(target.pool, &mut stop).await;
        let report = applied.inspect_err(|_| display.finish());
        let report = report.map_err(Failed::InForeground)?;
        if !self.does_background || report.left_to_background.is_empty() {
            display.finish();
            return Ok(Done {
                report,
                worked: None,
            });
        }
        let worked = runner.work_until(target.pool, stop).await;
        display.finish();
        if worked.error.is_none() && worked.failed.is_empty() && worked.left.is_empty() {
            let worked = Some(worked);
            Ok(Done { report, worked })
        } else {
            let worked = Box::new(worked);
            Err(Failed::InBackground { report, worked })
        }
    }
}
