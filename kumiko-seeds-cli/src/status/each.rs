//! `seed:status` of many databases: how many seeds are in which state in each.

use std::collections::BTreeMap;
use std::io::Write;

use anstyle::Style;
use kumiko_seeds::{
    App, Backend, Environment, Error, History, Ledger, OpenTarget, SeedInfo, SkipFlags, Status,
    TargetWork,
};
use serde::Serialize;

use super::arguments::{StatusArguments, StatusFormat};
use super::check;
use super::table::sum;
use super::view::StatusView;
use crate::failure::{Exit, Failure};
use crate::printing::{Columns, Terminal, counted, print_json, print_text, printable};
use crate::targets::Places;
use crate::work::in_a_line;

/// Prints how many seeds are in which state in each of many databases, a line for each. The exit code is the worst that one of
/// them would have. Nothing is created, and no lock is taken.
///
/// # Errors
/// If the databases are not known, or one of them cannot be read, after all others are printed; or if `out` cannot be written to.
pub async fn print_status_of_each<DB: Backend>(
    out: &mut dyn Write,
    places: Places,
    arguments: &StatusArguments,
    app: &App,
    infos: &[SeedInfo<'_>],
    environment: &Environment,
) -> Result<Exit, Failure> {
    if arguments.format == StatusFormat::Github {
        return Err(Failure::new("--format github is for one database")
            .help("use --format table or --format json"));
    }
    let flags = SkipFlags::from_environment();
    let targets = places
        .for_reading()?
        .targets::<DB>()
        .await?
        .without_canary();
    let read = targets.each(&Reading { app }, std::future::pending()).await;
    let statuses = read.into_iter().filter_map(|outcome| {
        let history = outcome.result?;
        let status = history
            .map(|history| Status::compare(infos.iter().cloned(), history, &flags, environment));
        Some((outcome.name, status))
    });
    let statuses: Vec<(String, Result<Status, Error>)> = statuses.collect();

    let view = StatusOfEachView::of(&statuses);
    match arguments.format {
        StatusFormat::Json => print_json(out, &view)?,
        _ => print_text(out, &table(&statuses, Terminal::of_stdout()))?,
    }
    let unread = statuses
        .iter()
        .filter(|(_, status)| status.is_err())
        .count();
    if unread > 0 {
        let of = counted(statuses.len(), "target");
        return Err(Failure::new(format!("could not read {unread} of {of}")));
    }
    let read = statuses
        .iter()
        .filter_map(|(_, status)| status.as_ref().ok());
    let exits = read.map(|status| check::exit(status, arguments));
    Ok(if arguments.check {
        worst(exits)
    } else {
        Exit::Fine
    })
}

/// Reads the ledger of a target.
struct Reading<'a> {
    app: &'a App,
}

impl Reading<'_> {
    async fn read<DB: Backend>(&self, target: &OpenTarget<'_, DB>) -> Result<History, Error> {
        let ledger = Ledger::new(target.pool).app(self.app.clone());
        ledger.history().await
    }
}

impl<DB: Backend> TargetWork<DB> for Reading<'_> {
    type Done = History;
    type Failed = Error;

    async fn look(&self, target: &OpenTarget<'_, DB>) -> Result<Option<History>, Error> {
        self.read(target).await.map(Some)
    }

    async fn act(
        &self,
        target: &OpenTarget<'_, DB>,
        _: impl Future<Output = ()> + Send + Unpin,
    ) -> Result<History, Error> {
        self.read(target).await
    }
}

/// Drift comes before what is pending, as for one database.
fn worst(exits: impl Iterator<Item = Exit>) -> Exit {
    exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Fine)
}

/// Where the seeds stand in many databases.
#[derive(Clone, Debug, Serialize)]
pub struct StatusOfEachView<'a> {
    /// The version of this form.
    pub version: u32,
    /// Each of them.
    pub targets: Vec<TargetStatusView<'a>>,
}

/// Where the seeds stand in one of many databases.
#[derive(Clone, Debug, Serialize)]
pub struct TargetStatusView<'a> {
    /// The schema, or the URL without user, password and parameters.
    pub target: &'a str,
    /// Why it could not be read, with all causes.
    pub error: Option<String>,
    /// How many seeds are in each state in which there are some.
    pub states: BTreeMap<&'static str, usize>,
}

impl<'a> StatusOfEachView<'a> {
    fn of(statuses: &'a [(String, Result<Status, Error>)]) -> Self {
        let targets = statuses.iter().map(|(name, status)| TargetStatusView {
            target: name,
            error: status.as_ref().err().map(in_a_line),
            states: status.as_ref().map(states).unwrap_or_default(),
        });
        Self {
            version: 1,
            targets: targets.collect(),
        }
    }
}

fn states(of: &Status) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for seed in &of.seeds {
        *states.entry(seed.state.as_str()).or_default() += 1;
    }
    states
}

/// A line for each target, and one that sums them up.
fn table(statuses: &[(String, Result<Status, Error>)], terminal: Terminal) -> String {
    let Terminal { palette, width } = terminal;
    let headings = ["TARGET", "SEEDS"].map(str::to_owned);
    let rows = statuses.iter().map(|(name, status)| {
        let seeds = match status {
            Ok(status) => sum(&StatusView::of(status)),
            Err(error) => printable(&in_a_line(error)),
        };
        [printable(name), seeds]
    });
    let rows: Vec<[String; 2]> = rows.collect();
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);
    let mut text = columns.line(&headings, [palette.heading; 2]);
    for (row, (_, status)) in rows.iter().zip(statuses) {
        let style = match status {
            Err(_) => palette.error,
            Ok(status) if status.has_drifted() => palette.error,
            Ok(status) if status.has_pending() => palette.warning,
            Ok(_) => Style::new(),
        };
        text += &columns.line(row, [Style::new(), style]);
    }
    let count = |is: fn(&Status) -> bool| {
        let read = statuses
            .iter()
            .filter_map(|(_, status)| status.as_ref().ok());
        read.filter(|status| is(status)).count()
    };
    let (pending, drifted) = (count(Status::has_pending), count(Status::has_drifted));
    let targets = counted(statuses.len(), "target");
    text + &format!("\n{targets}, {pending} with something pending, {drifted} drifted\n")
}
