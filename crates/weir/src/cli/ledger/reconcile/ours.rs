//! Our side: each row that left, with its insert id where the journal still holds the event. The id is made again with the key of the
//! destination (D5), so this needs the key folder; it is kept nowhere but in the comparison.

use std::fs::File;
use std::io;
use std::rc::Rc;

use weir_answers::AskError;
use weir_answers::reconcile::left::{Left, Rows};
use weir_answers::reconcile::spool::{PARTS, Record, Spool};
use weir_answers::reconcile::zone::Zone;
use weir_answers::reconcile::{CompareError, Comparison, Fate, Sent};
use weir_event::{DestinationId, Millis, NameId, Offset, Operation};
use weir_journal::beside::Beside;
use weir_keys::Keys;
use weir_policy::RecordView;
use weir_protocol::export;

/// What was found.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Found {
    /// Rows that are compared one by one, tries that were replaced included.
    pub(super) exact: u64,
    /// Rows that are only counted.
    pub(super) counted: u64,
    /// Rows that were erased and are only counted: of which event they are is not known any more.
    pub(super) erased: u64,
}

/// What our side is told with.
pub(super) struct Ours<'o> {
    pub(super) rows: &'o Rows,
    pub(super) journal: &'o Beside,
    pub(super) keys: &'o Keys,
    pub(super) destination: &'o DestinationId,
    /// The type of the destination.
    pub(super) kind: &'o str,
    pub(super) zone: &'o Zone,
    /// What left from then on may not have come in yet.
    pub(super) fresh_from: Millis,
    /// Whether the vendor's side has ids at all.
    pub(super) with_ids: bool,
    pub(super) scratch: Rc<dyn Fn() -> io::Result<File>>,
}

/// Why our side could not be told.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotTold(String);

impl From<AskError> for NotTold {
    fn from(error: AskError) -> NotTold {
        NotTold(error.to_string())
    }
}

impl From<CompareError> for NotTold {
    fn from(error: CompareError) -> NotTold {
        NotTold(error.to_string())
    }
}

impl From<io::Error> for NotTold {
    fn from(error: io::Error) -> NotTold {
        NotTold(CompareError::from(error).to_string())
    }
}

/// In [`Record::mark`], beside the fate.
const FRESH: u8 = 0x40;
const AGAIN: u8 = 0x20;
const FATE: u8 = 0x0f;

impl Ours<'_> {
    /// Tells the comparison every row.
    pub(super) fn tell(&self, told: &mut Comparison) -> Result<Found, NotTold> {
        let numbers: Vec<(u32, bool)> = std::iter::once((0, false))
            .chain(self.rows.names().iter().map(|name| {
                let shown = export::shown_as(self.kind, name);
                (told.name(shown), export::is_aside(name) || export::is_aside(shown))
            }))
            .collect();
        let mut found = Found::default();
        let mut waiting = Spool::new(Rc::clone(&self.scratch));
        let floor = self.journal.floor().map_or(u64::MAX, |floor| floor.0);
        let stretch = Stretch { floor, wide: 1 << 20 };
        self.rows.each(&mut |left: Left| -> Result<(), NotTold> {
            let (name, is_aside) = numbers.get(left.name as usize).copied().unwrap_or_default();
            if is_aside || left.lane != 0 && !export::is_of_events(self.kind, left.lane) {
                // Still, its id says that what is there under it is no event that nobody knows.
                return self.wait(&mut waiting, &stretch, &Left { fate: Fate::Aside, ..left }, name).map(drop);
            }
            if !self.wait(&mut waiting, &stretch, &left, name)? {
                self.count(told, &mut found, &left, name)?;
            }
            Ok(())
        })?;
        for part in 0..PARTS {
            let records = waiting.take(part)?;
            self.look_up(told, &mut found, &records)?;
        }
        Ok(found)
    }

    /// Keeps a row until its part of the journal is read; `false` where the journal does not hold its event.
    fn wait(&self, waiting: &mut Spool, stretch: &Stretch, left: &Left, name: u32) -> Result<bool, NotTold> {
        let Some(offset) = left.offset.filter(|offset| self.with_ids && offset.0 >= stretch.floor) else {
            return Ok(false);
        };
        let fresh = if left.at >= self.fresh_from { FRESH } else { 0 };
        let again = if left.is_again { AGAIN } else { 0 };
        waiting.push(Record {
            id: stretch.key(offset),
            day: i32::try_from(self.zone.day_of(left.at)).unwrap_or(i32::MAX),
            name,
            mark: left.fate as u8 | fresh | again,
        })?;
        Ok(true)
    }

    /// A row of which no id is known. A copy of an event that has a row besides may be there or not.
    fn count(&self, told: &mut Comparison, found: &mut Found, left: &Left, name: u32) -> Result<(), NotTold> {
        let (day, is_fresh) = (self.zone.day_of(left.at), left.at >= self.fresh_from);
        self.count_one(told, found, (left.fate, left.is_again), Sent { id: None, name, day, fate: left.fate, is_fresh })
    }

    fn count_one(
        &self,
        told: &mut Comparison,
        found: &mut Found,
        (fate, is_again): (Fate, bool),
        sent: Sent,
    ) -> Result<(), NotTold> {
        match fate {
            // A try that was replaced: the row of the later one is told as well.
            Fate::Rejected if is_again => return Ok(()),
            Fate::Aside => return Ok(()),
            _ => {}
        }
        if sent.name == 0 {
            found.erased += 1;
            return Ok(());
        }
        found.counted += 1;
        told.sent(Sent { fate: if is_again { Fate::Possibly } else { fate }, ..sent })?;
        Ok(())
    }

    /// Looks the events of one stretch of the journal up; what is not there any more is counted.
    fn look_up(&self, told: &mut Comparison, found: &mut Found, records: &[Record]) -> Result<(), NotTold> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let offsets = Offset(Stretch::offset(first.id))..Offset(Stretch::offset(last.id) + 1);
        let snapshot = self.keys.snapshot();
        let Some(keys) = snapshot.destination(self.destination) else {
            return Err(NotTold("the key folder has no key of this destination".to_owned()));
        };
        let (mut at, mut failed) = (0, None);
        let mut visit = |group: &weir_journal::Group, range: std::ops::Range<u32>| {
            for index in range {
                let offset = group.base().0 + u64::from(index);
                while let Some(record) = records.get(at).filter(|r| Stretch::offset(r.id) <= offset) {
                    let view = (Stretch::offset(record.id) == offset).then(|| {
                        let bytes = group.record(index)?;
                        RecordView::parse_bytes(bytes, &|_| NameId::UNNAMED).ok()
                    });
                    let sent = sent(record);
                    let done = match view.flatten() {
                        Some(view) => {
                            let id = u128::from_be_bytes(*keys.insert_id(view.event_id()).bytes());
                            let is_event =
                                matches!(view.operation(), Operation::Track | Operation::Page | Operation::Screen);
                            let fate = if is_event { sent.fate } else { Fate::Aside };
                            found.exact += u64::from(fate != Fate::Aside);
                            let day = self.zone.day_of(view.event_time());
                            told.sent(Sent { id: Some(id), day, fate, ..sent }).map_err(NotTold::from)
                        }
                        None => self.count_one(told, found, (sent.fate, record.mark & AGAIN != 0), sent),
                    };
                    if let Err(error) = done {
                        failed.get_or_insert(error);
                    }
                    at += 1;
                }
            }
        };
        let read = self.journal.each(offsets, self.keys, &mut visit);
        read.map_err(|error| NotTold(error.to_string()))?;
        if let Some(error) = failed {
            return Err(error);
        }
        for record in records.iter().skip(at) {
            let sent = sent(record);
            self.count_one(told, found, (sent.fate, record.mark & AGAIN != 0), sent)?;
        }
        Ok(())
    }
}

fn sent(record: &Record) -> Sent {
    let fate = match record.mark & FATE {
        0 => Fate::Rejected,
        1 => Fate::Possibly,
        2 => Fate::Accepted,
        _ => Fate::Aside,
    };
    Sent { id: None, name: record.name, day: i64::from(record.day), fate, is_fresh: record.mark & FRESH != 0 }
}

/// How offsets become keys of a spool: those that lie together come into one part.
struct Stretch {
    floor: u64,
    /// Offsets of one part.
    wide: u64,
}

impl Stretch {
    fn key(&self, offset: Offset) -> u128 {
        // More than all parts hold lies in the last.
        let part = (offset.0.saturating_sub(self.floor) / self.wide).min(PARTS as u64 - 1);
        u128::from(part) << 121 | u128::from(offset.0)
    }

    const fn offset(key: u128) -> u64 {
        key as u64
    }
}
