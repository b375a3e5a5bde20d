//! The user account that servers run under.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// An account, as a command is started under it.
pub(crate) enum Account {
    /// The one this program runs under.
    Current,
    /// One that root changes to.
    Unprivileged {
        /// Its user id.
        user: u32,
        /// The id of its first group.
        group: u32,
    },
}

impl Account {
    /// The account for a server. PostgreSQL and PgBouncer refuse to run as root, so root changes to
    /// `postgres`, or to `nobody` where the programs came without that account.
    pub(crate) fn for_server() -> Result<Self, Failure> {
        if !is_root() {
            return Ok(Self::Current);
        }
        for name in ["postgres", "nobody"] {
            if let (Some(user), Some(group)) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Self::Unprivileged { user, group });
            }
        }
        Err(
            Failure::new("servers do not run as root, and there is no account `postgres`")
                .help("make one, then run the command again:\n    useradd --system postgres"),
        )
    }

    /// Makes a command run under this account.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Self::Unprivileged { user, group } = *self {
            command.uid(user).gid(group);
        }
    }
}

/// Whether the account that servers run under may enter a folder, as it must to run programs that lie there.
pub fn may_be_entered(folder: &Path) -> Result<bool, Failure> {
    let mut test = Command::new("test");
    Account::for_server()?.apply(test.arg("-x").arg(folder));
    Ok(test.status().is_ok_and(|status| status.success()))
}

/// Whether this program runs as root.
#[must_use]
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().parse().ok()
}
