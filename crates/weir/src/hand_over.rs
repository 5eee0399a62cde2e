//! One process hands its listening sockets and its folders over to another: an upgrade without a refused request.
//!
//! The old process starts the new one as its child, with a socket as its standard input. On it they say, one JSON object a line:
//!
//! | step | who | says | until then | if it dies here |
//! |---|---|---|---|---|
//! | 1 | new | `ready`: configuration, certificate, formats of the folder and keys are good; or `refused` | the old one serves | the old one serves on |
//! | 2 | old | `sockets`, with both listening sockets (SCM_RIGHTS) | the old one serves | new: the old one serves on; old: the new one goes away, a restart begins anew |
//! | 3 | new | `take`; or `refused`, where the addresses are not those of its configuration | the old one serves | as 2 |
//! | 4 | old | `released`: batches ended, requests answered, journal and ledgers closed, both locks given up. The sockets stay open, so connections wait in the system's queue | the old one answers what it has, and takes no more | old: its locks go with it, and the new one goes on as after a crash; new: the old one opens the folders again and serves |
//! | 5 | new | `serving` | connections wait | new: as 4; old: nothing is lost, it had only to end |
//!
//! At no step do both hold the folders, and from 2 on the sockets outlive either process. Nothing is written by the new process before
//! step 5's opening, which is the one of every start.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};
use weir_event::log::{Level, emit};

/// The version of what they say.
const VERSION: u32 = 1;
/// How long the new process may look at configuration and folders, and how long each may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the new process may take to open the folders: it reads the newest segment and log file.
const OPENING: Duration = Duration::from_secs(90);
const LINE_BYTES_MAX: usize = 4 * 1024;

/// What they say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case", deny_unknown_fields)]
enum Word {
    Ready { hand_over: u32, version: String },
    Refused { why: String },
    Sockets { hand_over: u32 },
    Take {},
    Released {},
    Serving {},
}

/// The two listening sockets.
#[derive(Debug)]
pub struct Sockets {
    /// For SDKs.
    pub ingest: TcpListener,
    /// For the console.
    pub console: TcpListener,
}

impl Sockets {
    /// Second descriptors of the same sockets.
    pub fn try_clone(&self) -> io::Result<Sockets> {
        Ok(Sockets { ingest: self.ingest.try_clone()?, console: self.console.try_clone()? })
    }
}

/// A listening socket that was given as standard input, by a service manager or by a parent.
pub fn listener_from_stdin() -> io::Result<TcpListener> {
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    // What is no socket with an address says so here.
    listener.local_addr()?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Tells the service manager that this process serves now, where there is one that asks (`Type=notify`).
pub fn notify_ready() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let text = format!("READY=1\nMAINPID={}\n", std::process::id());
    let sent = (|| {
        let socket = std::os::unix::net::UnixDatagram::unbound()?;
        let name = path.to_string_lossy();
        let address = match name.strip_prefix('@') {
            Some(name) => {
                use std::os::linux::net::SocketAddrExt;
                std::os::unix::net::SocketAddr::from_abstract_name(name)?
            }
            None => std::os::unix::net::SocketAddr::from_pathname(&*name)?,
        };
        socket.send_to_addr(text.as_bytes(), &address).map(drop)
    })();
    if sent.is_err() {
        emit(Level::Warn, "the service manager could not be told that this process is ready", &[]);
    }
}

/// The binary that this process runs, also after another file has taken its place.
pub fn own_binary() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?;
    let text = path.to_str()?;
    Some(PathBuf::from(text.strip_suffix(" (deleted)").unwrap_or(text)))
}

/// The new process, as the old one sees it. Dropped before [`Heir::is_serving`], it is ended.
#[derive(Debug)]
pub struct Heir {
    process: Child,
    line: Line,
    /// Its version.
    pub version: String,
    serves: bool,
}

impl Heir {
    /// Steps 1 to 3: starts it, hears that it can, gives it the sockets. Blocks. An error leaves everything as it was.
    pub fn start(binary: &Path, arguments: &[OsString], sockets: &Sockets) -> Result<Heir, String> {
        let (ours, theirs) = UnixStream::pair().map_err(|e| e.kind().to_string())?;
        let process = Command::new(binary).args(arguments).stdin(Stdio::from(OwnedFd::from(theirs))).spawn();
        let process = process.map_err(|e| format!("{} cannot be started: {}", binary.display(), e.kind()))?;
        // From here on an error ends it.
        let mut heir = Heir { process, line: Line::new(ours), version: String::new(), serves: false };
        match heir.line.hear(PATIENCE) {
            Ok(Some(Word::Ready { hand_over: VERSION, version })) => heir.version = version,
            Ok(Some(Word::Ready { hand_over, .. })) => {
                return Err(format!(
                    "it speaks version {hand_over} of the hand-over, this one {VERSION}: upgrade by stop and start"
                ));
            }
            other => return Err(refusal(other)),
        }
        let fds = [sockets.ingest.as_fd(), sockets.console.as_fd()];
        heir.line.say_with(&Word::Sockets { hand_over: VERSION }, &fds).map_err(|e| e.kind().to_string())?;
        match heir.line.hear(PATIENCE) {
            Ok(Some(Word::Take {})) => Ok(heir),
            other => Err(refusal(other)),
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Steps 4 and 5: the folders are its own now; waits until it serves. An error means that it has ended and holds nothing.
    pub fn is_serving(mut self) -> Result<(), String> {
        let said = self.line.say(&Word::Released {}).map_err(|e| e.kind().to_string());
        let heard = said.and_then(|()| match self.line.hear(OPENING) {
            Ok(Some(Word::Serving {})) => Ok(()),
            other => Err(refusal(other)),
        });
        self.serves = heard.is_ok();
        heard
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        if !self.serves {
            // It must not hold the folders when the old process takes them back. An error means that it has ended already.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn refusal(heard: io::Result<Option<Word>>) -> String {
    match heard {
        Ok(Some(Word::Refused { why })) => why,
        Ok(Some(_)) => "the new process said something else than it should: is it a weir?".to_owned(),
        Ok(None) => "the new process ended; its output says why".to_owned(),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            "the new process did not answer in time".to_owned()
        }
        Err(error) => format!("the new process cannot be understood: {}", error.kind()),
    }
}

/// The old process, as the new one sees it.
#[derive(Debug)]
pub struct Forebear(Line);

impl Forebear {
    /// From standard input, where the old process has put its end.
    pub fn from_stdin() -> io::Result<Forebear> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        stream.peer_addr()?;
        Ok(Forebear(Line::new(stream)))
    }

    /// Step 1 and 2: says that this process can, and gets the sockets.
    pub fn ready(&mut self) -> io::Result<Sockets> {
        self.0.say(&Word::Ready { hand_over: VERSION, version: env!("CARGO_PKG_VERSION").to_owned() })?;
        let other = || io::Error::from(io::ErrorKind::InvalidData);
        let (word, fds) = self.0.hear_with(PATIENCE)?;
        let Some(Word::Sockets { hand_over: VERSION }) = word else { return Err(other()) };
        let [ingest, console] = <[OwnedFd; 2]>::try_from(fds).map_err(|_| other())?;
        let sockets = Sockets { ingest: ingest.into(), console: console.into() };
        for socket in [&sockets.ingest, &sockets.console] {
            socket.set_nonblocking(true)?;
            socket.local_addr()?;
        }
        Ok(sockets)
    }

    /// Says why this process does not take over.
    pub fn refuse(&mut self, why: &str) {
        let mut why = why.to_owned();
        why.truncate(why.floor_char_boundary(LINE_BYTES_MAX / 4));
        // The old process may have gone; then nobody is there to be told.
        let _ = self.0.say(&Word::Refused { why });
    }

    /// Step 3: from here on the old process closes. Returns once the folders are free: it said so, or it is gone and its locks with it.
    pub fn take(&mut self) -> io::Result<()> {
        self.0.say(&Word::Take {})?;
        // As long as it needs: it ends requests and batches, each with a limit of its own.
        match self.0.hear(Duration::from_secs(600)) {
            Ok(Some(Word::Released {}) | None) => Ok(()),
            Ok(Some(_)) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Step 5.
    pub fn serving(&mut self) {
        // The old process may have gone.
        let _ = self.0.say(&Word::Serving {});
    }
}

/// Lines of JSON over a socket, the first of which may carry descriptors.
#[derive(Debug)]
struct Line(BufReader<UnixStream>);

impl Line {
    fn new(stream: UnixStream) -> Line {
        Line(BufReader::new(stream))
    }

    fn say(&mut self, word: &Word) -> io::Result<()> {
        self.0.get_mut().write_all(&text_of(word))
    }

    fn say_with(&mut self, word: &Word, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let text = text_of(word);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sent = rustix::net::sendmsg(self.0.get_ref(), &[IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL)?;
        // The descriptors went with the first byte.
        self.0.get_mut().write_all(text.get(sent..).unwrap_or_default())
    }

    /// The next word; `None` where the other side is gone.
    fn hear(&mut self, patience: Duration) -> io::Result<Option<Word>> {
        let until = Instant::now() + patience;
        let mut line = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A timeout of zero would be none at all.
            self.0.get_ref().set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            let available = match self.0.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|b| *b == b'\n').map_or(available.len(), |at| at + 1);
            line.extend_from_slice(available.get(..end).unwrap_or_default());
            self.0.consume(end);
            if line.ends_with(b"\n") || line.len() > LINE_BYTES_MAX {
                return word_of(&line).map(Some);
            }
        }
    }

    /// The next word with what it carries. Nothing has been read ahead: the other side waits for an answer before it.
    fn hear_with(&mut self, patience: Duration) -> io::Result<(Option<Word>, Vec<OwnedFd>)> {
        self.0.get_ref().set_read_timeout(Some(patience))?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut buffer = [0; LINE_BYTES_MAX];
        let received = rustix::net::recvmsg(
            self.0.get_ref(),
            &mut [IoSliceMut::new(&mut buffer)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        if received.bytes == 0 {
            return Ok((None, fds));
        }
        Ok((Some(word_of(buffer.get(..received.bytes).unwrap_or_default())?), fds))
    }
}

fn text_of(word: &Word) -> Vec<u8> {
    let mut text = serde_json::to_vec(word).unwrap_or_default();
    text.push(b'\n');
    text
}

fn word_of(line: &[u8]) -> io::Result<Word> {
    let line = line.strip_suffix(b"\n").filter(|line| line.len() <= LINE_BYTES_MAX);
    let word = line.and_then(|line| serde_json::from_slice(line).ok());
    word.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Whether sockets are those that a configuration asks for; a port of 0 takes any.
pub fn fits(configured: SocketAddr, socket: &TcpListener) -> bool {
    let is = socket.local_addr();
    is.is_ok_and(|is| is.ip() == configured.ip() && (configured.port() == 0 || configured.port() == is.port()))
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as a line of the hand-over.
    pub fn fuzz_hand_over(data: &[u8]) {
        let _ = super::word_of(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> TcpListener {
        TcpListener::bind(("127.0.0.1", 0)).unwrap()
    }

    #[test]
    fn sockets_arrive_with_their_word_and_are_the_same_sockets() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let sockets = Sockets { ingest: listening(), console: listening() };
        let addresses = (sockets.ingest.local_addr().unwrap(), sockets.console.local_addr().unwrap());
        let new = std::thread::spawn(move || {
            let mut forebear = Forebear(Line::new(theirs));
            let got = forebear.ready().unwrap();
            forebear.take().unwrap();
            (got, forebear)
        });
        let mut line = Line::new(ours);
        assert!(matches!(line.hear(PATIENCE).unwrap(), Some(Word::Ready { hand_over: VERSION, .. })));
        let fds = [sockets.ingest.as_fd(), sockets.console.as_fd()];
        line.say_with(&Word::Sockets { hand_over: VERSION }, &fds).unwrap();
        assert_eq!(line.hear(PATIENCE).unwrap(), Some(Word::Take {}));
        line.say(&Word::Released {}).unwrap();
        let (got, mut forebear) = new.join().unwrap();
        assert_eq!((got.ingest.local_addr().unwrap(), got.console.local_addr().unwrap()), addresses);
        assert!(fits(addresses.0, &got.ingest) && !fits(addresses.1, &got.ingest));
        // The old one closes: who connects is still taken.
        drop(sockets);
        let port = addresses.0.port();
        let client = std::thread::spawn(move || connect(port));
        got.ingest.set_nonblocking(false).unwrap();
        got.ingest.accept().unwrap();
        client.join().unwrap();
        forebear.serving();
        assert_eq!(line.hear(PATIENCE).unwrap(), Some(Word::Serving {}));
        drop(forebear);
        assert_eq!(line.hear(PATIENCE).unwrap(), None, "the other side is gone");
    }

    #[expect(clippy::disallowed_methods, reason = "a client's connection to this process")]
    fn connect(port: u16) {
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn an_old_process_that_dies_leaves_the_folders_to_the_new_one() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut forebear = Forebear(Line::new(theirs));
        let new = std::thread::spawn(move || forebear.take());
        let mut line = Line::new(ours);
        assert_eq!(line.hear(PATIENCE).unwrap(), Some(Word::Take {}));
        drop(line);
        new.join().unwrap().unwrap();
    }

    #[test]
    fn what_is_no_weir_or_refuses_is_ended_and_its_reason_told() {
        let sockets = Sockets { ingest: listening(), console: listening() };
        let start = |script: &str| {
            Heir::start(Path::new("/bin/sh"), &["-c".into(), script.into()], &sockets).map(drop).unwrap_err()
        };
        assert!(start("exit 0").contains("ended"));
        assert!(start("echo hello >&0").contains("cannot be understood"));
        assert_eq!(start(r#"echo '{"say":"refused","why":"no"}' >&0; sleep 60"#), "no");
        assert!(start(r#"echo '{"say":"ready","hand_over":2,"version":"9"}' >&0"#).contains("version 2"));
        assert!(Heir::start(Path::new("/nowhere/weir"), &[], &sockets).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        for bytes in [&b""[..], b"\n", b"{}\n", b"{\"say\":\"take\"}\n", b"{\"say\":\"take\",\"x\":1}\n", &[0xff; 5000]]
        {
            fuzz::fuzz_hand_over(bytes);
        }
        assert!(word_of(b"{\"say\":\"take\",\"x\":1}\n").is_err());
    }
}
