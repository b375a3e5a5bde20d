//! Replicas, their connections and the database at one moment, and how that changes.

use std::collections::{BTreeSet, VecDeque};

use crate::database::{Answer, Database, Request, Stored, Transaction};
use crate::deployment::Deployment;
use crate::protocol::Statement;
use crate::replica::{Claim, Replica};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) replicas: Vec<Replica>,
    /// Sorted, because which is which makes no difference.
    pub(crate) orphans: Vec<Orphan>,
    /// How many faults there may still be.
    pub(crate) faults: usize,
    /// What replicas have said that was not so when they said it.
    pub(crate) lies: BTreeSet<Claim>,
}

/// A connection whose client is gone, which the server does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Orphan {
    pub(crate) transaction: Option<Transaction>,
    /// What the client sent last and the server has yet to act on.
    pub(crate) requests: VecDeque<Request>,
}

impl State {
    pub(crate) fn new(deployment: &Deployment) -> Self {
        Self {
            database: Database::empty(deployment.seeds),
            replicas: (0..deployment.replicas).map(Replica::new).collect(),
            orphans: Vec::new(),
            faults: deployment.faults,
            lies: BTreeSet::new(),
        }
    }

    /// The server acts on a statement of a replica, which gets the answer.
    pub(crate) fn answer(&mut self, deployment: &Deployment, replica: usize) {
        let Some(request) = self.requests(deployment, replica).next() else {
            return;
        };
        let transaction = &mut self.replicas[replica].transaction;
        let answer = self.database.execute(transaction, request);
        let claims = self.replicas[replica].receive(deployment, answer);
        self.hear(replica, &claims);
    }

    pub(crate) fn lose_connection(&mut self, deployment: &Deployment, replica: usize) {
        self.faults -= 1;
        self.leave_connection(deployment, replica);
        let claims = self.replicas[replica].lose_connection(deployment);
        self.hear(replica, &claims);
    }

    pub(crate) fn crash(&mut self, deployment: &Deployment, replica: usize) {
        self.faults -= 1;
        self.leave_connection(deployment, replica);
        self.replicas[replica].restart();
    }

    pub(crate) fn undo(&mut self, deployment: &Deployment, replica: usize) {
        self.faults -= 1;
        if let Some(transaction) = self.replicas[replica].transaction.take() {
            self.database.unlock(&transaction);
        }
        self.replicas[replica].try_again(deployment);
    }

    pub(crate) fn act_for_orphan(&mut self, number: usize) {
        let mut orphan = self.orphans.remove(number);
        if let Some(request) = orphan.requests.pop_front()
            && let Answer::Refused = self.database.execute(&mut orphan.transaction, request)
        {
            orphan.requests.clear();
        }
        self.leave_to_server(orphan);
    }

    pub(crate) fn end_orphan(&mut self, number: usize) {
        if let Some(transaction) = self.orphans.remove(number).transaction {
            self.database.unlock(&transaction);
        }
    }

    /// Goes on without a fault: the server ends what clients left, and acts on a statement of each replica.
    pub(crate) fn go_on(&mut self, deployment: &Deployment) {
        while !self.orphans.is_empty() {
            self.end_orphan(0);
        }
        for replica in 0..self.replicas.len() {
            self.answer(deployment, replica);
        }
    }

    /// What the server has yet to act on of a replica's message.
    fn requests(
        &self,
        deployment: &Deployment,
        replica: usize,
    ) -> impl Iterator<Item = Request> + use<> {
        let seed = self.replicas[replica].seed();
        let message = self.replicas[replica].message(deployment);
        message.iter().map(move |statement| Request {
            statement: *statement,
            seed,
            replica,
        })
    }

    fn leave_connection(&mut self, deployment: &Deployment, replica: usize) {
        let requests = self.requests(deployment, replica).collect();
        let transaction = self.replicas[replica].transaction.take();
        self.leave_to_server(Orphan {
            transaction,
            requests,
        });
    }

    /// Keeps a connection without a client, if anything may still come of it.
    fn leave_to_server(&mut self, orphan: Orphan) {
        let mut requests = orphan.requests.iter();
        if orphan.transaction.is_some() || requests.any(|request| request.statement.is_lasting()) {
            self.orphans.push(orphan);
            self.orphans.sort();
        }
    }

    /// Keeps what is not true of the claims a replica makes.
    fn hear(&mut self, replica: usize, claims: &[Claim]) {
        for claim in claims {
            if !self.is_true(replica, *claim) {
                self.lies.insert(*claim);
            }
        }
    }

    fn is_true(&self, replica: usize, claim: Claim) -> bool {
        let seeds = &self.database.seeds;
        match claim {
            Claim::Finished => seeds.iter().all(Stored::is_applied),
            Claim::Applied(seed) => seeds[seed].is_applied() && seeds[seed].marker == Some(replica),
            Claim::AppliedElsewhere(seed) => seeds[seed].is_applied(),
            Claim::NotApplied(seed) => {
                let mut requests = self.orphans.iter().flat_map(|orphan| &orphan.requests);
                let is_on_its_way = requests
                    .any(|request| request.statement == Statement::Commit && request.seed == seed);
                seeds[seed].marker.is_none() && !is_on_its_way
            }
            Claim::RolledBack(message) => !message.contains(&Statement::Commit),
        }
    }
}
