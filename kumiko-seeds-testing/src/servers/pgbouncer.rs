//! A throwaway PgBouncer in front of a PostgreSQL server.

use std::env;
use std::path::{Path, PathBuf};

use super::server::{Kind, Server};
use crate::failure::Failure;

const PGBOUNCER: Kind = Kind {
    name: "PgBouncer",
    script: concat!(include_str!("throwaway.sh"), include_str!("pgbouncer.sh")),
};

/// A running PgBouncer. It ends when this value is dropped or the program ends.
pub struct PgBouncer {
    server: Server,
}

/// For how long a client keeps a connection to the server.
#[derive(Clone, Copy, Debug)]
pub enum PoolMode {
    /// For as long as it is connected itself.
    Session,
    /// For one transaction.
    Transaction,
    /// For one statement.
    Statement,
}

impl PgBouncer {
    /// Starts a pooler with two connections to each database of the server at `server_url`.
    pub fn start(server_url: &str, mode: PoolMode) -> Result<Self, Failure> {
        let program = Self::program()?;
        let (password, server_port) = password_and_port(server_url)
            .ok_or_else(|| Failure::new("the URL of the server is not one of `Cluster::url`"))?;
        let server = Server::start(&PGBOUNCER, password, |port| {
            let settings = settings(port, server_port, mode);
            vec![program.clone().into(), settings.into()]
        })?;
        Ok(Self { server })
    }

    /// What to connect to for a database of the server, given the URL without the pooler.
    #[must_use]
    pub fn url(&self, direct: &str) -> String {
        let (user, rest) = direct.rsplit_once('@').unwrap_or(("", direct));
        let (_, database) = rest.split_once('/').unwrap_or_default();
        format!("{user}@127.0.0.1:{}/{database}", self.server.port)
    }

    /// Looks for the program in `PATH`, then where packages put it.
    pub fn program() -> Result<PathBuf, Failure> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Debian's and Fedora's are outside of an ordinary user's PATH.
        let packages = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
        env::split_paths(&path)
            .chain(packages.map(PathBuf::from))
            .map(|folder| folder.join("pgbouncer"))
            .find(|program| program.is_absolute() && Path::is_file(program))
            .ok_or_else(missing)
    }
}

fn missing() -> Failure {
    Failure::new("PgBouncer, which some tests put in front of PostgreSQL, was not found").help(
        "install it, then run the command again:
    Debian, Ubuntu:  sudo apt-get install pgbouncer
    Fedora:          sudo dnf install pgbouncer
    macOS:           brew install pgbouncer",
    )
}

fn password_and_port(url: &str) -> Option<(&str, &str)> {
    let (user, rest) = url.rsplit_once('@')?;
    let (_, password) = user.rsplit_once(':')?;
    let (_, port) = rest.split_once('/')?.0.split_once(':')?;
    Some((password, port))
}

fn settings(port: u16, server_port: &str, mode: PoolMode) -> String {
    let mode = match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
        PoolMode::Statement => "statement",
    };
    format!(
        "\
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
pool_mode = {mode}
default_pool_size = 2
; Each client of sqlx asks for it as it connects.
ignore_startup_parameters = extra_float_digits"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_cluster_is_understood() {
        assert_eq!(
            password_and_port("postgres://postgres:secret@127.0.0.1:5433/postgres"),
            Some(("secret", "5433"))
        );
        assert_eq!(password_and_port("postgres://localhost/postgres"), None);
    }
}
