//! `weir serve`: from the command line to a running gateway and back down.
//!
//! Two runtimes: one takes requests, the other delivers, answers the console and keeps house, so that a slow vendor or a scrape
//! never stands between an SDK and its acknowledgement.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use weir_console::http::Listener as ConsoleListener;
use weir_console::socket::Socket;
use weir_event::log::{self, Field, Level};
use weir_event::{Clock, SystemClock};

use crate::cli::{Exit, ServeOptions};
use crate::config::{Config, Secrets};
use crate::first_start;
use crate::gateway::{Gateway, Places, StartError};
use crate::listen::{Listener, Settings};
use crate::log::StderrSink;
use crate::operate::Operator;
use crate::tls::Tls;
use crate::watch::Watch;

/// Runs the gateway until SIGTERM or SIGINT.
pub fn run(options: ServeOptions) -> Exit {
    match start(options) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "weir: {error}");
            Exit::CouldNotRun
        }
    }
}

fn start(options: ServeOptions) -> Result<(), StartError> {
    let io = |what: &str| {
        let what = what.to_owned();
        move |source| StartError::Io { what, source }
    };
    let keys = options
        .folders
        .key_folder()
        .map_err(|what| StartError::Io { what, source: std::io::Error::from(std::io::ErrorKind::NotFound) })?;
    let data = options.folders.data.clone();
    std::fs::create_dir_all(&data).map_err(io("the data folder cannot be made"))?;
    let (config_file, _) = first_start::choose(options.folders.config.as_deref(), Path::new("."), &data)
        .map_err(io("a first weir.yaml cannot be written"))?;
    let places = Places { config: config_file, data, keys };
    let config = Config::load(&places.config, Secrets::environment())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    log::install(Box::new(StderrSink::new(config.log_format, config.log_level, Arc::clone(&clock))));

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let intake = runtime("weir-intake", cores).map_err(io("threads for intake cannot be started"))?;
    let background = runtime("weir-deliver", 1).map_err(io("threads for delivery cannot be started"))?;
    let ended = background.block_on(serve(&intake, places, config, clock, options.ready_json));
    intake.shutdown_timeout(Duration::from_secs(1));
    background.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn runtime(name: &str, threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()
}

async fn serve(
    intake: &Runtime,
    places: Places,
    config: Config,
    clock: Arc<dyn Clock>,
    ready_json: bool,
) -> Result<(), StartError> {
    let io = |what: String| move |source| StartError::Io { what, source };
    let grace = config.shutdown_grace;
    let settings = Settings { limits: config.limits, trusted_proxies: config.trusted_proxies.clone() };
    let tls = config.listen.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
    let (ingest_address, console_address) = (config.listen.ingest, config.listen.console);
    let gateway = Arc::new(Gateway::open(places, config, clock).await?);

    // The addresses last: whoever can connect is served.
    let ingest = {
        let (settings, tls) = (settings.clone(), tls.clone());
        let bound = intake.spawn(async move { Listener::bind(ingest_address, settings, tls).await }).await;
        bound
            .unwrap_or_else(|e| Err(std::io::Error::other(e)))
            .map_err(io(format!("listen.ingest {ingest_address} cannot be taken")))?
    };
    let console = ConsoleListener::bind(console_address)
        .await
        .map_err(io(format!("listen.console {console_address} cannot be taken")))?;
    let socket = Socket::bind(&gateway.places.data).map_err(io("admin.sock cannot be made".to_owned()))?;
    let unknown = "unknown address".to_owned();
    let ingest_url = match ingest.local_address() {
        Ok(address) => format!("{}://{address}", ingest.scheme()),
        Err(_) => unknown.clone(),
    };
    let console_url = console.local_address().map_or(unknown, |address| format!("http://{address}"));

    let (stop, stopping) = watch::channel(false);
    let handle = ingest.handle();
    gateway.attach(handle.clone());
    let watched = Arc::new(Watch { gateway: Arc::clone(&gateway), ingest: handle.clone() });
    let console = tokio::spawn(console.run(watched, stopping.clone()));
    let socket = tokio::spawn(socket.run(Arc::new(Operator(Arc::clone(&gateway))), stopping.clone()));
    let upkeep = tokio::spawn(keep_house(Arc::clone(&gateway), tls.clone(), stopping.clone()));
    let accepting = intake.spawn(ingest.run(Arc::clone(&gateway.pipeline), stopping.clone(), grace));
    say_ready(ready_json, &ingest_url, &console_url, &gateway);

    wait_for_end(&gateway, tls.as_deref()).await;
    log::emit(Level::Info, "stopping: no new requests, those under way are finished", &[]);
    gateway.pipeline.stop();
    let _ = stop.send(true);
    if !accepting.await.unwrap_or(false) {
        log::emit(Level::Warn, "some requests did not end within shutdown.grace; they were not acknowledged", &[]);
    }
    gateway.close(grace).await;
    for task in [console, socket, upkeep] {
        task.abort();
        let _ = task.await;
    }
    log::emit(Level::Info, "stopped", &[]);
    Ok(())
}

/// Until SIGTERM or SIGINT; SIGHUP reloads.
async fn wait_for_end(gateway: &Arc<Gateway>, tls: Option<&Tls>) {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals else {
        log::emit(Level::Error, "signals cannot be received; stop it by kill", &[]);
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            _ = hangup.recv() => {
                reload(gateway, tls).await;
            }
        }
    }
}

async fn reload(gateway: &Arc<Gateway>, tls: Option<&Tls>) {
    // Recorded like a reload by command, whoever sent the signal.
    let act = weir_ledger::Act { actor: weir_ledger::Actor::Weir, action: "reload", targets: Vec::new() };
    if gateway.audit.act(act).await.is_err() {
        log::emit(Level::Error, "the audit ledger cannot be written: not reloaded", &[]);
        return;
    }
    if let Some(tls) = tls {
        tls.reload_if_changed();
    }
    match gateway.reload().await {
        Ok((changed, _)) => {
            let changed = Field::Static(if changed { "yes" } else { "no" });
            log::emit(Level::Info, "configuration reloaded", &[("changed", changed)]);
        }
        Err(error) => {
            // The problems name fields and places of the operator's own file; they go to standard error as they are.
            let _ = writeln!(std::io::stderr(), "{error}");
            log::emit(Level::Error, "the configuration has problems: the old one stays", &[]);
        }
    }
}

async fn keep_house(gateway: Arc<Gateway>, tls: Option<Arc<Tls>>, mut stopping: watch::Receiver<bool>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut count = 0_u64;
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            _ = seconds.tick() => {}
        }
        gateway.space.check();
        if count.is_multiple_of(10) {
            gateway.upkeep().await;
            if let Some(tls) = &tls {
                tls.reload_if_changed();
            }
        }
        count += 1;
    }
}

fn say_ready(json: bool, ingest: &str, console: &str, gateway: &Gateway) {
    let mut out = std::io::stdout().lock();
    let text = if json {
        format!("{}\n", serde_json::json!({"ingest": ingest, "console": console}))
    } else {
        let places = &gateway.places;
        let generation = gateway.pipeline.generation();
        first_start::greeting(ingest, console, &places.config, &places.data, &places.keys, &generation)
    };
    // A closed standard output is no reason to stop taking events.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
