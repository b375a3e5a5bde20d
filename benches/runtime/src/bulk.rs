//! A seed that writes very many events.

use crate::bulk_methods::Method;
use crate::database::{Server, count_events};
use crate::process;
use crate::samples::{Samples, reliability};
use crate::table::{Table, figure, grouped, ratio};
use crate::{Effort, Result};

struct Case {
    method: Method,
    count: u64,
    per_second: Samples,
    /// The most of all rounds.
    kilobytes: u64,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let (rounds, rounds_of_many) = match effort {
        Effort::Full => (7, 5),
        Effort::Quick => (3, 1),
    };
    let mut text = String::from(
        "## Very many events\n\n\
         One seed that writes so many events of about 150 bytes of JSON, each to a stream of its own, through a\n\
         handler; beside it, rows written to the same table with the same indexes without a library: a prepared\n\
         `INSERT` for each, one `INSERT … SELECT FROM UNNEST` for each thousand, and `COPY`. Each is one\n\
         transaction of a process of its own; its peak is of the process, the program itself included.\n",
    );
    for (count, rounds) in [(10_000, rounds), (100_000, rounds_of_many)] {
        text.push_str(&measure_count(server, count, rounds).await?);
    }
    server.remove("bulk").await?;
    Ok(text)
}

async fn measure_count(server: &Server, count: u64, rounds: usize) -> Result<String> {
    let methods = Method::ALL.into_iter();
    // One by one is what the batch is for.
    let methods = methods.filter(|method| count <= 10_000 || *method != Method::Writes);
    let mut cases: Vec<Case> = methods.map(|method| Case::new(method, count)).collect();
    for round in 0..rounds {
        eprintln!("{count} events, round {} of {rounds} ...", round + 1);
        for case in &mut cases {
            case.measure(server).await?;
        }
    }
    Ok(told(&cases, count, rounds))
}

impl Case {
    fn new(method: Method, count: u64) -> Self {
        Self {
            method,
            count,
            per_second: Samples::default(),
            kilobytes: 0,
        }
    }

    async fn measure(&mut self, server: &Server) -> Result {
        let url = server.fresh("bulk").await?;
        server.settle().await?;
        let told = process::bulk(self.method.name(), self.count, &url).await?;
        let events = count_events(&url).await?;
        if events != self.count {
            return Err(format!("{} made {events} events", self.method.name()).into());
        }
        self.per_second.push(self.count as f64 / told.seconds);
        self.kilobytes = self.kilobytes.max(told.kilobytes);
        Ok(())
    }
}

fn told(cases: &[Case], count: u64, rounds: usize) -> String {
    let heading = format!("{} events", grouped(count));
    let mut table = Table::new([&*heading, "events a second", "beside `UNNEST`", "peak MB"]);
    let unnest = cases.iter().find(|case| case.method == Method::Unnest);
    let unnest = unnest.map_or(f64::NAN, |case| case.per_second.median());
    for case in cases {
        table.row([
            format!("`{}`", case.method.name()),
            grouped(case.per_second.median().round() as u64),
            ratio(case.per_second.median(), unnest),
            figure(case.kilobytes as f64 / 1_024.0),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|case| &case.per_second));
    format!("\n{table}\n{reliability}")
}
