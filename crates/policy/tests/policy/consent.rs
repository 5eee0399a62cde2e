//! D9: what is known of consent is stored with the event, decides about release, and a refusal stops what waits.

use proptest::prelude::*;
use weir_event::{
    ConsentOrigin, ConsentState, ConsentStates, DestinationId, DraftBatch, NameId, Operation, ProfileOp, Purpose,
    PurposeSet, Region, Role, Rule, SubjectKind,
};
use weir_policy::{
    Consent, ConsentRuleSpec, ConsentSignals, ConsentSpec, MinimisedBatch, ReleasePolicy, ReleaseSpec, RuleSpec,
    SubjectMode, Withdrawals, withheld,
};

use crate::support::{Event, NOW, Stored, World, number, text};

const STATES: [ConsentState; 3] = [ConsentState::Unknown, ConsentState::Given, ConsentState::Refused];

fn asks(purpose: Purpose, regions: &[&str], unknown_may_leave: bool) -> RuleSpec {
    let regions = regions.iter().map(|r| (*r).to_owned()).collect();
    let consent = Some(ConsentRuleSpec { purpose, regions, unknown_may_leave });
    RuleSpec { consent, action: Some("drop".into()), ..RuleSpec::default() }
}

fn policy(world: &World, rules: &[RuleSpec]) -> ReleasePolicy {
    let destination = DestinationId::parse("product").unwrap();
    let spec = ReleaseSpec {
        destination,
        subject: SubjectMode::Stable,
        allow: vec![],
        rules: rules.to_vec(),
        links: false,
        routing: weir_policy::Routing::default(),
    };
    ReleasePolicy::resolve(&spec, &world.names).unwrap()
}

/// Puts an event through a gate of which consent is known; a historical one as if it came back from the hold.
fn gated(world: &World, event: &Event<'_>, request: ConsentStates, region: Region) -> (Stored, MinimisedBatch) {
    let signals = ConsentSignals::resolve(&ConsentSpec::default(), &world.names).unwrap();
    let (batch, keys) = (event.draft(world), world.keys.snapshot());
    let mut gate = world.gate(&keys);
    gate.consent = Consent::new(&signals, request);
    gate.region = region;
    gate.replay_of = event.historical.then_some(NOW);
    let mut out = MinimisedBatch::new(NOW);
    let id = world.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
    world.minimiser.minimise(&gate, &batch, &batch.drafts[0], id, &mut out).unwrap();
    (Stored::of(&out), out)
}

fn said(purpose: Purpose, state: ConsentState) -> ConsentStates {
    let mut states = ConsentStates::UNKNOWN;
    states.add(purpose, state, ConsentOrigin::Property);
    states
}

fn de() -> Region {
    Region::parse("DE").unwrap()
}

#[test]
fn d9_consent_is_stored_by_purpose_with_its_origin() {
    let world = World::new();
    let event = Event::new("opened").with("ad_storage", text("granted")).with("analytics_storage", text("denied"));
    let mut request = ConsentStates::UNKNOWN;
    request.add(Purpose::SaleOrSharing, ConsentState::Refused, ConsentOrigin::Gpc);
    request.add(Purpose::Advertising, ConsentState::Refused, ConsentOrigin::Cookie);
    let (stored, _) = gated(&world, &event, request, de());
    let remap = |n: u32| NameId(n);
    let consents = stored.view(&remap).consents();
    let of = |purpose| (consents.state(purpose), consents.origin(purpose));
    assert_eq!(of(Purpose::Analytics), (ConsentState::Refused, ConsentOrigin::GoogleConsentMode));
    assert_eq!(of(Purpose::Advertising), (ConsentState::Given, ConsentOrigin::GoogleConsentMode));
    assert_eq!(of(Purpose::SaleOrSharing), (ConsentState::Refused, ConsentOrigin::Gpc));
    assert_eq!(of(Purpose::Functional), (ConsentState::Unknown, ConsentOrigin::None));
    // A purpose or a state that does not exist is not read as unknown.
    let pairs = [1, 2 << 2 | 2, 2, 2 << 2 | 1, 3, 4 << 2 | 2];
    let at = stored.0.windows(6).position(|w| w == pairs).unwrap();
    for (place, byte) in [(0, 9), (1, 3), (1, 60 << 2 | 1)] {
        let mut damaged = stored.clone();
        damaged.0[at + place] = byte;
        assert!(weir_policy::RecordView::parse_bytes(&damaged.0, &remap).is_err());
    }
}

#[test]
fn an_sdks_own_opt_in_agrees_to_analytics_and_to_nothing_else() {
    let world = World::new();
    let (stored, _) = gated(&world, &Event::new("$opt_in"), ConsentStates::UNKNOWN, de());
    let remap = |n: u32| NameId(n);
    assert_eq!(stored.view(&remap).consents(), {
        let mut states = ConsentStates::UNKNOWN;
        states.add(Purpose::Analytics, ConsentState::Given, ConsentOrigin::Sdk);
        states
    });
}

#[test]
fn d9_a_record_of_version_1_is_read_and_its_consent_is_unknown() {
    let world = World::new();
    let (stored, _) = gated(&world, &Event::new("opened").with("plan", text("pro")), ConsentStates::UNKNOWN, de());
    // Version 1 had one byte more, always 0, where consent over all purposes was to be; its list of consents was always empty.
    let mut old = stored.0.clone();
    old[..2].copy_from_slice(&1_u16.to_le_bytes());
    old.insert(23, 0);
    let remap = |n: u32| NameId(n);
    let (new, old) = (stored.view(&remap), weir_policy::RecordView::parse_bytes(&old, &remap).unwrap());
    assert!(old.consents().is_unknown());
    assert_eq!((old.event_id(), old.region(), old.epoch_time()), (new.event_id(), new.region(), new.epoch_time()));
    assert!(old.tags().eq(new.tags()) && old.offered().eq(new.offered()));
    assert!(old.leaves().map(|l| l.unwrap().text).eq(new.leaves().map(|l| l.unwrap().text)));
}

#[test]
fn d10_a_withheld_event_comes_back_with_what_its_request_said() {
    let world = World::new();
    let event = Event::new("ada@example.com");
    let keys = world.keys.snapshot();
    let mut gate = world.gate(&keys);
    let signals = ConsentSignals::resolve(&ConsentSpec::default(), &world.names).unwrap();
    let refused = said(Purpose::SaleOrSharing, ConsentState::Refused);
    gate.consent = Consent::new(&signals, refused);
    let batch = event.draft(&world);
    let mut out = MinimisedBatch::new(NOW);
    let id = world.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
    let held = world.minimiser.minimise(&gate, &batch, &batch.drafts[0], id, &mut out).unwrap_err();
    let back = withheld::decode(held.body(), &world.source_names).unwrap();
    assert_eq!(back.consent, refused);
    // Version 1 ended before.
    let mut old = held.body().to_vec();
    old[..2].copy_from_slice(&1_u16.to_le_bytes());
    assert!(withheld::decode(&old, &world.source_names).is_err(), "with something behind its end");
    old.truncate(old.len() - 3);
    assert_eq!(withheld::decode(&old, &world.source_names).unwrap().consent, ConsentStates::UNKNOWN);
    let mut batch = DraftBatch { consent: refused, ..DraftBatch::default() };
    batch.clear();
    assert!(batch.consent.is_unknown());
}

#[test]
fn d11_release_asks_for_consent_and_an_unknown_one_is_no_yes() {
    let world = World::new();
    let analytics = Purpose::Analytics;
    let fate = |rules: &[RuleSpec], states, region| {
        let (stored, _) = gated(&world, &Event::new("opened"), states, region);
        let mut releaser = world.releaser(SubjectMode::Stable, &[], rules);
        world.release(&mut releaser, &stored, |released| released.map(|_| ()))
    };
    let everywhere = [asks(analytics, &[], false)];
    assert_eq!(fate(&everywhere, said(analytics, ConsentState::Given), de()), Ok(()));
    assert_eq!(fate(&everywhere, said(analytics, ConsentState::Refused), de()), Err(Rule::ConsentRefused));
    assert_eq!(fate(&everywhere, said(Purpose::Advertising, ConsentState::Given), de()), Err(Rule::ConsentUnknown));
    let lenient = [asks(analytics, &[], true)];
    assert_eq!(fate(&lenient, ConsentStates::UNKNOWN, de()), Ok(()));
    assert_eq!(fate(&lenient, said(analytics, ConsentState::Refused), de()), Err(Rule::ConsentRefused));
    let in_europe = [asks(analytics, &["eea"], false)];
    assert_eq!(fate(&in_europe, ConsentStates::UNKNOWN, Region::parse("US").unwrap()), Ok(()));
    assert_eq!(fate(&in_europe, said(analytics, ConsentState::Refused), Region::parse("US").unwrap()), Ok(()));
    assert_eq!(fate(&in_europe, ConsentStates::UNKNOWN, de()), Err(Rule::ConsentUnknown));
    assert_eq!(fate(&in_europe, ConsentStates::UNKNOWN, Region::UNKNOWN), Err(Rule::ConsentUnknown), "strictest");
    let two = [asks(Purpose::Advertising, &[], false), asks(analytics, &[], false)];
    assert_eq!(fate(&two, said(analytics, ConsentState::Refused), de()), Err(Rule::ConsentRefused));
    assert_eq!(fate(&[], said(analytics, ConsentState::Refused), de()), Ok(()), "nobody asked");
}

#[test]
fn a_rule_by_consent_names_what_is_wrong_with_it() {
    let world = World::new();
    let mixed = RuleSpec { event: Some("opened".into()), ..asks(Purpose::Analytics, &[], false) };
    let action = RuleSpec { action: Some("pseudonymize".into()), ..asks(Purpose::Analytics, &[], false) };
    let rules = vec![asks(Purpose::Analytics, &["eu", "Germany"], false), mixed, action];
    let destination = DestinationId::parse("product").unwrap();
    let spec = ReleaseSpec {
        destination,
        subject: SubjectMode::Stable,
        allow: vec![],
        rules,
        links: false,
        routing: weir_policy::Routing::default(),
    };
    let errors = ReleasePolicy::resolve(&spec, &world.names).unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts[0].starts_with("rules[0]: `Germany` is not a region"), "{}", texts[0]);
    assert!(texts[1].starts_with("rules[1]: a rule names exactly one of"), "{}", texts[1]);
    assert!(texts[2].starts_with("rules[2]: action `pseudonymize` does not fit"), "{}", texts[2]);
}

#[test]
fn a_withdrawal_stops_what_came_in_before_it_and_nothing_after() {
    let world = World::new();
    let analytics = Purpose::Analytics;
    let policy = policy(&world, &[asks(analytics, &[], true)]);
    let table = Withdrawals::new();
    let _ = table.watch(policy.asks_consent());
    let given = |event: &Event<'_>| gated(&world, event, said(analytics, ConsentState::Given), de()).0;
    let by_user = given(&Event::new("opened"));
    let by_device = given(&Event::new("opened").by(Role::Subject, SubjectKind::Device, "device-1"));
    let other = given(&Event::new("opened").by(Role::Subject, SubjectKind::User, "somebody-else"));
    // The refusal knows the person by both ids.
    let refusal = Event::new("consent changed").by(Role::Device, SubjectKind::Device, "device-1").with("x", number(1));
    let (_, mut batch) = gated(&world, &refusal, said(analytics, ConsentState::Refused), de());
    let refusals = batch.take_refusals();
    assert_eq!(refusals.len(), 2);
    table.note(&refusals, 10);
    let remap = |n: u32| NameId(n);
    let fate = |stored: &Stored, offset| policy.check_withdrawn(&stored.view(&remap), offset, &table);
    for event in [&by_user, &by_device] {
        assert_eq!(fate(event, 9), Err(Rule::ConsentRefused));
        assert_eq!(fate(event, 10), Ok(()), "the refusal itself speaks for itself");
        assert_eq!(fate(event, 11), Ok(()), "a later yes counts for later events");
    }
    assert_eq!(fate(&other, 9), Ok(()));
    // A yes that came later does not bring back what waited from before the refusal.
    let (_, mut later) = gated(&world, &Event::new("opened"), said(analytics, ConsentState::Given), de());
    table.note(&later.take_refusals(), 12);
    assert_eq!(fate(&by_user, 9), Err(Rule::ConsentRefused));
    // An event that comes back from the hold has an offset after the refusal, and came in before.
    let mut held = Event::new("opened");
    held.historical = true;
    assert_eq!(fate(&given(&held), 30), Err(Rule::ConsentRefused));
    // Another purpose was not refused.
    let other_purpose = self::policy(&world, &[asks(Purpose::Functional, &[], true)]);
    assert_eq!(other_purpose.check_withdrawn(&by_user.view(&remap), 9, &table), Ok(()));
    // Where it is known that refusals may be missing, nothing is taken for agreed to.
    table.missing_below(policy.asks_consent(), 20);
    assert_eq!(fate(&other, 19), Err(Rule::ConsentUnknown));
    assert_eq!(fate(&other, 20), Ok(()));
}

#[test]
fn a_group_and_a_contact_that_an_event_mentions_refuse_nothing() {
    let world = World::new();
    let (group, contact) = (world.names.label("company"), "grace@example.com");
    let invited = Event::new("invited")
        .by(Role::Group, SubjectKind::Group(group), "acme")
        .doing(Operation::Track)
        .with("invitee", text(contact));
    let refused = said(Purpose::Analytics, ConsentState::Refused);
    let (stored, mut batch) = gated(&world, &invited, refused, de());
    let remap = |n: u32| NameId(n);
    assert!(stored.view(&remap).tags().count() > 1);
    assert_eq!(batch.take_refusals().len(), 1, "the user alone");
    let profile = Event::new("$profile").doing(Operation::Profile(ProfileOp::Set)).with("plan", text("pro"));
    let (_, mut batch) = gated(&world, &profile, refused, de());
    assert_eq!(batch.take_refusals().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn refusals_read_from_the_journal_are_those_that_the_gate_noted(
        steps in proptest::collection::vec((0_usize..4, 0_usize..3, 0_usize..2), 1..30),
    ) {
        let world = World::new();
        let users = ["u-0000001", "u-0000002", "u-0000003", "u-0000004"];
        let purposes: PurposeSet = [Purpose::Analytics].into_iter().collect();
        let (live, again) = (Withdrawals::new(), Withdrawals::new());
        let _ = (live.watch(purposes), again.watch(purposes));
        let remap = |n: u32| NameId(n);
        let mut records = Vec::new();
        for (offset, (user, state, device)) in steps.iter().enumerate() {
            let mut event = Event::new("opened").by(Role::Subject, SubjectKind::User, users[*user]);
            if *device == 1 {
                event = event.by(Role::Device, SubjectKind::Device, "shared-device");
            }
            let (stored, mut batch) = gated(&world, &event, said(Purpose::Analytics, STATES[*state]), de());
            live.note(&batch.take_refusals(), offset as u64);
            again.note_record(&stored.view(&remap), offset as u64);
            records.push(stored);
        }
        let policy = policy(&world, &[asks(Purpose::Analytics, &[], false)]);
        for (offset, stored) in records.iter().enumerate() {
            let view = stored.view(&remap);
            let fate = policy.check_withdrawn(&view, offset as u64, &live);
            prop_assert_eq!(fate, policy.check_withdrawn(&view, offset as u64, &again));
            // The model: somebody with one of its tags refused later.
            let later = records.iter().skip(offset + 1).any(|r| {
                let r = r.view(&remap);
                r.consents().state(Purpose::Analytics) == ConsentState::Refused
                    && r.tags().any(|t| view.tags().any(|own| own.tag == t.tag))
            });
            prop_assert_eq!(fate, if later { Err(Rule::ConsentRefused) } else { Ok(()) });
        }
    }
}
