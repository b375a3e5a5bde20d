//! Getting servers onto a machine that lacks them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use kumiko_seeds_testing::{Failure, PgBouncer, Programs, is_in_path, is_root};

use crate::release::Release;

/// What Debian's package reads before it makes and starts a server of its own.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
/// What Debian asks whether a package may start what it installs.
const START_POLICY: &str = "/usr/sbin/policy-rc.d";
/// Where this machine's own policy is kept meanwhile.
const OWN_START_POLICY: &str = "/usr/sbin/policy-rc.d.before-kumiko";

/// Installs what tests need and this machine lacks, where that is possible without questions, and gives the
/// programs of PostgreSQL: of a release, or of what is installed.
pub(crate) fn what_is_missing(release: Option<Release>) -> Result<Programs, Failure> {
    let programs = match release {
        None => provide("PostgreSQL", Programs::find, postgres)?,
        Some(release) => programs_of(release)?,
    };
    provide("PgBouncer", PgBouncer::program, pgbouncer)?;
    // Without it the tests that count instructions count none, and say so.
    match provide("Valgrind", valgrind, || install("valgrind")) {
        Err(failure) if can_install() => Err(failure),
        _ => Ok(programs),
    }
}

fn programs_of(release: Release) -> Result<Programs, Failure> {
    if let Some(programs) = release.programs()? {
        return Ok(programs);
    }
    provide("npm", npm, || install("npm"))?;
    release.fetch()
}

fn provide<T>(
    name: &str,
    find: impl Fn() -> Result<T, Failure>,
    install: impl Fn() -> Result<(), Failure>,
) -> Result<T, Failure> {
    match find() {
        Err(_) if can_install() => {}
        found => return found,
    }
    eprintln!("{name} is not installed; installing it with apt-get ...");
    apt_get(&["update"])?;
    install()?;
    find()
}

fn can_install() -> bool {
    is_root() && is_in_path("apt-get")
}

fn npm() -> Result<(), Failure> {
    let missing = || {
        Failure::new("npm, which fetches PostgreSQL of a chosen version, was not found").help(
            "install it, then run the command again:
    Debian, Ubuntu:  sudo apt-get install npm
    Fedora:          sudo dnf install nodejs-npm",
        )
    };
    is_in_path("npm").then_some(()).ok_or_else(missing)
}

fn valgrind() -> Result<(), Failure> {
    let missing = || Failure::new("Valgrind was not found");
    is_in_path("valgrind").then_some(()).ok_or_else(missing)
}

fn postgres() -> Result<(), Failure> {
    install("postgresql-common")?;
    // The package would make a server and start it with the machine. Nobody asked for that one. The
    // machine's own setting is put back, for the next version that somebody installs on purpose.
    let settings = Path::new(CLUSTER_SETTINGS);
    let before = fs::read_to_string(settings).unwrap_or_default();
    set(settings, &without_main_cluster(&before))?;
    let installed = install("postgresql");
    set(settings, &before)?;
    installed
}

/// The settings with a last word on whether a server is made.
fn without_main_cluster(settings: &str) -> String {
    format!("{}\ncreate_main_cluster = false\n", settings.trim_end())
}

fn pgbouncer() -> Result<(), Failure> {
    // The package would start a pooler on port 6432, now and with the machine. Nobody asked for it.
    let (policy, own) = (Path::new(START_POLICY), Path::new(OWN_START_POLICY));
    let has_own = policy.exists();
    if has_own {
        rename(policy, own)?;
    }
    let installed = forbid_starts(policy).and_then(|()| install("pgbouncer"));
    if has_own {
        rename(own, policy)?;
    } else {
        fs::remove_file(policy).map_err(|error| not_written(policy).caused_by(error))?;
    }
    installed?;
    run("update-rc.d", &["pgbouncer", "disable"])
}

/// Makes a policy that answers each question with a no, which is exit status 101.
fn forbid_starts(policy: &Path) -> Result<(), Failure> {
    set(policy, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(policy, fs::Permissions::from_mode(0o755))
        .map_err(|error| not_written(policy).caused_by(error))
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to).map_err(|error| not_written(to).caused_by(error))
}

fn set(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| not_written(path).caused_by(error))
}

fn not_written(path: &Path) -> Failure {
    Failure::new(format!("could not write {}", path.display()))
}

fn install(package: &str) -> Result<(), Failure> {
    apt_get(&["install", "--no-install-recommends", package])
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    run("apt-get", &[arguments, &["--yes"]].concat())
}

fn run(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let line = format!("{program} {}", arguments.join(" "));
    let failed =
        || Failure::new(format!("`{line}` failed")).help(format!("see what is wrong:\n    {line}"));
    let output = Command::new(program)
        .args(arguments)
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
