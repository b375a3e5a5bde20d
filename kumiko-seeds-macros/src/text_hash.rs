/// The hash of a source file, by the rule of the build library: 64 bit FNV-1a in hexadecimal digits, without a byte order
/// mark, CRLF being LF.
///
/// **Invariant:** it is the build library's hash. A macro crate can share no function, and if the two differed, no
/// app would compile.
pub(crate) fn text_hash(source: &str) -> String {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    format!("{:016x}", fnv1a(source.replace("\r\n", "\n").as_bytes()))
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
