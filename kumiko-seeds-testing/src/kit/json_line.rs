//! JSON as a line that is the same for everything that is equal. Pure.

use serde_json::Value;

/// The value on one line, with the keys of every object in their order. A crate of the app may have told `serde_json` to
/// keep the order in which keys were written, and PostgreSQL has an order of its own.
pub(crate) fn json_line(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let entries = entries.into_iter().map(|(key, value)| {
                let key = Value::from(key.as_str());
                format!("{key}: {}", json_line(value))
            });
            let entries: Vec<String> = entries.collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(json_line).collect();
            format!("[{}]", values.join(", "))
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_all_that_the_value_has() {
        let value = json!({ "roles": ["Admin", null], "id": 1, "a\"b": { "x": 1.5, "y": true } });
        assert_eq!(
            json_line(&value),
            r#"{"a\"b": {"x": 1.5, "y": true}, "id": 1, "roles": ["Admin", null]}"#
        );
    }
}
