//! What a source includes: other files whose edit is an edit of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::TokenStream;
use syn::LitStr;

use super::token::{Token, canonical};
use super::write;
use crate::text_hash::{Fnv, text_hash};

/// A file that a source names.
pub(super) struct Included {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Its text or its bytes are a value.
    Value,
    /// Its code stands in the place where it is named.
    Code,
    /// It is a module. Its own modules are in this folder.
    Module(PathBuf),
}

impl Included {
    /// Writes the files that `code` names, and those that they name. Paths start at `folder`, where the code's file is, and
    /// modules are in `modules`. `files` are those that are written already; each is written once.
    pub(super) fn write(
        hash: &mut Fnv,
        code: &[Token],
        folder: &Path,
        modules: &Path,
        files: &mut Vec<PathBuf>,
    ) {
        let mut found = Vec::new();
        values(&mut found, code, folder);
        found.extend(modules_of(code, folder, modules));
        for Self { path, kind } in found {
            if files.contains(&path) {
                continue;
            }
            // What cannot be read does not compile either, and the compiler says so better.
            let Some(content) = read(&path) else {
                continue;
            };
            files.push(path.clone());
            let folder = path.parent().unwrap_or(Path::new(""));
            let modules = match &kind {
                Kind::Value => None,
                Kind::Code => Some(folder),
                Kind::Module(modules) => Some(modules.as_path()),
            };
            match modules.and_then(|modules| Some((modules, code_of(&content)?))) {
                Some((modules, code)) => {
                    write(hash, &code);
                    Self::write(hash, &code, folder, modules, files);
                }
                None => match std::str::from_utf8(&content) {
                    Ok(text) => hash.write(text_hash(text).as_bytes()),
                    Err(_) => hash.write(&content),
                },
            }
            hash.write(&[0xfe]);
        }
    }
}

/// Reading a pipe would wait for a writer that never comes.
fn read(path: &Path) -> Option<Vec<u8>> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::read(path).ok()
}

fn code_of(content: &[u8]) -> Option<Vec<Token>> {
    let text = std::str::from_utf8(content).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokens = TokenStream::from_str(&text.replace("\r\n", "\n")).ok()?;
    Some(canonical(tokens))
}

/// What is included by a macro, wherever that is called.
fn values(found: &mut Vec<Included>, code: &[Token], folder: &Path) {
    for (index, token) in code.iter().enumerate() {
        let Token::Group(_, inner) = token else {
            continue;
        };
        let kind = match &code[..index] {
            [.., name, not] if not.is("!") && name.is("include") => Some(Kind::Code),
            [.., name, not]
                if not.is("!") && (name.is("include_str") || name.is("include_bytes")) =>
            {
                Some(Kind::Value)
            }
            _ => None,
        };
        if let Some(kind) = kind
            && let [literal] = inner.as_slice()
            && let Some(path) = text_of(literal)
        {
            let path = folder.join(path);
            found.push(Included { path, kind });
        }
        values(found, inner, folder);
    }
}

/// The modules that are files, but for those in a module that is none.
fn modules_of(code: &[Token], folder: &Path, modules: &Path) -> Vec<Included> {
    let of_module = |(index, three): (usize, &[Token])| {
        let [keyword, Token::Plain(name), end] = three else {
            return None;
        };
        if !(keyword.is("mod") && end.is(";")) {
            return None;
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        let own = modules.join(name);
        Some(match path_attribute(&code[..index]) {
            Some(path) => {
                let path = folder.join(path);
                let modules = path.parent().unwrap_or(Path::new("")).to_owned();
                Included {
                    path,
                    kind: Kind::Module(modules),
                }
            }
            None if own.join("mod.rs").is_file() => Included {
                path: own.join("mod.rs"),
                kind: Kind::Module(own),
            },
            None => Included {
                path: modules.join(format!("{name}.rs")),
                kind: Kind::Module(own),
            },
        })
    };
    code.windows(3).enumerate().filter_map(of_module).collect()
}

/// The path in the attributes that are behind everything else before an item.
fn path_attribute(before: &[Token]) -> Option<String> {
    let mut rest = before;
    loop {
        rest = match rest {
            [rest @ .., public, Token::Group("(", _)] if public.is("pub") => rest,
            [rest @ .., public] if public.is("pub") => rest,
            [rest @ .., hash, Token::Group("[", attribute)] if hash.is("#") => {
                match attribute.as_slice() {
                    [name, equals, literal] if name.is("path") && equals.is("=") => {
                        return text_of(literal);
                    }
                    _ => rest,
                }
            }
            _ => return None,
        };
    }
}

fn text_of(literal: &Token) -> Option<String> {
    match literal {
        Token::Plain(text) => Some(syn::parse_str::<LitStr>(text).ok()?.value()),
        Token::Group(..) => None,
    }
}
