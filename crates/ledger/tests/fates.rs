//! What `weir resend` reads of the log: what became of each event.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{World, accepted, dropped, options, wait};
use weir_event::{Millis, Offset, Rule};
use weir_ledger::verify::verify;
use weir_ledger::{Fate, Intent, Options, Outcome, Passed, Purpose, Results};

#[test]
fn the_last_word_on_each_event_counts_wherever_its_file_begins() {
    // Few bytes a file, and many: reading begins in the middle of the log, and at its start.
    for roll_bytes in [600, 1 << 30] {
        let world = World::new();
        let (ledger, _) = world.try_open(Options { roll_bytes, ..options() }).unwrap();
        let product = &world.product;
        ledger.start(product, Offset(0)).wait().unwrap();
        let intend = |from, rows| wait(ledger.intend(world.intent(from, rows))).unwrap();
        let settle = |batch, results| ledger.outcome(Outcome { batch, status: 200, results }).wait().unwrap();
        let reason = world.names.label("invalid_time");
        settle(intend(0, 3), Results::Accepted);
        settle(intend(3, 4), Results::Partial(vec![(1, reason), (3, reason)]));
        let lost = intend(7, 2);
        settle(lost, Results::Unknown);
        let again = intend(9, 2);
        settle(again, Results::Returned);
        ledger.range(dropped(&world, 11, 13)).wait().unwrap();
        ledger.range(weir_ledger::RangeDrop { passed: Passed::NotOffered, ..dropped(&world, 13, 14) }).wait().unwrap();
        let open = intend(14, 1);
        // Offset 4 was rejected and replayed; 0 and 11 are resent, 1 is refused then.
        let replay = Intent { purpose: Purpose::Replay, ..world.intent(4, 1) };
        settle(wait(ledger.intend(replay)).unwrap(), Results::Accepted);
        let totals = ledger.totals()[product].clone();
        let resend = |from, rows| Intent { purpose: Purpose::Resend, ..world.intent(from, rows) };
        settle(wait(ledger.intend(resend(0, 2))).unwrap(), Results::Partial(vec![(1, reason)]));
        settle(wait(ledger.intend(resend(11, 1))).unwrap(), Results::Accepted);
        let crashed = wait(ledger.intend(resend(2, 1))).unwrap();

        let rule = Fate::Dropped(match dropped(&world, 11, 13).rule {
            rule @ Rule::TooOld => rule,
            other => other,
        });
        let expected = [
            [Fate::Delivered; 4].as_slice(),
            &[Fate::Delivered, Fate::Delivered, Fate::Rejected],
            &[Fate::Unknown, Fate::Unknown, Fate::Waiting, Fate::Waiting, rule, rule, Fate::NotOffered, Fate::Waiting],
        ]
        .concat();
        let end = expected.len() as u64;
        let all = ledger.fates(product, Offset(0)..Offset(end)).unwrap();
        let told = |fates: &weir_ledger::Fates, from: u64, to: u64| -> Vec<Fate> {
            (from..to).map(|at| fates.of(Offset(at))).collect()
        };
        assert_eq!(told(&all, 0, end), expected);
        let resent: Vec<u64> = (0..end).filter(|at| all.was_resent(Offset(*at))).collect();
        assert_eq!(resent, [0, 11], "what was refused or left open was not");
        for from in 0..end {
            for to in from..end {
                let part = ledger.fates(product, Offset(from)..Offset(to)).unwrap();
                assert_eq!(told(&part, from, to), expected[from as usize..to as usize], "{from}..{to}");
            }
        }

        assert_eq!(ledger.totals()[product], totals, "D11: a resend is in no sum");
        assert_eq!(ledger.position(product).unwrap().floor, Offset(9), "and moves no position");
        let (from, to) = (Millis(0), Millis(i64::MAX));
        // Rows of `export_made` are those of intents at even offsets: 3 of 0, 2 of 14 and 4; never those of a resend.
        assert_eq!(ledger.count_left(product, "export_made", from..to, Offset(20)).unwrap(), 3 + 1 + 1);
        assert_eq!(ledger.count_left(product, "export_made", from..to, Offset(2)).unwrap(), 2);
        assert_eq!(ledger.count_left(product, "export_made", from..from, Offset(20)).unwrap(), 0);

        // A crash: the open resend is found, and can be closed as unknown without touching a sum.
        drop(ledger);
        let (ledger, recovered) = world.open();
        let unfinished: Vec<_> = recovered.unfinished.iter().map(|open| (open.batch, open.purpose)).collect();
        assert_eq!(unfinished, [(open, Purpose::Deliver), (crashed, Purpose::Resend)]);
        ledger.outcome(Outcome { batch: crashed, status: 0, results: Results::Unknown }).wait().unwrap();
        assert_eq!(ledger.totals()[product], totals);
        ledger.outcome(accepted(open)).wait().unwrap();
        ledger.close().unwrap();
        drop(ledger);
        assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None);
    }
}
