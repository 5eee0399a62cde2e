use weir_event::{Category, Millis, NameId, Operation, ProfileOp, Role, Rule, SubjectKind};
use weir_journal::Record;
use weir_policy::record::{LinkKind, SHAPE_EMAIL};
use weir_policy::{Action, MinimisedBatch, Slices, Tally, minimise, withheld};

use crate::support::{Event, NOW, Value, World, number, object, text};

const HOURS_48: i64 = 48 * Millis::HOUR;

#[test]
fn d4_times_are_clamped_and_late_is_said() {
    let at = |offset: i64| Some(NOW.plus(offset));
    // client time → (event time, epoch time, late), all as offsets from received_at
    for (client, event, epoch, late) in [
        (None, 0, 0, false),
        (at(0), 0, 0, false),
        (at(-5_000), -5_000, -5_000, false),
        (at(90_000), 0, 0, false),
        (at(-HOURS_48), -HOURS_48, -HOURS_48, false),
        (at(-HOURS_48 - 1), -HOURS_48 - 1, -HOURS_48, true),
        (at(-400 * Millis::DAY), -400 * Millis::DAY, -HOURS_48, true),
        (Some(Millis(NOW.0 * 1_000)), 0, 0, false),
        (Some(Millis(0)), -NOW.0, -HOURS_48, true),
    ] {
        let times = minimise::moments::times(client, None, NOW);
        let seen = (times.event.since(NOW), times.epoch.since(NOW), times.late);
        assert_eq!(seen, (event, epoch, late), "{client:?}");
    }
}

#[test]
fn d4_a_client_clock_that_is_off_corrects_the_vendors_time_and_not_the_epoch_time() {
    // The client's clock is an hour ahead; the event waited ten seconds before it was sent.
    let ahead = |millis: i64| NOW.plus(Millis::HOUR + millis);
    let times = minimise::moments::times(Some(ahead(-10_000)), Some(ahead(0)), NOW);
    assert_eq!((times.event.since(NOW), times.epoch.since(NOW)), (-10_000, 0));
    // An hour behind.
    let behind = |millis: i64| NOW.plus(-Millis::HOUR + millis);
    let times = minimise::moments::times(Some(behind(-10_000)), Some(behind(0)), NOW);
    assert_eq!((times.event.since(NOW), times.epoch.since(NOW)), (-10_000, -Millis::HOUR - 10_000));
    // Sent before it happened: says nothing.
    let times = minimise::moments::times(Some(behind(10_000)), Some(behind(0)), NOW);
    assert_eq!(times.event.since(NOW), -Millis::HOUR + 10_000);
}

#[test]
fn d5_the_sdk_id_decides_the_event_id_and_is_not_stored() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let id = |event: &Event<'_>| world.minimise(event).map(|s| s.view(&remap).event_id()).unwrap();
    let event = Event::new("opened");
    let mut other = event.clone();
    other.sdk_id = Some("sdk-id-2");
    let mut without = event.clone();
    without.sdk_id = None;
    assert_eq!(id(&event), id(&event));
    assert_ne!(id(&event), id(&other));
    assert_ne!(id(&without), id(&without), "random where the SDK gives none");
    assert_ne!(id(&event), id(&event.clone().doing(Operation::Profile(ProfileOp::Set))), "operations do not collide");
    assert!(!world.minimise(&event).unwrap().holds("sdk-id-1"));
}

#[test]
fn what_a_page_is_called_is_no_persons_name_and_is_looked_at_all_the_same() {
    let world = World::new();
    let called =
        |operation, name| world.minimise(&Event::new("seen").doing(operation).with("name", text(name))).unwrap();
    assert!(called(Operation::Page, "pricing").holds("pricing"));
    assert!(called(Operation::Screen, "pricing").holds("pricing"));
    assert!(!called(Operation::Track, "pricing").holds("pricing"), "anybody's name");
    assert!(!called(Operation::Page, "bill of ada@example.com").holds("ada@example.com"));
}

#[test]
fn d6_ids_become_tags_and_the_record_holds_none_of_them() {
    let world = World::new();
    let event = Event::new("opened")
        .by(Role::Subject, SubjectKind::User, "Ada-4711")
        .by(Role::Device, SubjectKind::Device, "7d3c1b52-device")
        .with("user", text("Ada-4711"))
        .with("again", text("$device:7d3c1b52-device"));
    let stored = world.minimise(&event).unwrap();
    assert!(!stored.holds("ada-4711"));
    assert!(!stored.holds("7d3c1b52"));
    let remap = |n: u32| NameId(n);
    let view = stored.view(&remap);
    assert_eq!(view.tags().count(), 2);
    let link = view.links().next().unwrap();
    assert_eq!(
        (link.kind, link.from.kind, link.to.kind),
        (LinkKind::DeviceUser, SubjectKind::Device, SubjectKind::User)
    );
    let found: Vec<_> = view.findings().map(|f| (f.path, f.category, f.action)).collect();
    assert!(found.contains(&(world.path("user"), Category::UniqueId, Action::Drop)), "{found:?}");
}

#[test]
fn d6_the_same_person_has_one_tag_however_the_id_is_written_and_nobody_has_none() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let tags = |kind, id| {
        let stored = world.minimise(&Event::new("opened").by(Role::Subject, kind, id)).unwrap();
        stored.view(&remap).tags().map(|t| t.tag).collect::<Vec<_>>()
    };
    assert_eq!(tags(SubjectKind::User, "jose\u{301}"), tags(SubjectKind::User, " jos\u{e9} "));
    assert_ne!(tags(SubjectKind::User, "abc"), tags(SubjectKind::User, "ABC"), "ids are case-sensitive");
    assert_ne!(tags(SubjectKind::User, "abc"), tags(SubjectKind::Device, "abc"), "kinds are apart");
    for nobody in ["", "0", "null", "undefined", "00000000-0000-0000-0000-000000000000"] {
        assert!(tags(SubjectKind::User, nobody).is_empty(), "{nobody}");
    }
}

#[test]
fn d6_a_tag_cache_never_crosses_key_rings() {
    let remap = |n: u32| NameId(n);
    let tag = || {
        let world = World::new();
        world.minimise(&Event::new("opened")).unwrap().view(&remap).tags().next().unwrap().tag
    };
    let tags: std::collections::HashSet<_> = (0..8).map(|_| tag()).collect();
    assert_eq!(tags.len(), 8);
}

#[test]
fn d6_contacts_are_tagged_before_they_go_and_linked_to_their_owner_only_on_a_profile() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let links = |event: Event<'_>| {
        let stored = world.minimise(&event).unwrap();
        assert!(!stored.holds("ada@example.com"));
        let view = stored.view(&remap);
        view.links().map(|l| (l.kind, l.from.tag)).collect::<Vec<_>>()
    };
    let own =
        links(Event::new("$profile").doing(Operation::Profile(ProfileOp::Set)).with("$email", text("Ada@Example.com")));
    let mentioned = links(Event::new("invited").with("invitee", text("ada@example.com")));
    let as_id = links(Event::new("opened").by(Role::Subject, SubjectKind::User, "ada@EXAMPLE.com"));
    assert_eq!(own.first().map(|l| l.0), Some(LinkKind::EmailUser));
    assert_eq!(mentioned.first().map(|l| l.0), Some(LinkKind::Mentioned));
    assert_eq!(as_id.first().map(|l| l.0), Some(LinkKind::EmailUser));
    assert_eq!(own[0].1, mentioned[0].1, "one address, one tag");
    assert_eq!(own[0].1, as_id[0].1);
}

#[test]
fn d8_an_id_that_looks_like_a_contact_is_marked_and_sealed_only_where_raw_ids_are_kept() {
    let remap = |n: u32| NameId(n);
    let event = Event::new("opened").by(Role::Subject, SubjectKind::User, "ada@example.com");
    let stored = World::new().minimise(&event).unwrap();
    assert!(!stored.view(&remap).has_raw_ids());
    let stored = World::new().with_raw().minimise(&event).unwrap();
    assert!(stored.view(&remap).has_raw_ids());
    assert!(!stored.holds("ada@example.com"), "sealed, not stored");
    let shapes: Vec<_> = stored.view(&remap).tags().map(|t| (t.role, t.shape)).collect();
    assert!(shapes.contains(&(Role::Subject, SHAPE_EMAIL)));
}

#[test]
fn addresses_are_cut_to_their_network_everywhere() {
    let world = World::new();
    let event = Event::new("opened")
        .with("remote", text("198.51.100.77"))
        .with("remote6", text("2001:db8:1:2::77"))
        .context("context.ip", text("203.0.113.9"));
    let stored = world.minimise(&event).unwrap();
    for full in ["198.51.100.77", "203.0.113.9", "2001:db8:1:2"] {
        assert!(!stored.holds(full), "{full}");
    }
    assert_eq!(stored.values(world.path("context.ip")), ["203.0.113.0"]);
    assert_eq!(stored.values(world.path("remote")), ["198.51.100.0"]);
    assert_eq!(stored.values(world.path("remote6")), ["2001:db8:1::"]);
    let broken = world.minimise(&Event::new("opened").context("context.ip", text("203.0.113.9, 10.0.0.1"))).unwrap();
    assert!(broken.values(world.path("context.ip")).is_empty());
}

#[test]
fn the_event_s_own_id_leaves_neither_in_a_page_s_path_nor_as_its_name() {
    let world = World::new();
    let stored = |page: &str, id: &str| {
        let event = Event::new("opened")
            .by(Role::Subject, SubjectKind::User, id)
            .context("context.page.url", text(page))
            .with("link", text(page));
        let stored = world.minimise(&event).unwrap();
        assert!(!stored.holds(id), "{page}");
        let link = stored.values(world.path("link"));
        assert_eq!(stored.values(world.path("context.page.url")), link, "a page and any other URL alike");
        link.concat()
    };
    assert_eq!(stored("https://h.example/u/ada-lovelace/posts?x=1", "ada-lovelace"), "https://h.example/u/*/posts");
    assert_eq!(stored("https://h.example/u/ada-lovelace;v=1", "ada-lovelace"), "https://h.example/u/*");
    assert_eq!(stored("https://h.example/u/%61da-lovelace", "ada-lovelace"), "https://h.example/u/*");
    assert_eq!(stored("https://h.example/u/posts", "ada-lovelace"), "https://h.example/u/posts");
    // The same page from another person: what was remembered of it is no template of this event.
    assert_eq!(stored("https://h.example/u/posts", "posts"), "https://h.example/u/*");

    let named = Event::new("ada-lovelace").by(Role::Subject, SubjectKind::User, "ada-lovelace");
    assert_eq!(world.minimise(&named).err().map(|w| w.reason()), Some(Rule::EventNameUnclean));
}

#[test]
fn a_text_that_holds_the_event_s_own_id_is_dropped() {
    let world = World::new();
    let kept = |id: &str, key: &str, value: Value| {
        let event = Event::new("opened")
            .by(Role::Subject, SubjectKind::User, id)
            .by(Role::User, SubjectKind::User, id)
            .by(Role::Device, SubjectKind::Device, "7d3c1b52-1f0a-4c2e-9a55-0c4b8f6a1e77")
            .with(key, value);
        world.minimise(&event).unwrap().values(world.path(key)).concat()
    };
    let long = format!("{} of user-4711.", "a word ".repeat(20));
    for gone in [
        "order of user-4711",
        "user-4711/cart",
        "xuser-4711x",
        "by $device:7d3c1b52-1f0a-4c2e-9a55-0c4b8f6a1e77",
        &long,
    ] {
        assert_eq!(kept("user-4711", "label", text(gone)), "", "{gone}");
    }
    for stays in ["user-47110", "order of user-4712", "user-471", "a user-47113 and a user-47112"] {
        assert_eq!(kept("user-4711", "label", text(stays)), stays);
    }
    // Short ids and numbers are looked for as words of their own only.
    assert_eq!(kept("ada123", "label", text("for ada123")), "");
    assert_eq!(kept("ada123", "label", text("for nada1234")), "for nada1234");
    assert_eq!(kept("ada12", "label", text("for ada12")), "for ada12");
    assert_eq!(kept("17953031", "label", text("order 17953031")), "");
    assert_eq!(kept("17953031", "label", text("at 1795303178")), "at 1795303178");
    assert_eq!(kept("17953031", "label", number(1_795_303_178)), "1795303178");
    assert_eq!(kept("17953031", "label", number(17_953_031)), "");
    // In a URL the part goes that holds it.
    assert_eq!(kept("user-4711", "link", text("https://h.example/of-user-4711/posts")), "https://h.example/*/posts");
    assert_eq!(kept("ada-lovelace", "link", text("https://ada-lovelace.h.example/posts")), "https://*/posts");
    assert_eq!(kept("ada-lovelace", "link", text("https://h.example/posts?u=ada-lovelace")), "https://h.example/posts");
}

#[test]
fn the_event_s_own_id_is_no_campaign() {
    let world = World::new();
    let page = "https://h.example/a?utm_source=news&utm_content=ada-lovelace&utm_term=to+ada-lovelace";
    let event = Event::new("opened")
        .by(Role::Subject, SubjectKind::User, "ada-lovelace")
        .context("context.page.url", text(page));
    let stored = world.minimise(&event).unwrap();
    assert!(!stored.holds("lovelace"));
    assert_eq!(stored.values(world.path("context.campaign.source")), ["news"]);
}

#[test]
fn urls_become_templates_and_the_campaign_survives() {
    let world = World::new();
    let page = "https://ada:secret@shop.example.com/orders/8f14e45fceea167a5a36dedd4bea2543?email=ada%40example.com&utm_source=news&utm_campaign=spring#x";
    let event = Event::new("opened")
        .with("link", text("HTTPS://shop.example.com/a?token=abc"))
        .context("context.page.url", text(page))
        .context("context.page.search", text("?email=ada%40example.com"))
        .context("context.page.initial_referrer", text("$direct"));
    let stored = world.minimise(&event).unwrap();
    for gone in ["ada", "secret@", "8f14e45f", "token", "#x"] {
        assert!(!stored.holds(gone), "{gone}");
    }
    assert_eq!(stored.values(world.path("context.page.url")), ["https://shop.example.com/orders/*"]);
    assert_eq!(stored.values(world.path("context.page.initial_referrer")), ["$direct"]);
    assert_eq!(stored.values(world.path("context.campaign.source")), ["news"]);
    assert_eq!(stored.values(world.path("context.campaign.name")), ["spring"]);
    let own = event.context("context.campaign.source", text("direct"));
    let stored = world.minimise(&own).unwrap();
    assert_eq!(stored.values(world.path("context.campaign.source")), ["direct"], "the SDK's own value wins");
}

#[test]
fn a_relative_url_becomes_a_template_where_the_property_speaks_of_urls() {
    let world = World::new();
    let token = "9f86d081884c7d659a2feaa0c55ad015";
    let url = |key: &str, value: &str| {
        let event = Event::new("opened").by(Role::Subject, SubjectKind::User, "ada-lovelace").with(key, text(value));
        world.minimise(&event).unwrap().values(world.path(key)).concat()
    };
    for (value, expected) in [
        ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/*"),
        ("reset/9f86d081884c7d659a2feaa0c55ad015?x=1", "reset/*"),
        ("//h.example/reset/9f86d081884c7d659a2feaa0c55ad015", "//h.example/reset/*"),
        ("myapp://reset/9f86d081884c7d659a2feaa0c55ad015", "myapp://reset/*"),
        ("ftp://ada:pw@h.example/x", "ftp://*/x"),
        ("page?x=y", "page"),
        ("/docs/intro?email=somebody#top", "/docs/intro"),
        ("/u/ada-lovelace/posts", "/u/*/posts"),
        ("?token=abc", ""),
        ("#/reset/abc", ""),
        ("/a b", ""),
        ("/docs/intro", "/docs/intro"),
        ("image/png", "image/png"),
        ("and/or, as it were", "and/or, as it were"),
        ("/", "/"),
        ("pricing", "pricing"),
    ] {
        for key in ["redirect_url", "path", "$pathname", "lastReferrer", "returnUri"] {
            assert_eq!(url(key, value), expected, "{key}: {value}");
        }
    }
    assert_eq!(url("security_level", "3/5"), "3/5");
    assert_eq!(url("format", "image/9999"), "image/9999", "what does not speak of URLs holds none without an origin");
    let remap = |n: u32| NameId(n);
    let plain = world.minimise(&Event::new("opened").with("path", text("/docs/intro"))).unwrap();
    assert_eq!(plain.view(&remap).findings().count(), 0, "nothing was taken");

    // A map key is a value too. Two that became one would be one entry, so it stays whole or goes with what it says.
    let key = |key: &str| {
        let event = Event::new("opened").with("clicks_by_url", object([(key, number(7))]));
        world.minimise(&event).unwrap()
    };
    for gone in [format!("https://h.example/reset/{token}"), format!("/reset/{token}"), "/docs?token=abc1".to_owned()] {
        let stored = key(&gone);
        assert!(!stored.holds("/reset") && !stored.holds("/docs"), "{gone}");
        assert!(stored.values(world.path("clicks_by_url.*")).is_empty(), "{gone}");
    }
}

#[test]
fn a_finding_takes_its_leaf_and_leaves_the_structure() {
    let world = World::new();
    let people = Value::Array(vec![text("ada@example.com"), text("blue")]);
    let event = Event::new("opened")
        .with("form", object([("email", text("ada@example.com")), ("size", number(3))]))
        .with("list", people);
    let stored = world.minimise(&event).unwrap();
    assert!(!stored.holds("ada@"));
    assert_eq!(stored.values(world.path("form.size")), ["3"]);
    assert_eq!(stored.values(world.path("list.*")), ["blue"]);
    let remap = |n: u32| NameId(n);
    let withheld: Vec<_> = stored.view(&remap).withheld().collect();
    assert!(withheld.contains(&(world.path("form.email"), Rule::Minimised)));
    assert!(withheld.contains(&(world.path("list.*"), Rule::Minimised)));
}

#[test]
fn d1_an_unclean_key_takes_everything_below_it() {
    let world = World::new();
    let inner = object([("ada@example.com", object([("deep", text("value-below"))])), ("kept", text("beside"))]);
    let stored = world.minimise(&Event::new("opened").with("outer", inner)).unwrap();
    assert!(!stored.holds("value-below"));
    assert_eq!(stored.values(world.path("outer.kept")), ["beside"]);
    let remap = |n: u32| NameId(n);
    assert_eq!(stored.view(&remap).unnamed(), 1);
}

#[test]
fn d1_an_unclean_event_name_is_withheld_and_comes_back_as_it_was() {
    let world = World::new();
    let event = Event::new("Signed up ada@example.com")
        .with("plan", text("pro"))
        .with("list", Value::Array(vec![number(1), Value::Null]));
    let held = world.minimise(&event).unwrap_err();
    assert_eq!(held.reason(), Rule::EventNameUnclean);
    assert!(!format!("{held:?}").contains("ada"));
    let back = withheld::decode(held.body(), &world.source_names).unwrap();
    let first = event.draft(&world);
    let (a, b) = (&first.drafts[0], &back.drafts[0]);
    assert_eq!((a.operation, a.name, a.client_time, a.historical), (b.operation, b.name, b.client_time, b.historical));
    assert_eq!(first.str(a.name_text), back.str(b.name_text));
    assert_eq!(a.sdk_id.map(|t| first.str(t)), b.sdk_id.map(|t| back.str(t)));
    let ids = |batch: &weir_event::DraftBatch| -> Vec<_> {
        batch.drafts[0].identities.iter().map(|i| (i.kind, i.role, batch.str(i.text).to_owned())).collect()
    };
    assert_eq!(ids(&first), ids(&back));
    let tape = |batch: &weir_event::DraftBatch| -> Vec<_> {
        batch.tape(&batch.drafts[0]).iter().map(|l| (l.path, l.kind, batch.str(l.text).to_owned())).collect()
    };
    assert_eq!(tape(&first), tape(&back));
}

#[test]
fn d10_a_replay_has_the_id_and_the_times_of_the_first_try() {
    let world = World::new();
    let remap = |n: u32| NameId(n);
    let keys = world.keys.snapshot();
    for time in [None, Some(NOW.plus(-3_600_000)), Some(NOW.plus(-90 * Millis::HOUR)), Some(NOW.plus(90_000))] {
        let mut event = Event::new("opened");
        event.time = time;
        let batch = event.draft(&world);
        let gate = world.gate(&keys);
        let id = world.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
        let first = world.minimise(&event).unwrap();
        let held = world.minimiser.withhold(&gate, &batch, &batch.drafts[0], id, Rule::StageFailed, "detect");
        let back = withheld::decode(held.body(), &world.source_names).unwrap();
        let mut later = world.gate(&keys);
        later.received_at = NOW.plus(40 * Millis::HOUR);
        later.replay_of = Some(held.epoch_time());
        let mut out = MinimisedBatch::new(later.received_at);
        world.minimiser.minimise(&later, &back, &back.drafts[0], held.event_id(), &mut out).unwrap();
        let again = crate::support::Stored::of(&out);
        let (a, b) = (first.view(&remap), again.view(&remap));
        assert_eq!(
            (a.event_id(), a.event_time(), a.epoch_time(), a.late()),
            (b.event_id(), b.event_time(), b.epoch_time(), b.late()),
            "{time:?}"
        );
        assert!(b.replayed() && !a.replayed());
        assert_eq!(Tally::decode(out.note()).unwrap().replayed_ids().collect::<Vec<_>>(), [id]);
    }
}

#[test]
fn d11_a_batch_counts_what_is_in_it_and_a_failed_event_changes_nothing() {
    let mut world = World::new();
    let keys = world.keys.snapshot();
    let mut out = MinimisedBatch::new(NOW);
    assert!(out.is_empty() && out.note().is_empty());
    let run = |world: &World, out: &mut MinimisedBatch, name: &str| {
        let batch = Event::new(name).with("plan", text("pro")).draft(world);
        let gate = world.gate(&keys);
        let id = world.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
        world.minimiser.minimise(&gate, &batch, &batch.drafts[0], id, out).is_ok()
    };
    assert!(run(&world, &mut out, "opened"));
    assert!(run(&world, &mut out, "closed"));
    let before = (out.bytes().to_vec(), out.note().to_vec(), out.count());
    assert!(!run(&world, &mut out, "ada@example.com"));
    assert_eq!((out.bytes().to_vec(), out.note().to_vec(), out.count()), before);
    out.count_dropped("web", Rule::Duplicate, 3);
    world.offered.clear();
    world.policy.tap = true;
    assert!(run(&world, &mut out, "opened"));
    let tally = Tally::decode(out.note()).unwrap();
    let web = tally.source("web").unwrap();
    assert_eq!((web.journaled, web.dropped.get(&Rule::Duplicate)), (3, Some(&3)));
    assert_eq!(tally.destinations().collect::<Vec<_>>(), [("product", 2)]);
    assert_eq!(tally.undelivered_by_rule().get(&Rule::Tap), Some(&1));
}

#[test]
fn limits_withhold_the_event() {
    let world = World::new();
    let rule = |event: &Event<'_>| world.minimise(event).err().map(|w| w.reason());
    let long = "x".repeat(1_025);
    assert_eq!(rule(&Event::new("opened").by(Role::Subject, SubjectKind::User, &long)), Some(Rule::OverLimit));
    let many = Value::Array(vec![Value::True; 2_001]);
    assert_eq!(rule(&Event::new("opened").with("many", many)), Some(Rule::OverLimit));
    let deep = (0..33).fold(Value::True, |inner, _| Value::Array(vec![inner]));
    assert_eq!(rule(&Event::new("opened").with("deep", deep)), Some(Rule::OverLimit));
}

#[test]
fn d13_a_slice_tells_the_country_and_clean_values_of_few_properties_and_nothing_else() {
    let remap = |n: u32| NameId(n);
    let world = |list: &[&str]| {
        let mut world = World::new();
        world.policy.slices = Slices::resolve(list.iter().copied(), &world.names).unwrap();
        world
    };
    let slice = |world: &World, event: &Event<'_>| {
        let stored = world.minimise(event).unwrap();
        let name = stored.view(&remap).slice();
        world.names.text(name)
    };
    let with = |value: Value| Event::new("opened").by(Role::Subject, SubjectKind::User, "Ada-4711").with("plan", value);
    let both = world(&["country", "plan", "plan"]);
    assert_eq!(slice(&both, &with(text("pro"))), "DE, plan=pro", "named twice it counts once");
    assert_eq!(slice(&both, &Event::new("opened")), "DE, plan=unknown");
    for personal in ["Ada-4711", "ada@example.com", "https://example.com/a", "a, b=c", &"long ".repeat(20), ""] {
        let told = slice(&both, &with(text(personal)));
        assert!(matches!(told, "DE, plan=other" | "DE, plan=unknown"), "{personal} became {told}");
    }
    // The first fifty values are told, whatever comes then.
    let words: Vec<String> =
        (0..60).map(|n: u8| format!("tier {}", char::from(b'a' + n % 26)).repeat(1 + usize::from(n / 26))).collect();
    let told: std::collections::BTreeSet<&str> = words.iter().map(|word| slice(&both, &with(text(word)))).collect();
    assert!(told.len() <= 52 && told.contains("DE, plan=tier a") && told.contains("DE, plan=other"), "{told:?}");
    assert_eq!(slice(&both, &with(text("pro"))), "DE, plan=pro");

    assert_eq!(slice(&world(&["plan", "country"]), &with(text("pro"))), "plan=pro, DE");
    assert_eq!(slice(&world(&["plan"]), &with(text("pro"))), "plan=pro");
    assert_eq!(slice(&world(&[]), &with(text("pro"))), "unknown", "no country stands in a row");
    assert_eq!(slice(&world(&["country"]), &with(text("pro"))), "DE");
    assert_eq!(slice(&World::new(), &with(text("pro"))), "DE");
}
