//! The library of a package.

use std::path::Path;

use cargo_metadata::{Target, TargetKind};
use kumiko_seeds_cli::Failure;

use crate::package::Member;
use crate::text_file::TextFile;

/// A library that binaries and tests can use.
pub(crate) struct Library {
    /// Its name as Cargo knows it.
    pub(crate) name: String,
    /// Its first file.
    pub(crate) file: TextFile,
}

impl Library {
    /// The folder in which its modules are.
    pub(crate) fn folder(&self) -> &Path {
        self.file.path.parent().unwrap_or(Path::new(""))
    }
}

/// The library of the package, if it has one.
///
/// Fails if it cannot be read, or is one that Rust code cannot use.
pub(crate) fn library(member: &Member) -> Result<Option<Library>, Failure> {
    let usable = [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib];
    let is =
        |target: &Target, kinds: &[TargetKind]| target.kind.iter().any(|kind| kinds.contains(kind));
    let other = [
        TargetKind::ProcMacro,
        TargetKind::CDyLib,
        TargetKind::StaticLib,
    ];
    let targets = &member.package.targets;
    if let Some(target) = targets.iter().find(|target| is(target, &usable)) {
        return Ok(Some(Library {
            name: target.name.clone(),
            file: TextFile::read(target.src_path.as_std_path())?,
        }));
    }
    if targets.iter().any(|target| is(target, &other)) {
        return Err(Failure::new(format!(
            "the binaries of package {} cannot use its library, which is of another crate type",
            member.name()
        ))
        .help("add \"lib\" to crate-type in Cargo.toml, or have the seeds in another package"));
    }
    Ok(None)
}
