//! Payloads that name their handler.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A payload type that names the write handler it is for, so that a misspelt name does not compile.
///
/// Register its handler with [`Handlers::command`](super::Handlers::command) and write it with
/// [`SeedContext::system_execute`](crate::SeedContext::system_execute).
///
/// ```
/// use kumiko_seeds::events::Command;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct RenameTenant {
///     name: String,
/// }
///
/// impl Command for RenameTenant {
///     const HANDLER: &'static str = "tenant:write:rename";
/// }
/// ```
pub trait Command: Serialize + DeserializeOwned + Send + 'static {
    /// The qualified name of the handler.
    const HANDLER: &'static str;
}
