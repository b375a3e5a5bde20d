//! What happened, in numbers.

use std::fmt;
use std::ops::AddAssign;

use kumiko_tests::toll::Toll;

#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Databases on which all seeds were applied.
    pub(crate) rounds: u64,
    /// Processes that were started.
    pub(crate) boots: u64,
    /// Processes that were killed before they ended.
    pub(crate) kills: u64,
    /// Sessions that the server ended when told to.
    pub(crate) sessions: u64,
    /// Seeds that were applied.
    pub(crate) seeds: u64,
    /// How often a database was looked at.
    pub(crate) looks: u64,
    /// Projections that were rebuilt.
    pub(crate) rebuilds: u64,
    /// Databases whose archived streams were purged.
    pub(crate) purges: u64,
    /// Databases whose streams were migrated.
    pub(crate) migrations: u64,
    /// Databases whose events were delivered again.
    pub(crate) replays: u64,
    /// Writes beside all of these.
    pub(crate) writes: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.boots += other.boots;
        self.kills += other.kills;
        self.sessions += other.sessions;
        self.seeds += other.seeds;
        self.looks += other.looks;
        self.rebuilds += other.rebuilds;
        self.purges += other.purges;
        self.migrations += other.migrations;
        self.replays += other.replays;
        self.writes += other.writes;
    }
}

impl From<Toll> for Figures {
    fn from(toll: Toll) -> Self {
        Self {
            boots: toll.processes,
            kills: toll.kills,
            writes: toll.writes,
            ..Self::default()
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            boots,
            kills,
            sessions,
            seeds,
            looks,
            rebuilds,
            purges,
            migrations,
            replays,
            writes,
        } = self;
        write!(
            formatter,
            "{rounds} rounds, {boots} boots, {kills} kills, {sessions} sessions ended, {seeds} \
             seeds applied, {looks} looks, {rebuilds} projections rebuilt, {purges} archives purged, {migrations} tenants' streams migrated and {replays} \
             replays beside {writes} writes, no violation"
        )
    }
}
