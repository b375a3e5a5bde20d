//! Boots, which applies what is pending, and then serves until it is told to stop.

mod background;
mod http;
mod stop;

use std::error::Error;
use std::sync::Arc;

use admin_roles::Database;
use sqlx::Pool;
use tokio::net::TcpListener;

use crate::http::App;

const EMBEDDED: &str = concat!(
    "sqlite:",
    env!("CARGO_MANIFEST_DIR"),
    "/admin-roles.db?mode=rwc"
);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // With 0 the system picks a free port.
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let no_port = |_| format!("PORT is no port: {port:?}");
    let port: u16 = port.parse().map_err(no_port)?;
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| EMBEDDED.to_owned());
    let pool = Pool::<Database>::connect(&url).await?;

    // From here on there is something to be undone or finished.
    let mut stop = Box::pin(stop::told_to_stop()?);
    let stop_working = stop::told_to_stop()?;
    let overdue = stop::waited_enough()?;
    let seeds = admin_roles::seeds();
    match seeds.apply_until(&pool, stop.as_mut()).await {
        Err(failed) if matches!(failed.error, kumiko_seeds::Error::Stopped) => return Ok(()),
        report => {
            for seed in &report?.applied {
                println!("applied {}", seed.id);
            }
        }
    }

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("warning: there is no sign-in: whoever asks is who the headers say");
    println!("listening on http://{}", listener.local_addr()?);
    // ANCHOR: working
    let work = background::work(seeds, pool.clone(), stop_working);
    let working = tokio::spawn(work);
    // ANCHOR_END: working
    let app = App {
        handlers: Arc::new(admin_roles::handlers()),
        pool: pool.clone(),
    };
    let serving = axum::serve(listener, http::routes(app)).with_graceful_shutdown(stop);
    tokio::select! {
        served = serving => served?,
        () = overdue => {}
    }
    // The step in flight is done, and no other begins.
    working.await?;
    pool.close().await;
    Ok(())
}
