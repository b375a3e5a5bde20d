//! Text from PostgreSQL that no setting of the session can change on its way.

/// The text that `encode(convert_to(…, 'UTF8'), 'escape')` was made of; none if it was not.
///
/// What arrives is ASCII, which is the same in every `client_encoding`.
pub(super) fn decoded(escaped: String) -> Option<String> {
    if !escaped.contains('\\') {
        return Some(escaped);
    }
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => (b'\\', after),
            (
                b'\\',
                [
                    high @ b'0'..=b'3',
                    middle @ b'0'..=b'7',
                    low @ b'0'..=b'7',
                    after @ ..,
                ],
            ) => {
                let digits = [high, middle, low];
                let byte = digits
                    .iter()
                    .fold(0, |byte, digit| byte * 8 + (**digit - b'0'));
                (byte, after)
            }
            (b'\\', _) => return None,
            plain => plain,
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn an_escaped_text_is_what_it_was() {
        for (escaped, text) in [
            ("plain", Some("plain")),
            (r"a\\b", Some(r"a\b")),
            (r"gr\303\274n", Some("grün")),
            (r"\342\202\254\\303", Some(r"€\303")),
            (r"\37", None),
            (r"\400", None),
            (r"\303", None),
        ] {
            assert_eq!(decoded(escaped.to_owned()).as_deref(), text, "{escaped}");
        }
    }
}
