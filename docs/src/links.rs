//! Where links of the built book lead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use html5gum::{Token, Tokenizer};

/// A file of the book.
#[derive(Default)]
pub(crate) struct Page {
    ids: BTreeSet<String>,
    links: Vec<String>,
}

/// All pages in one, what is shown without a page, the list beside each page, and a copy of the first page.
const NO_PAGES: [&str; 4] = ["print.html", "404.html", "toc.html", "index.html"];

/// The files of the built book, by name. One that is no page has nothing in it.
pub(crate) fn pages(folder: &Path) -> io::Result<BTreeMap<String, Page>> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_page = path
            .extension()
            .is_some_and(|extension| extension == "html");
        let page = if is_page && !NO_PAGES.contains(&&*name) {
            page(&fs::read_to_string(&path)?)
        } else {
            Page::default()
        };
        pages.insert(name, page);
    }
    Ok(pages)
}

fn page(html: &str) -> Page {
    let mut page = Page::default();
    for Ok(token) in Tokenizer::new(html) {
        if let Token::StartTag(tag) = token {
            let value = |name: &[u8]| {
                let value = tag.attributes.get(name)?;
                Some(String::from_utf8_lossy(value).into_owned())
            };
            page.ids.extend(value(b"id"));
            page.links.extend(value(b"href"));
            page.links.extend(value(b"src"));
        }
    }
    page
}

/// The links that lead nowhere. Links to elsewhere are not followed.
pub(crate) fn problems(pages: &BTreeMap<String, Page>) -> Vec<String> {
    let mut problems = BTreeSet::new();
    for (name, page) in pages {
        for link in &page.links {
            let elsewhere = link.contains('/');
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            match pages.get(file) {
                _ if elsewhere => {}
                None => drop(problems.insert(format!("{name}: there is no {file}"))),
                Some(page) if id.is_empty() || page.ids.contains(id) => {}
                Some(_) => drop(problems.insert(format!("{name}: there is no #{id} in {file}"))),
            }
        }
    }
    problems.into_iter().collect()
}
