//! Whether the messages that the guide explains are those that are said.

use std::fs;
use std::io;
use std::path::Path;

/// The chapter that explains them, in the first column of its tables. `…` stands for what differs.
pub(crate) const CHAPTER: &str = "incidents.md";

/// The messages in the tables of `chapter` that `sources` do not have, as [`read`] gives them.
pub(crate) fn problems(chapter: &str, sources: &str) -> Vec<String> {
    let messages = chapter.lines().zip(1..).filter_map(|(line, number)| {
        let cell = line.strip_prefix("| ")?;
        let text = cell.trim_start_matches('`');
        let (quotes, _) = cell.split_at(cell.len() - text.len());
        let (message, _) = text.split_once(quotes).filter(|_| !quotes.is_empty())?;
        let mut parts = message.split('…').map(|part| part.trim_matches([',', ' ']));
        let unknown = parts.find(|part| !sources.contains(part))?;
        Some(format!("{CHAPTER}:{number}: nothing says {unknown:?}"))
    });
    messages.collect()
}

/// The sources of a folder, with texts over several lines on one.
pub(crate) fn read(folder: &Path) -> io::Result<String> {
    let mut sources = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources.push_str(&read(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut is_continued = false;
            for line in fs::read_to_string(path)?.lines() {
                let text = if is_continued {
                    line.trim_start()
                } else {
                    line
                };
                is_continued = text.ends_with('\\');
                sources.push_str(text.trim_end_matches('\\'));
                if !is_continued {
                    sources.push('\n');
                }
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_nothing_says_is_named() {
        let sources = "\"gave up after {} of waiting\"\n\"seed {} is paused\"\n";
        let chapter = "| it says |\n| `gave up after … of waiting` | |\n| `is paused`, `is over` | |\n\
                       | ``seed …: `batch` stands`` | |\n";
        assert_eq!(
            problems(chapter, sources),
            ["incidents.md:4: nothing says \": `batch` stands\""]
        );
    }
}
