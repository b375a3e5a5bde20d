//! `projection:check`: compares rows with what their events say, and changes nothing.

use std::io::stdout;

use kumiko_seeds::events::{EventBackend, ProjectionCheck, ProjectionError, SetAside, WrongRow};
use kumiko_seeds::{Error, SeedRunner, error_chain};
use serde::Serialize;

use super::arguments::ProjectionCheckArguments;
use super::choice::{chosen, names, projections};
use crate::arguments::Format;
use crate::attended_run::{KeptStdout, cause};
use crate::database::{connect, find, say_that_there_is_none};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{Moment, counted, print_failure, print_json, print_text, printable};

/// `projection:check` of an app's own ops binary. It exits with 3 if a row is wrong.
pub(crate) async fn run<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    arguments: &ProjectionCheckArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let names = names(&chosen(&projections(runner), &arguments.names)?);
    let Some(handlers) = runner.write_side().filter(|_| !names.is_empty()) else {
        return nothing_to_check(arguments.format);
    };
    let Some(pool) = connect::<DB>(&url).await? else {
        say_that_there_is_none(&url);
        return Ok(Exit::Fine);
    };
    let invocation = Invocation::of_this_process(&arguments.database);
    let ledger = runner.ledger(&pool).applied_by(cause(None));
    let mut view = CheckView::default();
    let mut failures = Vec::new();
    // What `apply` prints must not stand in the middle of the result.
    let kept = KeptStdout::keep()?;
    for name in names {
        let check = handlers.check_projection(&pool, name, arguments.show).await;
        let check = match check {
            Ok(check) => check,
            // Of the others it is to be known all the same.
            Err(error) => {
                view.failed.push(UncheckedProjectionView::of(name, &error));
                failures.push(not_checked(name, error, &invocation));
                continue;
            }
        };
        let id = format!("projection-rebuild/{name}/{}", check.version);
        let info = runner.infos().find(|info| info.id == id);
        let is_marked = match info {
            Some(info) if arguments.mark && check.wrong() == 0 => match ledger.mark(info).await {
                Ok(()) => true,
                Err(Error::AlreadyApplied { .. }) => false,
                Err(error) => return Err(url.failure(&error)),
            },
            _ => false,
        };
        view.projections
            .push(CheckedProjectionView::of(check, is_marked));
    }
    pool.close().await;
    drop(kept);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &text(&view))?,
    }
    let wrong = view.projections.iter().filter(|it| it.wrong > 0);
    let wrong: Vec<String> = wrong.map(|it| it.name.clone()).collect();
    let exit = match (failures.is_empty(), wrong.is_empty()) {
        (true, true) => return Ok(Exit::Fine),
        (true, false) => Exit::Drift,
        (false, _) => Exit::CouldNotRun,
    };
    for failure in &failures {
        print_failure(failure);
    }
    if wrong.is_empty() {
        return Ok(exit);
    }
    let rebuild = invocation.line("projection:rebuild", &wrong);
    let mut failure = Failure::new(format!(
        "rows are not what their events say: {}",
        wrong.join(", ")
    ))
    .help(format!("make them so while the app serves:\n    {rebuild}"));
    failure.exit = exit;
    Err(failure)
}

/// What an app without projections gets, in whose pipeline this may stand all the same.
fn nothing_to_check(format: Format) -> Result<Exit, Failure> {
    let out = &mut stdout().lock();
    match format {
        Format::Json => print_json(out, &CheckView::default())?,
        Format::Table => print_text(
            out,
            "nothing to check: the app has registered no projection\n",
        )?,
    }
    Ok(Exit::Fine)
}

/// The failure of a projection that could not be checked, and what to do about it.
fn not_checked(name: &str, error: ProjectionError, invocation: &Invocation) -> Failure {
    let mut failure = Failure::new(format!("could not check projection {name}")).caused_by(&error);
    let again = invocation.line("projection:check", &[name.to_owned()]);
    let correct = match &error {
        ProjectionError::Apply { .. } => "correct its `apply` or the event",
        ProjectionError::TableMissing { .. } => {
            "let the app's schema migrations create the table, or correct its name in `.table(…)`"
        }
        ProjectionError::NoPrimaryKey { .. } => "give the table a primary key",
        ProjectionError::NoAggregateColumn { .. } => {
            "name the column with the id in `.table(…)`, or say `.shared_table(…)`"
        }
        ProjectionError::WroteElsewhere { .. } => {
            "name each table that its `apply` writes to in `.table(…)`, and none with its schema"
        }
        ProjectionError::RowSecurity { .. } => "check with a role that sees every row",
        _ => "correct that",
    };
    // The library knows what to say of refusals, by the causes.
    let source = Box::new(error);
    let remedy = Error::Projection { source }.remedy();
    failure
        .help
        .extend(remedy.map(|remedy| invocation.as_called(&remedy)));
    failure.help(format!("{correct}, and check again:\n    {again}"))
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckView {
    /// The version of this form.
    pub version: u32,
    /// The projections that were checked.
    pub projections: Vec<CheckedProjectionView>,
    /// Those that could not be checked.
    pub failed: Vec<UncheckedProjectionView>,
}

/// A projection that could not be checked.
#[derive(Clone, Debug, Serialize)]
pub struct UncheckedProjectionView {
    /// The projection.
    pub name: String,
    /// Why, with all causes.
    pub error: String,
}

impl Default for CheckView {
    fn default() -> Self {
        Self {
            version: 1,
            projections: Vec::new(),
            failed: Vec::new(),
        }
    }
}

impl UncheckedProjectionView {
    fn of(name: &str, error: &ProjectionError) -> Self {
        Self {
            name: name.to_owned(),
            error: error_chain(error).join(": "),
        }
    }
}

/// What was found of one projection.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedProjectionView {
    /// The projection.
    pub name: String,
    /// The version that the app has.
    pub version: u32,
    /// How many events were read.
    pub events: u64,
    /// How many rows are wrong.
    pub wrong: u64,
    /// How many of them should be there and are not.
    pub missing: u64,
    /// How many have other values than they should have.
    pub different: u64,
    /// How many are there and should not be.
    pub superfluous: u64,
    /// The first of them.
    pub rows: Vec<WrongRowView>,
    /// The events that a rebuild has set aside.
    pub set_aside: Vec<SetAsideView>,
    /// The event types that the projection takes and of which there is no event.
    pub unseen: Vec<String>,
    /// Whether its rebuild was marked as done.
    pub marked: bool,
}

/// An event that a rebuild or a replay has set aside.
#[derive(Clone, Debug, Serialize)]
pub struct SetAsideView {
    /// Its position among all events.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// The aggregate.
    pub aggregate_id: String,
    /// Why it could not be applied, or delivered.
    pub error: String,
    /// When it was set aside.
    pub at: Moment,
}

/// A wrong row.
#[derive(Clone, Debug, Serialize)]
pub struct WrongRowView {
    /// The table.
    pub table: String,
    /// What is wrong: `missing`, `different` or `superfluous`.
    pub wrong: &'static str,
    /// The values of its primary key, as texts.
    pub key: Vec<String>,
    /// The columns that differ.
    pub columns: Vec<String>,
}

impl CheckedProjectionView {
    fn of(check: ProjectionCheck, is_marked: bool) -> Self {
        Self {
            wrong: check.wrong(),
            name: check.projection,
            version: check.version,
            events: check.events,
            missing: check.missing,
            different: check.different,
            superfluous: check.superfluous,
            rows: check.rows.into_iter().map(WrongRowView::of).collect(),
            set_aside: check.set_aside.into_iter().map(SetAsideView::of).collect(),
            unseen: check.unseen,
            marked: is_marked,
        }
    }
}

impl SetAsideView {
    pub(crate) fn of(event: SetAside) -> Self {
        Self {
            event_id: event.event_id,
            event_type: event.event_type,
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            error: event.error,
            at: Moment(event.at),
        }
    }

    /// It as a line under what it belongs to.
    pub(crate) fn line(&self) -> String {
        let Self {
            event_id,
            event_type,
            aggregate_type,
            aggregate_id,
            error,
            ..
        } = self;
        format!(
            "  set aside: event {event_id}, {event_type} of {aggregate_type} {aggregate_id}: {error}"
        )
    }
}

impl WrongRowView {
    fn of(row: WrongRow) -> Self {
        Self {
            wrong: row.wrong.as_str(),
            table: row.table,
            key: row.key,
            columns: row.columns,
        }
    }
}

fn text(view: &CheckView) -> String {
    let lines = view.projections.iter().flat_map(lines);
    lines.map(|line| printable(&line) + "\n").collect()
}

fn lines(check: &CheckedProjectionView) -> Vec<String> {
    let mut lines = vec![first_line(check)];
    lines.extend(check.rows.iter().map(|row| {
        let columns = match row.columns.as_slice() {
            [] => String::new(),
            columns => format!(" ({})", columns.join(", ")),
        };
        let (table, key) = (&row.table, row.key.join(", "));
        format!("  {} {table} {key}{columns}", row.wrong)
    }));
    let shown = check.rows.len() as u64;
    if shown < check.wrong {
        lines.push(format!("  and {} more", check.wrong - shown));
    }
    lines.extend(check.set_aside.iter().map(SetAsideView::line));
    if !check.unseen.is_empty() && check.events > 0 {
        lines.push(format!(
            "  no event yet of type {}",
            check.unseen.join(", ")
        ));
    }
    lines
}

fn first_line(check: &CheckedProjectionView) -> String {
    let CheckedProjectionView { name, version, .. } = check;
    let events = usize::try_from(check.events).unwrap_or(usize::MAX);
    let kinds = [
        (check.missing, "missing"),
        (check.different, "different"),
        (check.superfluous, "superfluous"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    let found = match (kinds.is_empty(), check.marked) {
        (true, false) => "every row is what they say".to_owned(),
        (true, true) => "every row is what they say; marked as rebuilt".to_owned(),
        (false, _) => format!("wrong rows: {}", kinds.join(", ")),
    };
    format!("{name} {version}: {}, {found}", counted(events, "event"))
}
