//! Trying again anywhere but from the start.

use crate::check;
use crate::properties::{APPLIED, IN_ORDER, MARKED, OK, ONCE, VOUCHED, WITHIN_REACH};
use crate::protocol::{Again, Protocol};

fn broken(again: Again) -> Vec<&'static str> {
    check::broken(Protocol::trying_again(again), 2, 1)
}

/// What is left of the seed is then written outside of a transaction, one statement at a time, and a COMMIT
/// alone is answered with success.
#[test]
fn with_the_statement_that_failed() {
    assert_eq!(
        broken(Again::WithTheStatement),
        [ONCE, MARKED, VOUCHED, IN_ORDER, OK, APPLIED, WITHIN_REACH]
    );
}

/// Without a transaction there is no lock either.
#[test]
fn with_the_seed() {
    assert_eq!(
        broken(Again::WithTheSeed),
        [ONCE, MARKED, VOUCHED, WITHIN_REACH]
    );
}
