//! A throwaway PostgreSQL server.

use std::fs::File;
use std::io::{self, Read as _};

use super::programs::Programs;
use super::server::{Kind, Server};
use crate::failure::Failure;

const POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    script: concat!(include_str!("throwaway.sh"), include_str!("cluster.sh")),
};

/// A running server, with its data. It stops, and its files go, when this value is dropped or the
/// program ends.
pub struct Cluster {
    server: Server,
    programs: Programs,
    password: String,
}

/// How a server ends.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// All its processes are killed.
    Crash,
    /// It sends its clients away.
    FastShutdown,
    /// It waits for its clients to go.
    SmartShutdown,
}

impl Cluster {
    /// Starts a new, empty server on a free port.
    pub fn start() -> Result<Self, Failure> {
        Self::of(Programs::find()?)
    }

    /// Starts a new, empty server of these programs on a free port.
    pub fn of(programs: Programs) -> Result<Self, Failure> {
        let password = random_password()
            .map_err(|error| Failure::new("there is no randomness").caused_by(error))?;
        Self::create(programs, password, None)
    }

    /// Starts a server that streams what `primary` writes, on a port of its own. The primary is away for
    /// the moment in which its data are copied, since not every package brings a program that copies those
    /// of a running server.
    pub fn standby_of(primary: &mut Self) -> Result<Self, Failure> {
        let data = primary.server.order("where", "told")?;
        primary.end(Ending::FastShutdown)?;
        let origin = Origin {
            data,
            port: primary.server.port,
        };
        let (programs, password) = (primary.programs.clone(), primary.password.clone());
        let standby = Self::create(programs, password, Some(&origin));
        primary.start_again()?;
        standby
    }

    /// Ends the server and keeps its data.
    pub fn end(&mut self, ending: Ending) -> Result<(), Failure> {
        let signal = match ending {
            Ending::Crash => "KILL",
            Ending::FastShutdown => "INT",
            Ending::SmartShutdown => "TERM",
        };
        self.server.order(signal, "ended").map(drop)
    }

    /// Starts the server that ended again, with its data and on its port.
    pub fn start_again(&mut self) -> Result<(), Failure> {
        self.server.order("start", "ready").map(drop)
    }

    /// Where tests connect to, as a superuser.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/postgres",
            self.password, self.server.port
        )
    }

    fn create(
        programs: Programs,
        password: String,
        origin: Option<&Origin>,
    ) -> Result<Self, Failure> {
        let server = Server::start(&POSTGRES, &password, |port| {
            let own = [programs.folder().into(), settings(port).into()];
            let origin =
                origin.map(|from| [from.data.clone().into(), from.port.to_string().into()]);
            own.into_iter()
                .chain(origin.into_iter().flatten())
                .collect()
        })?;
        Ok(Self {
            server,
            programs,
            password,
        })
    }
}

/// What a standby begins with.
struct Origin {
    /// The folder of the data of a primary that is not running.
    data: String,
    /// Where the primary will be found.
    port: u16,
}

/// Random, so that a test of a wrong password meets a server that really asks for the right one.
fn random_password() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// What differs from PostgreSQL's defaults.
fn settings(port: u16) -> String {
    format!(
        "\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 300
timezone = 'UTC'
log_timezone = 'UTC'
# The data need not survive a crash of the machine. What a process has written survives its own, since
# the system has it. Commits still wait for their write-ahead log, as they do in production.
fsync = off
full_page_writes = off
synchronous_commit = on"
    )
}
