//! Values inside the text of a statement, for PostgreSQL's simple protocol, which has no parameters.

use std::fmt::Write;

use super::Value;

/// `sql` with `values` in the places of `$1`, `$2` …, each as an expression of its type.
///
/// **Invariant:** of a value only digits, letters and hyphens enter the statement, so there is nothing in
/// it that could end the literal, whatever the server's settings for quotes and backslashes are.
pub(super) fn inline(sql: &str, values: &[Value<'_>]) -> String {
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

fn expression(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => self::text(text),
        Value::Integer(number) => format!("({number})"),
        #[cfg(feature = "events")]
        Value::Uuid(uuid) => format!("CAST('{}' AS uuid)", uuid.hyphenated()),
        #[cfg(feature = "events")]
        Value::Json(json) => format!("CAST({} AS jsonb)", text(json)),
    }
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
    fn a_text_enters_as_digits() {
        assert_eq!(
            inline("SELECT $1, $2, $1", &[Value::Text("a'"), Value::Text("$1")]),
            "SELECT convert_from(decode('6127', 'hex'), 'UTF8'), \
             convert_from(decode('2431', 'hex'), 'UTF8'), \
             convert_from(decode('6127', 'hex'), 'UTF8')"
        );
    }

    #[test]
    fn a_number_enters_in_parentheses_and_the_tenth_is_not_the_first() {
        let values = [Value::Integer(-1); 10];
        assert_eq!(inline("3 -$1 $10 $11 $", &values), "3 -(-1) (-1) $11 $");
    }
}
