use weir_event::{DestinationId, Millis, NameId, Operation, ProfileOp, Role, Rule, SubjectKind};
use weir_policy::spec::Problem;
use weir_policy::{Action, Expectation, ReleasePolicy, ReleaseSpec, ReleasedId, Releaser, RuleSpec, SubjectMode};

use crate::support::{Event, NOW, Stored, Value, WEEK, World, drop_category, number, object, property, shown, text};

const WEEKLY: SubjectMode = SubjectMode::Rotating { period_millis: WEEK };
const RAW: SubjectMode = SubjectMode::Raw { confirm_category: None };

/// What leaves, one line for each entry: path and text, markers for structure.
fn leaves(world: &World, releaser: &mut Releaser, stored: &Stored) -> Result<Vec<String>, Rule> {
    world.release(releaser, stored, |released| {
        let released = released?;
        let line = |l: &weir_policy::release::ReleasedLeaf<'_>| match l.kind() {
            weir_event::LeafKind::ObjectBegin => "{".to_owned(),
            weir_event::LeafKind::ObjectEnd => "}".to_owned(),
            weir_event::LeafKind::ArrayBegin => "[".to_owned(),
            weir_event::LeafKind::ArrayEnd => "]".to_owned(),
            _ => format!("{}={}", world.names.text(l.path()), l.text()),
        };
        Ok(released.leaves().iter().map(line).collect())
    })
}

fn subject(world: &World, releaser: &mut Releaser, stored: &Stored) -> String {
    world.release(releaser, stored, |r| {
        let mut buffer = [0; 36];
        r.unwrap().subject().text(&mut buffer).to_owned()
    })
}

#[test]
fn by_default_only_the_baseline_leaves() {
    let world = World::new();
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("nested", object([("a", number(1)), ("list", Value::Array(vec![number(2)]))]))
        .context("context.library.name", text("web"))
        .context("context.library.version", text("2.83.0"))
        .context("context.os.name", text("Mac OS X"))
        .context("context.os.version", text("15.1"))
        .context("context.browser.name", text("Chrome"))
        .context("context.browser.version", number(131))
        .context("context.screen.width", number(1_440))
        .context("context.ip", text("203.0.113.9"))
        .context("context.page.url", text("https://shop.example.com/pricing"))
        .context("context.session_id", text("sess-1"))
        .context("context.location.city", text("Berlin"))
        .context("context.campaign.source", text("news"));
    let stored = world.minimise(&event).unwrap();
    let left = leaves(&world, &mut world.releaser(WEEKLY, &[], &[]), &stored).unwrap();
    let paths: Vec<_> = left.iter().map(|l| l.split('=').next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "context.os.name",
            "context.browser.name",
            "context.screen.class",
            "context.library.name",
            "context.library.version",
            "context.location.country"
        ]
    );
    assert!(left.contains(&"context.location.country=DE".to_owned()));
    assert!(!left.iter().any(|l| l.contains("1440") || l.contains("15.1")), "{left:?}");
}

#[test]
fn what_is_allowed_leaves_and_stands_where_it_stood() {
    let world = World::new();
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("other", text("x"))
        .with("tags", Value::Array(vec![text("a"), Value::Array(vec![text("inner")]), text("b")]))
        .with(
            "form",
            object([("size", number("3.10")), ("hidden", object([("deep", number(1))])), ("none", Value::Null)]),
        )
        .with("empty", Value::Array(vec![]))
        .with("empty_too", object([]))
        .with("by_id", object([("1234567", text("m"))]));
    let stored = world.minimise(&event).unwrap();
    let allow = ["plan", "tags", "form.size", "form.none", "empty", "by_id.*"];
    let left = leaves(&world, &mut world.releaser(WEEKLY, &allow, &[]), &stored).unwrap();
    let expected = [
        "plan=pro",
        "[",
        "tags.*=a",
        "tags.*=b",
        "]",
        "{",
        "form.size=3.10",
        "form.none=",
        "}",
        "[",
        "]",
        "{",
        "by_id.*=1234567",
        "by_id.*=m",
        "}",
        "context.location.country=DE",
    ];
    assert_eq!(left, expected);
}

#[test]
fn a_container_that_the_gate_emptied_does_not_leave_as_an_empty_one() {
    let world = World::new();
    let address = || text("ada@example.com");
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("emptied", Value::Array(vec![address(), address()]))
        .with("form", object([("owner", object([("email", address())]))]))
        .with("empty", Value::Array(vec![]));
    let stored = world.minimise(&event).unwrap();
    let allow = ["plan", "emptied", "form", "form.owner", "empty"];
    let left = leaves(&world, &mut world.releaser(WEEKLY, &allow, &[]), &stored).unwrap();
    assert_eq!(left, ["plan=pro", "[", "]", "context.location.country=DE"], "only what was empty leaves empty");

    let union = |roles| {
        let event = Event::new("$profile").doing(Operation::Profile(ProfileOp::Union)).with("roles", roles);
        let stored = world.minimise(&event).unwrap();
        leaves(&world, &mut world.releaser(WEEKLY, &["profile.roles"], &[]), &stored)
    };
    assert_eq!(union(Value::Array(vec![address()])), Err(Rule::EmptyProfile));
    assert_eq!(union(Value::Array(vec![address(), text("admin")])).unwrap().len(), 4);
    assert!(union(Value::Array(vec![])).is_ok());

    // What went because of its key has no path that could be asked for; then no container is known to have been empty.
    let unnamed = Event::new("opened").with("map", object([("ada@example.com", object([("x", number(1))]))]));
    let stored = world.minimise(&unnamed).unwrap();
    let left = leaves(&world, &mut world.releaser(WEEKLY, &["map"], &[]), &stored).unwrap();
    assert_eq!(left, ["context.location.country=DE"]);
}

#[test]
fn an_allowed_array_does_not_let_the_keys_of_a_map_through() {
    let world = World::new();
    let stored = world.minimise(&Event::new("opened").with("seats", object([("1234567", text("m"))]))).unwrap();
    let left = leaves(&world, &mut world.releaser(WEEKLY, &["seats"], &[]), &stored).unwrap();
    assert_eq!(left, ["context.location.country=DE"]);
}

#[test]
fn a_map_key_that_may_not_leave_takes_its_value_and_nothing_else() {
    let world = World::new();
    let by_device = object([("7d3c1b52-1f0a-4c2e-9a55-0c4b8f6a1e77", object([("battery", number(80))]))]);
    let event = Event::new("opened").with("plan", text("pro")).with("devices", by_device);
    let stored = world.minimise(&event).unwrap();
    let allow = ["plan", "devices.*.battery"];
    let left = leaves(&world, &mut world.releaser(SubjectMode::Stable, &allow, &[]), &stored).unwrap();
    assert_eq!(left.len(), 8, "{left:?}");
    // As a newer detector would see it: the key holds an address now.
    let mut newer = stored;
    let key = b"7d3c1b52-1f0a-4c2e-9a55-0c4b8f6a1e77";
    let at = newer.0.windows(key.len()).position(|w| w == key).unwrap();
    newer.0[at..at + key.len()].copy_from_slice(b"ada.lovelace.of.london@example.com  ".first_chunk::<36>().unwrap());
    newer.0[58] = 0;
    let left = leaves(&world, &mut world.releaser(SubjectMode::Stable, &allow, &[]), &newer).unwrap();
    assert_eq!(left, ["plan=pro", "context.location.country=DE"]);
}

#[test]
fn rules_take_away() {
    let world = World::new();
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("form", object([("size", number(3))]))
        .with("remote", text("198.51.100.77"))
        .context("context.session_id", text("sess-1"));
    let stored = world.minimise(&event).unwrap();
    let allow = ["plan", "form.size", "remote", "context.session_id"];
    let rules = [
        property("form", "drop"),
        drop_category("user.device"),
        property("plan", "pseudonymize"),
        drop_category("user.location"),
    ];
    let left = leaves(&world, &mut world.releaser(SubjectMode::Stable, &allow, &rules), &stored).unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left[0].starts_with("plan=")
            && left[0].len() == "plan=".len() + 36
            && left[1].starts_with("context.session_id=")
    );
    assert!(!left[1].contains("sess-1"));
    let event_rule = RuleSpec { event: Some("opened".into()), action: Some("drop".into()), ..RuleSpec::default() };
    let mut releaser = world.releaser(SubjectMode::Stable, &[], &[event_rule]);
    assert_eq!(leaves(&world, &mut releaser, &stored), Err(Rule::Event));
}

#[test]
fn a_rule_by_category_holds_where_the_list_of_findings_was_cut() {
    let world = World::new();
    let of = |links: usize| {
        let event = (0..links)
            .fold(Event::new("opened"), |event, i| event.with(&format!("link{i}"), text("https://h.example/posts")));
        world.minimise(&event.context("context.page.path", text("/posts"))).unwrap()
    };
    let allow = ["link299", "link1", "context.page.path"];
    let no_rule = leaves(&world, &mut world.releaser(WEEKLY, &allow, &[]), &of(300)).unwrap();
    assert_eq!(no_rule.len(), 4, "{no_rule:?}");
    let rule = [drop_category("user.behavior.browsing_history")];
    for links in [2, 255, 300] {
        let left = leaves(&world, &mut world.releaser(WEEKLY, &allow, &rule), &of(links)).unwrap();
        assert_eq!(left, ["context.location.country=DE"], "{links}");
    }
}

#[test]
fn the_utm_preset_lets_short_plain_values_through() {
    let world = World::new();
    let event = Event::new("opened")
        .context("context.campaign.source", text("news"))
        .context("context.campaign.term", text("x".repeat(65)))
        .context("context.campaign.content", text("a<b>"));
    let stored = world.minimise(&event).unwrap();
    let utm = RuleSpec { preset: Some("utm".into()), ..RuleSpec::default() };
    let left = leaves(&world, &mut world.releaser(WEEKLY, &[], &[utm]), &stored).unwrap();
    assert_eq!(left, ["context.campaign.source=news", "context.location.country=DE"]);
}

#[test]
fn asks_1_a_new_epoch_has_new_pseudonyms_and_a_destroyed_key_gives_none() {
    let world = World::new();
    let boundary = Millis((NOW.0 / WEEK) * WEEK);
    let before = world.minimise(&Event::new("opened").at(boundary.plus(-1))).unwrap();
    let after = world.minimise(&Event::new("opened").at(boundary)).unwrap();
    let mut a = world.releaser_of("product", WEEKLY, &[], &[], false);
    let mut b = world.releaser_of("warehouse", WEEKLY, &[], &[], false);
    let mut stable = world.releaser_of("archive", SubjectMode::Stable, &[], &[], false);
    let seen = [
        subject(&world, &mut a, &before),
        subject(&world, &mut a, &after),
        subject(&world, &mut b, &before),
        subject(&world, &mut b, &after),
        subject(&world, &mut stable, &before),
    ];
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 5, "two destinations and two epochs share no pseudonym");
    assert_eq!(subject(&world, &mut a, &before), seen[0], "within an epoch it stays");
    assert_eq!(subject(&world, &mut stable, &after), seen[4], "stable does not rotate");

    let epoch = (boundary.plus(-1).0 / WEEK) as u32;
    assert!(world.keys.destroy_epoch(&DestinationId::parse("product").unwrap(), epoch).unwrap());
    a.set_keys(world.keys.snapshot());
    let remap = |n: u32| NameId(n);
    assert_eq!(a.release(&before.view(&remap)).err(), Some(Rule::StageFailed), "nothing leaves under another key");
}

#[test]
fn asks_2_a_pseudonym_is_no_plain_hash_of_the_id() {
    let ids = |_| {
        let world = World::new();
        let stored = world.minimise(&Event::new("opened")).unwrap();
        subject(&world, &mut world.releaser(SubjectMode::Stable, &[], &[]), &stored)
    };
    let seen: std::collections::HashSet<String> = (0..4).map(ids).collect();
    assert_eq!(seen.len(), 4, "the same id under four key rings has four pseudonyms");
}

#[test]
fn d4_the_epoch_is_that_of_the_event_and_an_older_one_is_clamped() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let releaser = world.releaser(WEEKLY, &[], &[]);
    let mut event = Event::new("opened");
    event.received_at = Millis((NOW.0 / WEEK) * WEEK + Millis::HOUR);
    event.time = Some(event.received_at.plus(-2 * Millis::HOUR));
    let yesterday = world.minimise(&event).unwrap();
    let this_week = (event.received_at.0 / WEEK) as u32;
    assert_eq!(releaser.epoch_of(&yesterday.view(&remap)), Some(this_week - 1));
    event.time = Some(event.received_at.plus(-40 * Millis::DAY));
    let old = world.minimise(&event).unwrap();
    assert_eq!(releaser.epoch_of(&old.view(&remap)), Some(this_week - 1), "48 hours back and no further");
}

#[test]
fn d5_a_second_release_gives_the_same_and_a_second_destination_another() {
    let world = World::new();
    let stored = world.minimise(&Event::new("opened")).unwrap();
    let insert_id = |name| {
        let mut releaser = world.releaser_of(name, WEEKLY, &[], &[], false);
        world.release(&mut releaser, &stored, |r| r.unwrap().insert_id())
    };
    assert_eq!(insert_id("product"), insert_id("product"));
    assert_ne!(insert_id("product"), insert_id("warehouse"));
}

#[test]
fn d6_an_event_about_nobody_has_a_pseudonym_of_its_own() {
    let world = World::new();
    let mut event = Event::new("opened").by(Role::Subject, SubjectKind::User, "anonymous");
    let first = world.minimise(&event).unwrap();
    event.sdk_id = Some("sdk-id-2");
    let second = world.minimise(&event).unwrap();
    let mut releaser = world.releaser(RAW, &[], &[]);
    let is_none = world.release(&mut releaser, &first, |r| matches!(r.unwrap().subject(), ReleasedId::None { .. }));
    assert!(is_none, "also where the destination is raw: a sentinel never leaves");
    assert_ne!(subject(&world, &mut releaser, &first), subject(&world, &mut releaser, &second));
    assert_eq!(subject(&world, &mut releaser, &first), subject(&world, &mut releaser, &first));
}

fn identify() -> Event<'static> {
    Event::new("$identify").doing(Operation::Identify).by(Role::User, SubjectKind::User, "user-4711").by(
        Role::Previous,
        SubjectKind::Device,
        "device-1",
    )
}

#[test]
fn d7_identify_stitches_within_an_epoch_and_not_across() {
    let world = World::new();
    let stored = world.minimise(&identify()).unwrap();
    let track = world.minimise(&Event::new("opened").by(Role::Subject, SubjectKind::Device, "device-1")).unwrap();
    for mode in [WEEKLY, SubjectMode::Stable] {
        let mut releaser = world.releaser(mode, &[], &[]);
        let anonymous = subject(&world, &mut releaser, &track);
        let previous = world.release(&mut releaser, &stored, |r| {
            let mut buffer = [0; 36];
            r.unwrap().id(Role::Previous).unwrap().text(&mut buffer).to_owned()
        });
        assert_eq!(previous, anonymous, "the vendor knows the device by it");
    }
    let mut old = identify();
    old.time = Some(NOW.plus(-30 * Millis::DAY));
    let old = world.minimise(&old).unwrap();
    let fate = |mode| leaves(&world, &mut world.releaser(mode, &[], &[]), &old).err();
    assert_eq!(fate(WEEKLY), Some(Rule::LinkAcrossEpochs));
    assert_eq!(fate(SubjectMode::Stable), None);
}

#[test]
fn d7_old_to_new_links_leave_only_where_asked_for() {
    let world = World::new();
    for operation in [Operation::Alias, Operation::Merge] {
        let event = Event::new("$link").doing(operation).by(Role::Previous, SubjectKind::User, "user-old").by(
            Role::Next,
            SubjectKind::User,
            "user-new",
        );
        let stored = world.minimise(&event).unwrap();
        let fate = |links| {
            let mut releaser = world.releaser_of("product", SubjectMode::Stable, &[], &[], links);
            leaves(&world, &mut releaser, &stored).err()
        };
        assert_eq!((fate(false), fate(true)), (Some(Rule::LinkNotReleased), None));
    }
    let alone = Event::new("$identify").doing(Operation::Identify);
    let stored = world.minimise(&alone).unwrap();
    assert_eq!(leaves(&world, &mut world.releaser(WEEKLY, &[], &[]), &stored), Err(Rule::Malformed));
}

#[test]
fn d7_profile_operations_leave_with_released_properties_or_not_at_all() {
    let world = World::new();
    let profile = |op, key: &str, value| {
        let event = Event::new("$profile")
            .doing(Operation::Profile(op))
            .with(key, value)
            .context("context.os.name", text("iOS"));
        world.minimise(&event).unwrap()
    };
    let allow = ["profile.tier"];
    let fate = |stored: &Stored| leaves(&world, &mut world.releaser(WEEKLY, &allow, &[]), stored);
    assert!(fate(&profile(ProfileOp::Set, "tier", text("gold"))).unwrap().contains(&"profile.tier=gold".to_owned()));
    assert_eq!(fate(&profile(ProfileOp::Set, "shoe_size", number(42))), Err(Rule::EmptyProfile));
    assert_eq!(fate(&profile(ProfileOp::Set, "$email", text("ada@example.com"))), Err(Rule::EmptyProfile));
    assert!(fate(&profile(ProfileOp::Unset, "tier", Value::Null)).unwrap().contains(&"profile.tier=".to_owned()));
    assert_eq!(fate(&profile(ProfileOp::Unset, "shoe_size", Value::Null)), Err(Rule::EmptyProfile));
    let delete = world.minimise(&Event::new("$profile").doing(Operation::Profile(ProfileOp::Delete))).unwrap();
    assert!(fate(&delete).is_ok());
    let company = SubjectKind::Group(world.names.label("company"));
    let of_group = |op| {
        let event = Event::new("$profile").doing(Operation::Profile(op)).by(Role::Group, company, "org-77");
        fate(&world.minimise(&event).unwrap())
    };
    assert!(of_group(ProfileOp::Set).is_ok(), "the group's pseudonym is what it sets");
    assert!(of_group(ProfileOp::Union).is_ok());
    assert_eq!(of_group(ProfileOp::Append), Err(Rule::EmptyProfile));
    let posing = world.minimise(&Event::new("opened").with("profile", object([("tier", text("gold"))]))).unwrap();
    assert_eq!(fate(&posing).unwrap(), ["context.location.country=DE"], "an event property cannot pose as a profile");
}

#[test]
fn d8_raw_ids_leave_only_where_kept_confirmed_and_declared() {
    let world = World::new().with_raw();
    let plain = world.minimise(&Event::new("opened").by(Role::Device, SubjectKind::Device, "dev-1-abc")).unwrap();
    let contact =
        world.minimise(&Event::new("opened").by(Role::Subject, SubjectKind::User, "Ada@example.com")).unwrap();
    let confirmed = SubjectMode::Raw { confirm_category: Some("user.contact".into()) };
    assert_eq!(subject(&world, &mut world.releaser(RAW, &[], &[]), &plain), "user-4711");
    let unconfirmed = leaves(&world, &mut world.releaser(RAW, &[], &[]), &contact);
    assert_eq!(unconfirmed, Err(Rule::UnconfirmedIdentifier));
    assert_eq!(subject(&world, &mut world.releaser(confirmed, &[], &[]), &contact), "Ada@example.com");
    for mode in [WEEKLY, SubjectMode::Stable] {
        let text = world.release(&mut world.releaser(mode, &[], &[]), &plain, |r| shown(&r.unwrap()));
        assert!(!text.contains("user-4711") && !text.contains("dev-1-abc"));
    }

    let before = World::new();
    let stored = before.minimise(&Event::new("opened")).unwrap();
    assert_eq!(leaves(&before, &mut before.releaser(RAW, &[], &[]), &stored), Err(Rule::RawIdNotKept));
    world.keys.destroy_raw_days_before(crate::support::raw_day(NOW) + 1).unwrap();
    assert_eq!(leaves(&world, &mut world.releaser(RAW, &[], &[]), &plain), Err(Rule::RawIdNotKept));
}

#[test]
fn d13_a_field_set_says_what_left_and_what_did_not_in_any_process() {
    let texts = |extra: usize| {
        let world = World::new();
        // Other names first: the numbering of the process must not matter.
        for i in 0..extra {
            world.source_names.path(NameId::EVENT_ROOT, &format!("filler {i}"));
        }
        let event = Event::new("opened")
            .with("plan", text("pro"))
            .with("mail", text("ada@example.com"))
            .with("seats", Value::Array((0..extra + 1).map(number).collect()))
            .context("context.page.url", text("https://shop.example.com/pricing"));
        let stored = world.minimise(&event).unwrap();
        let mut releaser = world.releaser(WEEKLY, &["plan", "context.page.url"], &[]);
        let id = world.release(&mut releaser, &stored, |r| r.unwrap().row().field_set);
        let set = releaser.field_set(id).unwrap();
        assert!(set.left().iter().any(|(_, _, action)| *action == Action::Pseudonymize));
        (id, set.canonical_text().to_owned())
    };
    let (first, second) = (texts(0), texts(7));
    assert_eq!(first, second);
    let expected = "weir field set v1\n\
        event\topened\n\
        left\tcontext.identity.user\tuser.unique_id\tpseudonymize\n\
        left\tcontext.location.country\tuser.location.imprecise\tcoarsen\n\
        left\tcontext.page.url\tuser.behavior.browsing_history\ttemplate\n\
        left\tplan\t-\tkeep\n\
        withheld\tmail\tminimised\n\
        withheld\tseats.*\tnot_allowed\n";
    assert_eq!(first.1, expected);
    assert_eq!(first.0, weir_policy::field_set::id_of(expected));
}

#[test]
fn d13_a_row_names_the_user_before_the_device() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let company = world.names.label("company");
    let both = Event::new("opened")
        .by(Role::Subject, SubjectKind::Device, "device-1")
        .by(Role::User, SubjectKind::User, "user-4711")
        .by(Role::Group, SubjectKind::Group(company), "acme");
    let stored = world.minimise(&both).unwrap();
    let tag = |kind| stored.view(&remap).tags().find(|t| t.kind == kind).unwrap().tag.short();
    let mut releaser = world.releaser(WEEKLY, &[], &[]);
    let row = world.release(&mut releaser, &stored, |r| r.unwrap().row());
    assert_eq!((row.subject, row.organisation), (tag(SubjectKind::User), tag(SubjectKind::Group(company))));
    assert_eq!(world.names.text(row.slice), "DE");
    assert_eq!(Some(row.epoch), releaser.epoch_of(&stored.view(&remap)));
}

#[test]
fn d16_what_older_detectors_saw_is_scanned_again() {
    // A record of today with a value that today's detectors would not have let in, as older ones might have.
    let world = World::new();
    let clean = "ada_example_com";
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("place", text(clean))
        .with("list", Value::Array(vec![text(clean)]));
    let mut stored = world.minimise(&event).unwrap();
    let patch = |bytes: &mut Vec<u8>| {
        while let Some(at) = bytes.windows(clean.len()).position(|w| w == clean.as_bytes()) {
            bytes[at..at + clean.len()].copy_from_slice(b"ada@example.com");
        }
    };
    patch(&mut stored.0);
    let allow = ["plan", "place", "list"];
    let mut releaser = world.releaser(SubjectMode::Stable, &allow, &[]);
    assert_eq!(leaves(&world, &mut releaser, &stored).unwrap().len(), 6, "of this version: seen at the gate");
    // The detector version follows 58 fixed bytes.
    assert_eq!(u32::from(stored.0[58]), weir_detect::Engine::new().version());
    stored.0[58] = 1;
    assert_eq!(leaves(&world, &mut releaser, &stored).unwrap(), ["plan=pro", "context.location.country=DE"]);
    let id = world.release(&mut releaser, &stored, |r| r.unwrap().row().field_set);
    let set = releaser.field_set(id).unwrap();
    assert!(set.withheld().contains(&(world.path("place"), Rule::Minimised)));
}

#[test]
fn d16_a_second_look_takes_away_no_more_than_a_first_one_would() {
    let world = World::new();
    let event = Event::new("viewed").doing(Operation::Page);
    let event = event.with("name", text("pricing")).with("seen_from", text("203.0.113.7")).with("plan", text("pro"));
    let mut stored = world.minimise(&event).unwrap();
    let mut releaser = world.releaser(SubjectMode::Stable, &["name", "seen_from", "plan"], &[]);
    let first = leaves(&world, &mut releaser, &stored).unwrap();
    assert!(
        first.contains(&"name=pricing".to_owned()) && first.contains(&"seen_from=203.0.113.0".to_owned()),
        "{first:?}"
    );
    stored.0[58] = 1;
    assert_eq!(leaves(&world, &mut releaser, &stored).unwrap(), first);
}

#[test]
fn a_broken_tape_lets_nothing_out() {
    let world = World::new();
    let event = Event::new("opened").with("plan", text("pro")).with("form", object([("size", number(3))]));
    let stored = world.minimise(&event).unwrap();
    let mut releaser = world.releaser(SubjectMode::Stable, &["plan", "form.size"], &[]);
    let remap = |n: u32| NameId(n);
    let mut outcomes = [0; 2];
    // The end of the object, made another kind of entry: an end of an array, or a leaf.
    for (place, _) in stored.0.iter().enumerate().filter(|(_, b)| **b == weir_event::LeafKind::ObjectEnd as u8) {
        let mut damaged = stored.clone();
        damaged.0[place] = weir_event::LeafKind::ArrayEnd as u8;
        let Ok(view) = weir_policy::RecordView::parse_bytes(&damaged.0, &remap) else { continue };
        match releaser.release(&view) {
            Err(Rule::StageFailed) => outcomes[0] += 1,
            Err(rule) => panic!("{rule:?}"),
            Ok(_) => outcomes[1] += 1,
        }
    }
    assert!(outcomes[0] >= 1, "{outcomes:?}");
}

#[test]
fn every_problem_of_a_configuration_is_named_at_once() {
    let world = World::new();
    let rule = |category: Option<&str>,
                property: Option<&str>,
                event: Option<&str>,
                preset: Option<&str>,
                action: Option<&str>| {
        let own = |t: Option<&str>| t.map(str::to_owned);
        RuleSpec {
            category: own(category),
            property: own(property),
            event: own(event),
            preset: own(preset),
            action: own(action),
            ..RuleSpec::default()
        }
    };
    let spec = ReleaseSpec {
        destination: DestinationId::parse("product").unwrap(),
        subject: SubjectMode::Rotating { period_millis: 5 },
        allow: vec!["plan".into(), "a..b".into(), "context.ip".into(), "profile".into()],
        rules: vec![
            rule(Some("user.contact"), None, None, None, Some("drop")),
            rule(Some("user.contct"), None, None, None, Some("drop")),
            rule(None, Some("plan"), None, None, Some("encrypt")),
            rule(None, Some("seats"), None, None, Some("pseudonymize")),
            rule(None, Some("plan"), Some("opened"), None, Some("drop")),
            rule(None, None, None, Some("everything"), None),
            rule(None, None, Some("a@b.example"), None, Some("drop")),
            rule(None, None, Some("opened"), None, None),
        ],
        links: false,
        routing: weir_policy::Routing::default(),
    };
    let problems = ReleasePolicy::resolve(&spec, &world.names).unwrap_err();
    let seen: Vec<_> = problems.iter().map(|p| (p.place.as_str(), p.problem.clone())).collect();
    let expected = [
        ("subject", Problem::Period),
        ("allow[1]", Problem::Path("a..b".into())),
        ("allow[2]", Problem::NeverLeaves("context.ip".into())),
        ("allow[3]", Problem::Path("profile".into())),
        ("rules[1]", Problem::Category("user.contct".into())),
        ("rules[2]", Problem::Action("encrypt".into())),
        ("rules[3]", Problem::NotAllowed("seats".into())),
        ("rules[4]", Problem::NotOneSubject),
        ("rules[5]", Problem::Preset("everything".into())),
        ("rules[6]", Problem::Event("a@b.example".into())),
        ("rules[7]", Problem::NoAction),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn d16_an_allowance_with_an_end_holds_until_then_and_without_a_clock_not_at_all() {
    let world = World::new();
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("tags", Value::Array(vec![text("new")]))
        .with("id", text("a"));
    let stored = world.minimise(&event).unwrap();
    let spec = ReleaseSpec {
        destination: DestinationId::parse("product").unwrap(),
        subject: WEEKLY,
        allow: ["plan", "tags", "id"].map(str::to_owned).to_vec(),
        rules: vec![property("id", "pseudonymize")],
        links: false,
        routing: Default::default(),
    };
    let mut policy = ReleasePolicy::resolve(&spec, &world.names).unwrap();
    let end = NOW.plus(Millis::DAY);
    assert!(policy.end_at("plan", end.plus(Millis::DAY), &world.names));
    assert!(policy.end_at("tags", end, &world.names) && policy.end_at("id", end, &world.names));
    assert!(policy.end_at("tags", end.plus(1), &world.names), "the first of two ends holds");
    assert!(!policy.end_at("seats", end, &world.names), "not on the list");
    // Made once, so that its keys are there.
    drop(world.releaser(WEEKLY, &[], &[]));
    let mut releaser =
        Releaser::new(std::sync::Arc::new(policy), world.keys.snapshot(), std::sync::Arc::clone(&world.names));
    let mut left = |now: Option<Millis>| {
        if let Some(now) = now {
            releaser.set_time(now);
        }
        let until = releaser.good_until();
        let lines = leaves(&world, &mut releaser, &stored).unwrap();
        let has = |path: &str| lines.iter().any(|line| line.starts_with(path));
        (has("plan="), has("tags.*="), has("id="), until)
    };
    let never = Millis(i64::MAX);
    assert_eq!(left(None), (false, false, false, never), "nobody said what time it is");
    assert_eq!(left(Some(NOW)), (true, true, true, end));
    assert_eq!(left(Some(end.plus(-1))), (true, true, true, end));
    assert_eq!(left(Some(end)), (true, false, false, end.plus(Millis::DAY)));
    assert_eq!(left(Some(end.plus(Millis::DAY))), (false, false, false, never));
    assert_eq!(left(Some(NOW)), (true, true, true, end), "a clock that was set back");
    let withheld = |releaser: &mut Releaser| {
        let id = world.release(releaser, &stored, |released| released.unwrap().row().field_set);
        releaser.field_set(id).unwrap().withheld().to_vec()
    };
    releaser.set_time(never);
    let rules = withheld(&mut releaser);
    for path in ["plan", "tags.*", "id"] {
        assert!(rules.contains(&(world.path(path), Rule::AllowanceEnded)), "{path}");
    }
}

#[test]
fn what_is_expected_of_a_path_is_what_release_does_with_it() {
    let world = World::new();
    let event = Event::new("opened")
        .with("plan", text("pro"))
        .with("tags", Value::Array(vec![text("new")]))
        .with("project", text("alpha"))
        .with("note", text("x"))
        .with("site", text("203.0.113.9"))
        .context("context.os.name", text("Mac OS X"))
        .context("context.screen.width", number(1_440))
        .context("context.session_id", text("sess-1"))
        .context("context.campaign.source", text("news"))
        .context("context.location.city", text("Berlin"));
    let stored = world.minimise(&event).unwrap();
    let category = drop_category("user.device.ip_address");
    for (allow, rules) in [
        (vec![], vec![]),
        (vec!["plan", "tags", "note", "site", "context.session_id", "context.os.name"], vec![property("note", "drop")]),
        (vec!["plan", "project", "site"], vec![property("project", "pseudonymize"), category]),
        (vec!["tags.*"], vec![RuleSpec { preset: Some("utm".to_owned()), ..RuleSpec::default() }]),
    ] {
        let mut releaser = world.releaser(WEEKLY, &allow, &rules);
        let policy = std::sync::Arc::new(releaser.policy().clone());
        let expectation = Expectation::new(policy, std::sync::Arc::clone(&world.names), NOW);
        let (id, found) = world.release(&mut releaser, &stored, |released| {
            let remap = |n: u32| NameId(n);
            let findings: Vec<_> = stored.view(&remap).findings().filter(|f| f.action != Action::Drop).collect();
            (released.unwrap().row().field_set, findings)
        });
        let set = releaser.field_set(id).unwrap();
        for path in ["plan", "tags.*", "project", "note", "site", "context.campaign.source", "context.location.city"] {
            let path = world.path(path);
            let categories = found.iter().filter(|f| f.path == path).map(|f| f.category);
            let expected = expectation.path(path, categories);
            let withheld = set.withheld().iter().find(|(of, _)| *of == path).map(|(_, rule)| *rule);
            let left = set.left().iter().any(|(of, ..)| *of == path);
            assert_eq!((expected.is_ok(), expected.err()), (left, withheld), "{allow:?} {}", world.names.text(path));
        }
    }
}
