//! Replicas that boot at once.

use std::time::Instant;

use crate::database::{Server, count_events};
use crate::process;
use crate::samples::Samples;
use crate::subjects::Subject;
use crate::table::{Table, figure, ratio};
use crate::{Effort, Result};

const PENDING: u64 = 20;

/// So many processes of one subject.
struct Case {
    subject: Subject,
    processes: usize,
    busy: Samples,
    idle: Samples,
    failed: usize,
    /// The events that were there after each race.
    events: Vec<u64>,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let rounds = match effort {
        Effort::Full => 7,
        Effort::Quick => 3,
    };
    let ours = [1, 8, 50].map(|processes| Case::new(Subject::Kumiko, processes));
    let peers = Subject::ALL.iter().skip(1);
    let peers = peers.map(|&subject| Case::new(subject, 8));
    let mut cases: Vec<Case> = ours.into_iter().chain(peers).collect();
    for round in 0..rounds {
        eprintln!("replicas at once, round {} of {rounds} ...", round + 1);
        for case in &mut cases {
            case.race(server).await?;
        }
    }
    server.remove("replicas").await?;
    Ok(told(&cases, rounds))
}

impl Case {
    fn new(subject: Subject, processes: usize) -> Self {
        Self {
            subject,
            processes,
            busy: Samples::default(),
            idle: Samples::default(),
            failed: 0,
            events: Vec::new(),
        }
    }

    async fn race(&mut self, server: &Server) -> Result {
        let url = server.fresh("replicas").await?;
        let clock = Instant::now();
        let failed = process::boot(self.subject, self.processes, PENDING, &url).await?;
        self.busy.push_milliseconds(clock.elapsed());
        self.failed += failed;
        self.events.push(count_events(&url).await?);
        // Somebody starts the failed ones again, or the next boots would not be idle.
        process::boot(self.subject, 1, PENDING, &url).await?;
        let clock = Instant::now();
        process::boot(self.subject, self.processes, PENDING, &url).await?;
        self.idle.push_milliseconds(clock.elapsed());
        Ok(())
    }

    /// How many races ended with another number of events than there should be.
    fn wrong(&self) -> usize {
        let wrong = self.events.iter().filter(|events| **events != PENDING);
        wrong.count()
    }
}

fn told(cases: &[Case], rounds: usize) -> String {
    let mut table = Table::new([
        "20 pending",
        "processes",
        "ms until all are up",
        "beside one",
        "ms, nothing pending",
        "beside that",
        "failed processes",
        "races with lost or doubled events",
    ]);
    let one = cases[0].busy.median();
    for case in cases {
        let processes = case.processes;
        table.row([
            case.subject.name().to_owned(),
            processes.to_string(),
            figure(case.busy.median()),
            if case.subject == Subject::Kumiko {
                ratio(case.busy.median(), one)
            } else {
                String::new()
            },
            figure(case.idle.median()),
            ratio(case.busy.median(), case.idle.median()),
            format!("{} of {}", case.failed, processes * rounds),
            format!("{} of {rounds}", case.wrong()),
        ]);
    }
    format!(
        "## Replicas that start at once\n\n\
         Processes, all started together on a database in which twenty seeds or migrations are pending; the time\n\
         is until the last of them has ended. Beside it, as many processes with nothing to do: most of that is\n\
         starting processes and connecting, on a machine with few cores. A process that fails is a replica that\n\
         does not come up.\n\n{table}\n\
         Medians of {rounds} races.\n"
    )
}
