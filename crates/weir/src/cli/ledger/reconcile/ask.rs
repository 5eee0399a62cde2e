//! Asking a vendor: one request at a time, what it refuses for now again later, each answer whole or not at all. An answer goes into a file
//! without a name before it is read, so that one that is cut short has told nothing.

use std::fs::File;
use std::io::{self, IsTerminal, Seek, Write};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use weir_event::limits::RECONCILE_ANSWER_BYTES_MAX;
use weir_outbound::{Client, Endpoint, Request};
use weir_protocol::export::{Ask, Export, Meaning};

/// How often one request is made before there is no answer: the last waits are long.
const TRIES_MAX: u32 = 8;
/// The same where its answer was cut short: what breaks off three times is not a matter of luck.
const CUT_MAX: u32 = 3;
/// How long a vendor may ask to wait at once: its quota is of an hour.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// Between two requests: Mixpanel takes three a second.
const PAUSE: Duration = Duration::from_millis(350);

/// A vendor's interface.
pub(super) struct Asker {
    pub(super) export: Export,
    pub(super) endpoint: Endpoint,
    pub(super) client: Client,
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) scratch: Rc<dyn Fn() -> io::Result<File>>,
    /// Requests that were made.
    pub(super) requests: u64,
}

/// What a vendor answered.
pub(super) enum Answer {
    /// This, from its beginning; so many bytes.
    Whole(File, u64),
    /// It has nothing of this time.
    Nothing,
    /// It does not give so much at once.
    TooMuch,
}

/// What came of one try.
enum Tried {
    Answer(Answer),
    Again(String, Option<Duration>),
    Cut(String),
}

impl Asker {
    /// Asks until there is an answer, or none is to be had.
    pub(super) fn ask(&mut self, ask: &Ask) -> Result<Answer, String> {
        let (mut tries, mut cuts) = (0, 0);
        loop {
            if self.requests > 0 {
                std::thread::sleep(PAUSE);
            }
            self.requests += 1;
            tries += 1;
            let (why, asked) = match self.once(ask)? {
                Tried::Answer(answer) => return Ok(answer),
                Tried::Again(why, asked) => (why, asked),
                Tried::Cut(why) => {
                    cuts += 1;
                    (why, None)
                }
            };
            if tries == TRIES_MAX || cuts == CUT_MAX {
                return Err(format!("{} was asked {tries} times: {why}; there is no result", self.endpoint));
            }
            let wait = asked.unwrap_or_else(|| Duration::from_secs(1 << (tries - 1)));
            if wait > WAIT_MAX {
                return Err(format!("{}: {why}, and to wait longer than an hour; ask again later", self.endpoint));
            }
            say(&format!("{}: {why}: asked again in {} s", self.endpoint, wait.as_secs()));
            std::thread::sleep(wait);
        }
    }

    fn once(&self, ask: &Ask) -> Result<Tried, String> {
        let mut headers = HeaderMap::new();
        let wrong = || "the credentials of `export` hold what no header can".to_owned();
        let mut authorization = HeaderValue::from_str(&ask.authorization).map_err(|_| wrong())?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static("weir"));
        if !ask.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = Request {
            endpoint: &self.endpoint,
            method: if ask.method == "POST" { Method::POST } else { Method::GET },
            path_and_query: &ask.path_and_query,
            headers,
            body: Bytes::copy_from_slice(&ask.body),
        };
        let no_file = |error: io::Error| format!("an answer cannot be kept on the disk meanwhile: {}", error.kind());
        let mut file = (self.scratch)().map_err(no_file)?;
        self.runtime.block_on(async {
            // Asking changes nothing there: it may always be done again.
            let mut download = match self.client.download(request).await {
                Ok(download) => download,
                Err(error) => return Ok(Tried::Again(error.to_string(), None)),
            };
            let status = download.status();
            match self.export.meaning(status) {
                Meaning::Answer => {}
                Meaning::Nothing => return Ok(Tried::Answer(Answer::Nothing)),
                Meaning::TooMuch => return Ok(Tried::Answer(Answer::TooMuch)),
                Meaning::Later => return Ok(Tried::Again(format!("it answered {status}"), download.retry_after())),
                Meaning::Refused(why) => return Err(format!("{} answered {status}: {why}", self.endpoint)),
            }
            if !download.says_its_end() {
                let why = "its answer does not say where it ends: whether it is whole cannot be told";
                return Err(format!("{}: {why}", self.endpoint));
            }
            let mut bytes = 0;
            loop {
                match download.next().await {
                    Ok(Some(piece)) => {
                        bytes += piece.len() as u64;
                        if bytes > RECONCILE_ANSWER_BYTES_MAX {
                            return Err(format!("{}: one answer has more than 32 GiB", self.endpoint));
                        }
                        file.write_all(&piece).map_err(no_file)?;
                    }
                    Ok(None) => break,
                    // What came of it is not an answer.
                    Err(error) => return Ok(Tried::Cut(format!("its answer was cut short: {error}"))),
                }
            }
            file.rewind().map_err(no_file)?;
            Ok(Tried::Answer(Answer::Whole(file, bytes)))
        })
    }
}

/// Says what it is at, to somebody who watches.
pub(super) fn say(text: &str) {
    if io::stderr().is_terminal() {
        // The terminal may be gone; the answer does not depend on it.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
