//! The arguments that name many databases.

use std::path::PathBuf;

use clap::Args;

/// Many databases in place of one.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetsArguments {
    /// Do it in each schema of the PostgreSQL database whose name is LIKE this: 'tenant_%'
    #[arg(long, value_name = "PATTERN", group = "targets")]
    pub(super) each_schema: Option<String>,
    /// Do it in each database of this file: a URL a line, # begins a comment, - is stdin
    #[arg(
        long,
        value_name = "FILE",
        group = "targets",
        conflicts_with = "database_url"
    )]
    pub(super) databases: Option<PathBuf>,
    /// How many of them to work on at once; 4 if not given
    #[arg(long, value_name = "COUNT", requires = "targets")]
    pub(super) parallel: Option<usize>,
}

impl TargetsArguments {
    /// Whether many databases are meant.
    #[must_use]
    pub fn are_given(&self) -> bool {
        self.each_schema.is_some() || self.databases.is_some()
    }

    /// Whether the databases are all named by a file, so that no other URL is needed.
    #[must_use]
    pub fn have_urls(&self) -> bool {
        self.databases.is_some()
    }

    /// The arguments that were given.
    pub(crate) fn words(&self) -> Vec<String> {
        let databases = self.databases.as_ref();
        let values = [
            ("--each-schema", self.each_schema.clone()),
            (
                "--databases",
                databases.map(|file| file.to_string_lossy().into_owned()),
            ),
            (
                "--parallel",
                self.parallel.map(|parallel| parallel.to_string()),
            ),
        ];
        let given = values
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().collect()
    }
}
