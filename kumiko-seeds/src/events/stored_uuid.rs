//! A UUID in the form in which each database keeps it.

use std::fmt;

use uuid::Uuid;

use super::EventBackend;
use crate::backend::column;

/// A UUID as the databases keep it: `uuid` on PostgreSQL, hyphenated text on SQLite.
///
/// sqlx binds a bare [`Uuid`] on SQLite as 16 bytes, which no person can read in a shell. Bind this
/// one in the SQL of a handler, and the handler runs on both.
///
/// ```
/// use kumiko_seeds::events::StoredUuid;
/// let id = StoredUuid(uuid::Uuid::nil());
/// assert_eq!(id.to_string(), "00000000-0000-0000-0000-000000000000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredUuid(pub Uuid);

impl From<Uuid> for StoredUuid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<StoredUuid> for Uuid {
    fn from(stored: StoredUuid) -> Self {
        stored.0
    }
}

impl fmt::Display for StoredUuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Implements the three traits of sqlx by handing over to another type that has them.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! store_as {
    ($database:ty, $stored:ty, $buffer:ty, $value:ty) => {
        impl sqlx::Type<$database> for StoredUuid {
            fn type_info() -> <$database as sqlx::Database>::TypeInfo {
                <$stored as sqlx::Type<$database>>::type_info()
            }

            fn compatible(info: &<$database as sqlx::Database>::TypeInfo) -> bool {
                <$stored as sqlx::Type<$database>>::compatible(info)
            }
        }

        impl sqlx::Encode<'_, $database> for StoredUuid {
            fn encode_by_ref(
                &self,
                buffer: &mut $buffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                sqlx::Encode::<$database>::encode(<$stored>::from(self.0), buffer)
            }
        }

        impl<'r> sqlx::Decode<'r, $database> for StoredUuid {
            fn decode(value: $value) -> Result<Self, sqlx::error::BoxDynError> {
                let stored = <$stored as sqlx::Decode<'r, $database>>::decode(value)?;
                Ok(Self(stored.into()))
            }
        }
    };
}

#[cfg(feature = "postgres")]
store_as!(
    sqlx::Postgres,
    Uuid,
    <sqlx::Postgres as sqlx::Database>::ArgumentBuffer,
    <sqlx::Postgres as sqlx::Database>::ValueRef<'r>
);

#[cfg(feature = "sqlite")]
store_as!(
    sqlx::Sqlite,
    uuid::fmt::Hyphenated,
    <sqlx::Sqlite as sqlx::Database>::ArgumentBuffer,
    <sqlx::Sqlite as sqlx::Database>::ValueRef<'r>
);

/// A column with a UUID that was read as a text.
pub(in crate::events) fn uuid<DB: EventBackend>(row: &DB::Row, index: usize) -> sqlx::Result<Uuid> {
    let text: String = column::<DB, _>(row, index)?;
    Uuid::parse_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
}
