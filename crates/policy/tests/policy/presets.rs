//! Presets: what each lets out, and that nothing of it stands above a rule or a finding. `docs/presets.md` is written from the table:
//! `WEIR_WRITE_DOCS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use weir_event::{Operation, ProfileOp};
use weir_policy::presets::{Bound, PRESETS, Preset, PresetPath};
use weir_policy::{RuleSpec, SubjectMode};

use crate::support::{Event, Stored, Value, World, drop_category, number, property, text};

fn rule(preset: &str) -> RuleSpec {
    RuleSpec { preset: Some(preset.to_owned()), ..RuleSpec::default() }
}

/// What leaves, by path; what the baseline writes itself is left out.
fn left(world: &World, stored: &Stored, rules: &[RuleSpec]) -> BTreeMap<String, String> {
    let mut releaser = world.releaser(SubjectMode::Stable, &[], rules);
    world.release(&mut releaser, stored, |released| {
        let Ok(released) = released else { return BTreeMap::new() };
        let leaves = released.leaves().iter().map(|l| (world.names.text(l.path()).to_owned(), l.text().to_owned()));
        leaves.filter(|(path, _)| path != "context.location.country").collect()
    })
}

/// A value within each bound and what of it leaves.
fn good(bound: Bound) -> (Value, &'static str) {
    match bound {
        Bound::Word(_) | Bound::Variant(_) | Bound::Reference(_) => (text("spring"), "spring"),
        Bound::Version(1) => (text("131.0.2"), "131"),
        Bound::Version(_) => (text("15.1.2"), "15.1"),
        Bound::Release => (text("4.12.0"), "4.12.0"),
        Bound::Number => (number("9.99"), "9.99"),
        Bound::Currency => (text("EUR"), "EUR"),
        Bound::Domain => (text("news.example.com"), "news.example.com"),
        Bound::Language => (text("de-DE"), "de"),
    }
}

/// An event, or a profile update, with these values: paths of the context, and properties.
fn carry<'a>(paths: &'a [String], is_profile: bool, value: impl Fn(usize) -> Value) -> Event<'a> {
    let mut event = Event::new("opened");
    if is_profile {
        event = event.doing(Operation::Profile(ProfileOp::Set));
    }
    for (i, path) in paths.iter().enumerate() {
        event = match path.strip_prefix("profile.") {
            Some(key) if is_profile => event.with(key, value(i)),
            None if path.starts_with("context.") && !is_profile => event.context(path, value(i)),
            None if !is_profile => event.with(path, value(i)),
            _ => event,
        };
    }
    event
}

fn paths_of(preset: &Preset) -> Vec<String> {
    preset.paths.iter().map(|entry| entry.path.replace("<name>", "beta-ui")).collect()
}

#[test]
fn a_preset_lets_out_what_it_lists_and_nothing_else() {
    let world = World::new();
    for preset in PRESETS {
        let paths = paths_of(preset);
        for is_profile in [false, true] {
            let of_it = |path: &str| path.starts_with("profile.") == is_profile;
            let event = carry(&paths, is_profile, |i| good(preset.paths[i].bound).0)
                .with("other", text("spring"))
                .context("context.device.name", text("spring"))
                .context("context.click.gclid", text("spring"))
                .context("context.page.title", text("spring"));
            let stored = world.minimise(&event).unwrap();
            let expected: BTreeMap<String, String> = paths
                .iter()
                .zip(preset.paths)
                .filter(|(path, _)| of_it(path))
                .map(|(path, entry)| (path.clone(), good(entry.bound).1.to_owned()))
                .collect();
            assert_eq!(left(&world, &stored, &[rule(preset.name)]), expected, "{}", preset.name);
            assert_eq!(
                left(&world, &stored, &[]),
                BTreeMap::new(),
                "without the rule nothing of {} leaves",
                preset.name
            );
        }
    }
}

#[test]
fn a_preset_never_stands_above_a_finding() {
    let world = World::new();
    for value in [
        "ada@example.com",
        "3f1c7a52-9b1e-4d3a-8c55-0e6f1a2b3c4d",
        "+49 30 901820",
        "203.0.113.9",
        "4111 1111 1111 1111",
    ] {
        for preset in PRESETS {
            // An id of a product may look so, and four numbers of a version are no address: detect says which paths those are.
            let may_be = |entry: &PresetPath| match entry.bound {
                Bound::Reference(_) => value.starts_with("3f1c"),
                Bound::Version(_) | Bound::Release => value == "203.0.113.9",
                _ => false,
            };
            let of_others = preset.paths.iter().filter(|entry| !may_be(entry));
            let paths: Vec<String> = of_others.map(|entry| entry.path.replace("<name>", "beta-ui")).collect();
            for is_profile in [false, true] {
                let stored = world.minimise(&carry(&paths, is_profile, |_| text(value))).unwrap();
                assert_eq!(
                    left(&world, &stored, &[rule(preset.name)]),
                    BTreeMap::new(),
                    "{} of {}",
                    value,
                    preset.name
                );
            }
        }
    }
}

#[test]
fn a_preset_never_stands_above_a_rule() {
    let world = World::new();
    let event = Event::new("opened")
        .context("context.campaign.source", text("spring"))
        .context("context.campaign.term", text("shoes"))
        .context("context.device.model", text("Pixel 9"));
    let stored = world.minimise(&event).unwrap();
    let rules =
        [rule("utm"), rule("device"), property("context.campaign.term", "drop"), property("context.device", "drop")];
    assert_eq!(left(&world, &stored, &rules).into_keys().collect::<Vec<_>>(), ["context.campaign.source"]);
    let mut all = PRESETS.iter().map(|preset| rule(preset.name)).collect::<Vec<_>>();
    all.push(drop_category("user"));
    let event = Event::new("opened").context("context.campaign.source", text("spring")).with("other", text("x"));
    assert_eq!(
        left(&world, &world.minimise(&event).unwrap(), &all).len(),
        1,
        "a category that is not there takes nothing"
    );
}

#[test]
fn a_beginning_stands_for_properties_themselves_and_not_for_what_lies_in_them() {
    let world = World::new();
    let event = Event::new("opened")
        .with("$feature/beta-ui", Value::True)
        .with("$feature/", text("spring"))
        .with("$feature/deep", Value::Object(vec![("inner".into(), text("spring"))]))
        .with("$featureless", text("spring"));
    let stored = world.minimise(&event).unwrap();
    let left = left(&world, &stored, &[rule("experiments")]);
    assert_eq!(left.into_keys().collect::<Vec<_>>(), ["$feature/beta-ui"]);
}

#[test]
fn a_path_of_two_presets_has_one_bound() {
    let mut bounds = BTreeMap::new();
    for entry in PRESETS.iter().flat_map(|preset| preset.paths) {
        assert_eq!(*bounds.entry(entry.path).or_insert(entry.bound), entry.bound, "{}", entry.path);
    }
}

fn page() -> String {
    let mut page = "# Presets\n\n\
        Written by a test from the table in `crates/policy/src/presets.rs`. A preset is a rule such as `{preset: device}` in `release.rules` of a\n\
        destination: it lets out what is listed here, within the bounds that stand beside it, and nothing else. A value outside of its bound\n\
        stays. So does one in which a detector saw anything, and one that a rule by `category` or `property` takes away: a preset stands above\n\
        neither. Two presets let out what either does. Whatever you name in `allow` yourself leaves by that, without these bounds.\n\n\
        Paths are Weir's own; a vendor's name for one (`$os_version`, `utm_source`) means the same. `<name>` stands for any one property.\n"
        .to_owned();
    for preset in PRESETS {
        let Preset { name, purpose, without, danger, paths } = preset;
        writeln!(page, "\n## {name}\n\n{purpose}\n\n| path | what leaves |\n|---|---|").unwrap();
        for entry in *paths {
            writeln!(page, "| `{}` | {} |", entry.path, entry.bound.text()).unwrap();
        }
        writeln!(page, "\n**Left out:** {without}\n\n**Danger:** {danger}").unwrap();
    }
    page
}

#[test]
fn the_page_is_that_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/presets.md");
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let how =
        "docs/presets.md differs from the code: WEIR_WRITE_DOCS=1 cargo test -p weir-policy --test policy presets";
    assert_eq!(written, page(), "{how}");
}
