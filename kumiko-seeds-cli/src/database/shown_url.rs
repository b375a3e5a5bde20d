//! The part of a database URL that people may see. Pure.

/// What is shown in the place of something that may hold a password.
const HIDDEN: &str = "…";

/// The URL without user, password and query. Where it is not clear what is the password, less is shown.
pub(super) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else {
        return HIDDEN.to_owned();
    };
    if !["postgres", "postgresql", "sqlite"].contains(&scheme) {
        return HIDDEN.to_owned();
    }
    let (start, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let (slashes, start) = match start.strip_prefix("//") {
        Some(start) => ("//", start),
        None => ("", start),
    };
    if scheme == "sqlite" && slashes.is_empty() {
        return format!("{scheme}:{start}");
    }
    let address = start.rsplit_once('@').map_or(start, |(_, address)| address);
    // A password may have a ? in it, and then what comes after that is no query.
    if query.contains('@') || !has_plain_port(address) {
        return format!("{scheme}://{HIDDEN}");
    }
    format!("{scheme}:{slashes}{address}")
}

/// Whether user and password can only stand where they belong, in front of the host. Elsewhere they would be
/// taken for something that may be shown: the name of the database, for example.
pub(super) fn has_secrets_in_place(url: &str) -> bool {
    let rest = url.split_once(':').map(|(_, rest)| rest);
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("//")) else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    !rest[end..].contains('@')
}

/// Without its @ a password is in the place of the port.
fn has_plain_port(address: &str) -> bool {
    let host = address.split('/').next().unwrap_or_default();
    let after_brackets = host.rsplit(']').next().unwrap_or_default();
    let port = after_brackets.split_once(':').map_or("", |(_, port)| port);
    port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{has_secrets_in_place, without_secrets};

    #[test]
    fn no_secret_is_shown() {
        for (url, shown) in [
            (
                "postgres://me:s3cr@t@db.example:5433/app",
                "postgres://db.example:5433/app",
            ),
            ("postgres://me@db/app?password=s3cret", "postgres://db/app"),
            ("postgres://me:s3?cret@db/app", "postgres://…"),
            ("postgres://me:12#s3cret@db/app", "postgres://…"),
            ("postgres://me:12/s3cret@db/app", "postgres://db/app"),
            ("postgres:me:s3cret@db/app", "postgres:db/app"),
            ("postgres://me:s3cret", "postgres://…"),
            ("postgres://[::1]:5432/app", "postgres://[::1]:5432/app"),
            (
                "postgres:///app?host=/run&password=s3cret",
                "postgres:///app",
            ),
            ("sqlite:data/a@b.db?mode=rwc", "sqlite:data/a@b.db"),
            ("sqlite:///data/app.db", "sqlite:///data/app.db"),
            ("mysql://me:s3cret@db/app", "…"),
            ("host=db password=s3cret", "…"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }

    #[test]
    fn a_password_in_another_place_is_found() {
        for (url, is_in_place) in [
            ("postgres://me:s3cr%2Ft@db/app", true),
            ("postgres://me:s3cr@t@db/app", true),
            ("postgres:///app?user=me%40db", true),
            ("postgres://me:s3?cret@db/app", false),
            ("postgres:///app?user=me@db", false),
            ("postgres://me:12/s3cret@db/app", false),
            ("postgres:///me:s3cret@db/app", false),
            ("postgres:me:s3cret@db/app", false),
            ("postgres:me://s3cret@db/app", false),
        ] {
            assert_eq!(has_secrets_in_place(url), is_in_place, "{url}");
        }
    }
}
