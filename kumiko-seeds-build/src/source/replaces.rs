//! The retired seeds in whose place a seed is.

use syn::Item;

use super::Line;
use super::constants::{List, texts};
use super::finding::Finding;

const LIST: List = List {
    name: "REPLACES",
    line_to_write: "write `pub const REPLACES: &[&str] = &[\"YYYY-MM-DD-what-it-changed\"];`",
};

/// The ids in `REPLACES` with their lines, if the file has it. What is retired the list of the folder says, so whether they are
/// is not looked at here.
pub(super) fn replaces(items: &[Item]) -> Result<Option<Vec<(String, Line)>>, Vec<Finding>> {
    Ok(texts(items, LIST)?.map(|list| list.texts))
}
