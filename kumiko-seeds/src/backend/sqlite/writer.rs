//! Which process is writing to a database file.
//!
//! SQLite itself does not tell, but on Linux the kernel lists the locks it takes. The list is read
//! rather than asked for with `fcntl`, because opening and closing the file in this process
//! would drop the locks this process holds on it.

use std::os::unix::fs::MetadataExt;

use crate::holder::Holder;

/// Where SQLite's file format puts the lock of the one writer: the reserved byte of the database
/// file, and the first lock byte of the shared memory file in WAL mode.
const RESERVED_BYTE: u64 = 0x4000_0001;
const WAL_WRITE_LOCK: u64 = 120;

pub(super) fn of(path: &str) -> Option<Holder> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let inode = |path: &str| std::fs::metadata(path).ok().map(|file| file.ino());
    [
        (inode(path), RESERVED_BYTE),
        (inode(&format!("{path}-shm")), WAL_WRITE_LOCK),
    ]
    .into_iter()
    .find_map(|(inode, byte)| process(&locks, inode?, byte))
    .map(|process_id| Holder {
        process_id: Some(process_id),
        ..Holder::default()
    })
}

/// Finds the process with a write lock on `byte` of the file `inode`, in the format of proc(5):
/// `1: POSIX  ADVISORY  WRITE 4242 fe:00:1234567 120 120`.
fn process(locks: &str, inode: u64, byte: u64) -> Option<i64> {
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        if fields.next()? != "POSIX" || fields.nth(1)? != "WRITE" {
            return None;
        }
        let process_id: i64 = fields.next()?.parse().ok()?;
        let file: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
        let first: u64 = fields.next()?.parse().ok()?;
        let last = match fields.next()? {
            "EOF" => u64::MAX,
            last => last.parse().ok()?,
        };
        (file == inode && process_id > 0 && (first..=last).contains(&byte)).then_some(process_id)
    })
}

#[cfg(test)]
mod tests {
    use super::process;

    const LOCKS: &str = "\
        1: POSIX  ADVISORY  READ  900 fe:00:77 1073741826 1073742335\n\
        2: FLOCK  ADVISORY  WRITE 901 fe:00:77 0 EOF\n\
        3: -> POSIX  ADVISORY  WRITE 902 fe:00:77 1073741825 1073741825\n\
        4: POSIX  ADVISORY  WRITE 903 fe:00:77 1073741825 1073741825\n\
        5: POSIX  ADVISORY  WRITE 904 fe:00:78 120 120\n";

    #[test]
    fn only_a_granted_write_lock_on_the_byte_counts() {
        assert_eq!(process(LOCKS, 77, 0x4000_0001), Some(903));
        assert_eq!(process(LOCKS, 78, 120), Some(904));
        assert_eq!(process(LOCKS, 78, 121), None);
        assert_eq!(process(LOCKS, 79, 120), None);
    }
}
