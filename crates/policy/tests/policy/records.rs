use std::sync::Arc;

use proptest::prelude::*;
use weir_event::{LeafKind, ManualClock, NameId, Role, SubjectKind};
use weir_journal::{Journal, Options};
use weir_policy::{MinimisedBatch, RecordError, RecordView, SharedTally, fuzz};

use crate::support::{Event, NOW, Value, World, number, object, text};

fn clean_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::True),
        (-9_999_i32..9_999).prop_map(number),
        "(red|green|blue|pro|basic|[a-c]{0,4})".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec(("(size|colour|step|kind)", inner), 0..4).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn d9_a_clean_event_comes_back_leaf_by_leaf(
        properties in proptest::collection::vec(("(alpha|beta|gamma|delta) [0-9]", clean_value()), 0..8),
    ) {
        let world = World::new();
        let mut event = Event::new("opened");
        event.properties = properties;
        let batch = event.draft(&world);
        let stored = world.minimise(&event).unwrap();
        let remap = |n: u32| NameId(n);
        let view = stored.view(&remap);
        let read: Vec<(NameId, LeafKind, Vec<u8>)> =
            view.leaves().map(|l| l.unwrap()).map(|l| (l.path, l.kind, l.text.to_vec())).collect();
        let sent: Vec<(NameId, LeafKind, Vec<u8>)> =
            batch.tape(&batch.drafts[0]).iter().map(|l| (l.path, l.kind, batch.bytes(l.text).to_vec())).collect();
        prop_assert_eq!(read, sent);
        prop_assert_eq!(view.received_at(), NOW);
        prop_assert_eq!(world.names.text(view.source()), "web");
        prop_assert_eq!(&view.offered().collect::<Vec<_>>(), &world.offered);
        prop_assert_eq!(view.findings().count(), 0);
    }

    #[test]
    fn a_glance_at_a_record_says_what_reading_it_says(user in "[a-z]{4,9}", device in proptest::option::of("[a-z]{4,9}")) {
        let world = World::new();
        let mut event = Event::new("opened").by(Role::Subject, SubjectKind::User, &user);
        if let Some(device) = &device {
            event = event.by(Role::Device, SubjectKind::Device, device);
        }
        let stored = world.minimise(&event).unwrap();
        let remap = |n: u32| NameId(n);
        prop_assert_eq!(stored.view(&remap).links().next().is_some(), device.is_some());
        // Which compares them.
        fuzz::fuzz_record(&stored.0);
    }

    #[test]
    fn any_bytes_parse_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::fuzz_record(&bytes);
        fuzz::fuzz_withheld(&bytes);
        fuzz::fuzz_tally(&bytes);
    }

    #[test]
    fn a_damaged_record_is_refused_or_read_and_never_panics(at in any::<prop::sample::Index>(), flip in 1_u8.., cut in any::<prop::sample::Index>()) {
        let world = World::new();
        let event = Event::new("opened").with("mail", text("ada@example.com")).with("list", Value::Array(vec![number(1)]));
        let mut bytes = world.minimise(&event).unwrap().0;
        let place = at.index(bytes.len());
        bytes[place] ^= flip;
        fuzz::fuzz_record(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        fuzz::fuzz_record(&bytes);
        let held = world.minimise(&Event { name: "a@b.example", ..event }).unwrap_err();
        let mut body = held.body().to_vec();
        let place = at.index(body.len());
        body[place] ^= flip;
        fuzz::fuzz_withheld(&body);
        body.truncate(cut.index(body.len()));
        fuzz::fuzz_withheld(&body);
    }
}

#[test]
fn d9_a_newer_record_is_refused() {
    let world = World::new();
    let mut bytes = world.minimise(&Event::new("opened")).unwrap().0;
    bytes[0] = 3;
    let remap = |n: u32| NameId(n);
    assert_eq!(RecordView::parse_bytes(&bytes, &remap).unwrap_err(), RecordError::Newer(3));
}

#[test]
fn a_record_prints_no_value() {
    let world = World::new();
    let stored = world.minimise(&Event::new("opened").with("plan", text("plan-value"))).unwrap();
    let remap = |n: u32| NameId(n);
    assert!(!format!("{:?}", stored.view(&remap)).contains("plan-value"));
}

#[test]
fn d9_a_record_reads_in_another_process_through_the_groups_dictionary() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let company = world.names.label("company");
    let event = Event::new("opened")
        .by(Role::Group, SubjectKind::Group(company), "acme")
        .with("plan", text("pro"))
        .with("mail", text("ada@example.com"))
        .with("form", object([("size", number(3))]));
    let keys = world.keys.snapshot();
    let batch = event.draft(&world);
    let gate = world.gate(&keys);
    let id = world.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
    let mut out = MinimisedBatch::new(NOW);
    world.minimiser.minimise(&gate, &batch, &batch.drafts[0], id, &mut out).unwrap();

    let clock: Arc<ManualClock> = Arc::new(ManualClock::at(NOW));
    let tally = SharedTally::default();
    let open = |names, tally: &SharedTally| {
        let options = Options::default();
        let carry = Box::new(tally.clone());
        Journal::<MinimisedBatch>::open(folder.path(), Arc::clone(&world.keys), names, carry, options, clock.clone())
            .unwrap()
            .0
    };
    runtime.block_on(async {
        let journal = open(Arc::clone(&world.names), &tally);
        journal.append(out).await.unwrap();
        assert_eq!(tally.read().source("web").map(|s| s.journaled), Some(1));
        journal.close().await;

        let engine = Arc::new(weir_detect::Engine::new());
        let names = weir_event::Names::new(Box::new(weir_detect::Judge::new(engine)));
        for i in 0..40 {
            names.label(&format!("other {i}"));
        }
        let tally = SharedTally::default();
        let journal = open(Arc::clone(&names), &tally);
        assert_eq!(
            tally.read().destinations().collect::<Vec<_>>(),
            [("product", 1)],
            "sums are back before anything is read"
        );
        let group = journal.reader(journal.floor()).next().await.unwrap();
        let view = RecordView::parse(&group, 0).unwrap();
        assert_eq!(view.event_id(), id);
        let glance = RecordView::glance(&group, 0);
        assert_eq!(glance, Ok((view.received_at(), view.links().next().is_some())));
        assert_eq!((names.text(view.name()), names.text(view.slice())), ("opened", "DE"));
        let paths: Vec<_> = view.leaves().map(|l| names.text(l.unwrap().path)).collect();
        assert_eq!(paths, ["plan", "form", "form.size", "form"]);
        let withheld: Vec<_> = view.withheld().map(|(path, rule)| (names.text(path), rule)).collect();
        assert_eq!(withheld, [("mail", weir_event::Rule::Minimised)]);
        let group_type = view.tags().find_map(|t| match t.kind {
            SubjectKind::Group(id) => Some(names.text(id)),
            _ => None,
        });
        assert_eq!(group_type, Some("company"));
        journal.close().await;
    });
}
