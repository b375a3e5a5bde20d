//! What a replica does next, and what it makes of an answer.

use std::collections::BTreeSet;

use crate::database::{Answer, Transaction};
use crate::deployment::Deployment;
use crate::protocol::{Again, Chain, Doubt, List, Message, Statement};

/// A process that applies seeds.
///
/// One that is down is one that has not begun, since to begin again may take it as long as it likes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Replica {
    pub(crate) number: usize,
    pub(crate) step: Step,
    /// What is still to be applied, in order. The first is the one being worked on.
    queue: BTreeSet<usize>,
    /// What is open on its connection, as the server has it.
    pub(crate) transaction: Option<Transaction>,
}

/// What a replica sends next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Look,
    /// What is at this place of a list.
    Run(List, Place),
    RollBack(Then),
    LookAgain,
    /// Nothing: it has ended with `Ok`.
    Finished,
    /// Nothing: it has ended with an error that a person has to look into.
    GaveUp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) message: usize,
    pub(crate) statement: usize,
}

/// What follows a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Then {
    LookAgain,
    DoubtAgain,
    NextSeed,
    GiveUp,
}

/// What a replica tells the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// All seeds are applied.
    Finished,
    /// I have applied this seed.
    Applied(usize),
    /// Somebody else has.
    AppliedElsewhere(usize),
    /// My commit of this seed failed; nothing of it is left or on its way.
    NotApplied(usize),
    /// My connection is lost, with this on its way; nothing of the seed is left.
    RolledBack(Message),
}

impl Replica {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            step: Step::Look,
            queue: BTreeSet::new(),
            transaction: None,
        }
    }

    /// The seed being worked on.
    pub(crate) fn seed(&self) -> usize {
        self.queue.first().copied().unwrap_or_default()
    }

    pub(crate) fn has_lock(&self) -> bool {
        self.transaction.as_ref().is_some_and(|open| open.has_lock)
    }

    /// The statement that the server acts on next.
    pub(crate) fn statement(&self, deployment: &Deployment) -> Option<Statement> {
        self.message(deployment).first().copied()
    }

    /// What it has sent and the server has yet to act on.
    pub(crate) fn message(&self, deployment: &Deployment) -> Message {
        if let Step::Run(List::Attempt, place) = self.step
            && let Some(chain) = self.chain(deployment, place)
        {
            return &chain.last[place.statement..];
        }
        match self.step {
            Step::Look | Step::LookAgain => &[Statement::ReadApplied],
            Step::Run(list, place) => {
                &deployment.protocol.messages(list)[place.message][place.statement..]
            }
            Step::RollBack(_) => &[Statement::RollBack],
            Step::Finished | Step::GaveUp => &[],
        }
    }

    /// What the message at `place` of an attempt is sent with.
    fn chain(&self, deployment: &Deployment, place: Place) -> Option<Chain> {
        let is_last = place.message == deployment.protocol.attempt.len() - 1;
        deployment
            .protocol
            .chain
            .filter(|_| is_last && self.queue.len() > 1)
    }

    /// Takes the answer to a statement. The runner waits for the rest of the message, but after a taken
    /// lock that only reads.
    pub(crate) fn receive(&mut self, deployment: &Deployment, answer: Answer) -> Vec<Claim> {
        if let Step::Run(List::Attempt, place) = self.step
            && self.chain(deployment, place).is_some()
            && self.statement(deployment) == Some(Statement::Commit)
        {
            // The answers come one by one. What comes after this one is of the next seed.
            let claim = self.queue.pop_first().map(Claim::Applied);
            self.step = Step::Run(List::Next, Place::default());
            return claim.into_iter().collect();
        }
        match (self.step, answer) {
            (Step::Run(_, _), Answer::Refused) => self.roll_back(Then::GiveUp),
            (Step::Run(List::Attempt | List::Next, _), Answer::Busy | Answer::Marker(Some(_))) => {
                self.roll_back(Then::LookAgain)
            }
            (Step::Run(List::Doubt, _), Answer::Busy) => self.roll_back(Then::DoubtAgain),
            (Step::Run(List::Doubt, _), Answer::Marker(Some(author))) => {
                self.settle(deployment, author)
            }
            (Step::Run(list, place), _) => self.run(
                deployment,
                list,
                Place {
                    statement: place.statement + 1,
                    ..place
                },
            ),
            (Step::RollBack(Then::LookAgain), _) => {
                self.step = Step::LookAgain;
                Vec::new()
            }
            (Step::RollBack(Then::DoubtAgain), _) => {
                self.run(deployment, List::Doubt, Place::default())
            }
            (Step::RollBack(Then::NextSeed), _) => self.next_seed(),
            (Step::RollBack(Then::GiveUp), _) => {
                self.step = Step::GaveUp;
                Vec::new()
            }
            (_, Answer::Applied(applied)) => self.drop_applied(deployment, &applied),
            _ => Vec::new(),
        }
    }

    /// Loses its connection before the answer.
    pub(crate) fn lose_connection(&mut self, deployment: &Deployment) -> Vec<Claim> {
        let last = deployment.protocol.attempt.len() - 1;
        match (self.step, deployment.protocol.doubt) {
            (Step::Run(List::Attempt, place), Doubt::Believe) if place.message == last => {
                self.applied(Claim::Applied)
            }
            (Step::Run(List::Attempt, place), _) if place.message == last => {
                self.run(deployment, List::Doubt, Place::default())
            }
            (Step::Run(List::Attempt | List::Next, _), _) => {
                let claim = Claim::RolledBack(self.message(deployment));
                self.restart();
                vec![claim]
            }
            _ => {
                self.restart();
                Vec::new()
            }
        }
    }

    /// Whether it is doing a seed's work, which is where a deadlock can be.
    pub(crate) fn may_be_undone(&self) -> bool {
        matches!(self.step, Step::Run(List::Attempt, _)) && self.has_lock()
    }

    /// Goes on after the server has undone its transaction.
    pub(crate) fn try_again(&mut self, deployment: &Deployment) {
        let messages = deployment.protocol.attempt;
        let message = match deployment.protocol.again {
            Again::FromTheStart => 0,
            Again::WithTheStatement => return,
            Again::WithTheSeed => messages
                .iter()
                .position(|message| message.contains(&Statement::Write(0)))
                .unwrap_or_default(),
        };
        let place = Place {
            message,
            statement: 0,
        };
        self.step = Step::Run(List::Attempt, place);
    }

    /// Ends, and is started again.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.number);
    }

    fn run(&mut self, deployment: &Deployment, list: List, mut place: Place) -> Vec<Claim> {
        let messages = deployment.protocol.messages(list);
        if messages
            .get(place.message)
            .is_some_and(|message| place.statement == message.len())
        {
            place = Place {
                message: place.message + 1,
                statement: 0,
            };
        }
        if place.message < messages.len() {
            self.step = Step::Run(list, place);
            return Vec::new();
        }
        if let (List::Next, Some(chain)) = (list, deployment.protocol.chain) {
            let place = Place {
                message: chain.then,
                statement: 0,
            };
            self.step = Step::Run(List::Attempt, place);
            return Vec::new();
        }
        match (list, deployment.protocol.doubt) {
            (List::Doubt, Doubt::Ask(_) | Doubt::AskCarelessly(_)) => {
                let claim = Claim::NotApplied(self.seed());
                self.restart();
                vec![claim]
            }
            _ => self.applied(Claim::Applied),
        }
    }

    fn roll_back(&mut self, then: Then) -> Vec<Claim> {
        self.step = Step::RollBack(then);
        Vec::new()
    }

    /// Makes up its mind about a commit in doubt, having found the marker.
    fn settle(&mut self, deployment: &Deployment, author: usize) -> Vec<Claim> {
        let is_mine =
            author == self.number || matches!(deployment.protocol.doubt, Doubt::AskCarelessly(_));
        self.applied(if is_mine {
            Claim::Applied
        } else {
            Claim::AppliedElsewhere
        })
    }

    fn drop_applied(&mut self, deployment: &Deployment, applied: &BTreeSet<usize>) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.step == Step::Look {
            self.queue = (0..deployment.seeds).collect();
        } else {
            claims.extend(
                self.queue
                    .intersection(applied)
                    .map(|seed| Claim::AppliedElsewhere(*seed)),
            );
        }
        self.queue.retain(|seed| !applied.contains(seed));
        claims.extend(self.next_seed());
        claims
    }

    /// Is done with the seed being worked on.
    fn applied(&mut self, claim: impl Fn(usize) -> Claim) -> Vec<Claim> {
        let mut claims: Vec<_> = self.queue.pop_first().map(claim).into_iter().collect();
        claims.extend(if self.transaction.is_some() {
            self.roll_back(Then::NextSeed)
        } else {
            self.next_seed()
        });
        claims
    }

    fn next_seed(&mut self) -> Vec<Claim> {
        if self.queue.is_empty() {
            self.step = Step::Finished;
            vec![Claim::Finished]
        } else {
            self.step = Step::Run(List::Attempt, Place::default());
            Vec::new()
        }
    }
}
