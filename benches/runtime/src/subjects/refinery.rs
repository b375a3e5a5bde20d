//! refinery on tokio-postgres. What its macro embeds is text, and the checksums are computed at boot.

use refinery::{Migration, Runner};
use tokio_postgres::{Client, NoTls};

use crate::Result;
use crate::account::insert_statement;

pub(crate) struct Refinery {
    files: Vec<(String, String)>,
    client: Client,
}

impl Refinery {
    pub(super) async fn open(url: &str, count: u64) -> Result<Self> {
        let file = |number| {
            (
                format!("V{}__open_account", number + 1),
                insert_statement(number),
            )
        };
        let files = (0..count).map(file).collect();
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { files, client })
    }

    pub(super) async fn apply(&mut self) -> Result {
        let migrations = self.files.iter();
        let migrations = migrations
            .map(|(name, sql)| Migration::unapplied(name, sql))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        Runner::new(&migrations).run_async(&mut self.client).await?;
        Ok(())
    }
}
