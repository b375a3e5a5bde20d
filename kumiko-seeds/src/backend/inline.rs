//! Values inside the text of a statement, for PostgreSQL's simple protocol, which has no parameters.

use std::fmt::Write;

/// `sql` with `values` in the places of `$1`, `$2` …, each as an expression of type text.
///
/// **Invariant:** of a value only hexadecimal digits enter the statement, so there is nothing in it
/// that could end the literal, whatever the server's settings for quotes and backslashes are.
pub(super) fn inline(sql: &str, values: &[&str]) -> String {
    let mut inlined = sql.to_owned();
    // `$1` would be found in `$10`, so the last comes first.
    for (index, value) in values.iter().enumerate().rev() {
        inlined = inlined.replace(&format!("${}", index + 1), &text(value));
    }
    inlined
}

fn text(value: &str) -> String {
    let mut digits = String::with_capacity(2 * value.len());
    for byte in value.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    format!("convert_from(decode('{digits}', 'hex'), 'UTF8')")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_enters_as_digits() {
        assert_eq!(
            inline("SELECT $1, $2, $1", &["a'", "$1"]),
            "SELECT convert_from(decode('6127', 'hex'), 'UTF8'), \
             convert_from(decode('2431', 'hex'), 'UTF8'), \
             convert_from(decode('6127', 'hex'), 'UTF8')"
        );
    }

    #[test]
    fn the_tenth_value_is_not_the_first() {
        let values = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert_eq!(
            inline("$10", &values),
            "convert_from(decode('6a', 'hex'), 'UTF8')"
        );
    }
}
