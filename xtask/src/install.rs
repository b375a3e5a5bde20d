//! Getting Postgres onto a machine that lacks it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::account::is_root;
use crate::failure::Failure;
use crate::programs::{Programs, is_in_path};

/// What Debian's package reads before it makes and starts a server of its own.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// The server programs of this machine, installed first where that is possible without questions.
pub(crate) fn find_or_install() -> Result<Programs, Failure> {
    if let Some(programs) = Programs::find() {
        return Ok(programs);
    }
    if !(is_root() && is_in_path("apt-get")) {
        return Err(missing());
    }
    eprintln!("PostgreSQL is not installed; installing it with apt-get ...");
    install()?;
    Programs::find().ok_or_else(missing)
}

fn install() -> Result<(), Failure> {
    apt_get(&["update"])?;
    apt_get(&["install", "--no-install-recommends", "postgresql-common"])?;
    // The package would make a server and start it with the machine. Nobody asked for that one. The
    // machine's own setting is put back, for the next version that somebody installs on purpose.
    let settings = Path::new(CLUSTER_SETTINGS);
    let before = fs::read_to_string(settings).unwrap_or_default();
    set(settings, &without_main_cluster(&before))?;
    let installed = apt_get(&["install", "--no-install-recommends", "postgresql"]);
    set(settings, &before)?;
    installed
}

/// The settings with a last word on whether a server is made.
fn without_main_cluster(settings: &str) -> String {
    format!("{}\ncreate_main_cluster = false\n", settings.trim_end())
}

fn set(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| {
        Failure::new(format!("could not write {}", path.display())).caused_by(error)
    })
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    let line = format!("apt-get {} --yes", arguments.join(" "));
    let failed =
        || Failure::new(format!("`{line}` failed")).help(format!("see what is wrong:\n    {line}"));
    let output = Command::new("apt-get")
        .args(arguments)
        .arg("--yes")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed().caused_by(error))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failed().caused_by(String::from_utf8_lossy(&output.stderr)))
    }
}

fn missing() -> Failure {
    Failure::new("PostgreSQL's server programs (initdb, postgres) were not found").help(
        "install them, then run the command again:
    Debian, Ubuntu:  sudo apt-get install postgresql
    Fedora:          sudo dnf install postgresql-server
    macOS:           brew install postgresql",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_that_no_server_is_made() {
        let settings = without_main_cluster("create_main_cluster = true\n");
        assert_eq!(
            settings,
            "create_main_cluster = true\ncreate_main_cluster = false\n"
        );
    }
}
