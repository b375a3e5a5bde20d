//! Names of tables, as the app gives them to postgres-es and sqlite-es.

use crate::ExecuteError;

/// The name of a table, which stands in statements as the app wrote it: the stores of cqrs-es do the same, and a name that
/// was put in quotes here would be another one to PostgreSQL, which folds `Events` to `events`.
///
/// **Invariant:** it is one name, perhaps after that of a schema, and nothing else of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    text: String,
    bare: String,
}

impl TableName {
    pub(crate) fn new(text: &str) -> Result<Self, ExecuteError> {
        let refused = || ExecuteError::TableName {
            name: text.to_owned(),
        };
        let (first, rest) = identifier(text).ok_or_else(refused)?;
        let bare = match rest.strip_prefix('.') {
            None if rest.is_empty() => first,
            None => return Err(refused()),
            Some(rest) => match identifier(rest) {
                Some((second, "")) => second,
                _ => return Err(refused()),
            },
        };
        Ok(Self {
            text: text.to_owned(),
            bare: bare.to_owned(),
        })
    }

    /// As it stands in statements.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Without schema and quotes.
    pub(crate) fn bare(&self) -> &str {
        &self.bare
    }
}

/// The identifier that `text` begins with, without its quotes, and what comes after it.
fn identifier(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = quoted.split_once('"')?;
        return (!name.is_empty() && !name.contains('\0')).then_some((name, rest));
    }
    let belongs = |character: char| character.is_alphanumeric() || "_$".contains(character);
    let end = text.find(|character| !belongs(character));
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let begins = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    begins.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_stores_take_them_are_taken() {
        for (text, bare) in [
            ("events", "events"),
            ("My_events2", "My_events2"),
            ("shop.events", "events"),
            ("\"My Events\"", "My Events"),
            ("shop.\"a.b\"", "a.b"),
            ("größe", "größe"),
        ] {
            let name = TableName::new(text).ok();
            let parts = name.as_ref().map(|name| (&*name.text, &*name.bare));
            assert_eq!(parts, Some((text, bare)));
        }
    }

    #[test]
    fn nothing_else_of_sql_is() {
        for text in [
            "",
            "events; DROP TABLE events",
            "events e",
            "events--",
            "a.b.c",
            "shop.",
            ".events",
            "\"events",
            "\"\"",
            "\"a\"\"b\"",
            "1events",
            "(SELECT 1)",
        ] {
            assert!(TableName::new(text).is_err(), "{text:?}");
        }
    }
}
