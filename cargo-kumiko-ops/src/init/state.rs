//! What a package has, read before anything is planned.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::{Target, TargetKind};
use kumiko_seeds::cli::Failure;

use super::source::mentions;
use crate::package::Member;

/// A text file.
pub(super) struct TextFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What a package has, as far as it matters for seeds.
pub(super) struct State<'a> {
    pub(super) member: &'a Member,
    pub(super) manifest: TextFile,
    /// The Cargo.toml of the workspace, which may be the same file.
    pub(super) workspace_manifest: String,
    pub(super) build_script: BuildScript,
    /// The first file of the library, if the package has one that its binaries can use.
    pub(super) library: Option<TextFile>,
    /// The file that brings the seeds in, if there is one.
    pub(super) wiring: Option<TextFile>,
    pub(super) binaries: Vec<Binary>,
    pub(super) has_seeds_folder: bool,
}

/// The build script of a package.
pub(super) enum BuildScript {
    Missing(PathBuf),
    Exists(TextFile),
    /// `build = false` or something new to this program.
    Other,
}

/// A bin target.
pub(super) struct Binary {
    pub(super) name: String,
    /// Whether its source names the library that seeds are applied with.
    pub(super) names_library: bool,
}

impl<'a> State<'a> {
    /// Reads it all. Fails if something that matters cannot be read.
    pub(super) fn read(member: &'a Member, library_name: &str) -> Result<Self, Failure> {
        let library = library(member)?;
        let sources = library.as_ref().and_then(|library| library.path.parent());
        let sources = sources.map_or_else(|| member.folder().join("src"), Path::to_owned);
        Ok(Self {
            manifest: read(member.manifest())?,
            workspace_manifest: read(&member.workspace_root.join("Cargo.toml"))?.text,
            build_script: build_script(member)?,
            wiring: wiring(&sources),
            binaries: binaries(member, library_name),
            has_seeds_folder: member.seeds_folder().is_dir(),
            library,
            member,
        })
    }
}

fn read(path: &Path) -> Result<TextFile, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("could not read {}", path.display()))
            .caused_by(&error)
            .help("nothing was changed; correct this and run it again")
    })?;
    Ok(TextFile {
        path: path.to_owned(),
        text,
    })
}

fn library(member: &Member) -> Result<Option<TextFile>, Failure> {
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
        return read(target.src_path.as_std_path()).map(Some);
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

fn build_script(member: &Member) -> Result<BuildScript, Failure> {
    let targets = member.package.targets.iter();
    let scripts: Vec<_> = targets
        .filter(|target| target.kind.contains(&TargetKind::CustomBuild))
        .collect();
    match scripts.as_slice() {
        [] => {
            let path = member.folder().join("build.rs");
            // Cargo would have found it.
            let is_left_out = path.symlink_metadata().is_ok();
            Ok(if is_left_out {
                BuildScript::Other
            } else {
                BuildScript::Missing(path)
            })
        }
        [script] => {
            let path = script.src_path.as_std_path();
            match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Ok(BuildScript::Missing(path.to_owned()))
                }
                _ => read(path).map(BuildScript::Exists),
            }
        }
        _ => Ok(BuildScript::Other),
    }
}

fn binaries(member: &Member, library_name: &str) -> Vec<Binary> {
    let targets = member.package.targets.iter();
    let binaries = targets.filter(|target| target.is_bin());
    binaries
        .map(|target| Binary {
            name: target.name.clone(),
            names_library: fs::read_to_string(&target.src_path)
                .is_ok_and(|text| mentions(&text, library_name)),
        })
        .collect()
}

/// The file in the folder or below it that uses `include_seeds!`.
fn wiring(folder: &Path) -> Option<TextFile> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.iter().find_map(|entry| {
        let path = entry.path();
        if entry.file_type().ok()?.is_dir() {
            return (!is_of_others(&path)).then(|| wiring(&path)).flatten();
        }
        if path.extension().is_none_or(|ending| ending != "rs") || !path.is_file() {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        mentions(&text, "include_seeds").then_some(TextFile { path, text })
    })
}

/// Whether a folder is no part of the package: what Cargo builds, another package, something hidden.
/// The library of a package may lie beside them.
fn is_of_others(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
        || folder.join("CACHEDIR.TAG").exists()
        || folder.join("Cargo.toml").exists()
}
