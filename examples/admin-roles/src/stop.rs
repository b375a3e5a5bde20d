//! When the app is told to stop.

use std::io;
use std::time::Duration;

/// How long requests that have begun may take until the app ends without them. Also a client that never finishes one.
const GRACE: Duration = Duration::from_secs(5);

/// Waits until the app has been told to stop and [`GRACE`] is over.
pub(crate) fn waited_enough() -> io::Result<impl Future<Output = ()> + Send> {
    let told = told_to_stop()?;
    Ok(async move {
        told.await;
        tokio::time::sleep(GRACE).await;
    })
}

/// Waits for Ctrl-C, or for the SIGTERM with which a supervisor ends a service.
#[cfg(unix)]
pub(crate) fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
