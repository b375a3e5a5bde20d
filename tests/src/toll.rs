//! What it took until something was done by processes that are killed.

/// What happened meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Toll {
    /// Processes that were started.
    pub processes: u64,
    /// Those that were killed.
    pub kills: u64,
    /// What people wrote.
    pub writes: u64,
}
