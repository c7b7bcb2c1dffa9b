//! The server: takes beacons, says what holds, and rolls back.
//!
//! One thread does it all, because a batch takes it some microseconds and waits for nothing; only writes to
//! the disk have threads of their own.

mod admin;
mod app;
mod audit;
mod beacons;
mod connection;
mod control;
mod counters;
mod file;
mod intake;
mod metrics;
mod options;
mod public;
mod seen;
mod shared;
mod site;
mod source;
mod ticker;
mod windows;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

pub use options::Options;

use crate::decision::Policy;
use crate::gate::{Override, Rollout};
use app::{App, Parts, now_s};
use audit::Audit;
use beacons::Origins;
use connection::{Connections, MOST_ADMIN, most_public};
use counters::OTHER;
use file::{StateFile, WindowLog};
use intake::Intake;
use shared::Shared;
use ticker::Ticker;

/// The operator's secret; without it nothing can be changed.
const TOKEN: &str = "FEATHEREDGE_ADMIN_TOKEN";
/// Overrides the configured stage.
const STAGE: &str = "ROLLOUT_STAGE";

/// Serves until the process is asked to end.
///
/// # Errors
/// If something that it was given cannot be used.
pub fn run(options: &Options) -> Result<(), String> {
    let began = Instant::now();
    tracing_subscriber::fmt().json().with_current_span(true).with_writer(io::stderr).init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let app = {
        // The shared store's connection is a task, also before it is made.
        let _entered = runtime.enter();
        Arc::new(prepare(options)?)
    };
    runtime.block_on(serve(options, app, began))
}

fn prepare(options: &Options) -> Result<App, String> {
    let path = options.rollout.display();
    let text = std::fs::read_to_string(&options.rollout).map_err(|error| format!("{path}: {error}"))?;
    let rollout = Rollout::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let document: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let policy = check(&rollout).map_err(|error| format!("{path}: {error}"))?;
    let override_ =
        Override::parse(std::env::var_os(STAGE).map(|value| value.to_string_lossy().into_owned()).as_deref());
    if override_ == Override::Invalid {
        error!(
            "{STAGE} is no stage: the rollout is closed; want DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL, or 0, 10, 50 or 100"
        );
    }
    let file = options.state.as_deref().map(StateFile::new);
    let kept = file.as_ref().map_or(Ok(None), |file| file.load(&rollout.flag, &rollout.salt))?;
    let replica = kept.as_ref().map_or_else(random_name, |kept| kept.replica.clone());
    let redis =
        |url: &String| Shared::new(url, &rollout.flag, &replica).map_err(|error| format!("--redis: {error}"));
    let shared = options.redis.as_ref().map(redis).transpose()?;
    let audit = Audit::open(options.audit().as_deref())?;
    let window_log =
        options.state.as_ref().map(|state| WindowLog::new(state.with_added_extension("windows.jsonl")));
    let intake = Intake::new(&rollout, options.limits(), now_s());
    let origins = Origins::parse(&options.origin)?;
    let parts = Parts {
        rollout,
        document,
        policy,
        override_,
        intake,
        kept,
        replica,
        file,
        audit,
        window_log,
        shared,
        origins,
        proxies: options.proxies,
    };
    Ok(App::new(parts))
}

/// What the server wants of a configuration that the gate has no opinion of; the policy to decide by.
///
/// # Errors
/// If a variant has a name that metrics need, or a threshold cannot be decided by.
pub fn check(rollout: &Rollout) -> Result<Policy, String> {
    if let Some(at) = rollout.variants.iter().position(|variant| variant.name == OTHER) {
        return Err(format!(
            "variants[{at}].name is \"{OTHER}\", want another: metrics call so what is no variant"
        ));
    }
    Policy::of(&rollout.thresholds).map_err(|error| error.to_string())
}

/// 64 random bits: the standard library's hasher is keyed with such.
fn random_name() -> String {
    use std::hash::BuildHasher;
    format!("{:016x}", std::collections::hash_map::RandomState::new().hash_one(std::process::id()))
}

async fn serve(options: &Options, app: Arc<App>, began: Instant) -> Result<(), String> {
    let connections = Arc::new(Connections::new(most_public()));
    let operators = Arc::new(Connections::new(MOST_ADMIN));
    let (listener, address) = listen(options.listen, options.ports).await?;
    let router = public::router(app.clone(), &site::parse(&options.site)?);
    let public = tokio::spawn(connections.clone().serve(listener, app.clone(), router, true));
    let admin = match admin_token()? {
        None => None,
        Some(token) => {
            if !options.admin.ip().is_loopback() && !options.admin_anywhere {
                return Err(format!(
                    "--admin {} is no loopback address, want one, or --admin-anywhere",
                    options.admin
                ));
            }
            let (listener, address) = listen(options.admin, 0).await?;
            let router = admin::router(app.clone(), &token);
            Some((address, tokio::spawn(operators.clone().serve(listener, app.clone(), router, false))))
        }
    };
    let mut stop = [SignalKind::terminate(), SignalKind::interrupt()]
        .map(signal)
        .into_iter()
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| format!("no signals: {error}"))?;
    let mut ticker = Ticker::new(app.clone(), [connections.clone(), operators.clone()]);
    println!("companion is at http://{address}/ (stop with Ctrl+C)");
    if let Some((address, _)) = &admin {
        println!("admin is at http://{address}/");
    }
    info!(ms = began.elapsed().as_secs_f64() * 1e3, "ready");
    let (first, second) = stop.split_at_mut(1);
    tokio::select! {
        () = ticker.run() => {}
        _ = first[0].recv() => {}
        _ = second[0].recv() => {}
    }
    app.stopping.store(true, Relaxed);
    public.abort();
    if let Some((_, task)) = admin {
        task.abort();
    }
    tokio::join!(connections.finish(), operators.finish());
    ticker.finish().await;
    Ok(())
}

fn admin_token() -> Result<Option<String>, String> {
    let Some(token) = std::env::var_os(TOKEN) else { return Ok(None) };
    match token.into_string() {
        Ok(token) if token.len() >= admin::SHORTEST_TOKEN => Ok(Some(token)),
        Err(_) => {
            Err(format!("{TOKEN} is not UTF-8, want UTF-8 of at least {} bytes", admin::SHORTEST_TOKEN))
        }
        Ok(_) => Err(format!("{TOKEN} is too short, want at least {} bytes", admin::SHORTEST_TOKEN)),
    }
}

/// Listens on an address or, if its port is taken, on one of the next.
async fn listen(address: SocketAddr, ports: u16) -> Result<(TcpListener, SocketAddr), String> {
    for more in 0..=ports {
        let tried = SocketAddr::new(address.ip(), address.port().saturating_add(more));
        match TcpListener::bind(tried).await {
            Ok(listener) => {
                let address = listener.local_addr().map_err(|error| format!("{tried}: {error}"))?;
                return Ok((listener, address));
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && more < ports => {}
            Err(error) => return Err(format!("{tried}: {error}")),
        }
    }
    Err(format!("{address}: no port is free"))
}
