//! A boot at which nothing is pending.

use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};

use crate::database::Server;
use crate::samples::{Samples, reliability};
use crate::subjects::{Session, Subject};
use crate::table::{Table, figure, grouped, ratio};
use crate::wire::Wire;
use crate::{Effort, Result};

/// What is measured: `SELECT 1` or a subject with so many seeds or migrations, all applied.
struct Case {
    subject: Option<Subject>,
    count: u64,
    url: String,
    near: Wire,
    far: Wire,
    connecting: Samples,
    direct: Samples,
    delayed: Samples,
    round_trips: usize,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let mut cases = Vec::new();
    cases.push(Case::prepare(server, None, 0).await?);
    for &subject in Subject::ALL {
        let counts: &[u64] = match (subject, effort) {
            (Subject::Kumiko, Effort::Full) => &[10, 100, 1_000, 10_000],
            (Subject::Kumiko, Effort::Quick) => &[10, 100, 1_000],
            _ => &[100, 1_000],
        };
        for &count in counts {
            cases.push(Case::prepare(server, Some(subject), count).await?);
        }
    }
    server.settle().await?;
    let rounds = match effort {
        Effort::Full => 41,
        Effort::Quick => 11,
    };
    for _ in 0..rounds {
        for case in &mut cases {
            case.measure().await?;
        }
    }
    Ok(told(&cases, rounds))
}

impl Case {
    async fn prepare(server: &Server, subject: Option<Subject>, count: u64) -> Result<Self> {
        let name = subject.map_or("select", Subject::name).replace('-', "_");
        let url = server.fresh(&format!("idle_{name}_{count}")).await?;
        if let Some(subject) = subject {
            eprintln!("applying {count} of {name} ...");
            let mut session = Session::open(subject, &url, count).await?;
            session.apply().await?;
            session.close().await?;
        }
        // Every table is looked at with statistics, as in a database that has been in use for a while.
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute("VACUUM ANALYZE").await?;
        connection.close().await?;
        Ok(Self {
            subject,
            count,
            near: Wire::to(&url, Duration::ZERO)?,
            far: Wire::to(&url, Duration::from_millis(1))?,
            url,
            connecting: Samples::default(),
            direct: Samples::default(),
            delayed: Samples::default(),
            round_trips: 0,
        })
    }

    async fn measure(&mut self) -> Result {
        let (connecting, took) = self.boot(&self.url).await?;
        self.connecting.push_milliseconds(connecting);
        self.direct.push_milliseconds(took);
        let (_, took) = self.boot(self.far.url()).await?;
        self.delayed.push_milliseconds(took);
        self.near.take_round_trips();
        self.boot(self.near.url()).await?;
        self.round_trips = self.near.take_round_trips();
        Ok(())
    }

    /// How long it takes to connect, and then to find out that there is nothing to do.
    async fn boot(&self, url: &str) -> Result<(Duration, Duration)> {
        let clock = Instant::now();
        if let Some(subject) = self.subject {
            let mut session = Session::open(subject, url, self.count).await?;
            let connected = clock.elapsed();
            let clock = Instant::now();
            session.apply().await?;
            let took = clock.elapsed();
            session.close().await?;
            Ok((connected, took))
        } else {
            let mut connection = PgConnection::connect(url).await?;
            let connected = clock.elapsed();
            let clock = Instant::now();
            connection.execute(sqlx::raw_sql("SELECT 1")).await?;
            let took = clock.elapsed();
            connection.close().await?;
            Ok((connected, took))
        }
    }
}

fn told(cases: &[Case], rounds: usize) -> String {
    let mut table = Table::new([
        "nothing pending",
        "applied",
        "round trips",
        "ms",
        "beside `SELECT 1`",
        "beside ours",
        "ms, 1 ms away",
        "beside ours",
    ]);
    let select = &cases[0];
    for case in cases {
        let ours = cases
            .iter()
            .find(|other| other.subject == Some(Subject::Kumiko) && other.count == case.count);
        let beside = |samples: fn(&Case) -> &Samples| {
            let ours = ours.map_or(f64::NAN, |ours| samples(ours).median());
            if ours.is_nan() {
                String::new()
            } else {
                ratio(samples(case).median(), ours)
            }
        };
        table.row([
            case.subject.map_or("`SELECT 1`", Subject::name).to_owned(),
            case.subject.map_or(String::new(), |_| grouped(case.count)),
            case.round_trips.to_string(),
            figure(case.direct.median()),
            ratio(case.direct.median(), select.direct.median()),
            beside(|case| &case.direct),
            figure(case.delayed.median()),
            beside(|case| &case.delayed),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|case| &case.direct));
    format!(
        "## A boot with nothing to do\n\n\
         What every start of every replica costs: all is applied, and the library finds that out. Each on a\n\
         fresh connection, timed from the end of connecting, which took {} ms.\n\n{table}\n{reliability}",
        figure(select.connecting.median())
    )
}
