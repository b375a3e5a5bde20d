//! All that is known of one seed. Pure.

use kumiko_seeds::HandlerCall;
use kumiko_seeds::{Marker, SeedStatus, State, Status};

/// All that is known of one seed: what its source says, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownSeed {
    /// The seed.
    pub id: String,
    /// What the app says the seed does, or what its marker says where the app does not have it.
    pub description: String,
    /// What its source says; none if the app does not have it.
    pub source: Option<SeedSource>,
    /// What the database says; none if it was not asked.
    pub standing: Option<Standing>,
}

/// What the source of a seed says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedSource {
    /// The path of its file, where there is one to look at.
    pub file: Option<String>,
    /// The environment variable that skips it; none if it does not say `SKIPPABLE`.
    pub skip_flag: Option<String>,
    /// The write handlers it calls by literal names.
    pub handler_calls: Vec<ShownHandlerCall>,
}

/// A call of a write handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownHandlerCall {
    /// The qualified name of the handler.
    pub handler: String,
    /// The roles that the call adds; none where the source does not tell.
    pub roles: Option<Vec<String>>,
    /// The line of the call, counted from 1.
    pub line: usize,
}

/// Where a seed stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// What a person should know beside the state, if there is anything.
    pub remark: Option<String>,
    /// Its marker, if it is applied.
    pub marker: Option<Marker>,
}

impl ShownSeed {
    /// The seed `id` of `status`; none if it is not among its seeds. The status is one of nothing but
    /// the app's seeds where no database was asked.
    #[must_use]
    pub fn of_status(status: &Status, id: &str, source: Option<SeedSource>) -> Option<Self> {
        let seed = status.seeds.iter().find(|seed| seed.id == id)?;
        let remark = seed.remark();
        let SeedStatus {
            description,
            state,
            marker,
            ..
        } = seed.clone();
        Some(Self {
            id: id.to_owned(),
            description,
            source,
            standing: Some(Standing {
                state,
                remark,
                marker,
            }),
        })
    }

    /// The same seed with nothing said about a database.
    #[must_use]
    pub fn without_database(self) -> Self {
        Self {
            standing: None,
            ..self
        }
    }
}

impl From<&HandlerCall> for ShownHandlerCall {
    fn from(call: &HandlerCall) -> Self {
        let own = |roles: &[&str]| roles.iter().map(ToString::to_string).collect();
        Self {
            handler: call.handler.to_owned(),
            roles: call.roles.map(own),
            line: usize::try_from(call.line).unwrap_or(usize::MAX),
        }
    }
}
