//! Boots: applies what is pending, then prints who has which role.

use std::error::Error;

use admin_roles::Database;

const EMBEDDED: &str = concat!(
    "sqlite:",
    env!("CARGO_MANIFEST_DIR"),
    "/admin-roles.db?mode=rwc"
);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| EMBEDDED.to_owned());
    let pool = sqlx::Pool::<Database>::connect(&url).await?;

    let report = admin_roles::seeds().apply(&pool).await?;
    for seed in &report.applied {
        println!("applied {}", seed.id);
    }

    for row in admin_roles::who_has_which_role(&pool).await? {
        println!(
            "{:<20} {:<20} {}",
            row.email,
            row.tenant,
            row.roles.join(", ")
        );
    }
    Ok(())
}
