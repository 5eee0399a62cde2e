//! Where events go: routes, residency classes, the unknown country, samples; and that what is left to the operator is checked.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_event::{DestinationId, Millis, Operation, ProfileOp, Region, Role, Rule, SubjectKind};
use weir_policy::route::{ELSEWHERE, residency_problems};
use weir_policy::spec::Problem;
use weir_policy::{
    ReleasePolicy, ReleaseSpec, Releaser, ResidencyClassSpec, ResidencySpec, RouteProblem, RouteSpec, Routing,
    RuleSpec, SampleBy, SampleSpec, Share, SubjectMode, UnknownCountry, UnknownFate,
};

use crate::support::{Event, NOW, WEEK, World, number};

fn id(text: &str) -> DestinationId {
    DestinationId::parse(text).unwrap()
}

fn words(of: &[&str]) -> Vec<String> {
    of.iter().map(|w| (*w).to_owned()).collect()
}

fn class(name: &str, countries: &[&str], only: &[&str]) -> ResidencyClassSpec {
    ResidencyClassSpec { name: name.into(), countries: words(countries), only: only.iter().map(|d| id(d)).collect() }
}

fn spec(destination: &str, route: RouteSpec, residency: &ResidencySpec) -> ReleaseSpec {
    ReleaseSpec {
        destination: id(destination),
        subject: SubjectMode::Stable,
        allow: vec![],
        rules: vec![],
        links: true,
        routing: Routing { route, residency: residency.clone() },
    }
}

/// What becomes of an event from this country (empty: not known) at each destination.
fn fates(world: &mut World, releasers: &mut [Releaser], country: &str, event: &Event<'_>) -> Vec<Result<(), Rule>> {
    world.region = Region::parse(country).unwrap_or(Region::UNKNOWN);
    let stored = world.minimise(event).unwrap();
    releasers.iter_mut().map(|releaser| world.release(releaser, &stored, |released| released.map(|_| ()))).collect()
}

fn two_classes(unknown: UnknownCountry) -> ResidencySpec {
    ResidencySpec {
        classes: vec![
            class("eu", &["eea", "uk", "CH"], &["europe", "both"]),
            class("us", &["US"], &["america", "both"]),
        ],
        unknown,
    }
}

const ALL: [&str; 3] = ["europe", "america", "both"];

fn residents(world: &World, residency: &ResidencySpec) -> Vec<Releaser> {
    ALL.iter().map(|name| world.releaser_for(&spec(name, RouteSpec::default(), residency))).collect()
}

#[test]
fn d9_the_class_of_a_country_names_the_only_destinations() {
    let mut world = World::new();
    let mut all = residents(&world, &two_classes(UnknownCountry::Strictest));
    let event = Event::new("opened");
    let residency = Err(Rule::Residency);
    assert_eq!(fates(&mut world, &mut all, "DE", &event), [Ok(()), residency, Ok(())]);
    assert_eq!(fates(&mut world, &mut all, "GB", &event), [Ok(()), residency, Ok(())]);
    assert_eq!(fates(&mut world, &mut all, "US", &event), [residency, Ok(()), Ok(())]);
    assert_eq!(
        fates(&mut world, &mut all, "JP", &event),
        [Ok(()), Ok(()), Ok(())],
        "a country of no class goes anywhere"
    );
    let unknown = Err(Rule::RegionUnknown);
    assert_eq!(fates(&mut world, &mut all, "", &event), [unknown, unknown, Ok(())], "only where every class admits it");
    // Two letters that are no country are not known either.
    assert_eq!(fates(&mut world, &mut all, "ZZ", &event), [unknown, unknown, Ok(())]);
}

#[test]
fn residency_stands_above_a_destinations_own_route() {
    let mut world = World::new();
    let residency = two_classes(UnknownCountry::Strictest);
    let greedy = RouteSpec { countries: words(&["DE", "US", "JP"]), ..RouteSpec::default() };
    let mut all = [world.releaser_for(&spec("america", greedy, &residency))];
    let event = Event::new("opened");
    assert_eq!(fates(&mut world, &mut all, "DE", &event), [Err(Rule::Residency)]);
    assert_eq!(fates(&mut world, &mut all, "US", &event), [Ok(())]);
    assert_eq!(fates(&mut world, &mut all, "JP", &event), [Ok(())]);
    assert_eq!(fates(&mut world, &mut all, "BR", &event), [Err(Rule::RoutedElsewhere)]);
    assert_eq!(fates(&mut world, &mut all, "", &event), [Err(Rule::RegionUnknown)]);
}

#[test]
fn elsewhere_is_every_country_that_no_other_class_names() {
    let mut world = World::new();
    let residency = ResidencySpec {
        classes: vec![class("rest", &[ELSEWHERE], &["america"]), class("eu", &["eu"], &["europe"])],
        unknown: UnknownCountry::Strictest,
    };
    let mut all = residents(&world, &residency);
    let event = Event::new("opened");
    let residency = Err(Rule::Residency);
    assert_eq!(fates(&mut world, &mut all, "FR", &event), [Ok(()), residency, residency]);
    assert_eq!(fates(&mut world, &mut all, "NO", &event), [residency, Ok(()), residency]);
    let unknown = Err(Rule::RegionUnknown);
    assert_eq!(fates(&mut world, &mut all, "", &event), [unknown, unknown, unknown], "there is no destination for it");
}

#[test]
fn a_route_is_by_source_event_and_country() {
    let mut world = World::new();
    let none = ResidencySpec::default();
    let routes = [
        RouteSpec { sources: words(&["web", "app"]), ..RouteSpec::default() },
        RouteSpec { sources: words(&["app"]), ..RouteSpec::default() },
        RouteSpec { events: words(&["opened"]), ..RouteSpec::default() },
        RouteSpec { except_events: words(&["opened"]), ..RouteSpec::default() },
        RouteSpec { countries: words(&["eea"]), ..RouteSpec::default() },
    ];
    let mut all: Vec<_> = routes.into_iter().map(|route| world.releaser_for(&spec("product", route, &none))).collect();
    let elsewhere = Err(Rule::RoutedElsewhere);
    let fate = fates(&mut world, &mut all, "DE", &Event::new("opened"));
    assert_eq!(fate, [Ok(()), elsewhere, Ok(()), elsewhere, Ok(())]);
    let fate = fates(&mut world, &mut all, "US", &Event::new("closed"));
    assert_eq!(fate, [Ok(()), elsewhere, elsewhere, Ok(()), elsewhere]);
    let fate = fates(&mut world, &mut all, "", &Event::new("closed"));
    assert_eq!(fate, [Ok(()), elsewhere, elsewhere, Ok(()), Err(Rule::RegionUnknown)]);
}

#[test]
fn what_may_be_held_is_what_may_leave_from_some_country() {
    let world = World::new();
    let residency = two_classes(UnknownCountry::Hold);
    let holds = |destination, countries: &[&str]| {
        let route = RouteSpec { countries: words(countries), ..RouteSpec::default() };
        ReleasePolicy::resolve(&spec(destination, route, &residency), &world.names).unwrap().holds(Rule::RegionUnknown)
    };
    assert!(holds("america", &[]) && holds("both", &["US"]));
    assert!(!holds("both", &[]), "it takes every country");
    assert!(!holds("america", &["DE"]), "no country of its can leave");
    let policy = ReleasePolicy::resolve(&spec("america", RouteSpec::default(), &residency), &world.names).unwrap();
    assert!(!policy.holds(Rule::Residency) && !policy.holds(Rule::RoutedElsewhere));
    let policy = spec("america", RouteSpec::default(), &residency).for_questions();
    assert!(!ReleasePolicy::resolve(&policy, &world.names).unwrap().holds(Rule::RegionUnknown));
}

#[test]
fn a_question_is_routed_by_country_and_source_and_never_sampled() {
    let mut world = World::new();
    let residency = two_classes(UnknownCountry::Hold);
    let route = RouteSpec { sources: words(&["web"]), events: words(&["Ordered"]), ..RouteSpec::default() };
    let mut spec = spec("america", route, &residency);
    spec.subject = SubjectMode::Rotating { period_millis: WEEK };
    spec.rules.push(sample(None, 1, SampleBy::Subject));
    let question = Event::new("$flags");
    let mut asks = [world.releaser_for(&spec.clone().for_questions())];
    assert_eq!(asks[0].policy().period_millis(), None, "nobody's flags change with an epoch");
    assert_eq!(fates(&mut world, &mut asks, "US", &question), [Ok(())], "it has no name to be routed or sampled by");
    assert_eq!(fates(&mut world, &mut asks, "DE", &question), [Err(Rule::Residency)]);
    assert_eq!(fates(&mut world, &mut asks, "", &question), [Err(Rule::RegionUnknown)]);
    spec.routing.route.sources = words(&["app"]);
    let mut asks = [world.releaser_for(&spec.for_questions())];
    assert_eq!(fates(&mut world, &mut asks, "US", &question), [Err(Rule::RoutedElsewhere)]);
}

#[test]
fn what_becomes_of_an_unknown_country_can_be_asked_without_a_policy() {
    let at = |destination, unknown| {
        let routing = Routing { route: RouteSpec::default(), residency: two_classes(unknown) };
        UnknownFate::at(&id(destination), &routing)
    };
    assert_eq!(at("both", UnknownCountry::Strictest), UnknownFate::Taken);
    assert_eq!(at("europe", UnknownCountry::Strictest), UnknownFate::Dropped);
    assert_eq!(at("europe", UnknownCountry::Hold), UnknownFate::Held);
}

#[test]
fn mistakes_in_classes_and_routes_are_found() {
    let residency = |classes: Vec<ResidencyClassSpec>| ResidencySpec { classes, unknown: UnknownCountry::Strictest };
    let american = RouteSpec { countries: words(&["US"]), ..RouteSpec::default() };
    let any = RouteSpec::default();
    let problems = |classes| {
        residency_problems(&residency(classes), |d| match d.as_str() {
            "america" => Some(&american),
            "europe" => Some(&any),
            _ => None,
        })
    };
    let eu = || class("eu", &["eu"], &["europe"]);
    assert_eq!(problems(vec![eu(), class("us", &["US"], &["america"])]), []);
    assert_eq!(
        problems(vec![eu(), class("us", &["US", "FR"], &["america"])]),
        [(1, RouteProblem::TwoClasses("FR", "eu".into()))]
    );
    assert_eq!(
        problems(vec![eu(), class("x", &["Europe"], &["europe"])]),
        [(1, RouteProblem::Country("Europe".into()))]
    );
    assert_eq!(problems(vec![class("eu", &["eu"], &["america"])]), [(0, RouteProblem::NoTaker)]);
    assert_eq!(
        problems(vec![class("eu", &["eu"], &["gone"])]),
        [],
        "a destination that is not there is said where it is named"
    );
    let rest = || class("rest", &[ELSEWHERE], &["europe"]);
    assert_eq!(problems(vec![rest(), rest()]), [(1, RouteProblem::ElsewhereTwice("rest".into()))]);
    assert_eq!(problems(vec![class("rest", &["US", ELSEWHERE], &["europe"])]), [(0, RouteProblem::ElsewhereMixed)]);

    let world = World::new();
    let route = RouteSpec {
        events: words(&["opened", "a@b.example"]),
        except_events: words(&["opened"]),
        countries: words(&["Europe"]),
        ..RouteSpec::default()
    };
    let found = ReleasePolicy::resolve(&spec("product", route, &ResidencySpec::default()), &world.names).unwrap_err();
    let seen: Vec<_> = found.iter().map(|p| (p.place.as_str(), p.problem.clone())).collect();
    let expected = [
        ("route.events", Problem::Route(RouteProblem::Event("a@b.example".into()))),
        ("route.except_events", Problem::Route(RouteProblem::BothWays("opened".into()))),
        ("route.countries", Problem::Route(RouteProblem::Country("Europe".into()))),
    ];
    assert_eq!(seen, expected);
}

const COUNTRIES: [&str; 8] = ["DE", "FR", "US", "JP", "BR", "GB", "NO", "CH"];

fn some_residency() -> impl Strategy<Value = ResidencySpec> {
    let class_of = proptest::collection::vec(0_usize..4, COUNTRIES.len());
    let only = proptest::collection::vec(proptest::collection::vec(any::<bool>(), ALL.len()), 3);
    (class_of, only, any::<bool>(), any::<bool>()).prop_map(|(class_of, only, elsewhere, hold)| {
        let mut classes: Vec<_> = (0..3)
            .map(|n| {
                let of: Vec<_> = (0..COUNTRIES.len()).filter(|i| class_of[*i] == n).map(|i| COUNTRIES[i]).collect();
                let named: Vec<_> = (0..ALL.len()).filter(|i| only[n][*i]).map(|i| ALL[i]).collect();
                class(&format!("c{n}"), &of, &named)
            })
            .collect();
        if elsewhere {
            classes[2].countries = words(&[ELSEWHERE]);
        }
        ResidencySpec { classes, unknown: if hold { UnknownCountry::Hold } else { UnknownCountry::Strictest } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_event_leaves_only_where_its_class_says_and_an_unknown_one_only_where_every_country_leaves(
        residency in some_residency(),
        own in proptest::collection::vec(proptest::collection::vec(any::<bool>(), COUNTRIES.len()), ALL.len()),
    ) {
        let mut world = World::new();
        let routes: Vec<RouteSpec> = own.iter().map(|own| {
            let countries = (0..COUNTRIES.len()).filter(|i| own[*i]).map(|i| COUNTRIES[i].to_owned()).collect();
            RouteSpec { countries, ..RouteSpec::default() }
        }).collect();
        let mut releasers: Vec<_> =
            ALL.iter().zip(&routes).map(|(name, route)| world.releaser_for(&spec(name, route.clone(), &residency))).collect();
        let event = Event::new("opened");
        // AQ is in no list: what holds for the rest of the world.
        let everywhere = COUNTRIES.iter().copied().chain(["AQ"]);
        let mut leaves_always = [true; ALL.len()];
        for country in everywhere {
            let named = residency.classes.iter().find(|c| c.countries.contains(&country.to_owned()));
            let class = named.or_else(|| residency.classes.iter().find(|c| c.countries == [ELSEWHERE]));
            for (i, fate) in fates(&mut world, &mut releasers, country, &event).into_iter().enumerate() {
                let admitted = class.is_none_or(|class| class.only.contains(&id(ALL[i])));
                let taken = routes[i].countries.is_empty() || routes[i].countries.contains(&country.to_owned());
                let expected = match (admitted, taken) {
                    (false, _) => Err(Rule::Residency),
                    (true, false) => Err(Rule::RoutedElsewhere),
                    (true, true) => Ok(()),
                };
                prop_assert_eq!(fate, expected, "{} from {}", ALL[i], country);
                leaves_always[i] &= expected.is_ok();
            }
        }
        for (i, fate) in fates(&mut world, &mut releasers, "", &event).into_iter().enumerate() {
            prop_assert_eq!(fate, if leaves_always[i] { Ok(()) } else { Err(Rule::RegionUnknown) }, "{}", ALL[i]);
        }
    }
}

fn sample(event: Option<&str>, millionths: u32, by: SampleBy) -> RuleSpec {
    let share = Share::from_millionths(millionths).unwrap();
    RuleSpec { event: event.map(str::to_owned), sample: Some(SampleSpec { share, by }), ..RuleSpec::default() }
}

/// Whether each of these events is in the sample of a destination.
fn inside(world: &World, releaser: &mut Releaser, events: &[Event<'_>]) -> Vec<bool> {
    let is_in = |event: &Event<'_>| {
        let stored = world.minimise(event).unwrap();
        world.release(releaser, &stored, |released| match released {
            Ok(_) => true,
            Err(rule) => {
                assert_eq!(rule, Rule::SampledOut);
                false
            }
        })
    };
    events.iter().map(is_in).collect()
}

#[test]
fn the_same_people_are_in_everywhere_and_a_lower_share_is_part_of_a_higher_one() {
    let world = World::new();
    let people: Vec<String> = (0..2_000).map(|n| format!("person-{n}")).collect();
    let events: Vec<_> = people
        .iter()
        .map(|p| Event::new("opened").by(Role::Subject, SubjectKind::User, p).with("n", number(1)))
        .collect();
    let of = |destination: &str, mode: SubjectMode, millionths| {
        let rules = [sample(None, millionths, SampleBy::Subject)];
        inside(&world, &mut world.releaser_of(destination, mode, &[], &rules, false), &events)
    };
    let weekly = SubjectMode::Rotating { period_millis: WEEK };
    let tenth = of("product", SubjectMode::Stable, 100_000);
    assert_eq!(tenth, of("other", weekly, 100_000), "no key of a destination goes into it");
    let share = tenth.iter().filter(|is_in| **is_in).count();
    // Five standard deviations of 2,000 draws at a tenth.
    assert!((200_i64 - share as i64).abs() <= 67, "{share} of 2,000");
    let half = of("product", SubjectMode::Stable, 500_000);
    assert!(tenth.iter().zip(&half).all(|(tenth, half)| !tenth || *half), "who is in at a tenth is in at a half");
    assert!(of("product", SubjectMode::Stable, 1_000_000).iter().all(|is_in| *is_in));
}

/// Whether one event leaves under these rules, with links and a profile property allowed.
fn is_in(world: &World, rules: &[RuleSpec], event: Event<'_>) -> bool {
    let mut releaser = world.releaser_of("product", SubjectMode::Stable, &["profile.plan"], rules, true);
    inside(world, &mut releaser, &[event])[0]
}

#[test]
fn all_events_of_a_person_are_in_or_out_whatever_they_do() {
    let world = World::new();
    let rules = [sample(None, 300_000, SampleBy::Subject)];
    let mut fates = BTreeSet::new();
    for n in 0..60 {
        let (person, device, other) = (format!("p-{n}"), format!("d-{n}"), format!("q-{n}"));
        let base = |name| Event::new(name).by(Role::Subject, SubjectKind::User, &person);
        let previous = |event: Event<'_>, kind, id: &str| is_in(&world, &rules, event.by(Role::Previous, kind, id));
        let all = [
            is_in(&world, &rules, base("opened")),
            is_in(&world, &rules, base("closed").at(NOW.plus(-3 * Millis::DAY))),
            is_in(&world, &rules, base("viewed").doing(Operation::Page)),
            is_in(&world, &rules, base("$set").doing(Operation::Profile(ProfileOp::Set)).with("plan", number(1))),
            previous(base("$identify").doing(Operation::Identify), SubjectKind::Device, &device),
            previous(
                base("$create_alias").doing(Operation::Alias).by(Role::Next, SubjectKind::User, &person),
                SubjectKind::User,
                &other,
            ),
        ];
        assert!(all.iter().all(|is_in| *is_in == all[0]), "{n}: {all:?}");
        fates.insert(all[0]);
    }
    assert_eq!(fates.len(), 2, "some are in and some are out");
}

#[test]
fn by_device_what_happens_before_and_after_a_sign_in_stays_together() {
    let world = World::new();
    let apart = |by| {
        let rules = [sample(None, 500_000, by)];
        let differs = |n: &usize| {
            let (person, device) = (format!("p-{n}"), format!("d-{n}"));
            let before = Event::new("opened").by(Role::Subject, SubjectKind::Device, &device);
            let after = Event::new("opened").by(Role::Subject, SubjectKind::User, &person);
            let after = after.by(Role::Device, SubjectKind::Device, &device);
            is_in(&world, &rules, before) != is_in(&world, &rules, after)
        };
        (0..80).filter(differs).count()
    };
    assert_eq!(apart(SampleBy::Device), 0);
    assert!(apart(SampleBy::Subject) > 20, "by subject the two are two subjects: half of the journeys are cut");
}

#[test]
fn by_event_things_that_happen_are_sampled_and_profiles_are_not() {
    let world = World::new();
    let rules = [sample(None, 200_000, SampleBy::Event)];
    let ids: Vec<String> = (0..400).map(|n| format!("sdk-{n}")).collect();
    let mut releaser = world.releaser_of("product", SubjectMode::Stable, &["profile.plan"], &rules, false);
    let events: Vec<_> = ids.iter().map(|id| Event { sdk_id: Some(id), ..Event::new("opened") }).collect();
    let of_one_person = inside(&world, &mut releaser, &events).into_iter().filter(|is_in| *is_in).count();
    assert!((40..=120).contains(&of_one_person), "{of_one_person} of 400 at a fifth");
    let set = |id| Event { sdk_id: Some(id), ..Event::new("$set").doing(Operation::Profile(ProfileOp::Set)) };
    let profiles: Vec<_> = ids.iter().map(|id| set(id).with("plan", number(1))).collect();
    assert!(inside(&world, &mut releaser, &profiles).into_iter().all(|is_in| is_in));
}

#[test]
fn the_sample_of_an_event_stands_before_that_of_all() {
    let world = World::new();
    let rules = [sample(None, 1, SampleBy::Subject), sample(Some("ordered"), 1_000_000, SampleBy::Subject)];
    assert!(is_in(&world, &rules, Event::new("ordered")) && !is_in(&world, &rules, Event::new("opened")));
    let rules = [sample(Some("viewed"), 1, SampleBy::Subject)];
    assert!(is_in(&world, &rules, Event::new("ordered")) && !is_in(&world, &rules, Event::new("viewed")));
}

#[test]
fn mistakes_in_samples_are_found() {
    let world = World::new();
    let all = || sample(None, 500_000, SampleBy::Subject);
    let problem = |rules: &[RuleSpec]| {
        let spec =
            ReleaseSpec { rules: rules.to_vec(), ..spec("product", RouteSpec::default(), &ResidencySpec::default()) };
        let found = ReleasePolicy::resolve(&spec, &world.names).map(|_| ()).unwrap_err();
        found.into_iter().map(|e| e.problem).collect::<Vec<_>>()
    };
    assert_eq!(problem(&[all(), sample(Some("viewed"), 5, SampleBy::Event), all()]), [Problem::SampledTwice]);
    let twice = sample(Some("viewed"), 5, SampleBy::Event);
    assert_eq!(problem(&[twice.clone(), twice]), [Problem::SampledTwice]);
    assert_eq!(problem(&[RuleSpec { property: Some("plan".into()), ..all() }]), [Problem::SampleOnly]);
    assert_eq!(problem(&[RuleSpec { action: Some("drop".into()), ..all() }]), [Problem::SampleOnly]);
    assert_eq!(problem(&[sample(Some("a@b.example"), 5, SampleBy::Event)]), [Problem::Event("a@b.example".into())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn who_is_in_at_one_share_and_destination_is_in_at_every_higher_one_and_at_every_other(
        person in "[a-z]{1,20}",
        low in 1_u32..=1_000_000,
        high in 1_u32..=1_000_000,
        by_device in any::<bool>(),
    ) {
        let world = World::new();
        let (low, high) = (low.min(high), low.max(high));
        let by = if by_device { SampleBy::Device } else { SampleBy::Subject };
        let event = Event::new("opened").by(Role::Subject, SubjectKind::User, &person).by(Role::Device, SubjectKind::Device, "d");
        let at = |destination: &str, mode, share| {
            let rules = [sample(None, share, by)];
            inside(&world, &mut world.releaser_of(destination, mode, &[], &rules, false), std::slice::from_ref(&event))[0]
        };
        let is_low = at("product", SubjectMode::Stable, low);
        prop_assert!(!is_low || at("product", SubjectMode::Stable, high));
        prop_assert_eq!(is_low, at("other", SubjectMode::Rotating { period_millis: WEEK }, low));
    }
}
