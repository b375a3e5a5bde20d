//! A seed that commits by itself: what is left is said, and that a retry is not safe.

use crate::app::App;
use crate::database::{postgres, wait};
use crate::transcript::assert_shows;

const COMMITS: &str = r#"
use kumiko_seeds::json;
use kumiko_seeds::postgres::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "Update roles and commit";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    let Some(admin) = ctx.find_user_by_email("admin@example.com").await? else {
        return Err("there is no user admin@example.com".into());
    };
    for membership in ctx.find_memberships_of_user(&admin.id).await? {
        ctx.system_write_as(
            "tenant:write:update-member-roles",
            json!({ "id": membership.id, "roles": ["Admin"] }),
        )
        .in_tenant(membership.stream_tenant_id)
        .with_roles(["TenantAdmin"])
        .await?;
        sqlx::raw_sql("COMMIT").execute(ctx.unmanaged_db().await?).await?;
    }
    Ok(())
}
"#;

#[test]
fn the_operator_is_told_what_is_left_and_how_to_go_on() {
    let database = postgres("");
    let app = App::example("committing");
    let apply = |options: &str| {
        let line = format!("seed:apply -F postgres {options}");
        let command = app.command(&line);
        command.variable("DATABASE_URL", &database.url).run()
    };
    apply("");
    app.write("seeds/2026-06-01-commits.rs", COMMITS);
    assert_shows(
        &apply("--dry-run"),
        "\
exit 1
-- stderr
trying 2026-06-01-commits
error: seed 2026-06-01-commits tried to end its own transaction, with a COMMIT or ROLLBACK in it or in a \
         handler; nothing of it is left
caused by: seed 2026-06-01-commits failed
caused by: the database says: duplicate key value violates unique constraint \"a_dry_run_keeps_nothing\" \
         (code 23505)
note: stopped at: 2026-06-01-commits; applied before: none; not attempted: none; the failed step is \
         rolled back, so a retry is safe
help: take the COMMIT or ROLLBACK out of it and run this again:
    cargo kumiko-ops seed:apply --dry-run --features postgres
",
    );
    let events = || wait(database.texts("SELECT count(*)::text FROM kumiko_events"));
    assert_eq!(events(), ["7"]);
    assert_shows(
        &apply(""),
        "\
exit 1
-- stderr
applying 2026-06-01-commits
failed 2026-06-01-commits
error: seed 2026-06-01-commits ended its own transaction, with a COMMIT in it or in a handler; what it had \
         written until then is committed, 1 event among it, and it has no marker
caused by: seed 2026-06-01-commits failed
caused by: write handler \"tenant:write:update-member-roles\" failed
caused by: nothing was appended, because the transaction was ended before, by a COMMIT or ROLLBACK
note: stopped at: 2026-06-01-commits; applied before: none; not attempted: none; a retry is not safe: it \
         would do again what is committed
note: 0 applied, 1 still to apply, in [time]
help: take the COMMIT or ROLLBACK out of it, undo by hand what is left, and run this again:
    cargo kumiko-ops seed:apply --features postgres
help: or complete by hand what it did not do, and mark it as applied:
    cargo kumiko-ops seed:mark 2026-06-01-commits
",
    );
    assert_eq!(events(), ["8"]);
    wait(database.remove());
}
