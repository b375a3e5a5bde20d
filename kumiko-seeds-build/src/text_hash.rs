/// The 64 bit FNV-1a hash of a text as 16 lower-case hexadecimal digits.
///
/// A byte order mark at the start does not count and CRLF counts as LF, so a checkout on another system does
/// not look like an edit. It tells edits from no edits; it is no protection against someone who wants a clash.
pub(crate) fn text_hash(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut hash = Fnv::default();
    hash.write(text.replace("\r\n", "\n").as_bytes());
    hash.digits()
}

/// FNV-1a with 64 bits.
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    }

    pub(crate) fn digits(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors published with the algorithm.
    #[test]
    fn agrees_with_published_vectors() {
        for (text, hash) in [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("b", "af63df4c8601f1a5"),
            ("foo", "dcb27518fed9d577"),
            ("foobar", "85944171f73967e8"),
            ("chongo was here!\n", "46810940eff5f915"),
        ] {
            assert_eq!(text_hash(text), hash, "{text:?}");
        }
    }

    #[test]
    fn line_ends_and_byte_order_mark_do_not_count() {
        assert_eq!(text_hash("\u{feff}a\r\nb\r\n"), text_hash("a\nb\n"));
        assert_ne!(text_hash("a\rb"), text_hash("a\nb"));
    }
}
