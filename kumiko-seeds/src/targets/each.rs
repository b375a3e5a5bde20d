//! Which target is worked on when: the canary first, looks side by side, and what takes the lock of a database in turns.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, Either, FutureExt, Shared, select};
use futures_util::stream::{StreamExt, iter};
use sqlx::Pool;
use tracing::Instrument;

use super::{Target, Targets};
use crate::Error;
use crate::backend::Backend;
use crate::progress::TARGET;

/// What is done in each of many targets, for [`Targets::each`].
pub trait TargetWork<DB: Backend>: Sync {
    /// What comes of it.
    type Done: Send;
    /// Why it fails.
    type Failed: From<Error> + Send;

    /// Does what takes no lock. `None` if that is not all: then [`TargetWork::act`] comes later.
    ///
    /// # Errors
    /// If it fails, and then that is all.
    fn look(
        &self,
        target: &OpenTarget<'_, DB>,
    ) -> impl Future<Output = Result<Option<Self::Done>, Self::Failed>> + Send;

    /// Does what takes a lock, while no other target of the same database is at it. Once `stop` is ready it should end soon.
    ///
    /// # Errors
    /// If it fails.
    fn act(
        &self,
        target: &OpenTarget<'_, DB>,
        stop: impl Future<Output = ()> + Send + Unpin,
    ) -> impl Future<Output = Result<Self::Done, Self::Failed>> + Send;
}

/// A target that is worked on.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenTarget<'a, DB: Backend> {
    /// What people know it as.
    pub name: &'a str,
    /// A pool of one connection.
    pub pool: &'a Pool<DB>,
}

/// What came of a target.
#[derive(Debug)]
#[non_exhaustive]
pub struct TargetOutcome<T, E> {
    /// What people know it as.
    pub name: String,
    /// How long it was worked on.
    pub duration: Duration,
    /// What was done, or why it failed; none if it was not attempted, or no more than looked at.
    pub result: Option<Result<T, E>>,
}

impl<DB: Backend> Targets<DB> {
    /// Does `work` in each target, and says what came of each, in order.
    ///
    /// The canary comes first, and if it fails, no other target is touched. Then all others are looked at, several at once; those
    /// in which there is something to do get it done one after another within a database, since its lock is one for all of its
    /// schemas, and several databases at once. What fails in one target concerns no other.
    ///
    /// A target has one connection, which is closed before the next one takes its place. Everything happens on the task of the
    /// caller. Once `stop` is ready, what is looked at is left, `act` is told, and nothing else begins.
    pub async fn each<W: TargetWork<DB>>(
        &self,
        work: &W,
        stop: impl Future<Output = ()> + Send,
    ) -> Vec<TargetOutcome<W::Done, W::Failed>> {
        let round = Round {
            work,
            stop: stop.boxed().shared(),
        };
        let mut outcomes: Vec<_> = self.all.iter().map(not_attempted).collect();
        let canary = self.canary.filter(|canary| *canary < outcomes.len());
        if let Some(canary) = canary {
            let target = &self.all[canary];
            let mut first = round.look(target).await;
            if first.is_to_act {
                first = round.act(target, first.duration).await;
            }
            let is_well = matches!(first.result, Some(Ok(_)));
            first.settle(&mut outcomes[canary]);
            if !is_well {
                return outcomes;
            }
        }
        self.others(&round, &mut outcomes).await;
        outcomes
    }

    /// Does the work in all targets but the canary.
    async fn others<W: TargetWork<DB>>(
        &self,
        round: &Round<'_, W>,
        outcomes: &mut [TargetOutcome<W::Done, W::Failed>],
    ) {
        let others = (0..self.all.len()).filter(|index| Some(*index) != self.canary);
        let looks: Vec<_> = others
            .map(|index| round.look(&self.all[index]).map(move |look| (index, look)))
            .collect();
        let mut looks = iter(looks).buffer_unordered(self.parallel);
        let mut to_act: BTreeMap<String, BTreeMap<usize, Duration>> = BTreeMap::new();
        while let Some((index, look)) = looks.next().await {
            if look.is_to_act {
                let database = to_act.entry(self.all[index].database());
                database.or_default().insert(index, look.duration);
            } else {
                look.settle(&mut outcomes[index]);
            }
        }
        let queues: Vec<_> = to_act
            .into_values()
            .map(|queue| self.in_turn(round, queue))
            .collect();
        let mut queues = iter(queues).buffer_unordered(self.parallel);
        while let Some(acted) = queues.next().await {
            for (index, act) in acted {
                act.settle(&mut outcomes[index]);
            }
        }
    }

    /// Does what there is to do in the targets of one database, which were looked at for so long.
    async fn in_turn<W: TargetWork<DB>>(
        &self,
        round: &Round<'_, W>,
        queue: BTreeMap<usize, Duration>,
    ) -> Vec<(usize, Attempted<W::Done, W::Failed>)> {
        let mut acted = Vec::new();
        for (index, looked) in queue {
            acted.push((index, round.act(&self.all[index], looked).await));
        }
        acted
    }
}

fn not_attempted<DB: Backend, T, E>(target: &Target<DB>) -> TargetOutcome<T, E> {
    TargetOutcome {
        name: target.name().to_owned(),
        duration: Duration::ZERO,
        result: None,
    }
}

/// What is done in all targets, until it is stopped.
struct Round<'s, W> {
    work: &'s W,
    stop: Shared<BoxFuture<'s, ()>>,
}

/// What came of a look, or of more.
struct Attempted<T, E> {
    duration: Duration,
    result: Option<Result<T, E>>,
    is_to_act: bool,
}

impl<T, E> Attempted<T, E> {
    fn settle(self, outcome: &mut TargetOutcome<T, E>) {
        outcome.duration = self.duration;
        outcome.result = self.result;
    }
}

impl<W> Round<'_, W> {
    fn is_stopped(&self) -> bool {
        self.stop.clone().now_or_never().is_some()
    }

    /// Looks at a target, unless it is stopped before or meanwhile.
    async fn look<DB: Backend>(&self, target: &Target<DB>) -> Attempted<W::Done, W::Failed>
    where
        W: TargetWork<DB>,
    {
        let began = Instant::now();
        let looked = async {
            let pool = target.open().await?;
            let open = OpenTarget {
                name: target.name(),
                pool: &pool,
            };
            let looked = self.work.look(&open).await;
            pool.close().await;
            looked
        };
        let looked = pin!(looked.instrument(span(target)));
        let looked = match select(self.stop.clone(), looked).await {
            Either::Left(_) => None,
            Either::Right((looked, _)) => Some(looked),
        };
        Attempted {
            duration: began.elapsed(),
            is_to_act: matches!(looked, Some(Ok(None))),
            result: looked.and_then(Result::transpose),
        }
    }

    /// Does what there is to do in a target that was looked at for so long, unless it is stopped before.
    async fn act<DB: Backend>(
        &self,
        target: &Target<DB>,
        looked: Duration,
    ) -> Attempted<W::Done, W::Failed>
    where
        W: TargetWork<DB>,
    {
        let began = Instant::now();
        let acted = async {
            let pool = target.open().await?;
            let open = OpenTarget {
                name: target.name(),
                pool: &pool,
            };
            let acted = self.work.act(&open, self.stop.clone()).await;
            pool.close().await;
            acted
        };
        let result = if self.is_stopped() {
            None
        } else {
            Some(acted.instrument(span(target)).await)
        };
        Attempted {
            duration: looked + began.elapsed(),
            result,
            is_to_act: false,
        }
    }
}

/// What the log calls all that happens in a target.
fn span<DB: Backend>(target: &Target<DB>) -> tracing::Span {
    tracing::info_span!(target: TARGET, "target", name = target.name())
}
