//! The signals that ask a process to end.

use std::fmt;
use std::io;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::failure::{Exit, Failure};

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A person pressed Ctrl-C.
    Interrupt,
    /// The system wants the process gone: a deployment, a shutdown.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has it"))]
    Terminate,
}

impl Signal {
    /// What a shell reports for a program that the signal ended.
    fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Interrupt => "SIGINT (Ctrl-C)",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// The failure of a run that a signal stopped.
pub(crate) fn interrupted(signal: Signal) -> Failure {
    let mut failure = Failure::new(format!("interrupted by {signal}"));
    failure.exit = signal.exit();
    failure
}

/// The first signal to come.
pub(crate) struct Interrupt {
    first: oneshot::Receiver<Signal>,
}

impl Interrupt {
    /// From now on signals do not end the process, until the second one does.
    ///
    /// A thread of its own listens: a seed may keep the runtime busy for long, and then the second
    /// signal still has to work. To end the process in the middle of a seed is no harm, since its
    /// transaction ends with it.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (sender, first) = oneshot::channel();
        let listening = || -> io::Result<()> {
            let runtime = Builder::new_current_thread().enable_io().build()?;
            let mut signals = {
                let _entered = runtime.enter();
                Signals::new()?
            };
            let listen = move || {
                runtime.block_on(async {
                    // Where nobody waits any more, the process is about to end.
                    let _ = sender.send(signals.next().await);
                    let second = signals.next().await;
                    std::process::exit(second.exit().code().into());
                });
            };
            std::thread::Builder::new()
                .name("signals".to_owned())
                .spawn(listen)
                .map(drop)
        };
        listening()
            .map_err(|error| Failure::new("could not wait for signals").caused_by(&error))?;
        Ok(Self { first })
    }

    /// Waits for the first signal.
    pub(crate) async fn signal(&mut self) -> Signal {
        match (&mut self.first).await {
            Ok(signal) => signal,
            // The thread is gone, and with it what would send a signal.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        use futures_util::future::{Either, select};
        let interrupt = std::pin::pin!(self.interrupt.recv());
        let terminate = std::pin::pin!(self.terminate.recv());
        match select(interrupt, terminate).await {
            Either::Left(_) => Signal::Interrupt,
            Either::Right(_) => Signal::Terminate,
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupt })
    }

    async fn next(&mut self) -> Signal {
        self.interrupt.recv().await;
        Signal::Interrupt
    }
}
