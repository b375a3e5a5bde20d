//! The lookups that most seeds need, over the app's read models.

use std::error::Error;

use futures_util::future::BoxFuture;
use sqlx::Database;
use uuid::Uuid;

use super::{EventBackend, EventStoreError, visible_rows};
use crate::backend::{Parameter, column};
use crate::{Parts, SeedContext, SeedRunner};

/// A user as seeds see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The user's id, as memberships and events carry it.
    pub id: String,
    /// The address the user was found by.
    pub email: String,
    /// The tenant the user's row belongs to.
    pub tenant_id: Uuid,
}

/// A user's membership in a tenant as seeds see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The membership's own id, which is the id of its stream.
    pub id: Uuid,
    /// The member.
    pub user_id: String,
    /// The tenant the user is a member of.
    pub tenant_id: Uuid,
    /// The tenant the membership's stream is stored under; the one to write `in_tenant`.
    pub stream_tenant_id: Uuid,
    /// The member's roles; none if the row's JSON cannot be read.
    pub roles: Vec<String>,
}

/// A tenant as seeds see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's id.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// Its name for machines.
    pub key: String,
}

type Found<'a, T> = BoxFuture<'a, Result<T, Box<dyn Error + Send + Sync>>>;

/// Where the lookups of a [`SeedContext`] find users, memberships and tenants.
///
/// [`ReadModels`] is used unless the app brings its own with [`SeedRunner::lookups`]; an app has to
/// where its read models differ, or where what they hold is encrypted: a lookup that finds
/// nothing makes a seed that does nothing, and is marked as applied.
pub trait Lookups<DB: Database>: Send + Sync {
    /// The user with this address, if there is one.
    fn find_user_by_email<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        email: &'a str,
    ) -> Found<'a, Option<UserRow>>;

    /// The memberships of this user, oldest first, without those that have no first event.
    fn find_memberships_of_user<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        user_id: &'a str,
    ) -> Found<'a, Vec<Membership>>;

    /// All tenants, oldest first.
    fn find_tenants<'a>(&'a self, connection: &'a mut DB::Connection) -> Found<'a, Vec<Tenant>>;

    /// Whether there is such a tenant; for [`Handlers::known_tenants`](super::Handlers::known_tenants). What is
    /// provided reads all of them.
    fn has_tenant<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        tenant_id: Uuid,
    ) -> Found<'a, bool> {
        Box::pin(async move {
            let tenants = self.find_tenants(connection).await?;
            Ok(tenants.iter().any(|tenant| tenant.id == tenant_id))
        })
    }
}

/// The lookups an app brought, under a type that the extensions can find.
struct AppLookups<DB: Database>(Box<dyn Lookups<DB>>);

impl<DB: EventBackend> SeedRunner<DB> {
    /// Uses the app's own lookups rather than [`ReadModels`].
    #[must_use]
    pub fn lookups(self, lookups: impl Lookups<DB> + 'static) -> Self {
        self.with(AppLookups::<DB>(Box::new(lookups)))
    }
}

impl<DB: EventBackend> SeedContext<'_, DB> {
    /// The user with this address, if there is one.
    ///
    /// # Errors
    /// If the read model cannot be read, also where row level security may hide rows of it.
    pub async fn find_user_by_email(
        &mut self,
        email: &str,
    ) -> Result<Option<UserRow>, Box<dyn Error + Send + Sync>> {
        let (lookups, connection) = self.lookups();
        lookups.find_user_by_email(connection, email).await
    }

    /// The memberships of this user, oldest first, each with the tenant its stream is stored under.
    ///
    /// # Errors
    /// If the read model cannot be read, also where row level security may hide rows of it.
    pub async fn find_memberships_of_user(
        &mut self,
        user_id: &str,
    ) -> Result<Vec<Membership>, Box<dyn Error + Send + Sync>> {
        let (lookups, connection) = self.lookups();
        lookups.find_memberships_of_user(connection, user_id).await
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// If the read model cannot be read, also where row level security may hide rows of it.
    pub async fn find_tenants(&mut self) -> Result<Vec<Tenant>, Box<dyn Error + Send + Sync>> {
        let (lookups, connection) = self.lookups();
        lookups.find_tenants(connection).await
    }

    /// The lookups with the connection for them. The app's own may do anything with it, as handlers may.
    fn lookups(&mut self) -> (&dyn Lookups<DB>, &mut DB::Connection) {
        let Parts {
            connection,
            values,
            journal,
            ..
        } = self.parts();
        journal.note_handed_out();
        let lookups = values
            .get()
            .map_or(&ReadModels as &dyn Lookups<DB>, |AppLookups(lookups)| {
                lookups.as_ref()
            });
        (lookups, connection)
    }
}

/// The read models of the original: `read_users`, `read_tenant_memberships` and `read_tenants`, and
/// `kumiko_events` for the tenant of a stream's first event.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadModels;

impl<DB: EventBackend> Lookups<DB> for ReadModels {
    fn find_user_by_email<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        email: &'a str,
    ) -> Found<'a, Option<UserRow>> {
        Box::pin(async move {
            let sql = "SELECT CAST(1 AS bigint) AS position, CAST(id AS text), CAST(email AS text),
                              CAST(tenant_id AS text)
                       FROM read_users WHERE email = $1";
            let values = [Parameter::Text(email)];
            let rows = fetch::<DB>(connection, &["read_users"], sql, &values).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            Ok(Some(UserRow {
                id: uuid::<DB>(row, 1)?.to_string(),
                email: column::<DB, _>(row, 2)?,
                tenant_id: uuid::<DB>(row, 3)?,
            }))
        })
    }

    fn find_memberships_of_user<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        user_id: &'a str,
    ) -> Found<'a, Vec<Membership>> {
        Box::pin(async move {
            let rows = fetch::<DB>(
                connection,
                &["read_tenant_memberships", "kumiko_events"],
                "SELECT row_number() OVER (ORDER BY membership.inserted_at, membership.id) AS position,
                        CAST(membership.id AS text), CAST(membership.user_id AS text),
                        CAST(membership.tenant_id AS text), CAST(first_event.tenant_id AS text),
                        CAST(membership.roles AS text)
                 FROM read_tenant_memberships AS membership
                 JOIN kumiko_events AS first_event
                   ON first_event.aggregate_id = membership.id AND first_event.version = 1
                 WHERE membership.user_id = $1
                 ORDER BY position",
                &[Parameter::Text(user_id)],
            )
            .await?;
            rows.iter()
                .map(|row| {
                    let roles: String = column::<DB, _>(row, 5)?;
                    Ok(Membership {
                        id: uuid::<DB>(row, 1)?,
                        user_id: column::<DB, _>(row, 2)?,
                        tenant_id: uuid::<DB>(row, 3)?,
                        stream_tenant_id: uuid::<DB>(row, 4)?,
                        roles: serde_json::from_str(&roles).unwrap_or_default(),
                    })
                })
                .collect()
        })
    }

    fn find_tenants<'a>(&'a self, connection: &'a mut DB::Connection) -> Found<'a, Vec<Tenant>> {
        Box::pin(async move {
            let query = "SELECT row_number() OVER (ORDER BY inserted_at, id) AS position,
                                CAST(id AS text), CAST(name AS text), CAST(key AS text)
                         FROM read_tenants ORDER BY position";
            let rows = fetch::<DB>(connection, &["read_tenants"], query, &[]).await?;
            rows.iter()
                .map(|row| {
                    Ok(Tenant {
                        id: uuid::<DB>(row, 1)?,
                        name: column::<DB, _>(row, 2)?,
                        key: column::<DB, _>(row, 3)?,
                    })
                })
                .collect()
        })
    }

    fn has_tenant<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        tenant_id: Uuid,
    ) -> Found<'a, bool> {
        Box::pin(async move {
            let query = "SELECT CAST(1 AS bigint) AS position FROM read_tenants WHERE id = $1";
            let values = [Parameter::Uuid(tenant_id)];
            let rows = fetch::<DB>(connection, &["read_tenants"], query, &values).await?;
            Ok(!rows.is_empty())
        })
    }
}

async fn fetch<DB: EventBackend>(
    connection: &mut DB::Connection,
    tables: &[&'static str],
    sql: &'static str,
    values: &[Parameter<'_>],
) -> Result<Vec<DB::Row>, Box<dyn Error + Send + Sync>> {
    let rows = visible_rows::fetch::<DB>(connection, tables, sql, values).await;
    rows.map_err(|error| match error {
        // These are other tables than the event store's.
        EventStoreError::Database { source } => source.into(),
        error => error.into(),
    })
}

fn uuid<DB: EventBackend>(row: &DB::Row, index: usize) -> sqlx::Result<Uuid> {
    let text: String = column::<DB, _>(row, index)?;
    Uuid::parse_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
}
