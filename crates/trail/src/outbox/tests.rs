use std::sync::Arc;

use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{Clock, Names, SystemClock};
use weir_keys::Keys;
use weir_ledger::disk::RealDisk;
use weir_ledger::{Act, Actor, Kind, Ledger, Options, Target};

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    keys: Arc<Keys>,
    audit: Option<Arc<Ledger>>,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::open(&folder.path().join("keys"), clock).unwrap();
        let mut bench = Bench { folder, keys, audit: None };
        bench.open();
        bench
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    fn file(&self) -> PathBuf {
        crate::position::folder(&self.dir()).join("siem")
    }

    /// Opens the ledger, after a start or an end of the process.
    fn open(&mut self) {
        self.audit = None;
        // Small files, so that what is read goes over several.
        let options = Options { roll_bytes: 2_000, tree_interval: std::time::Duration::ZERO, ..Options::default() };
        let names = Names::new(Box::new(ClassOnly));
        let (audit, _) =
            Ledger::open(&self.dir(), Kind::Audit, Arc::clone(&self.keys), names, options, Arc::new(SystemClock))
                .unwrap();
        self.audit = Some(audit);
    }

    fn act(&self, number: u64) {
        let act = Act { actor: Actor::Weir, action: "trim", targets: vec![Target::Count(number)] };
        self.audit.as_ref().unwrap().act(act).wait().unwrap();
    }

    fn durable(&self) -> u64 {
        self.audit.as_ref().unwrap().entries()
    }

    fn outbox(&self) -> Outbox {
        Outbox::open(&self.dir(), &self.file(), self.durable()).unwrap()
    }
}

fn numbers(acts: &[Acted]) -> Vec<u64> {
    acts.iter().map(|act| if let Target::Count(n) = act.targets[0] { n } else { u64::MAX }).collect()
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Somebody does so many things.
    Act(u8),
    /// A batch is sent, taken and written down.
    Ship,
    /// The receiver has it, and the process ends before that is written down.
    ShipAndDie,
    /// The receiver is down: while more is done the same batch is kept, sent again and taken.
    Refused,
    /// The process ends and starts.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1_u8..40).prop_map(Op::Act),
        4 => Just(Op::Ship),
        1 => Just(Op::ShipAndDie),
        1 => Just(Op::Refused),
        1 => Just(Op::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever happens, the receiver has every act that was shipped, in order, none left out; what it has twice it has twice in a row of
    /// batches, and knows by its number.
    #[test]
    fn shipping_goes_on_after_any_end_without_a_loss_and_in_order(ops in proptest::collection::vec(op(), 1..40)) {
        let mut bench = Bench::new();
        let mut outbox = bench.outbox();
        let (mut done, mut received) = (0_u64, Vec::<Vec<u64>>::new());
        for op in ops.into_iter().chain([Op::Restart, Op::Ship, Op::Ship, Op::Ship, Op::Ship, Op::Ship, Op::Ship]) {
            match op {
                Op::Act(count) => {
                    (0..u64::from(count)).for_each(|n| bench.act(done + n));
                    done += u64::from(count);
                }
                Op::Ship => {
                    if let Some(batch) = outbox.next(bench.durable(), &People::default()).unwrap() {
                        received.push(numbers(&batch.acts));
                        outbox.taken(&RealDisk, &batch).unwrap();
                    }
                }
                Op::ShipAndDie => {
                    if let Some(batch) = outbox.next(bench.durable(), &People::default()).unwrap() {
                        received.push(numbers(&batch.acts));
                    }
                    bench.open();
                    outbox = bench.outbox();
                }
                Op::Refused => {
                    if let Some(batch) = outbox.next(bench.durable(), &People::default()).unwrap() {
                        bench.act(done);
                        done += 1;
                        received.push(numbers(&batch.acts));
                        outbox.taken(&RealDisk, &batch).unwrap();
                    }
                }
                Op::Restart => {
                    bench.open();
                    outbox = bench.outbox();
                }
            }
            prop_assert!(!outbox.starts_again());
        }
        let mut next = 0;
        for batch in &received {
            // In order, without a gap, and beginning no later than what is missing yet.
            prop_assert!(batch.windows(2).all(|two| two[1] == two[0] + 1));
            prop_assert!(batch[0] <= next, "{received:?}");
            next = next.max(batch[batch.len() - 1] + 1);
        }
        prop_assert_eq!(next, done, "everything came: {:?}", received);
    }
}

#[test]
fn a_ledger_that_was_exchanged_or_put_back_is_told_and_sent_from_its_beginning() {
    let bench = Bench::new();
    (0..5).for_each(|n| bench.act(n));
    let mut outbox = bench.outbox();
    let batch = outbox.next(bench.durable(), &People::default()).unwrap().unwrap();
    outbox.taken(&RealDisk, &batch).unwrap();
    let (before, file) = (std::fs::read(bench.file()).unwrap(), bench.file());

    let mut other = Bench::new();
    (10..13).for_each(|n| other.act(n));
    other.open();
    std::fs::create_dir_all(other.file().parent().unwrap()).unwrap();
    for (position, what) in [
        (before, "longer than this ledger"),
        (Position { entry: 2, leaf: [1; 32] }.text().into_bytes(), "another entry"),
    ] {
        std::fs::write(other.file(), position).unwrap();
        let mut outbox = other.outbox();
        assert!(outbox.starts_again(), "{what}");
        let batch = outbox.next(other.durable(), &People::default()).unwrap().unwrap();
        assert_eq!(numbers(&batch.acts), [10, 11, 12]);
    }
    std::fs::write(file, "something else").unwrap();
    assert!(matches!(Outbox::open(&bench.dir(), &bench.file(), bench.durable()), Err(OutboxError::Position(_))));
}
