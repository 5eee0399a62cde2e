//! `weir serve`: from the command line to a running gateway and back down.
//!
//! Two runtimes: one takes requests, the other delivers, answers the console and keeps house, so that a slow vendor or a scrape
//! never stands between an SDK and its acknowledgement.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
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
use crate::gateway::{Gateway, Places, StartError, Succession};
use crate::generation::Generation;
use crate::hand_over::{Forebear, Heir, Sockets};
use crate::listen::{self, Listener, Settings};
use crate::log::StderrSink;
use crate::operate::{Operator, say_reloaded};
use crate::tls::Tls;
use crate::watch::Watch;

/// How often alerts are looked at.
const ALERT_SECONDS: u64 = 5;

/// Called by each thread of intake that falls asleep, once there is a journal.
type IdleHint = RwLock<Option<Box<dyn Fn() + Send + Sync>>>;

/// How long clients with open connections are told, by their next answer, to come back on a new one, before a hand-over.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

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

/// Where the listening sockets come from.
enum Seats {
    /// Addresses to bind; the first socket may be there already.
    Bind(Option<std::net::TcpListener>),
    /// From the process before.
    Inherited(Sockets),
}

fn start(options: ServeOptions) -> Result<(), StartError> {
    // The process that hands over hears of every problem, as long as it can still go on.
    let mut forebear = options.take_over.then(Forebear::from_stdin).transpose().map_err(not_handed_over)?;
    let prepared = prepare(&options);
    if let (Err(error), Some(forebear)) = (&prepared, &mut forebear) {
        forebear.refuse(&error.to_string());
    }
    let Prepared { places, chosen, mut config, clock } = prepared?;
    let mut kept_first = None;
    let seats = match (&mut forebear, options.ingest_from_stdin) {
        (Some(forebear), _) => {
            let sockets = take_over(forebear, &places, &config, &clock)?;
            // Until here the old process took reloads, so what was read at the beginning may be older than what it served by.
            match read_again(&options, &sockets) {
                Ok(newer) => config = newer,
                Err(why) => kept_first = Some(why),
            }
            Seats::Inherited(sockets)
        }
        (None, true) => {
            let what = "--ingest-from-stdin: standard input is no listening socket";
            let taken = crate::hand_over::listener_from_stdin();
            Seats::Bind(Some(taken.map_err(|source| StartError::Io { what: what.to_owned(), source })?))
        }
        (None, false) => Seats::Bind(None),
    };
    log::install(Box::new(StderrSink::new(config.log_format, config.log_level, Arc::clone(&clock))));
    if let Some(why) = kept_first {
        // The problems name fields and places of the operator's own file; they go to standard error as they are.
        let _ = writeln!(std::io::stderr(), "{why}");
        log::emit(Level::Error, "weir.yaml changed during the hand-over and has problems: the one before holds", &[]);
    }

    let io = |what: &str| {
        let what = what.to_owned();
        move |source| StartError::Io { what, source }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A thread of intake that falls asleep has handed over all it had: the journal need not wait for more from it.
    let hint: Arc<IdleHint> = Arc::default();
    let given = Arc::clone(&hint);
    let mut intake = runtime("weir-intake", cores);
    intake.on_thread_park(move || {
        given.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|idle| idle());
    });
    let intake = intake.build().map_err(io("threads for intake cannot be started"))?;
    let background = runtime("weir-deliver", 1).build().map_err(io("threads for delivery cannot be started"))?;
    let process = Process { intake: &intake, hint, places, chosen, clock, ready_json: options.ready_json };
    let ended = background.block_on(process.serve(config, seats, forebear));
    intake.shutdown_timeout(Duration::from_secs(1));
    background.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// What can be found out without taking anything.
struct Prepared {
    places: Places,
    chosen: Chosen,
    config: Config,
    clock: Arc<dyn Clock>,
}

fn prepare(options: &ServeOptions) -> Result<Prepared, StartError> {
    let keys = options
        .folders
        .key_folder()
        .map_err(|what| StartError::Io { what, source: std::io::Error::from(std::io::ErrorKind::NotFound) })?;
    let data = options.folders.data.clone();
    let chosen = first_start::choose(options.folders.config.as_deref(), Path::new(""), &data);
    let config = match &chosen {
        // A configuration that was taken back is not the one that holds.
        Chosen::There(file) => crate::rollout::in_force(&data, Generation::check(file, Secrets::environment())?)?,
        Chosen::First { file, text } => Config::parse(text, file, Secrets::Leave)?,
    };
    let places = Places { config: chosen.file().to_owned(), data, keys };
    Ok(Prepared { places, chosen, config, clock: Arc::new(SystemClock) })
}

/// Steps 1 to 4 of a hand-over, as the new process goes through them. Nothing is written.
fn take_over(
    forebear: &mut Forebear,
    places: &Places,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Sockets, StartError> {
    let looked = (|| {
        crate::disk::version_is_known(&places.data)?;
        weir_keys::Keys::open_read_only(&places.keys, Arc::clone(clock))?;
        config.listen.tls.clone().map(Tls::load).transpose()?;
        Ok::<_, StartError>(())
    })();
    if let Err(error) = looked {
        forebear.refuse(&error.to_string());
        return Err(error);
    }
    let sockets = forebear.ready().map_err(not_handed_over)?;
    for (field, address, socket) in [
        ("listen.ingest", config.listen.ingest, &sockets.ingest),
        ("listen.console", config.listen.console, &sockets.console),
    ] {
        if !crate::hand_over::fits(address, socket) {
            let what = format!(
                "{field} {address} is not where the running weir listens; such a change needs a stop and a start"
            );
            forebear.refuse(&what);
            return Err(StartError::Io { what, source: std::io::ErrorKind::AddrNotAvailable.into() });
        }
    }
    forebear.take().map_err(not_handed_over)?;
    Ok(sockets)
}

/// The configuration as it is once the old process can change it no more, where this process can serve by it on these sockets.
fn read_again(options: &ServeOptions, sockets: &Sockets) -> Result<Config, StartError> {
    let config = prepare(options)?.config;
    config.listen.tls.clone().map(Tls::load).transpose()?;
    let listen = [
        ("listen.ingest", config.listen.ingest, &sockets.ingest),
        ("listen.console", config.listen.console, &sockets.console),
    ];
    match listen.into_iter().find(|(_, address, socket)| !crate::hand_over::fits(*address, socket)) {
        Some((field, address, _)) => {
            let what = format!("{field} {address} is not where the running weir listens");
            Err(StartError::Io { what, source: std::io::ErrorKind::AddrNotAvailable.into() })
        }
        None => Ok(config),
    }
}

fn not_handed_over(source: std::io::Error) -> StartError {
    StartError::Io { what: "nothing was handed over on standard input".to_owned(), source }
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

/// One process, which may serve more than once: it takes its folders back from one that did not come to serve.
struct Process<'p> {
    intake: &'p Runtime,
    hint: Arc<IdleHint>,
    places: Places,
    chosen: Chosen,
    clock: Arc<dyn Clock>,
    ready_json: bool,
}

/// How serving ended.
enum End {
    /// It is over: stopped, or another process serves.
    Over,
    /// Another process was to serve and did not: the sockets are still open, the folders free.
    TakenBack(Box<(Config, Sockets)>),
}

impl Process<'_> {
    async fn serve(&self, config: Config, seats: Seats, mut forebear: Option<Forebear>) -> Result<(), StartError> {
        let mut signals = Signals::new();
        let (mut config, mut seats) = (config, seats);
        loop {
            match Box::pin(self.serve_once(config, seats, forebear.take(), &mut signals)).await? {
                End::Over => return Ok(()),
                End::TakenBack(back) => (config, seats) = (back.0, Seats::Inherited(back.1)),
            }
        }
    }

    /// What needs no folder comes first: a start that fails at it leaves nothing behind.
    async fn open(&self, config: Config, seats: Seats) -> Result<Opened, StartError> {
        let io = |what: String| move |source| StartError::Io { what, source };
        let settings = Settings { limits: config.limits, trusted_proxies: config.trusted_proxies.clone() };
        let tls = config.listen.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let (ingest_address, console_address) = (config.listen.ingest, config.listen.console);
        let not_ingest = || io(format!("listen.ingest {ingest_address} cannot be taken"));
        let not_console = || io(format!("listen.console {console_address} cannot be taken"));
        let (ingest, console) = match seats {
            Seats::Inherited(sockets) => (Seat::There(sockets.ingest), Seat::There(sockets.console)),
            Seats::Bind(given) => {
                let ingest = match given {
                    Some(socket) => Seat::There(socket),
                    None => Seat::Reserved(listen::reserve(ingest_address).map_err(not_ingest())?),
                };
                (ingest, Seat::Reserved(listen::reserve(console_address).map_err(not_console())?))
            }
        };

        let fresh = FreshFolder::before(&self.places.data);
        let opened = async {
            std::fs::create_dir_all(&self.places.data).map_err(io("the data folder cannot be made".to_owned()))?;
            // Once: after a hand-over that was taken back the file is there.
            if !self.chosen.file().exists() {
                self.chosen.write().map_err(io("a first weir.yaml cannot be written".to_owned()))?;
            }
            let gateway = Arc::new(Gateway::open(self.places.clone(), config, Arc::clone(&self.clock)).await?);
            // Listened on last: whoever can connect is served.
            let listening = {
                let tls = tls.clone();
                let listen = async move {
                    match ingest {
                        Seat::Reserved(socket) => Listener::on(socket, settings, tls).await,
                        Seat::There(socket) => Listener::inherited(socket, settings, tls).await,
                    }
                };
                self.intake.spawn(listen).await
            };
            let ingest = listening.unwrap_or_else(|e| Err(std::io::Error::other(e))).map_err(not_ingest())?;
            let console = match console {
                Seat::Reserved(socket) => ConsoleListener::on(socket).await,
                Seat::There(socket) => ConsoleListener::inherited(socket).await,
            };
            let console = console.map_err(not_console())?;
            let socket = Socket::bind(&gateway.places.data).map_err(io("admin.sock cannot be made".to_owned()))?;
            Ok(Opened { gateway, ingest, console, socket, tls })
        };
        let opened = opened.await;
        if let Err(error) = &opened {
            fresh.clear(error);
        }
        opened
    }
}

/// One socket to listen on.
enum Seat {
    Reserved(tokio::net::TcpSocket),
    There(std::net::TcpListener),
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

impl Process<'_> {
    async fn serve_once(
        &self,
        config: Config,
        seats: Seats,
        forebear: Option<Forebear>,
        signals: &mut Signals,
    ) -> Result<End, StartError> {
        let grace = config.shutdown_grace;
        let Opened { gateway, ingest, console, socket, tls } = self.open(config, seats).await?;
        let hint: Box<dyn Fn() + Send + Sync> = gateway.pipeline.journal().idle_hint();
        *self.hint.write().unwrap_or_else(PoisonError::into_inner) = Some(hint);
        let unknown = "unknown address".to_owned();
        let ingest_url = match ingest.local_address() {
            Ok(address) => format!("{}://{address}", ingest.scheme()),
            Err(_) => unknown.clone(),
        };
        let console_url = console.local_address().map_or(unknown, |address| format!("http://{address}"));
        // Kept by this process for as long as it lives, so that nobody who connects is refused while it hands over.
        let kept = ingest.second().and_then(|ingest| Ok(Sockets { ingest, console: console.second()? }));

        let (stop, stopping) = watch::channel(false);
        let handle = ingest.handle();
        gateway.attach(handle.clone());
        let (wish, mut wishes) = tokio::sync::mpsc::channel(1);
        gateway.attach_successor(wish);
        let watched = Arc::new(Watch { gateway: Arc::clone(&gateway), ingest: handle.clone() });
        let console = tokio::spawn(console.run(watched, stopping.clone()));
        let socket = tokio::spawn(socket.run(Arc::new(Operator(Arc::clone(&gateway))), stopping.clone()));
        let upkeep = tokio::spawn(keep_house(Arc::clone(&gateway), tls.clone(), stopping.clone()));
        let (push, telemetry) = (Arc::clone(&gateway.push), Arc::clone(&gateway.telemetry));
        let clock = Arc::clone(&gateway.clock);
        let shipping = {
            let (shipping, audit) = (Arc::clone(&gateway.shipping), Arc::clone(&gateway.audit));
            let (dir, clock) = (gateway.places.data.join("audit"), Arc::clone(&gateway.clock));
            tokio::spawn(async move { shipping.run(audit, dir, clock).await })
        };
        let push = tokio::spawn(async move { push.run(clock).await });
        let telemetry = tokio::spawn(async move { telemetry.run().await });
        let ledgers = [Arc::clone(&gateway.egress), Arc::clone(&gateway.audit)];
        let mirror = tokio::spawn(Arc::clone(&gateway.mirror).run(ledgers.clone(), Arc::clone(&gateway.clock)));
        let witness = gateway.cosigner.clone().zip(gateway.pipeline.generation().config.ledger.witness.clone());
        let witness = tokio::spawn({
            let stopping = stopping.clone();
            async move {
                if let Some((cosigner, of)) = witness {
                    cosigner.run(of.listen, stopping).await;
                }
            }
        });
        let accepting = self.intake.spawn(ingest.run(Arc::clone(&gateway.pipeline), stopping.clone(), grace));
        say_ready(self.ready_json, &ingest_url, &console_url, &gateway);
        crate::hand_over::notify_ready();
        if let Some(mut forebear) = forebear {
            forebear.serving();
        }

        let heir = loop {
            match signals.next(&mut wishes).await {
                Signal::Stop => break None,
                Signal::Reload => {
                    reload(&gateway, tls.as_deref()).await;
                }
                Signal::HandOver(wish) => {
                    let Succession { binary, done } = wish;
                    match self.find_heir(binary, kept.as_ref().ok()).await {
                        Ok(heir) => break Some((heir, done)),
                        Err(why) => {
                            log::emit(Level::Error, "another process could not take over: this one goes on", &[]);
                            // Whoever asked may have gone.
                            let _ = done.send(Err(why));
                        }
                    }
                }
            }
        };
        if heir.is_some() {
            log::emit(Level::Info, "handing over: requests and batches under way are finished", &[]);
            // Delivery ends while events still come in; each answer sends its client to a new connection, which is the new process's.
            handle.give_last_answers();
            let drained = tokio::time::Instant::now() + LAST_ANSWERS;
            gateway.resending.close(grace).await;
            gateway.deliver.stop(grace).await;
            tokio::time::sleep_until(drained).await;
        } else {
            log::emit(Level::Info, "stopping: no new requests, those under way are finished", &[]);
            gateway.pipeline.stop();
        }
        let _ = stop.send(true);
        if !accepting.await.unwrap_or(false) {
            log::emit(Level::Warn, "some requests did not end within shutdown.grace; they were not acknowledged", &[]);
        }
        mirror.abort();
        gateway.close(grace).await;
        gateway.mirror.last(&ledgers, &gateway.clock).await;
        // The socket ends by itself, and removes its file before another process makes its own.
        let _ = socket.await;
        for task in [console, upkeep, push, telemetry, shipping, mirror, witness] {
            task.abort();
            let _ = task.await;
        }
        let (Some((heir, done)), Ok(sockets)) = (heir, kept) else {
            log::emit(Level::Info, "stopped", &[]);
            return Ok(End::Over);
        };
        let config = gateway.pipeline.generation().config.clone();
        gateway.release();
        let (pid, version) = (heir.id(), heir.version.clone());
        let serves = tokio::task::spawn_blocking(move || heir.is_serving()).await;
        match serves.unwrap_or_else(|_| Err("the hand-over stopped by a defect".to_owned())) {
            Ok(()) => {
                log::emit(Level::Info, "handed over: another process serves", &[]);
                let _ = done.send(Ok((pid, version)));
                // So that the answer reaches whoever asked.
                tokio::time::sleep(Duration::from_millis(200)).await;
                Ok(End::Over)
            }
            Err(why) => {
                log::emit(Level::Error, "another process did not come to serve: this one takes the folders back", &[]);
                let _ = done.send(Err(why));
                Ok(End::TakenBack(Box::new((config, sockets))))
            }
        }
    }

    /// Steps 1 to 3 of a hand-over, as the old process goes through them; it serves meanwhile.
    async fn find_heir(&self, binary: Option<PathBuf>, sockets: Option<&Sockets>) -> Result<Heir, String> {
        let binary = binary.or_else(crate::hand_over::own_binary);
        let binary = binary.ok_or("the path of the running binary is not known: name one with --binary")?;
        let sockets = sockets.and_then(|sockets| sockets.try_clone().ok());
        let sockets = sockets.ok_or("the listening sockets cannot be handed over")?;
        let mut arguments: Vec<OsString> = vec!["serve".into(), "--take-over".into()];
        for (name, value) in
            [("--config", &self.places.config), ("--data", &self.places.data), ("--keys", &self.places.keys)]
        {
            arguments.extend([name.into(), value.clone().into_os_string()]);
        }
        if self.ready_json {
            arguments.push("--ready-json".into());
        }
        let found = tokio::task::spawn_blocking(move || Heir::start(&binary, &arguments, &sockets)).await;
        found.unwrap_or_else(|_| Err("the hand-over stopped by a defect".to_owned()))
    }
}

/// What a process is told.
enum Signal {
    Stop,
    Reload,
    HandOver(Succession),
}

/// SIGTERM, SIGINT and SIGHUP, none of which is lost while something else is done.
struct Signals(Option<[tokio::signal::unix::Signal; 3]>);

impl Signals {
    fn new() -> Signals {
        let all = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
        if let (Ok(terminate), Ok(interrupt), Ok(hangup)) = all {
            return Signals(Some([terminate, interrupt, hangup]));
        }
        log::emit(Level::Error, "signals cannot be received; stop it by kill", &[]);
        Signals(None)
    }

    async fn next(&mut self, wishes: &mut tokio::sync::mpsc::Receiver<Succession>) -> Signal {
        let Some([terminate, interrupt, hangup]) = &mut self.0 else {
            return wishes.recv().await.map_or(Signal::Stop, Signal::HandOver);
        };
        loop {
            tokio::select! {
                biased;
                _ = terminate.recv() => return Signal::Stop,
                _ = interrupt.recv() => return Signal::Stop,
                _ = hangup.recv() => return Signal::Reload,
                wish = wishes.recv() => if let Some(wish) = wish { return Signal::HandOver(wish) },
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
    match gateway.reload(false).await {
        Ok(done) => say_reloaded(&done),
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
        gateway.tick_rollout().await;
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::cli::Folders;

    #[test]
    fn what_is_read_again_in_a_hand_over_is_newer_and_goes_with_the_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weir.yaml");
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets = Sockets { ingest: bind(), console: bind() };
        let keys = Some(folder.path().join("keys"));
        let folders = Folders { config: Some(file.clone()), data: folder.path().join("data"), keys };
        let options = ServeOptions { folders, ready_json: false, ingest_from_stdin: false, take_over: true };
        let (ingest, console) = (sockets.ingest.local_addr().unwrap(), sockets.console.local_addr().unwrap());
        let read = |ingest: std::net::SocketAddr, key: &str| {
            let source =
                format!("sources:\n  web: {{protocol: mixpanel, environment: development, write_keys: [{key}]}}\n");
            std::fs::write(&file, format!("listen: {{ingest: \"{ingest}\", console: \"{console}\"}}\n{source}"))
                .unwrap();
            read_again(&options, &sockets)
        };
        let first = read(ingest, "before").unwrap();
        let newer = read(ingest, "after").unwrap();
        assert_ne!(first.canonical(), newer.canonical());
        assert!(newer.canonical().contains("after"));
        let error = read(bind().local_addr().unwrap(), "after").unwrap_err().to_string();
        assert!(error.contains("is not where the running weir listens"), "{error}");
        assert!(matches!(read(ingest, "a, b: c").unwrap_err(), StartError::Config(_)));
    }
}
