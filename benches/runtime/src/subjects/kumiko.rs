//! This project.

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext};
use kumiko_seeds::postgres::{Seed, SeedContext, SeedRunner};
use kumiko_seeds::{HandlerCall, SeedCode, SeedResult, SkipFlags};
use sqlx::{PgPool, Postgres};
use uuid::Uuid;

use crate::Result;
use crate::account::{AGGREGATE_TYPE, Account, EVENT_TYPE};

pub(crate) struct Kumiko {
    seeds: &'static [Seed],
    pub(crate) pool: PgPool,
}

impl Kumiko {
    pub(crate) async fn open(url: &str, count: u64) -> Result<Self> {
        let seeds: Vec<Seed> = (0..count).map(seed).collect();
        Ok(Self {
            seeds: seeds.leak(),
            pool: super::pool(url).await?,
        })
    }

    pub(crate) async fn apply(&self) -> Result {
        runner(self.seeds).apply(&self.pool).await?;
        Ok(())
    }
}

/// A runner with the one handler there is.
pub(crate) fn runner(seeds: &'static [Seed]) -> SeedRunner {
    let handlers = Handlers::<Postgres>::new().register(OPEN, Access::OpenToAll, open_account);
    SeedRunner::new(seeds)
        .handlers(handlers)
        .skip_flags(SkipFlags::default())
}

pub(crate) const OPEN: &str = "accounts:write:open";

async fn open_account(mut write: WriteContext<'_, Postgres>, account: Account) -> HandlerResult {
    let stream = write.stream(AGGREGATE_TYPE, Uuid::new_v4());
    write
        .append(&stream, 0, [NewEvent::new(EVENT_TYPE, &account)])
        .await?;
    Ok(())
}

fn seed(number: u64) -> Seed {
    let id = format!("2026-01-01-open-account-{number:05}").leak();
    let flag = id.to_uppercase().replace('-', "_");
    Seed {
        file: file!(),
        skip_flag: format!("KUMIKO_SKIP_ES_OPS_{flag}").leak(),
        // One of its own, or it would be taken for another seed under a new name.
        source_hash: id,
        handler_calls: &[HandlerCall {
            handler: OPEN,
            roles: None,
            line: 8,
        }],
        ..Seed::by_hand(
            id,
            "Open an account that everybody should have",
            SeedCode::Run(|ctx| Box::pin(open_one(ctx))),
        )
    }
}

async fn open_one(ctx: &mut SeedContext<'_>) -> SeedResult {
    let (_, number) = ctx.id().rsplit_once('-').ok_or("a seed without a number")?;
    let account = Account::numbered(number.parse()?);
    ctx.system_write_as(OPEN, account).await?;
    Ok(())
}
