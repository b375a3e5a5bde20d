//! Folders of seeds and of SQL files, as many as are asked for.

use std::fs;
use std::path::Path;

use crate::Outcome;

/// A seed as people write it: a lookup, a loop, a write.
const SEED: &str = r#"use kumiko_seeds::json;
use kumiko_seeds::postgres::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "Grant the role of number NUMBER to the first admin wherever it lacks it";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    let Some(admin) = ctx.find_user_by_email("admin@example.com").await? else {
        return Err("there is no user admin@example.com".into());
    };
    for membership in ctx.find_memberships_of_user(&admin.id).await? {
        let mut roles = membership.roles;
        if !roles.iter().any(|role| role == "RoleNUMBER") {
            roles.push("RoleNUMBER".into());
            ctx.system_write_as(
                "tenant:write:update-member-roles",
                json!({ "id": membership.id, "roles": roles }),
            )
            .in_tenant(membership.stream_tenant_id)
            .with_roles(["TenantAdmin"])
            .await?;
        }
    }
    Ok(())
}
"#;

const SQL: &str = "-- Grants the role of number NUMBER.
UPDATE memberships SET roles = array_append(roles, 'RoleNUMBER')
WHERE user_id IN (SELECT id FROM users WHERE email = 'admin@example.com')
  AND NOT 'RoleNUMBER' = ANY (roles);
";

/// What a folder holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Seeds,
    SqlxMigrations,
    RefineryMigrations,
}

impl Kind {
    fn name(self, number: usize) -> String {
        match self {
            Self::Seeds => {
                let (year, month, day) =
                    (2000 + number / 336, 1 + number / 28 % 12, 1 + number % 28);
                format!("{year}-{month:02}-{day:02}-grant-role-{number}.rs")
            }
            Self::SqlxMigrations => format!("{}_grant_role.sql", 20_000_000_000_000 + number),
            Self::RefineryMigrations => format!("V{}__grant_role.sql", 1 + number),
        }
    }

    fn text(self, number: usize) -> String {
        let text = match self {
            Self::Seeds => SEED,
            Self::SqlxMigrations | Self::RefineryMigrations => SQL,
        };
        text.replace("NUMBER", &number.to_string())
    }
}

/// Fills a folder with this many files.
pub(crate) fn fill(folder: &Path, kind: Kind, count: usize) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    for number in 0..count {
        write(folder, kind, number, number)?;
    }
    Ok(())
}

/// Writes the file of this number with the text of another, which is an edit if the two differ.
pub(crate) fn write(folder: &Path, kind: Kind, number: usize, text_of: usize) -> Outcome<()> {
    fs::write(folder.join(kind.name(number)), kind.text(text_of))?;
    Ok(())
}
