//! The hash by which an edit that matters is told from one that does not.

mod blocks;
mod commas;
mod included;
mod token;
mod uses;

use std::path::{Path, PathBuf};

use self::included::Included;
use crate::text_hash::Fnv;

pub(crate) use self::token::{Token, canonical};

/// What is known of a source and what it includes.
pub(crate) struct Hashed {
    /// `tokens:` and 16 hexadecimal digits. A hash of a whole text has no such prefix, so none is taken for the other.
    pub(crate) hash: String,
    /// The files that the hash covers beside the source itself.
    pub(crate) included: Vec<PathBuf>,
}

/// Hashes the code of `file`, and what it includes.
///
/// **Invariant:** the same code has the same hash in every release of this library, since databases hold it. Whoever
/// changes what it is made of gives it another prefix, and keeps this one beside it.
pub(crate) fn source_hash(code: &[Token], file: &Path) -> Hashed {
    let mut hash = Fnv::default();
    let mut files = vec![file.to_owned()];
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    write(&mut hash, code);
    Included::write(&mut hash, code, &folder, &folder, &mut files);
    files.remove(0);
    Hashed {
        hash: format!("tokens:{}", hash.digits()),
        included: files,
    }
}

/// **Invariant:** two lists of tokens are written alike only if they are alike. UTF-8 has neither of the two bytes.
fn write(hash: &mut Fnv, tokens: &[Token]) {
    for token in tokens {
        match token {
            Token::Plain(text) => {
                hash.write(text.as_bytes());
                hash.write(&[0xff]);
            }
            Token::Group(open, inner) => {
                hash.write(open.as_bytes());
                hash.write(&[0xff]);
                write(hash, inner);
                hash.write(&[0xfe]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
