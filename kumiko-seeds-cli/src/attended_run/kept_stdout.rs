//! Keeps stdout for the result while seeds run.

use std::io::{self, Write};

use crate::failure::Failure;

/// As long as it lives, what the process and its children write to stdout goes to stderr. What a seed prints would
/// otherwise stand in the middle of the result, which programs read.
///
/// On Windows it does nothing.
pub(crate) struct KeptStdout {
    #[cfg(unix)]
    stdout: std::os::fd::OwnedFd,
}

impl KeptStdout {
    pub(crate) fn keep() -> Result<Self, Failure> {
        let kept = Self::new();
        kept.map_err(|error| Failure::new("could not keep stdout for the result").caused_by(&error))
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        io::stdout().flush()?;
        let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 0)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(Self { stdout })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }
}

#[cfg(unix)]
impl Drop for KeptStdout {
    fn drop(&mut self) {
        // A seed may have left a line without an end in the buffer.
        drop(io::stdout().flush());
        let _ = rustix::stdio::dup2_stdout(&self.stdout);
    }
}
