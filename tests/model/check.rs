//! Visiting every state, and telling what was found.

use std::fmt::Display;
use std::hash::Hash;

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

/// Visits every state of a deployment.
pub(crate) fn check(deployment: &Deployment) -> Found {
    let Deployment {
        replicas,
        seeds,
        faults,
        ..
    } = deployment;
    visit(
        deployment,
        &format!("replicas {replicas}, seeds {seeds}, faults {faults}"),
    )
}

/// Visits every state of what is `named` so, and prints the shortest ways to what does not hold.
pub(crate) fn visit<M>(model: &M, named: &str) -> Found
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Display + PartialEq,
{
    let checker = model.clone().checker();
    let checker = checker.target_state_count(LIMIT).spawn_bfs().join();
    assert!(checker.state_count() < LIMIT, "there is no end of states");
    let (states, steps) = (checker.unique_state_count(), checker.max_depth() - 1);
    println!("{named}: {states} states, up to {steps} steps");
    let discoveries = checker.discoveries();
    let mut found = Found::default();
    for property in model.properties() {
        let is_discovered = discoveries.contains_key(property.name);
        match property.expectation {
            Expectation::Sometimes if !is_discovered => found.unseen.push(property.name),
            Expectation::Sometimes => {}
            _ if is_discovered => found.broken.push(property.name),
            _ => {}
        }
    }
    print_ways(model, &found.broken);
    found
}

/// The checker keeps the last way it found, not the shortest, so it is sent a step farther each time.
fn print_ways<M>(model: &M, broken: &[&'static str])
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Display + PartialEq,
{
    let mut left = broken.to_vec();
    for steps in 1.. {
        if left.is_empty() {
            return;
        }
        let checker = model.clone().checker().target_max_depth(steps);
        let mut discoveries = checker.spawn_bfs().join().discoveries();
        left.retain(|broken| {
            let way = discoveries.remove(broken).map(Path::into_actions);
            if let Some(way) = &way {
                println!("\nnot always: {broken}");
                for action in way {
                    println!("  {action}");
                }
            }
            way.is_none()
        });
    }
}
