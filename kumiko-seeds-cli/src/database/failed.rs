//! The failure of what was done in a database, and what to do about it.

use kumiko_seeds::{Error, error_chain};

use super::url::DatabaseUrl;
use crate::failure::Failure;

impl DatabaseUrl {
    /// The failure of a command that an error of the library ends.
    pub(crate) fn failure(&self, error: &Error) -> Failure {
        let mut failure = Failure::new(error.to_string());
        failure
            .causes
            .extend(error_chain(error).into_iter().skip(1));
        failure.help.extend(help(error, self));
        failure
    }
}

fn help(error: &Error, url: &DatabaseUrl) -> Option<String> {
    if let Some(remedy) = error.remedy() {
        return Some(remedy);
    }
    let text = match error {
        Error::Database { source, .. } => return of_driver(source, url),
        Error::MarkerTable { .. } => {
            "compare the table with the one in the documentation of kumiko-seeds; if something \
             else made it, rename it and seeds get their own"
                .to_owned()
        }
        Error::LockTimeout { holder, .. } => {
            let process = holder.as_ref().and_then(|holder| holder.process_id);
            match process {
                Some(process) => format!(
                    "find out what process {process} is doing, or wait longer with --lock-timeout <seconds>"
                ),
                None => "wait longer with --lock-timeout <seconds>".to_owned(),
            }
        }
        _ => return None,
    };
    Some(text)
}

/// What to do about a driver's error.
pub(super) fn of_driver(error: &sqlx::Error, url: &DatabaseUrl) -> Option<String> {
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
