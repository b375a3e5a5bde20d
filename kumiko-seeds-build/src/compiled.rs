use std::path::PathBuf;

use crate::SeedFile;

/// What [`Config::try_compile`](crate::Config::try_compile) has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compiled {
    /// The seeds in the generated array, sorted by id.
    pub seeds: Vec<SeedFile>,
    /// The generated file.
    pub output: PathBuf,
}
