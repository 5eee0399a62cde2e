//! `weir bypass`: windows in which apps sent past Weir, in a running Weir and beside none. The windows themselves, and what an act
//! of theirs says, are in `weir_ledger::coverage`.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use weir_console::admin::AdminError;
use weir_console::command::BypassWindow;
use weir_event::limits::BYPASS_OPEN_MAX;
use weir_event::log::{Field, Level, emit};
use weir_event::{Millis, SourceId};
use weir_ledger::coverage::{self, Coverage, Window};
use weir_ledger::disk::RealDisk;
use weir_ledger::{Act, Actor, Ledger, LedgerError};

/// What an operator asks for.
#[derive(Clone, Debug)]
pub enum Change {
    /// A window begins.
    Open {
        /// Whose apps; `None` for all.
        source: Option<SourceId>,
        /// Since when; `None` for now.
        since: Option<Millis>,
        /// Why, in the operator's words.
        reason: String,
    },
    /// A window ends now.
    Close {
        /// Which; `None` where only one is open.
        number: Option<u64>,
    },
}

/// The windows of a running Weir. The ledger is the truth; this is what was read of it last.
#[derive(Debug, Default)]
pub struct Bypass {
    known: RwLock<Arc<Coverage>>,
    /// One change at a time, so that what is checked is what is recorded.
    changing: tokio::sync::Mutex<()>,
}

impl Bypass {
    /// Reads the windows from the audit ledger in `dir`, which is open. One that cannot be read lets nothing start: an answer that
    /// does not know of a window would be wrong.
    pub fn open(dir: &Path) -> Result<Bypass, LedgerError> {
        let known = RwLock::new(Arc::new(Coverage::read(dir)?));
        Ok(Bypass { known, changing: tokio::sync::Mutex::default() })
    }

    /// The windows.
    pub fn coverage(&self) -> Arc<Coverage> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a change and makes it known. Recording it is all that is done.
    pub async fn change(
        &self,
        audit: &Ledger,
        dir: &Path,
        actor: Actor,
        change: Change,
        now: Millis,
    ) -> Result<(), AdminError> {
        let _one = self.changing.lock().await;
        let act = act(&self.coverage(), dir, actor, &change, now)?;
        audit.act(act).await.map_err(|e| AdminError::NotRecorded { message: e.to_string() })?;
        let read = Coverage::read(dir).map_err(|e| AdminError::Failed { message: e.to_string() })?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        match change {
            Change::Open { source, .. } => {
                let fields: Vec<_> = source.map(|id| ("source", Field::Source(id))).into_iter().collect();
                emit(Level::Warn, "a bypass is open: what apps send past weir is in no answer", &fields);
            }
            Change::Close { .. } => emit(Level::Warn, "a bypass is closed", &[]),
        }
        Ok(())
    }
}

/// The act that records a change, checked against the windows that there are. Its reason is on the disk when this returns.
pub fn act(known: &Coverage, dir: &Path, actor: Actor, change: &Change, now: Millis) -> Result<Act, AdminError> {
    match change {
        Change::Open { source, since, reason } => {
            if !coverage::is_reason(reason) {
                return Err(AdminError::request("--reason is one line of 1 to 500 characters"));
            }
            let since = since.unwrap_or(now);
            if since > now {
                return Err(AdminError::request("--since lies in the future: a window begins now or before"));
            }
            if known.open().count() >= BYPASS_OPEN_MAX {
                let message = format!("{BYPASS_OPEN_MAX} windows are open: close one with `weir bypass close`");
                return Err(AdminError::Conflict { message });
            }
            if let Some(same) = known.open().find(|w| w.source == *source && w.since <= since) {
                let message = format!("window {} is open for the same apps already", same.number);
                return Err(AdminError::Conflict { message });
            }
            let kept = coverage::keep_reason(&RealDisk, dir, reason);
            let digest = kept.map_err(|e| AdminError::NotRecorded { message: e.to_string() })?;
            Ok(coverage::opening(actor, source.clone(), since, digest))
        }
        Change::Close { number } => {
            let open: Vec<u64> = known.open().map(|window| window.number).collect();
            let number = match (number, open.as_slice()) {
                (Some(number), open) if open.contains(number) => *number,
                (Some(_), _) | (None, []) => {
                    return Err(AdminError::NotFound { what: "such open window: see `weir bypass list`".to_owned() });
                }
                (None, [only]) => *only,
                (None, _) => {
                    let message = "several windows are open: name one by its number, see `weir bypass list`";
                    return Err(AdminError::Conflict { message: message.to_owned() });
                }
            };
            Ok(coverage::closing(actor, number))
        }
    }
}

/// A window for people and programs.
pub fn shown(window: &Window, dir: &Path) -> BypassWindow {
    BypassWindow {
        window: window.number,
        source: window.source.as_ref().map(ToString::to_string),
        since: window.since.to_rfc3339(),
        until: window.until.map(Millis::to_rfc3339),
        recorded: window.recorded.to_rfc3339(),
        backdated: window.is_backdated(),
        reason: coverage::reason(dir, &window.reason),
    }
}

/// One line for everything that answers about a time: what it does not cover.
pub fn not_covered(window: &BypassWindow) -> String {
    let whose = window.source.as_ref().map_or("all sources".to_owned(), |id| format!("source {id}"));
    let until = match &window.until {
        Some(until) => format!("to {until}"),
        None => "on, still open".to_owned(),
    };
    format!("NOT COVERED: {whose} from {} {until} (bypass {})", window.since, window.window)
}
