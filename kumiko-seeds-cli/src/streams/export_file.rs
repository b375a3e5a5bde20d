//! The file into which events are exported before they are deleted.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf, absolute};
use std::sync::{Mutex, PoisonError};

use futures_util::future::{BoxFuture, ready};
use kumiko_seeds::events::StreamExport;

use crate::failure::Failure;

/// `purged-2.jsonl` where `purged.jsonl` is meant: the first name that is not taken.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    let names = (2..).map(|number: u32| {
        let name = format!("{stem}-{number}");
        path.with_file_name(name).with_extension(&extension)
    });
    let mut free = names.filter(|path| !path.exists());
    free.next().unwrap_or_else(|| path.to_owned())
}

/// A new file of lines of JSON. What it has taken is on the disk, and was read back.
pub(super) struct ExportFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl ExportFile {
    /// Creates it. Nobody but the user may read it, since it has what the app keeps of people. `again` is the command with another one.
    pub(super) fn create(path: &Path, again: &str) -> Result<Self, Failure> {
        let shown = path.display();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::new(format!("{shown} is there already"))
                .help(format!("name another file:\n    {again}")),
            _ => Failure::new(format!("could not create {shown}")).caused_by(&error),
        })?;
        let path = absolute(path).unwrap_or_else(|_| path.to_owned());
        // So that its name is on the disk as well.
        #[cfg(unix)]
        if let Some(folder) = path.parent()
            && let Err(error) = File::open(folder).and_then(|folder| folder.sync_all())
        {
            let folder = folder.display();
            return Err(Failure::new(format!("could not write to {folder}")).caused_by(&error));
        }
        let file = Mutex::new(file);
        Ok(Self { path, file })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the file away if nothing was exported. Says whether it is still there.
    pub(super) fn keep_if_written(&self) -> bool {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        !(is_empty && remove_file(&self.path).is_ok())
    }

    fn write(&self, lines: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let at = file.seek(SeekFrom::End(0))?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(at))?;
        let mut written = vec![0; lines.len()];
        file.read_exact(&mut written)?;
        if written == lines.as_bytes() {
            return Ok(());
        }
        Err(io::Error::other(
            "what was read back from the file is not what was written to it",
        ))
    }
}

impl StreamExport for ExportFile {
    fn keep<'a>(
        &'a self,
        lines: &'a str,
    ) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>> {
        let path = self.path.display();
        let written = self.write(lines);
        let written = written.map_err(|error| format!("could not write to {path}: {error}"));
        Box::pin(ready(written.map_err(Into::into)))
    }
}
