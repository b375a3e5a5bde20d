//! Statements with their values, and what they answer.

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Postgres, Row, SqlSafeStr};

use crate::backend::Parameter;
use crate::events::backend::Inserted;
use crate::events::naming::Naming;

/// A statement with values for `$1`, `$2` …, texts among them as [`text`] takes them.
pub(super) fn bound<'q>(
    sql: impl SqlSafeStr,
    values: &[Parameter<'_>],
) -> Query<'q, Postgres, PgArguments> {
    let query = sqlx::query(sql);
    values.iter().fold(query, |query, value| match *value {
        Parameter::Text(text) => query.bind(text.as_bytes()),
        Parameter::Integer(number) => query.bind(number),
        Parameter::Long(number) => query.bind(number),
        Parameter::Null => query.bind(None::<i64>),
        Parameter::Time(time) => query.bind(time),
        Parameter::Uuid(uuid) => query.bind(uuid),
    })
}

/// `sql` with a place for bytes where it has one for a text that is compared with a column.
///
/// The collation of [`text`] is another than that of a column, and with it PostgreSQL would not look into the column's
/// index. That of a subquery gives way to the column's.
pub(super) fn with_texts_to_compare(sql: &str, values: &[Parameter<'_>]) -> String {
    let numbered = (1..).zip(values);
    numbered.fold(sql.to_owned(), |sql, (number, value)| match value {
        Parameter::Text(_) => sql.replace(
            &format!("${number}"),
            &format!("(SELECT convert_from(${number}, 'UTF8') COLLATE \"default\")"),
        ),
        _ => sql,
    })
}

pub(super) fn is_named(connection: &PgConnection, naming: Naming) -> bool {
    match naming {
        Naming::Named => true,
        Naming::LikeOthers => connection.cached_statements_size() > 0,
    }
}

/// How an insertion went that ended with `row`, whose first column says whether row level security is active on the
/// table of archived streams.
pub(super) fn outcome(row: Option<&PgRow>) -> sqlx::Result<Inserted> {
    Ok(match row.map(|row| row.try_get(0)).transpose()? {
        None => Inserted::First(0),
        Some(false) => Inserted::All,
        Some(true) => Inserted::AllWithSecuredArchive,
    })
}
