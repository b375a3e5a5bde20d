//! Visiting every state, and telling what was found.

use stateright::{Checker, Expectation, Model, Path};

use crate::deployment::Deployment;
use crate::protocol::Protocol;

/// What visiting every state of a deployment found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// What does not hold in every state.
    pub(crate) broken: Vec<&'static str>,
    /// What is to happen at times, and happens in no state.
    pub(crate) unseen: Vec<&'static str>,
}

/// What is broken where replicas apply two seeds by this protocol, with so many faults.
pub(crate) fn broken(protocol: Protocol, replicas: usize, faults: usize) -> Vec<&'static str> {
    let deployment = Deployment {
        protocol,
        replicas,
        seeds: 2,
        faults,
    };
    check(&deployment).broken
}

/// More steps from state to state than any deployment here has.
const LIMIT: usize = 30_000_000;

/// Visits every state, and prints the shortest way to what does not hold.
pub(crate) fn check(deployment: &Deployment) -> Found {
    let checker = deployment.clone().checker();
    let checker = checker.target_state_count(LIMIT).spawn_bfs().join();
    assert!(checker.state_count() < LIMIT, "there is no end of states");
    let Deployment {
        replicas,
        seeds,
        faults,
        ..
    } = deployment;
    let (states, steps) = (checker.unique_state_count(), checker.max_depth() - 1);
    println!(
        "replicas {replicas}, seeds {seeds}, faults {faults}: {states} states, up to {steps} steps"
    );
    let discoveries = checker.discoveries();
    let mut found = Found::default();
    for property in deployment.properties() {
        let is_discovered = discoveries.contains_key(property.name);
        match property.expectation {
            Expectation::Sometimes if !is_discovered => found.unseen.push(property.name),
            Expectation::Sometimes => {}
            _ if is_discovered => {
                print_way(deployment, property.name);
                found.broken.push(property.name);
            }
            _ => {}
        }
    }
    found
}

/// The checker keeps the last way it found, not the shortest, so it is sent a step farther each time.
fn print_way(deployment: &Deployment, broken: &'static str) {
    println!("\nnot always: {broken}");
    let mut ways = (1..).filter_map(|steps| {
        let checker = deployment.clone().checker().target_max_depth(steps);
        checker.spawn_bfs().join().discovery(broken)
    });
    let way = ways.next().map(Path::into_actions);
    for action in way.into_iter().flatten() {
        println!("  {action}");
    }
}
