/// The 64 bit FNV-1a hash of a source file as 16 lower-case hexadecimal digits.
///
/// A byte order mark at the start does not count and CRLF counts as LF, so a checkout on another system does
/// not look like an edit. It tells edits from no edits; it is no protection against someone who wants a clash.
pub(crate) fn source_hash(source: &str) -> String {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    format!("{:016x}", fnv1a(source.replace("\r\n", "\n").as_bytes()))
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors published with the algorithm.
    #[test]
    fn agrees_with_published_vectors() {
        for (source, hash) in [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("b", "af63df4c8601f1a5"),
            ("foo", "dcb27518fed9d577"),
            ("foobar", "85944171f73967e8"),
            ("chongo was here!\n", "46810940eff5f915"),
        ] {
            assert_eq!(source_hash(source), hash, "{source:?}");
        }
    }

    #[test]
    fn line_ends_and_byte_order_mark_do_not_count() {
        assert_eq!(source_hash("\u{feff}a\r\nb\r\n"), source_hash("a\nb\n"));
        assert_ne!(source_hash("a\rb"), source_hash("a\nb"));
    }
}
