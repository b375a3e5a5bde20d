//! What a test of a seed returns.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use super::error::Error;

/// What a test returns: `Ok(())`, or why it failed and where.
pub type TestResult<T = ()> = Result<T, TestFailure>;

/// Why a test failed, and in which line. The `?` of a test that returns [`TestResult`] makes it of any error.
///
/// It debug-prints for people, with all causes, because that is what Cargo's test harness shows.
///
/// It also tells the databases of the test, which stay for a look then. That is why it does not implement
/// [`Error`](StdError) itself: there is one way to get it, which is that the test ends.
pub struct TestFailure {
    error: Box<dyn StdError>,
    at: &'static Location<'static>,
}

thread_local! {
    static FAILURES: Cell<usize> = const { Cell::new(0) };
}

/// How many there were in this thread.
pub(crate) fn failures_in_this_thread() -> usize {
    FAILURES.get()
}

impl<E: Into<Box<dyn StdError>>> From<E> for TestFailure {
    #[track_caller]
    fn from(error: E) -> Self {
        FAILURES.set(FAILURES.get() + 1);
        Self {
            error: error.into(),
            at: Location::caller(),
        }
    }
}

impl fmt::Debug for TestFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.error;
        if let Some(error) = error.downcast_ref::<Error>() {
            write!(formatter, "{error:?}")?;
        } else {
            let chain = kumiko_seeds::error_chain(error);
            formatter.write_str(&chain.join("\ncaused by: "))?;
        }
        write!(formatter, "\nat {}:{}", self.at.file(), self.at.line())
    }
}

impl fmt::Display for TestFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}
