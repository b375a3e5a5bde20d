//! What a driver would not understand in a URL, or not as it is meant. Pure.
//!
//! What drivers say of it may quote the URL, and with it a password; this quotes nothing but plain paths.

use std::net::IpAddr;

use super::kind::Kind;
use super::shown_url::has_secrets_in_place;
use super::sqlite_url::{self, parameters};
use crate::failure::Failure;

/// What is wrong with a URL, to be read after "the database URL in …", and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    what: String,
    help: String,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        let (what, help) = (what.into(), help.into());
        Self { what, help }
    }

    pub(super) fn in_source(self, source: &str) -> Failure {
        Failure::new(format!("the database URL in {source} {}", self.what)).help(self.help)
    }
}

const SSL_MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// The kind of database that a text is the URL of, or why it is of none.
pub(super) fn kind(text: &str) -> Result<Kind, Fault> {
    let trimmed = text.trim();
    if trimmed.starts_with(['"', '\'', '`']) {
        return Err(Fault::new(
            "stands in quotes, which would be a part of it",
            "set it without; a file of variables that no shell reads keeps its quotes",
        ));
    }
    match scheme(trimmed) {
        "postgres" | "postgresql" => postgres_fault(trimmed).map_or(Ok(Kind::Postgres), Err),
        "sqlite" if trimmed != text => Err(Fault::new(
            "has white space around it, which would be a part of the file's name",
            "set it without; the file that it is read from may end in a line break",
        )),
        "sqlite" => sqlite_fault(text).map_or(Ok(Kind::Sqlite), Err),
        scheme => Err(of_neither(scheme, trimmed)),
    }
}

/// The white space that a URL may have around it, as every URL may that browsers read.
pub(super) fn is_trimmed_by_postgres(character: char) -> bool {
    character <= ' '
}

/// The URL that its driver refuses all the same.
pub(super) fn not_understood(kind: Kind) -> Fault {
    let help = match kind {
        Kind::Postgres => {
            "in user and password, write % as %25, / as %2F, ? as %3F, # as %23 and @ as %40"
                .to_owned()
        }
        Kind::Sqlite => format!("use {}", kind.example()),
    };
    Fault::new(
        format!("is not the URL of a {} database", kind.name()),
        help,
    )
}

fn scheme(url: &str) -> &str {
    url.split(':').next().unwrap_or_default()
}

fn of_neither(scheme: &str, text: &str) -> Fault {
    let [postgres, sqlite] = [Kind::Postgres, Kind::Sqlite].map(Kind::example);
    let use_one = format!("use {postgres} or {sqlite}");
    let other = match scheme {
        "mysql" => Some("MySQL"),
        "mariadb" => Some("MariaDB"),
        "mssql" | "sqlserver" => Some("SQL Server"),
        _ => None,
    };
    if let Some(other) = other {
        let what = format!("is that of a {other} database, which seeds do not run on");
        return Fault::new(what, use_one);
    }
    path_fault(text)
        .unwrap_or_else(|| Fault::new("is not the URL of a PostgreSQL or SQLite database", use_one))
}

/// What is wrong if it is the path of a SQLite file, plain enough to be shown.
fn path_fault(text: &str) -> Option<Fault> {
    let path = text.strip_prefix("file:").unwrap_or(text);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let endings = [".db", ".db3", ".sqlite", ".sqlite3"];
    let is_path = path.chars().all(is_plain) && endings.iter().any(|end| path.ends_with(end));
    is_path.then(|| {
        Fault::new(
            "has a path of a file in it, but not as the URL of a SQLite database has it",
            format!("use sqlite:{path}"),
        )
    })
}

fn postgres_fault(url: &str) -> Option<Fault> {
    if !url
        .split_once(':')
        .is_some_and(|(_, rest)| rest.starts_with("//"))
    {
        return Some(Fault::new(
            "is not the URL of a PostgreSQL database",
            format!("use {}", Kind::Postgres.example()),
        ));
    }
    if !has_secrets_in_place(url) {
        return Some(not_understood(Kind::Postgres));
    }
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let (start, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = start.split('/').next().unwrap_or_default();
    let address = authority
        .rsplit_once('@')
        .map_or(authority, |(_, address)| address);
    let mut hosts = parameters(query).filter(|(name, _)| ["host", "hostaddr"].contains(name));
    if address.contains(',') || hosts.any(|(_, host)| host.contains(',')) {
        return Some(Fault::new(
            "names several hosts, and seeds are applied on one",
            "name the host that can be written to, or an address that always leads there",
        ));
    }
    if !has_port(address) {
        return Some(no_port());
    }
    let is_hostless = address.is_empty() || address.starts_with(':');
    if is_hostless && !authority.is_empty() {
        return Some(Fault::new(
            "names no host behind user and password",
            "name one, as in user@localhost, or the folder of a socket with ?user=name&host=/run/postgresql",
        ));
    }
    parameters(query).find_map(|(name, value)| match name {
        "port" if !is_port(value) => Some(no_port()),
        "sslmode" | "ssl-mode" if !SSL_MODES.contains(&value.to_ascii_lowercase().as_str()) => {
            Some(Fault::new(
                "has an sslmode that there is not",
                "use disable, allow, prefer, require, verify-ca or verify-full",
            ))
        }
        "hostaddr" if value.parse::<IpAddr>().is_err() => Some(Fault::new(
            "has a hostaddr that is no address",
            "use the numbers of one, or host for a name",
        )),
        "statement-cache-capacity" if value.parse::<usize>().is_err() => Some(Fault::new(
            "has a statement-cache-capacity that is no number",
            "use a number",
        )),
        _ => None,
    })
}

fn no_port() -> Fault {
    Fault::new(
        "has no port where one has to be",
        "a port is a number up to 65535; an IPv6 address stands in brackets, as in [::1]:5432",
    )
}

/// Whether what stands behind the host is a port or nothing.
fn has_port(address: &str) -> bool {
    let behind_host = match address.rsplit_once(']') {
        Some((_, behind)) => behind.strip_prefix(':').unwrap_or(behind),
        None => address.split_once(':').map_or("", |(_, port)| port),
    };
    behind_host.is_empty() || is_port(behind_host)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn sqlite_fault(url: &str) -> Option<Fault> {
    let (path, query) = sqlite_url::parts(url);
    // SQLite itself would read such a path as a URL once more.
    if path.starts_with("file:") || sqlite_url::file(url).is_none() {
        return Some(path_fault(path).unwrap_or_else(|| not_understood(Kind::Sqlite)));
    }
    parameters(query).find_map(|(name, value)| {
        let (known, help): (&[&str], &str) = match name {
            "mode" => (
                &["ro", "rw", "rwc", "memory"],
                "use ro, rw, or rwc to let the file be created",
            ),
            "cache" => (&["private", "shared"], "use private or shared"),
            "immutable" => (&["true", "1", "false", "0"], "use true or false"),
            "vfs" => return None,
            _ => {
                return Some(Fault::new(
                    "has a parameter that SQLite does not know",
                    "it may have mode, cache, immutable and vfs",
                ));
            }
        };
        let article = if name == "immutable" { "an" } else { "a" };
        let fault = || Fault::new(format!("has {article} {name} that there is not"), help);
        (!known.contains(&value)).then(fault)
    })
}
