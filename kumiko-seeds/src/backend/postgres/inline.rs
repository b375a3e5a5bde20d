//! Values inside the text of a statement, for PostgreSQL's simple protocol, which has no parameters.

use std::fmt::Write;

use crate::backend::Parameter;

/// `sql` with `values` in the places of `$1`, `$2` …, each as an expression of its type.
///
/// **Invariant:** of a value only printable ASCII enters the statement, and of that neither quotes nor
/// backslashes, so there is nothing in it that could end the literal, whatever the server's settings for
/// quotes, backslashes and encodings are.
pub(super) fn inline(sql: &str, values: &[Parameter<'_>]) -> String {
    let mut pieces = sql.split('$');
    let mut inlined = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        let value = number
            .parse()
            .ok()
            .and_then(|number: usize| values.get(number.checked_sub(1)?));
        match value {
            Some(value) => inlined.push_str(&expression(value)),
            None => inlined.extend(["$", number]),
        }
        inlined.push_str(rest);
    }
    inlined
}

/// A value as an expression of its type.
pub(super) fn expression(value: &Parameter<'_>) -> String {
    match value {
        Parameter::Text(text) => self::text(text),
        Parameter::Integer(number) => format!("({number})"),
        Parameter::Long(number) => format!("CAST({number} AS bigint)"),
        Parameter::Null => "NULL".to_owned(),
        Parameter::Time(time) => format!(
            "CAST('{}' AS timestamptz)",
            time.format("%Y-%m-%dT%H:%M:%S%.6fZ")
        ),
        #[cfg(feature = "events")]
        Parameter::Uuid(uuid) => format!("CAST('{}' AS uuid)", uuid.hyphenated()),
    }
}

/// A constant where that is possible, unlike what a function makes of a text: the collation of `convert_from` is another
/// than that of a column, and with it PostgreSQL would not look into the column's index. Ids are ASCII.
fn text(value: &str) -> String {
    if value.chars().all(is_plain) {
        return format!("'{value}'");
    }
    if !value.is_ascii() {
        // Only a function takes it into every encoding that a database can have.
        let bytes = value.bytes().map(|byte| format!("{byte:02x}"));
        let bytes = bytes.collect::<String>();
        return format!("pg_catalog.convert_from(pg_catalog.decode('{bytes}', 'hex'), 'UTF8')");
    }
    let mut literal = "CAST(E'".to_owned();
    for character in value.chars() {
        if is_plain(character) {
            literal.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(literal, "\\x{:02x}", u32::from(character));
        }
    }
    literal.push_str("' AS text)");
    literal
}

/// Whether a literal of any kind holds the character as it is.
fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && !matches!(character, '\'' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_enters_without_what_could_end_it() {
        assert_eq!(
            inline(
                "SELECT $1, $2, $1",
                &[Parameter::Text("a'"), Parameter::Text("$1")]
            ),
            r"SELECT CAST(E'a\x27' AS text), '$1', CAST(E'a\x27' AS text)"
        );
        assert_eq!(
            inline("SELECT $1", &[Parameter::Text("grün")]),
            "SELECT pg_catalog.convert_from(pg_catalog.decode('6772c3bc6e', 'hex'), 'UTF8')"
        );
    }

    #[test]
    fn a_number_enters_in_parentheses_and_the_tenth_is_not_the_first() {
        let values = [Parameter::Integer(-1); 10];
        assert_eq!(inline("3 -$1 $10 $11 $", &values), "3 -(-1) (-1) $11 $");
    }
}
