//! What a package has, read before anything is planned.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::TargetKind;
use kumiko_seeds_cli::Failure;

use crate::app_source::{AppName, Library, app_name, library, mentions, wiring};
use crate::package::Member;
use crate::shown::{indented, shown_path};
use crate::text_file::TextFile;

/// What a package has, as far as it matters for seeds.
pub(super) struct Inventory<'a> {
    pub(super) member: &'a Member,
    current: &'a Path,
    pub(super) manifest: TextFile,
    /// The Cargo.toml of the workspace, which may be the same file.
    pub(super) workspace_manifest: String,
    pub(super) build_script: BuildScript,
    /// The library, if the package has one that its binaries can use.
    pub(super) library: Option<Library>,
    /// The file that brings the seeds in, if there is one.
    pub(super) wiring: Option<TextFile>,
    /// The name that the source gives the app, if it does.
    pub(super) app_name: Option<AppName>,
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
    /// Whether its source names the library with the commands.
    pub(super) names_library: bool,
}

impl<'a> Inventory<'a> {
    /// Reads it all. Fails if something that matters cannot be read, or if the folder of seeds has
    /// something in it that no build would accept.
    pub(super) fn read(member: &'a Member, current: &'a Path) -> Result<Self, Failure> {
        let library = library(member)?;
        let sources = library.as_ref().map(|library| library.folder().to_owned());
        let sources = sources.unwrap_or_else(|| member.folder().join("src"));
        check_seeds(&member.seeds_folder(), current)?;
        Ok(Self {
            manifest: TextFile::read(member.manifest())?,
            workspace_manifest: TextFile::read(&member.workspace_root.join("Cargo.toml"))?.text,
            build_script: build_script(member)?,
            wiring: wiring(&sources),
            app_name: app_name(&sources),
            binaries: binaries(member),
            has_seeds_folder: member.seeds_folder().is_dir(),
            library,
            member,
            current,
        })
    }

    /// A path as people read it.
    pub(super) fn shown(&self, path: &Path) -> String {
        shown_path(path, self.current).display().to_string()
    }
}

/// Fails if the folder has what the build script would refuse.
fn check_seeds(folder: &Path, current: &Path) -> Result<(), Failure> {
    let shown = shown_path(folder, current);
    kumiko_seeds_build::scan(&shown).map(drop).map_err(|error| {
        Failure::new(format!(
            "{} has what no build with seeds accepts; nothing was changed:\n{}",
            shown.display(),
            indented("  ", &error.to_string())
        ))
        .help(
            "correct this and run it again; or have the seeds in another folder, which Cargo.toml names:\n    \
             [package.metadata.kumiko-ops]\n    seeds = \"data-seeds\"",
        )
    })
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
                _ => TextFile::read(path).map(BuildScript::Exists),
            }
        }
        _ => Ok(BuildScript::Other),
    }
}

fn binaries(member: &Member) -> Vec<Binary> {
    let command_library = &member.command_library_in_code();
    let targets = member.package.targets.iter();
    let binaries = targets.filter(|target| target.is_bin());
    binaries
        .map(|target| Binary {
            name: target.name.clone(),
            names_library: fs::read_to_string(&target.src_path)
                .is_ok_and(|text| mentions(&text, command_library)),
        })
        .collect()
}
