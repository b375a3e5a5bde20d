//! How to print a result.

use clap::ValueEnum;

/// How to print a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// The format as arguments, if it is not the default.
pub(crate) fn format_words(format: Format) -> Vec<String> {
    let given = (format != Format::default()).then_some(format);
    let value = given.and_then(|format| format.to_possible_value());
    value.map_or_else(Vec::new, |value| {
        vec!["--format".to_owned(), value.get_name().to_owned()]
    })
}
