//! Applying what is pending.

use std::time::{Duration, Instant};

use crate::database::{Server, count_events};
use crate::samples::{Samples, reliability};
use crate::subjects::{Session, Subject};
use crate::table::{Table, figure, ratio};
use crate::wire::Wire;
use crate::{Effort, Result};

const PENDING: u64 = 100;

#[derive(Default)]
struct Measured {
    direct: Samples,
    delayed: Samples,
    round_trips: usize,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let rounds = match effort {
        Effort::Full => 9,
        Effort::Quick => 3,
    };
    let mut measured: Vec<Measured> = Subject::ALL.iter().map(|_| Measured::default()).collect();
    for round in 0..rounds {
        eprintln!("applying {PENDING}, round {} of {rounds} ...", round + 1);
        for (&subject, measured) in Subject::ALL.iter().zip(&mut measured) {
            let url = server.fresh("applying").await?;
            measured
                .direct
                .push_milliseconds(apply(subject, &url, &url).await?);
            let url = server.fresh("applying").await?;
            let wire = Wire::to(&url, Duration::from_millis(1))?;
            measured
                .delayed
                .push_milliseconds(apply(subject, &url, wire.url()).await?);
            measured.round_trips = wire.take_round_trips();
        }
    }
    server.remove("applying").await?;
    Ok(told(&measured, rounds))
}

async fn apply(subject: Subject, url: &str, wire: &str) -> Result<Duration> {
    let mut session = Session::open(subject, wire, PENDING).await?;
    let clock = Instant::now();
    session.apply().await?;
    let took = clock.elapsed();
    session.close().await?;
    let events = count_events(url).await?;
    if events == PENDING {
        Ok(took)
    } else {
        Err(format!("{} made {events} events", subject.name()).into())
    }
}

fn told(measured: &[Measured], rounds: usize) -> String {
    let mut table = Table::new([
        "100 pending, one event each",
        "round trips",
        "for each",
        "ms",
        "beside ours",
        "ms, 1 ms away",
        "beside ours",
    ]);
    let ours = &measured[0];
    for (subject, measured) in Subject::ALL.iter().zip(measured) {
        table.row([
            subject.name().to_owned(),
            measured.round_trips.to_string(),
            figure(measured.round_trips as f64 / PENDING as f64),
            figure(measured.direct.median()),
            ratio(measured.direct.median(), ours.direct.median()),
            figure(measured.delayed.median()),
            ratio(measured.delayed.median(), ours.delayed.median()),
        ]);
    }
    let reliability = reliability(rounds, measured.iter().map(|measured| &measured.direct));
    format!(
        "## Applying\n\n\
         A seed calls a handler, which appends one event; a migration of a peer is an `INSERT` of the same row\n\
         as text. In a database that has the table of events and nothing else. A seed's round trips are its\n\
         event, and its marker with the commit, the next lock and the next look.\n\n{table}\n\
         {reliability}"
    )
}
