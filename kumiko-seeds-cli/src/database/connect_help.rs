//! What to do about a driver's error.

use super::DatabaseUrl;

/// What to do about a driver's error.
pub(crate) fn help(error: &sqlx::Error, url: &DatabaseUrl) -> Option<String> {
    let source = &url.source;
    let text = match error {
        sqlx::Error::Io(error) if error.to_string().contains("certificate") => {
            "if the server's certificate is right, let the system trust who signed it, or name it:\n    \
             export SSL_CERT_FILE=path/to/authority.pem"
                .to_owned()
        }
        sqlx::Error::Tls(error) if error.to_string().contains("built without TLS") => {
            "build the app with TLS, in one of the ways that sqlx knows:\n    \
             cargo add sqlx --no-default-features --features tls-rustls-ring-native-roots"
                .to_owned()
        }
        sqlx::Error::Tls(_) => format!("let the server use TLS, or correct sslmode in {source}"),
        sqlx::Error::Io(_) => {
            format!("is the server running, and are host and port in {source} right?")
        }
        sqlx::Error::PoolTimedOut => format!("is the server reachable? the address is in {source}"),
        sqlx::Error::Database(error) => match error.code()?.as_ref() {
            "28P01" | "28000" => format!("correct user and password in {source}"),
            "3D000" => format!("create the database, or correct its name in {source}"),
            "42501" => {
                "ask the owner of the database to grant this, or to apply the seeds".to_owned()
            }
            "25006" | "0A000" | "8" | "1032" => {
                "seeds need a database that can be written to, not a standby or a read-only file"
                    .to_owned()
            }
            "14" => format!(
                "do the folder and the file exist, and may this user write there? the path is in {source}"
            ),
            "26" => format!("the file in {source} is not a SQLite database"),
            _ => return None,
        },
        _ => return None,
    };
    Some(text)
}
