//! `projection:status`: which version of its rows each projection has.

use std::io::stdout;

use anstyle::Style;
use kumiko_seeds::events::{EventBackend, Projection};
use kumiko_seeds::{Environment, History, SeedRunner, SeedStatus, SkipFlags, State, Status};
use serde::Serialize;
use serde_json::Value;

use super::arguments::ProjectionStatusArguments;
use super::choice::projections;
use crate::arguments::Format;
use crate::database::{DatabaseUrl, connect, find, say_that_there_is_none};
use crate::failure::{Exit, Failure};
use crate::printing::{
    Columns, Moment, Terminal, counted, print_json, print_text, printable, state,
};
use crate::progress_view::ProgressView;

/// `projection:status` of an app's own ops binary.
pub(crate) async fn run<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    arguments: &ProjectionStatusArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let projections = projections(runner);
    // Of none there is nothing to ask a database.
    let (history, set_aside) = if projections.is_empty() {
        (History::default(), Vec::new())
    } else {
        read(runner, &url, &projections).await?
    };
    let status = Status::compare(
        runner.infos(),
        history.clone(),
        &SkipFlags::default(),
        &Environment::Every,
    );
    let view = ProjectionStatusView::of(&projections, &status, &history, &set_aside);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &table(&view, Terminal::of_stdout()))?,
    }
    Ok(Exit::Fine)
}

/// What the ledger tells, and how many events of each projection are set aside.
async fn read<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    url: &DatabaseUrl,
    projections: &[&Projection<DB>],
) -> Result<(History, Vec<usize>), Failure> {
    let none = vec![0; projections.len()];
    let Some(pool) = connect::<DB>(url).await? else {
        say_that_there_is_none(url);
        return Ok((History::default(), none));
    };
    let history = runner.ledger(&pool).history().await;
    let history = history.map_err(|error| url.failure(&error))?;
    let mut set_aside = none;
    if let Some(handlers) = runner.write_side() {
        for (projection, number) in projections.iter().zip(&mut set_aside) {
            let name = projection.name();
            let events = handlers.set_aside(&pool, name).await.map_err(|error| {
                let what = format!("could not read which events of {name} are set aside");
                Failure::new(what).caused_by(&error)
            })?;
            *number = events.len();
        }
    }
    pool.close().await;
    Ok((history, set_aside))
}

/// Which version of its rows each projection has.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectionStatusView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The projections, as the app registers them.
    pub projections: Vec<ProjectionView<'a>>,
}

/// Which version of its rows a projection has.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectionView<'a> {
    /// The projection.
    pub name: &'a str,
    /// The version that the app has.
    pub version: u32,
    /// Where the rebuild to that version stands.
    #[serde(serialize_with = "state")]
    pub state: State,
    /// The tables.
    pub tables: Vec<&'a str>,
    /// The greatest version that is recorded; none if there is none.
    pub recorded_version: Option<u32>,
    /// When the rows were last rebuilt, or marked as being as they should be.
    pub rebuilt_at: Option<Moment>,
    /// How far a rebuild is that is under way.
    pub progress: Option<ProgressView<'a>>,
    /// How many events are set aside, because a rebuild could not apply them.
    pub set_aside: usize,
    /// What a person should know beside the state.
    pub remark: Option<String>,
}

impl<'a> ProjectionStatusView<'a> {
    fn of<DB: EventBackend>(
        projections: &[&'a Projection<DB>],
        status: &'a Status,
        history: &'a History,
        set_aside: &[usize],
    ) -> Self {
        let view = |(projection, set_aside): (&&'a Projection<DB>, &usize)| {
            let (projection, set_aside) = (*projection, *set_aside);
            let all_versions = format!("projection-rebuild/{}/", projection.name());
            let id = format!("{all_versions}{}", projection.version());
            let all = status.seeds.iter().chain(&status.past);
            let find = |id: &str| all.clone().find(|seed| seed.id == id);
            let found = find(&id);
            // Those alone that a run goes by: another app's, without its name, are none of this one's.
            let recorded = all.clone().filter_map(|seed| {
                let rest = seed.id.strip_prefix(&*all_versions)?;
                Some((rest, seed.marker.as_ref()?))
            });
            let versions = recorded.clone().filter_map(|(rest, _)| rest.parse().ok());
            let recorded_version: Option<u32> = versions.max();
            let latest = recorded.map(|(_, marker)| marker.applied_at).max();
            let mut under_way = history.progress.iter();
            let again = format!("{id}/");
            let progress =
                under_way.find(|progress| progress.id == id || progress.id.starts_with(&again));
            let newer = recorded_version.filter(|recorded| *recorded > projection.version());
            let newer = newer.map(|recorded| find(&format!("{all_versions}{recorded}")));
            let is_older = newer.is_some();
            let state = newer
                .unwrap_or(found)
                .map_or(State::Pending, |seed| seed.state);
            let once_more = progress.filter(|progress| progress.id != id);
            let once_more = once_more.and_then(|progress| {
                let mut seeds = status.seeds.iter();
                let seed = seeds.find(|seed| seed.id == progress.id)?;
                let remark = seed.remark().unwrap_or_default();
                Some(format!("once more, {}: {remark}", seed.state))
            });
            let told = found.filter(|seed| {
                seed.state != State::Pending
                    || seed.progress.is_some()
                    || seed.intervention.is_some()
            });
            let other = recorded_version.filter(|recorded| *recorded != projection.version());
            let remarks = [
                progress.and_then(|progress| waits_for(progress.cursor.as_deref()?)),
                told.and_then(SeedStatus::remark),
                once_more,
                other.map(|recorded| {
                    let whose = if is_older { "of a newer release " } else { "" };
                    format!("version {recorded} {whose}is recorded")
                }),
                (set_aside > 0).then(|| {
                    let events = counted(set_aside, "event");
                    format!("{events} set aside, as projection:check tells")
                }),
            ];
            let remarks: Vec<String> = remarks.into_iter().flatten().collect();
            ProjectionView {
                name: projection.name(),
                version: projection.version(),
                state,
                tables: projection.tables().collect(),
                recorded_version,
                rebuilt_at: latest.map(Moment),
                progress: progress.map(ProgressView::of),
                set_aside,
                remark: (!remarks.is_empty()).then(|| remarks.join("; ")),
            }
        };
        Self {
            version: 1,
            projections: projections.iter().zip(set_aside).map(view).collect(),
        }
    }
}

/// Whom a rebuild waits for, which its cursor tells.
fn waits_for(cursor: &str) -> Option<String> {
    let cursor: Value = serde_json::from_str(cursor).ok()?;
    let whom = cursor["waits_for"][1].as_str()?;
    Some(format!("waits for {whom}"))
}

const HEADINGS: [&str; 6] = [
    "STATE",
    "PROJECTION",
    "VERSION",
    "REBUILT AT",
    "TABLES",
    "REMARK",
];

fn table(status: &ProjectionStatusView<'_>, terminal: Terminal) -> String {
    if status.projections.is_empty() {
        return "the app has registered no projection\n".to_owned();
    }
    let Terminal { palette, width } = terminal;
    let headings = HEADINGS.map(str::to_owned);
    let row = |projection: &ProjectionView<'_>| {
        [
            projection.state.to_string(),
            printable(projection.name),
            projection.version.to_string(),
            projection
                .rebuilt_at
                .map_or_else(String::new, |at| at.to_string()),
            printable(&projection.tables.join(", ")),
            projection
                .remark
                .as_deref()
                .map_or_else(String::new, printable),
        ]
    };
    let rows: Vec<[String; 6]> = status.projections.iter().map(row).collect();
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);
    let mut text = columns.line(&headings, [palette.heading; 6]);
    for (projection, row) in status.projections.iter().zip(&rows) {
        let mut styles = [Style::new(); 6];
        styles[0] = palette.of_state(projection.state);
        text += &columns.line(row, styles);
    }
    text
}
