//! A file that lists databases: a URL a line.

use std::fs;
use std::io::{self, Read, stdin};
use std::path::Path;

use crate::database::DatabaseUrl;
use crate::failure::Failure;

/// The URLs in a file, or in stdin if it is `-`.
pub(super) fn read(file: &Path) -> Result<Vec<DatabaseUrl>, Failure> {
    let (shown, content) = if file == Path::new("-") {
        ("stdin".to_owned(), from_stdin())
    } else {
        (file.display().to_string(), fs::read_to_string(file))
    };
    let content = content
        .map_err(|error| Failure::new(format!("could not read {shown}")).caused_by(&error))?;
    let urls = urls(&content, &shown)?;
    if urls.is_empty() {
        return Err(Failure::new(format!("there is no database in {shown}"))
            .help("write one URL a line; # begins a comment"));
    }
    Ok(urls)
}

fn from_stdin() -> io::Result<String> {
    let mut content = String::new();
    stdin().lock().read_to_string(&mut content)?;
    Ok(content)
}

/// The URLs in the content of a file. A comment is a line of its own, since a URL may have a # in it.
fn urls(content: &str, file: &str) -> Result<Vec<DatabaseUrl>, Failure> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let lines = (1..).zip(content.lines());
    let lines = lines.map(|(number, line)| (number, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let urls = lines.map(|(number, line)| DatabaseUrl::read(line, format!("{file}:{number}")));
    urls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stands_on_a_line_of_its_own() {
        let content =
            "\u{feff}# tenants\r\n\r\n  sqlite:a#1.db\t\n#sqlite:b.db\npostgres://me:secret@db/c\n";
        let urls = urls(content, "tenants.txt").unwrap_or_default();
        let shown: Vec<_> = urls.iter().map(|url| format!("{url:?}")).collect();
        assert_eq!(
            shown,
            [
                "DatabaseUrl(sqlite:a from tenants.txt:3)",
                "DatabaseUrl(postgres://db/c from tenants.txt:5)"
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_url_is_named_and_not_shown() {
        let failure = urls("sqlite:a.db\nme:secret@db\n", "tenants.txt").err();
        let text = format!("{failure:?}");
        assert!(
            text.contains("tenants.txt:2") && !text.contains("secret"),
            "{text}"
        );
    }
}
