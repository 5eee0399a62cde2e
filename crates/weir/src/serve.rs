//! `weir serve`: from the command line to a running gateway and back down.
//!
//! Two runtimes: one takes requests, the other delivers, answers the console and keeps house, so that a slow vendor or a scrape
//! never stands between an SDK and its acknowledgement.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use weir_console::http::Listener as ConsoleListener;
use weir_console::socket::Socket;
use weir_event::log::{self, Level};
use weir_event::{Clock, SystemClock};

use crate::cli::{Exit, ServeOptions};
use crate::config::{Config, Secrets};
use crate::disk::DiskError;
use crate::first_start::{self, Chosen};
use crate::gateway::{Gateway, Places, StartError};
use crate::generation::Generation;
use crate::listen::{self, Listener, Settings};
use crate::log::StderrSink;
use crate::operate::{Operator, say_reloaded};
use crate::tls::Tls;
use crate::watch::Watch;

/// How often alerts are looked at.
const ALERT_SECONDS: u64 = 5;

/// Called by each thread of intake that falls asleep, once there is a journal.
type IdleHint = OnceLock<Box<dyn Fn() + Send + Sync>>;

/// Runs the gateway until SIGTERM or SIGINT.
pub fn run(options: ServeOptions) -> Exit {
    match start(options) {
        Ok(()) => Exit::Fine,
        Err(StartError::Config(problems)) => {
            // As `weir config check` says it: one line each, beginning with its place.
            let _ = writeln!(std::io::stderr(), "{problems}");
            Exit::CouldNotRun
        }
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
    let chosen = first_start::choose(options.folders.config.as_deref(), Path::new(""), &data);
    let config = match &chosen {
        Chosen::There(file) => Generation::check(file, Secrets::environment())?,
        Chosen::First { file, text } => Config::parse(text, file, Secrets::Leave)?,
    };
    let places = Places { config: chosen.file().to_owned(), data, keys };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    log::install(Box::new(StderrSink::new(config.log_format, config.log_level, Arc::clone(&clock))));

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A thread of intake that falls asleep has handed over all it had: the journal need not wait for more from it.
    let hint: Arc<IdleHint> = Arc::default();
    let given = Arc::clone(&hint);
    let mut intake = runtime("weir-intake", cores);
    intake.on_thread_park(move || given.get().into_iter().for_each(|idle| idle()));
    let intake = intake.build().map_err(io("threads for intake cannot be started"))?;
    let background = runtime("weir-deliver", 1).build().map_err(io("threads for delivery cannot be started"))?;
    let ended = background.block_on(serve(&intake, &hint, places, &chosen, config, clock, options.ready_json));
    intake.shutdown_timeout(Duration::from_secs(1));
    background.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn runtime(name: &str, threads: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(threads).thread_name(name).enable_all();
    builder
}

/// Everything that a start may fail at, done; nothing is accepted yet.
struct Opened {
    gateway: Arc<Gateway>,
    ingest: Listener,
    console: ConsoleListener,
    socket: Socket,
    tls: Option<Arc<Tls>>,
}

/// What needs no folder comes first: a start that fails at it leaves nothing behind.
async fn open(
    intake: &Runtime,
    places: Places,
    chosen: &Chosen,
    config: Config,
    clock: Arc<dyn Clock>,
) -> Result<Opened, StartError> {
    let io = |what: String| move |source| StartError::Io { what, source };
    let settings = Settings { limits: config.limits, trusted_proxies: config.trusted_proxies.clone() };
    let tls = config.listen.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
    let (ingest_address, console_address) = (config.listen.ingest, config.listen.console);
    let not_ingest = || io(format!("listen.ingest {ingest_address} cannot be taken"));
    let not_console = || io(format!("listen.console {console_address} cannot be taken"));
    let ingest = listen::reserve(ingest_address).map_err(not_ingest())?;
    let console = listen::reserve(console_address).map_err(not_console())?;

    let fresh = FreshFolder::before(&places.data);
    let opened = async {
        std::fs::create_dir_all(&places.data).map_err(io("the data folder cannot be made".to_owned()))?;
        chosen.write().map_err(io("a first weir.yaml cannot be written".to_owned()))?;
        let gateway = Arc::new(Gateway::open(places, config, clock).await?);
        // Listened on last: whoever can connect is served.
        let listening = {
            let tls = tls.clone();
            intake.spawn(async move { Listener::on(ingest, settings, tls).await }).await
        };
        let ingest = listening.unwrap_or_else(|e| Err(std::io::Error::other(e))).map_err(not_ingest())?;
        let console = ConsoleListener::on(console).await.map_err(not_console())?;
        let socket = Socket::bind(&gateway.places.data).map_err(io("admin.sock cannot be made".to_owned()))?;
        Ok(Opened { gateway, ingest, console, socket, tls })
    };
    let opened = opened.await;
    if let Err(error) = &opened {
        fresh.clear(error);
    }
    opened
}

/// Remembers whether there was anything in the data folder, to leave it as it was where a first start fails.
struct FreshFolder {
    data: PathBuf,
    was_there: bool,
    was_empty: bool,
}

impl FreshFolder {
    fn before(data: &Path) -> FreshFolder {
        let entries = std::fs::read_dir(data);
        let was_there = !matches!(&entries, Err(e) if e.kind() == std::io::ErrorKind::NotFound);
        FreshFolder { data: data.to_owned(), was_there, was_empty: entries.is_ok_and(|mut e| e.next().is_none()) }
    }

    /// Removes what this start made of nothing. No event was taken, so nothing in it has a value.
    fn clear(&self, error: &StartError) {
        // Another process made it meanwhile, and it is that one's.
        if matches!(error, StartError::Disk(DiskError::Locked { .. })) {
            return;
        }
        if !self.was_there {
            let _ = std::fs::remove_dir_all(&self.data);
        } else if self.was_empty {
            for entry in std::fs::read_dir(&self.data).into_iter().flatten().flatten() {
                let path = entry.path();
                let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            }
        }
    }
}

async fn serve(
    intake: &Runtime,
    hint: &IdleHint,
    places: Places,
    chosen: &Chosen,
    config: Config,
    clock: Arc<dyn Clock>,
    ready_json: bool,
) -> Result<(), StartError> {
    let grace = config.shutdown_grace;
    let Opened { gateway, ingest, console, socket, tls } = open(intake, places, chosen, config, clock).await?;
    let _ = hint.set(gateway.pipeline.journal().idle_hint());
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
    let (push, telemetry) = (Arc::clone(&gateway.push), Arc::clone(&gateway.telemetry));
    let clock = Arc::clone(&gateway.clock);
    let push = tokio::spawn(async move { push.run(clock).await });
    let telemetry = tokio::spawn(async move { telemetry.run().await });
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
    for task in [console, socket, upkeep, push, telemetry] {
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
        Ok((changed, at_next_start)) => say_reloaded(changed, &at_next_start),
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
        if count.is_multiple_of(ALERT_SECONDS) {
            let ends = tls.as_deref().and_then(Tls::certificate_ends);
            let changes = gateway.alerts.observe(&gateway.reading(ends));
            gateway.push.queue(&changes, &*gateway.clock);
        }
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
        let states = gateway.deliver.status().into_iter();
        let ended = states.filter(|s| s.life == weir_ledger::Status::Ended).map(|s| s.id).collect();
        first_start::greeting(ingest, console, &places.config, &places.data, &places.keys, &generation, &ended)
    };
    // A closed standard output is no reason to stop taking events.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
