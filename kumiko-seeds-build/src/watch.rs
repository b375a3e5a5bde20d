//! A folder of seeds that does not exist yet has to be watched too: the build script must run again when it
//! appears. Cargo takes a watched path that is missing for changed, so it would run the script and compile the
//! app anew in every build.
//!
//! Cargo follows links inside a watched folder, and a link that leads nowhere it leaves out. So a folder in the
//! build output that holds nothing but a link to the missing folder of seeds is unchanged until that exists.

use std::io;
use std::path::{Path, PathBuf};

use crate::source_hash::source_hash;

/// The path to give to Cargo for a folder of seeds that is missing: a stand-in below `out_dir`, or the folder
/// itself where the stand-in cannot be made. That is correct as well, only slower.
pub(crate) fn watched_instead(missing: &Path, out_dir: &Path) -> PathBuf {
    // A build script may compile several folders.
    let name = source_hash(&missing.to_string_lossy());
    let stand_in = out_dir.join(format!("kumiko_seeds.watch/{name}"));
    match make_stand_in(missing, &stand_in) {
        Ok(()) => stand_in,
        Err(_) => missing.to_owned(),
    }
}

#[cfg(unix)]
fn make_stand_in(missing: &Path, stand_in: &Path) -> io::Result<()> {
    use std::fs;
    use std::thread;
    use std::time::{Duration, SystemTime};

    fs::create_dir_all(stand_in)?;
    let link = stand_in.join("seeds");
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A new link each time: once it leads somewhere its own time counts, and that is later than the start of
    // this run. So a folder that is moved here with all its old times is noticed too. Time stamps are only as
    // fine as the clock of the system, which ticks every 10 milliseconds or faster.
    thread::sleep(Duration::from_millis(20));
    std::os::unix::fs::symlink(missing, &link)?;
    // The stand-in itself must not be newer than the start of this run.
    fs::File::open(stand_in)?.set_modified(SystemTime::UNIX_EPOCH)
}

/// Links need a privilege on Windows.
#[cfg(not(unix))]
fn make_stand_in(_missing: &Path, _stand_in: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
