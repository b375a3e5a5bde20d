//! `seed:work`: does the seeds that the boot leaves out, and nothing else.

mod arguments;
mod failure;
mod summary;
mod view;

use std::io::stdout;
use std::time::Instant;

use kumiko_seeds::{AppliedBy, Backend, SeedRunner};
use sqlx::Pool;

pub use arguments::WorkArguments;
pub(crate) use failure::Asked;
pub(crate) use view::in_a_line;
pub use view::{FailedSeedView, WorkView};

use crate::arguments::Format;
use crate::attended_run::{
    Action, Interrupt, KeptStdout, NotifyArguments, ProgressDisplay, cause, print_warnings, texts,
};
use crate::database::{DatabaseUrl, find, open};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{print_json, print_text, printable};

/// `seed:work` of an app's own ops binary. A signal ends it after the step in flight.
pub(crate) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &WorkArguments,
) -> Result<Exit, Failure> {
    let runner = arguments.environment.set(runner)?;
    let url = find::<DB>(&arguments.database)?;
    url.check_is_for::<DB>()?;
    url.check_for_changing()?;
    let pool = open::<DB>(&url).await?;
    let invocation = Invocation::of_this_process(&arguments.database);
    let attended = Attended {
        url: &url,
        again: invocation.line("seed:work", &arguments.words()),
        invocation,
        format: arguments.format,
        applied_by: arguments.applied_by,
        notify: Some(&arguments.notify),
    };
    attend(runner, &pool, attended).await
}

/// How work is done that somebody waits for.
pub(crate) struct Attended<'a> {
    pub(crate) url: &'a DatabaseUrl,
    pub(crate) invocation: Invocation,
    /// The command that goes on.
    pub(crate) again: String,
    pub(crate) format: Format,
    pub(crate) applied_by: Option<AppliedBy>,
    /// Whom to tell what came of it, if anybody.
    pub(crate) notify: Option<&'a NotifyArguments>,
}

/// Does what the runner has to do in the background, shows how far it is, and says what came of it. A signal ends it after the
/// step in flight.
pub(crate) async fn attend<DB: Backend>(
    runner: SeedRunner<DB>,
    pool: &Pool<DB>,
    attended: Attended<'_>,
) -> Result<Exit, Failure> {
    let (format, notify) = (attended.format, attended.notify);
    attend_and_say(runner, pool, attended, |view, done| {
        let out = &mut stdout().lock();
        match (format, done) {
            (Format::Json, _) => print_json(out, view)?,
            (Format::Table, Some(summary)) => print_text(out, &(printable(summary) + "\n"))?,
            // For people a failure says it all.
            (Format::Table, None) => {}
        }
        if let Some(notify) = notify
            && view.is_news()
        {
            notify.tell(view);
        }
        Ok(())
    })
    .await
}

/// Does what [`attend`] does, and lets `say` print what came of it. That gets the summary where nothing failed.
pub(crate) async fn attend_and_say<DB: Backend>(
    runner: SeedRunner<DB>,
    pool: &Pool<DB>,
    attended: Attended<'_>,
    say: impl FnOnce(&WorkView<'_>, Option<&str>) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let Attended {
        url,
        invocation,
        again,
        applied_by,
        ..
    } = attended;
    let display = ProgressDisplay::on_stderr(Action::Apply);
    let observed = display.clone();
    let runner = runner
        .applied_by(cause(applied_by))
        // The database of the URL may be behind any pooler.
        .unnamed_statements()
        .observe(move |progress| observed.show(progress));
    let mut interrupt = Interrupt::listen()?;
    let began = Instant::now();
    let mut signal = None;
    let kept = KeptStdout::keep()?;
    let report = runner
        .work_until(pool, async {
            signal = Some(interrupt.signal().await);
        })
        .await;
    pool.close().await;
    drop(kept);
    display.finish();
    let took = began.elapsed();

    print_warnings(&texts(&report.warnings));
    let of_background = runner.infos().filter(|info| info.background);
    let summary = summary::of_work(&report, took, of_background.map(|info| info.id));
    let asked = Asked {
        url,
        invocation: &invocation,
        again,
        summary,
    };
    let failure = asked.failure(&report, signal);
    let done = failure.is_none().then_some(asked.summary.as_str());
    say(&WorkView::of(&report, took), done)?;
    failure.map_or(Ok(Exit::Fine), Err)
}
