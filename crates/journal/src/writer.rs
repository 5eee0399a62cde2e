//! The life of an append: queue → group → seal → write → sync → carry → window → answer. One thread, one group at a time; what
//! arrives meanwhile is the next group.
//!
//! A group costs the same few system calls and the same wait for the disk whether it holds one append or fifty, so the writer would
//! rather have fifty. Whoever feeds the journal tells it when nothing more is coming (see [`Queue::hint_idle`]): until then, and for
//! [`LINGER_HINTED`] at most, an append waits for others. Without such hints the writer waits for those of the last group only.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use weir_event::Offset;
use weir_event::log::{Field, Level, emit};
use weir_keys::AeadKey;

use crate::core::{Core, Sealed, Segment};
use crate::disk::DiskFile;
use crate::group::{Builder, Group, Record, notes};
use crate::journal::AppendError;
use crate::segment::{FRAME_BYTES, GROUP_ALIGN, Header, JOURNAL, Span, data_start, new_header, seal_group};
use crate::spare::{Refusal, Spare, Spares};

/// How long the writer waits for those who were in the last group to come back, so that it does not sync for the first one alone.
const LINGER: Duration = Duration::from_micros(200);

/// The longest that an append waits for others while those who feed the journal are busy, as far as it is told that they are.
const LINGER_HINTED: Duration = Duration::from_millis(3);

/// What the page cache works in; where its pages are larger, a group costs a read at times and nothing else.
const PAGE_BYTES: u64 = 4096;

/// An append that waits.
pub(crate) struct Pending<R> {
    pub(crate) record: R,
    pub(crate) size: usize,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// What became of an append, with the answers of others of its group. To wake a task of another thread costs a system call and
/// often a change of threads for each; so the writer wakes one, and that one wakes the others, from a thread where it is cheap.
/// Whatever drops this, be it the channel of a caller who has gone, answers them. A caller who neither looks at its answer nor goes
/// would hold up the rest: the writer keeps a hold of them and answers whoever is left a moment later.
pub(crate) struct Reply {
    result: Result<Range<Offset>, AppendError>,
    others: Others,
}

type Answer = (oneshot::Sender<Reply>, Result<Range<Offset>, AppendError>);

/// Answers of a group that are still to be given, by whoever comes first.
#[derive(Clone, Default)]
pub(crate) struct Others(Option<Arc<Mutex<Vec<Answer>>>>);

impl Others {
    fn new(answers: Vec<Answer>) -> Others {
        Others((!answers.is_empty()).then(|| Arc::new(Mutex::new(answers))))
    }

    fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|answers| answers.lock().unwrap_or_else(PoisonError::into_inner).is_empty())
    }

    fn give(&self) {
        let Some(answers) = &self.0 else { return };
        let answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
        for (reply, result) in answers {
            // Whoever has gone needs no answer.
            let _ = reply.send(Reply { result, others: Others::default() });
        }
    }
}

impl Reply {
    /// Answers the others, then says what became of this one.
    pub(crate) fn pass_on(self) -> Result<Range<Offset>, AppendError> {
        self.result.clone()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.others.give();
    }
}

/// Answers a group: the first of it, and through that one the others, which are returned. A caller who has gone gives them back by
/// dropping them, in [`Reply::drop`].
fn answer_all(mut answers: impl Iterator<Item = Answer>) -> Others {
    let Some((first, result)) = answers.next() else { return Others::default() };
    let others = Others::new(answers.collect());
    let _ = first.send(Reply { result, others: others.clone() });
    others
}

/// What waits for the writer.
pub(crate) struct Queue<R> {
    state: Mutex<QueueState<R>>,
    arrived: Condvar,
    bytes_max: usize,
}

struct QueueState<R> {
    waiting: VecDeque<Pending<R>>,
    bytes: usize,
    /// The writer sleeps until so many wait: nobody wakes it for less.
    wanted: usize,
    /// Or so many bytes.
    wanted_bytes: usize,
    /// Somebody tells us when nothing more is coming.
    hinted: bool,
    /// Nothing more was coming when the last of those who wait had come, or a later one.
    idle: bool,
    /// The writer has to be woken.
    asleep: bool,
    closed: bool,
}

impl<R> Queue<R> {
    pub(crate) fn new(bytes_max: usize) -> Queue<R> {
        let state = QueueState {
            waiting: VecDeque::new(),
            bytes: 0,
            wanted: usize::MAX,
            wanted_bytes: usize::MAX,
            hinted: false,
            idle: false,
            asleep: false,
            closed: false,
        };
        Queue { state: Mutex::new(state), arrived: Condvar::new(), bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, pending: Pending<R>) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        // The first one always fits, so that a large append cannot wait for ever.
        if state.bytes > 0 && state.bytes + pending.size > self.bytes_max {
            return Err(AppendError::Busy);
        }
        state.bytes += pending.size;
        state.waiting.push_back(pending);
        if state.waiting.len() >= state.wanted || state.bytes >= state.wanted_bytes {
            self.wake(state);
        }
        Ok(())
    }

    /// A thread that appends has nothing to do at the moment: there is no point in waiting for it.
    pub(crate) fn hint_idle(&self) {
        let mut state = self.lock();
        state.hinted = true;
        if state.waiting.is_empty() || state.idle {
            return;
        }
        state.idle = true;
        self.wake(state);
    }

    /// Wakes the writer, once: to ask for it is a system call even where it is awake.
    fn wake(&self, mut state: MutexGuard<'_, QueueState<R>>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.arrived.notify_one();
        }
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// The next group's appends; empty where the queue is closed and drained. `others` are answers of the last group: what nobody
    /// has given by the time that there is another group, or after a moment, is given here.
    fn take(&self, bytes_max: usize, expected: usize, others: &Others, out: &mut Vec<Pending<R>>) {
        self.wait(bytes_max, expected, others, out);
        others.give();
    }

    fn wait(&self, bytes_max: usize, expected: usize, others: &Others, out: &mut Vec<Pending<R>>) {
        let mut state = self.lock();
        // Who was told of the last group is about to come again, and nobody has to wake us for the first of them.
        if state.hinted && expected > 0 {
            state = self.linger(state, bytes_max);
        }
        if state.waiting.is_empty() {
            state.wanted = 1;
            if !others.is_empty() {
                state = self.sleep(state, Some(LINGER_HINTED), |s| s.waiting.is_empty());
                others.give();
            }
            state = self.sleep(state, None, |s| s.waiting.is_empty());
            state = if state.hinted { self.linger(state, bytes_max) } else { state };
        }
        if !state.hinted && expected > 1 && state.waiting.len() < expected {
            state.wanted = expected;
            state = self.sleep(state, Some(LINGER), |s| s.waiting.len() < expected);
        }
        (state.wanted, state.wanted_bytes) = (usize::MAX, usize::MAX);
        state.idle = false;
        let mut bytes = 0;
        while let Some(next) = state.waiting.front() {
            if !out.is_empty() && bytes + next.size > bytes_max {
                break;
            }
            bytes += next.size;
            state.bytes -= next.size;
            out.extend(state.waiting.pop_front());
        }
    }

    /// Waits until nothing more is coming to what waits, or for a moment.
    fn linger<'q>(
        &'q self,
        mut state: MutexGuard<'q, QueueState<R>>,
        bytes_max: usize,
    ) -> MutexGuard<'q, QueueState<R>> {
        (state.wanted, state.wanted_bytes) = (usize::MAX, bytes_max);
        self.sleep(state, Some(LINGER_HINTED), |s| !s.idle && s.bytes < bytes_max)
    }

    fn sleep<'q>(
        &'q self,
        mut state: MutexGuard<'q, QueueState<R>>,
        longest: Option<Duration>,
        still: impl Fn(&QueueState<R>) -> bool,
    ) -> MutexGuard<'q, QueueState<R>> {
        let goes_on = |s: &mut QueueState<R>| {
            s.asleep = still(s) && !s.closed;
            s.asleep
        };
        match longest {
            None => self.arrived.wait_while(state, goes_on).unwrap_or_else(PoisonError::into_inner),
            Some(longest) => {
                let waited = self.arrived.wait_timeout_while(state, longest, goes_on);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                state.asleep = false;
                state
            }
        }
    }
}

/// Answers everybody should the writer thread ever end by a panic.
struct CloseOnExit<R>(Arc<Queue<R>>);

impl<R> Drop for CloseOnExit<R> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.waiting.clear();
    }
}

/// The segment that groups go to.
struct Current {
    segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    key: AeadKey,
    id: [u8; 16],
    /// Where the next group begins.
    at: u64,
    len: u64,
    /// The next group's counter. Burnt by an attempt: after a failure the whole segment is left (D9).
    counter: u64,
}

/// The writer thread.
pub(crate) struct Writer<R: Record> {
    core: Arc<Core>,
    queue: Arc<Queue<R>>,
    spares: Arc<Spares>,
    current: Option<Current>,
    next_number: u64,
    /// The span of the newest segment.
    span: Span,
    builder: Builder,
    buffer: Vec<u8>,
    /// Memory of a group that left the window, for the next one: the system would clear new pages first.
    spare: Vec<u8>,
    /// Answers of the last group.
    others: Others,
}

impl<R: Record> Writer<R> {
    pub(crate) fn new(
        core: Arc<Core>,
        queue: Arc<Queue<R>>,
        spares: Arc<Spares>,
        next_number: u64,
        span: Span,
    ) -> Writer<R> {
        Writer {
            core,
            queue,
            spares,
            current: None,
            next_number,
            span,
            builder: Builder::new(),
            buffer: Vec::new(),
            spare: Vec::new(),
            others: Others::default(),
        }
    }

    pub(crate) fn run(mut self) {
        let _close = CloseOnExit(Arc::clone(&self.queue));
        let group_bytes = self.core.options.group_bytes.min((self.core.options.segment_bytes / 4) as usize);
        let mut batch = Vec::new();
        let mut last = 0;
        loop {
            self.queue.take(group_bytes, last, &self.others, &mut batch);
            if batch.is_empty() {
                return;
            }
            last = batch.len();
            self.commit(&mut batch);
            // One large append must not keep its memory for ever.
            if self.buffer.capacity() > 4 * group_bytes {
                self.buffer = Vec::new();
            }
        }
    }

    /// Commits everything in `batch` and answers it.
    fn commit(&mut self, batch: &mut Vec<Pending<R>>) {
        match self.write(batch) {
            Ok(base) => {
                let mut next = base;
                self.others = answer_all(batch.drain(..).map(|pending| {
                    let start = next;
                    next += u64::from(pending.record.count());
                    (pending.reply, Ok(Offset(start)..Offset(next)))
                }));
            }
            // The names of many appends together did not fit; each alone may.
            Err(AppendError::TooLarge { .. }) if batch.len() > 1 => {
                let mut second = batch.split_off(batch.len() / 2);
                self.commit(batch);
                self.others.give();
                self.commit(&mut second);
            }
            Err(error) => self.others = answer_all(batch.drain(..).map(|pending| (pending.reply, Err(error)))),
        }
    }

    fn write(&mut self, batch: &[Pending<R>]) -> Result<u64, AppendError> {
        let core = Arc::clone(&self.core);
        // Until this group is published, or given up: a backup cuts between two groups.
        let mut commit = core.commit();
        *commit = None;
        let records = batch.iter().map(|pending| &pending.record);
        let (count, span) = self.builder.build(&self.core.names, records, &mut self.buffer);
        let stride = (self.buffer.len() as u64 + AeadKey::TAG_BYTES as u64).next_multiple_of(GROUP_ALIGN);
        let mut current = match self.current.take() {
            Some(current) if current.at + stride <= current.len => current,
            full => self.roll(full, stride)?,
        };
        // From here an error drops `current`: the segment is left and its key is never used again. What stands in it beyond the
        // last durable group is cut off by the base of the next segment; if we crash before there is one, recovery may find this
        // group whole and keep it, though nobody was told so: kept is never wrong.
        let base = self.core.tail();
        let plain = self.copy(FRAME_BYTES);
        let frame = seal_group(&current.key, &current.id, current.counter, base, count, span, &mut self.buffer);
        // To the end of the page: nothing stands there yet, and a part of a page that is not in memory would have to be read first.
        let end = (current.at + frame.stride()).next_multiple_of(PAGE_BYTES).min(current.len);
        self.buffer.resize((end - current.at) as usize, 0);
        let written = current.file.write_all_at(&self.buffer, current.at).and_then(|()| current.file.sync_data());
        if let Err(error) = written {
            current.segment.poisoned.store(true, Ordering::SeqCst);
            self.core.poisoned.fetch_add(1, Ordering::SeqCst);
            emit(Level::Error, "a journal segment failed and was left", &[("error", Field::Io(error.kind()))]);
            return Err(match Refusal::of(&error) {
                Refusal::Error(kind) => AppendError::Poisoned(kind),
                full => AppendError::Full(full),
            });
        }
        // Durable. Everything below is memory: a crash now loses no more than the answers.
        current.at += frame.stride();
        current.counter += 1;
        self.span.join(span);
        *current.segment.span.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.span);
        if let Ok(notes) = notes(&plain) {
            let mut carry = self.core.carry();
            notes.into_iter().for_each(|note| carry.absorb(note));
        }
        if count > 0 {
            // Cannot fail: each append's bytes were checked to hold its records when it was pushed.
            if let Ok(group) = Group::own(&frame, plain) {
                self.spare = self.core.show(Arc::new(group)).unwrap_or_default();
            }
        }
        *commit = Some((current.segment.number, current.at));
        self.core.publish(frame.end());
        self.current = Some(current);
        Ok(base)
    }

    /// A copy of the buffer from a place on.
    fn copy(&mut self, from: usize) -> Vec<u8> {
        let bytes = self.buffer.get(from..).unwrap_or_default();
        let mut copy = std::mem::take(&mut self.spare);
        // Too small would be moved to grow, much too large would fill the window with nothing.
        if !(bytes.len()..=2 * bytes.len()).contains(&copy.capacity()) {
            copy = Vec::with_capacity(bytes.len());
        }
        copy.clear();
        copy.extend_from_slice(bytes);
        copy
    }

    /// Begins a new segment for a group of `stride` bytes. Without a spare the old one stays, for groups that still fit.
    fn roll(&mut self, old: Option<Current>, stride: u64) -> Result<Current, AppendError> {
        let snapshot = self.core.carry().snapshot();
        let spare = match self.spares.take() {
            Ok(spare) => spare,
            Err(refusal) => {
                self.current = old;
                return Err(AppendError::Full(refusal));
            }
        };
        // Once a newer segment may exist under its name nothing may go to the old one: its base ends the old one for good.
        drop(old);
        let core = &self.core;
        let mut header = Header {
            id: [0; 16],
            number: self.next_number,
            base: core.tail(),
            created_at: core.clock.now(),
            before: self.span,
            snapshot,
        };
        weir_keys::random(&mut header.id);
        // The number is burnt even if this fails.
        self.next_number += 1;
        let (bytes, key) = new_header(JOURNAL, &core.keys, &header);
        let start = data_start(bytes.len() as u64);
        if start + stride > spare.len {
            let limit = spare.len.saturating_sub(start) as usize;
            self.put_back(spare);
            return Err(AppendError::TooLarge { limit });
        }
        let path = core.dir.join(crate::recovery::segment_name(header.number, header.base));
        // A crash after any of these steps leaves a spare with a header, which open wipes, or an empty segment, which open reads.
        let named = spare
            .file
            .write_all_at(&bytes, 0)
            .and_then(|()| spare.file.sync_data())
            .and_then(|()| core.disk.rename(&spare.path, &path))
            .and_then(|()| core.disk.sync_dir(&core.dir));
        if let Err(error) = named {
            core.poisoned.fetch_add(1, Ordering::SeqCst);
            emit(Level::Error, "a journal segment could not be begun", &[("error", Field::Io(error.kind()))]);
            // It may have either name now. Under both it is harmless, so a failed removal only costs its space.
            let removed = core.disk.remove(&path).or_else(|_| core.disk.remove(&spare.path));
            if removed.is_ok() {
                core.remove_bytes(spare.len);
            }
            return Err(match Refusal::of(&error) {
                Refusal::Error(kind) => AppendError::Poisoned(kind),
                full => AppendError::Full(full),
            });
        }
        self.span = Span::EMPTY;
        let Header { id, number, base, .. } = header;
        // The readers' key and the writer's are two objects of the same key, so that neither needs a lock.
        let readers_key = reopened(&core.keys, &bytes).ok_or(AppendError::Poisoned(std::io::ErrorKind::InvalidData))?;
        let segment = Arc::new(Segment {
            number,
            base,
            path,
            len: AtomicU64::new(spare.len),
            sealed: Some(Sealed { id, key: readers_key, data_start: start }),
            own: true,
            poisoned: AtomicBool::new(false),
            span: Mutex::new(Some(Span::EMPTY)),
        });
        core.segments().push(Arc::clone(&segment));
        core.carry_from.store(number, Ordering::SeqCst);
        Ok(Current { segment, file: spare.file, key, id, at: start, len: spare.len, counter: 1 })
    }

    fn put_back(&self, spare: Spare) {
        if let Some(spare) = self.spares.offer(spare)
            && self.core.disk.remove(&spare.path).is_ok()
        {
            self.core.remove_bytes(spare.len);
        }
    }
}

/// Reads a header just made as a restart would: it proves that the wrapped key opens before anything rests on it.
fn reopened(keys: &weir_keys::Keys, bytes: &[u8]) -> Option<AeadKey> {
    crate::segment::parse_header(JOURNAL, keys, &mut bytes.to_vec()).ok().map(|opened| opened.key)
}
