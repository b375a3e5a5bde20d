//! Roles of PostgreSQL that may less than the owner of the database.

use kumiko_tests::database::TestDatabase;
use kumiko_tests::seeds::seed;
use sqlx::{Pool, Postgres};

/// A role of a test's own that may connect, and a pool of its connections.
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) pool: Pool<Postgres>,
}

impl Role {
    pub(crate) async fn create(database: &TestDatabase<Postgres>) -> Self {
        let (_, name) = database.url.rsplit_once('/').unwrap();
        let name = format!("{name} role");
        let create = format!("CREATE ROLE \"{name}\" LOGIN PASSWORD 'plain'");
        database.execute(&create).await;
        // Before PostgreSQL 15 a new database lets everybody create tables.
        let revoke = "REVOKE CREATE ON SCHEMA public FROM PUBLIC";
        database.execute(revoke).await;
        let (_, server) = database.url.split_once('@').unwrap();
        let name_in_url = name.replace(' ', "%20");
        let url = format!("postgres://{name_in_url}:plain@{server}");
        let pool = Pool::connect(&url).await.unwrap();
        Self { name, pool }
    }

    /// The role with connections that know its settings as they are now.
    pub(crate) async fn reconnect(self) -> Self {
        let options = self.pool.connect_options();
        self.pool.close().await;
        let pool = Pool::connect_with((*options).clone()).await.unwrap();
        Self { pool, ..self }
    }

    pub(crate) async fn remove(self, database: &TestDatabase<Postgres>) {
        self.pool.close().await;
        let drop = format!("DROP OWNED BY \"{0}\"; DROP ROLE \"{0}\"", self.name);
        database.execute(&drop).await;
    }

    /// Applies one seed that does nothing, and the error as a `main` would print it.
    pub(crate) async fn refusal(&self) -> String {
        let idle = vec![seed("2026-01-01-idle", |_| Box::pin(async { Ok(()) }))];
        let runner = kumiko_seeds::SeedRunner::new(idle.leak());
        match runner.apply(&self.pool).await {
            Ok(_) => String::new(),
            Err(stopped) => format!("{stopped:?}").replace(&self.name, "app"),
        }
    }
}

/// The SQL of a refusal's help, addressed to the role of the test.
pub(crate) fn sql(refusal: &str, role: &Role) -> String {
    let (_, help) = refusal.split_once("\nhelp: ").unwrap();
    let (_, sql) = help.split_once('\n').unwrap();
    sql.replace("\"app\"", &format!("{:?}", role.name))
}
