//! A connection that is lost at each of a run's round trips, before and after the server acts.
