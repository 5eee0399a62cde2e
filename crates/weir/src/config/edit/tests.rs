use proptest::prelude::*;

use super::*;

const FILE: &str = "\
# Weir at the shop. Ask Ada before changing.
sources:
  web: # the site
    protocol: mixpanel
    write_keys: [abc]   # public
    mode: observe       # since May
    events:
      Signup: {mode: tap} # not yet

  api: {protocol: segment, write_keys: ['k1', \"k2\"]} # the server
destinations:
  product:
    type: mixpanel
    token: {env: PRODUCT_TOKEN}
    subject: {rotating: 7d}
    release:
      allow:
      - plan # agreed
      - seats
      rules: [{preset: utm}]
# the end
";

fn edit(text: &str) -> Edit {
    Edit::of_text(Path::new("weir.yaml"), text.to_owned()).unwrap()
}

fn key(path: &str) -> Vec<Step<'_>> {
    path.split('.').map(|step| step.parse::<usize>().map_or(Step::Key(step), Step::Item)).collect()
}

/// What becomes of a text: `-` and `+` lines of its diff.
fn changed(edit: &Edit) -> Vec<String> {
    edit.diff().lines().skip(2).filter(|l| l.starts_with(['-', '+'])).map(str::to_owned).collect()
}

#[test]
fn a_value_changes_and_every_other_byte_stays() {
    for (path, value, want) in [
        (
            "sources.web.mode",
            "enforce",
            &["-    mode: observe       # since May", "+    mode: enforce       # since May"][..],
        ),
        (
            "sources.web.events.Signup.mode",
            "observe",
            &["-      Signup: {mode: tap} # not yet", "+      Signup: {mode: observe} # not yet"],
        ),
        (
            "sources.api.mode",
            "tap",
            &[
                "-  api: {protocol: segment, write_keys: ['k1', \"k2\"]} # the server",
                "+  api: {protocol: segment, write_keys: ['k1', \"k2\"], mode: tap} # the server",
            ],
        ),
        ("sources.web.rate_limit", "100", &["+    rate_limit: 100"]),
        ("destinations.product.release.allow.0", "tier", &["-      - plan # agreed", "+      - tier # agreed"]),
        ("sources.web.events.Report Exported.mode", "tap", &["+      Report Exported: {mode: tap}"]),
        ("log.level", "debug", &["+", "+log: {level: debug}"]),
    ] {
        let mut edit = edit(FILE);
        edit.set(&key(path), value).unwrap();
        assert_eq!(changed(&edit), want, "{path}");
        edit.check().unwrap();
    }
}

#[test]
fn a_list_grows_in_its_own_style() {
    for (path, value, want) in [
        ("destinations.product.release.allow", Yaml::from("size"), &["+      - size"][..]),
        (
            "destinations.product.release.rules",
            Yaml::map([("property", "plan".into()), ("action", "drop".into())]),
            &["-      rules: [{preset: utm}]", "+      rules: [{preset: utm}, {property: plan, action: drop}]"],
        ),
        ("destinations.product.environments", Yaml::from("staging"), &["+    environments: [staging]"]),
    ] {
        let mut edit = edit(FILE);
        edit.push(&key(path), value).unwrap();
        assert_eq!(changed(&edit), want, "{path}");
        edit.check().unwrap();
    }
}

#[test]
fn what_is_removed_takes_only_its_own_line_with_it() {
    for (path, want) in [
        ("sources.web.mode", &["-    mode: observe       # since May"][..]),
        ("destinations.product.release.allow.0", &["-      - plan # agreed"]),
        ("sources.web.events.Signup", &["-      Signup: {mode: tap} # not yet", "+      {} # not yet"]),
        ("destinations.product.release.rules.0", &["-      rules: [{preset: utm}]", "+      rules: []"]),
        (
            "sources.api.protocol",
            &[
                "-  api: {protocol: segment, write_keys: ['k1', \"k2\"]} # the server",
                "+  api: {write_keys: ['k1', \"k2\"]} # the server",
            ],
        ),
    ] {
        let mut edit = edit(FILE);
        edit.remove(&key(path)).unwrap();
        assert_eq!(changed(&edit), want, "{path}");
        edit.check().unwrap();
    }
}

#[test]
fn a_whole_destination_is_added_as_a_block_with_the_line_ends_of_the_file() {
    let destination = Yaml::map([
        ("type", "amplitude".into()),
        ("subject", "stable".into()),
        ("token", Yaml::map([("env", "KEY".into())])),
        ("release", Yaml::map([("allow", Yaml::texts(["plan"])), ("rules", Yaml::List(vec![]))])),
    ]);
    let block = "  growth:\n    type: amplitude\n    subject: stable\n    token: {env: KEY}\n    release:\n      allow: [plan]\n      rules: []\n";
    for (before, after) in [
        (String::new(), format!("destinations:\n{block}")),
        (
            "# all out\n# destinations:\n#   x:\n".into(),
            format!("# all out\n# destinations:\n#   x:\n\ndestinations:\n{block}"),
        ),
        ("destinations: # later\n# tail\n".into(), format!("destinations: # later\n{block}# tail\n")),
        ("slices: []".into(), format!("slices: []\n\ndestinations:\n{block}")),
        (FILE.into(), FILE.replace("# the end\n", &format!("{block}# the end\n"))),
    ] {
        for end in ["\n", "\r\n"] {
            if !before.contains('\n') && end == "\r\n" {
                continue;
            }
            let mut edit = edit(&before.replace('\n', end));
            edit.set(&["destinations".into(), "growth".into()], destination.clone()).unwrap();
            assert_eq!(edit.text(), after.replace('\n', end));
            edit.check().unwrap();
        }
    }
}

#[test]
fn a_mark_at_the_beginning_and_letters_of_two_bytes_do_not_move_anything() {
    let mut edit = edit(
        "\u{feff}# für Ünsere Käufe\nsources:\n  web: {write_keys: [a], events: {'Kauf übt': {mode: tap}}} # né\n",
    );
    edit.set(&["sources".into(), "web".into(), "events".into(), "Kauf übt".into(), "mode".into()], "observe").unwrap();
    assert_eq!(
        edit.text(),
        "\u{feff}# für Ünsere Käufe\nsources:\n  web: {write_keys: [a], events: {'Kauf übt': {mode: observe}}} # né\n"
    );
}

#[test]
fn what_is_not_understood_is_left_to_people_and_what_is_not_there_is_said() {
    let mut block = edit("log:\n  level: |\n    info\n");
    assert!(matches!(block.set(&key("log.level"), "debug"), Err(EditError::ByHand { .. })), "{}", block.text());
    let mut pair = edit("slices: [a: b]\n");
    assert!(matches!(pair.set(&key("slices.0.c"), "d"), Err(EditError::ByHand { .. })), "{}", pair.text());
    for path in ["sources.api.nothing", "destinations.product.release.allow.7", "log"] {
        assert!(matches!(edit(FILE).remove(&key(path)), Err(EditError::NotThere { .. })), "{path}");
    }
    assert!(matches!(edit(FILE).set(&key("sources.web.mode.x"), "y"), Err(EditError::NotThere { .. })));
    assert!(matches!(Edit::of_text(Path::new("a"), "a: &x 1\n".into()), Err(EditError::Problems(_))));
}

#[test]
fn a_file_that_would_have_a_problem_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.yaml");
    std::fs::write(&file, FILE).unwrap();
    let mut edit = Edit::open(&file).unwrap();
    edit.set(&key("sources.web.mode"), "enforced").unwrap();
    assert!(matches!(edit.write(), Err(EditError::Problems(problems)) if problems.list.len() == 1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), FILE);
}

#[test]
fn a_written_file_keeps_mode_and_link_and_can_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real.yaml"), folder.path().join("weir.yaml"));
    std::fs::write(&file, FILE).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", &link).unwrap();
    let owner = |file: &Path| std::fs::metadata(file).map(|m| (m.uid(), m.gid(), m.mode())).unwrap();
    let before = owner(&file);
    let mut edit = Edit::open(&link).unwrap();
    edit.set(&key("sources.web.mode"), "enforce").unwrap();
    let written = edit.write().unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains("mode: enforce "));
    assert!(link.is_symlink());
    assert_eq!(owner(&file), before);
    written.undo().unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), FILE);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
}

#[test]
fn a_file_that_somebody_else_changed_is_not_touched_neither_by_a_write_nor_by_putting_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.yaml");
    std::fs::write(&file, FILE).unwrap();
    let mut edit = Edit::open(&file).unwrap();
    edit.set(&key("sources.web.mode"), "enforce").unwrap();
    let theirs = FILE.replace("abc", "abd");
    std::fs::write(&file, &theirs).unwrap();
    assert!(matches!(edit.write(), Err(EditError::Changed(_))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);

    let mut edit = Edit::open(&file).unwrap();
    edit.set(&key("sources.web.mode"), "enforce").unwrap();
    let written = edit.write().unwrap();
    std::fs::write(&file, FILE).unwrap();
    assert!(matches!(written.undo(), Err(EditError::Changed(_))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), FILE);
}

#[test]
fn a_diff_is_one_that_patch_understands() {
    let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm";
    let after = "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nk\nx\nl\nm\n";
    let want = "--- w\n+++ w\n@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -9,5 +9,6 @@\n i\n j\n k\n+x\n l\n-m\n\\ No newline at end of file\n+m\n";
    assert_eq!(unified("w", before, after), want);
    assert_eq!(unified("w", "", "a\n"), "--- w\n+++ w\n@@ -0,0 +1,1 @@\n+a\n");
    assert_eq!(unified("w", "a\n", "a\n"), "");
}

/// A random tree and how it is written.
#[derive(Clone, Debug)]
enum Shape {
    Text(&'static str),
    Nothing,
    List(bool, Vec<Shape>),
    Map(bool, Vec<Shape>),
}

const KEYS: [&str; 4] = ["alpha", "beta", "Sign up", "$x.y"];
const TEXTS: [&str; 8] = ["7d", "'it''s # no'", "\"a \\\" b, ]\"", "http://h:1/p", "~", "x y", "ü", "'{'"];

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![4 => (0..TEXTS.len()).prop_map(|i| Shape::Text(TEXTS[i])), 1 => Just(Shape::Nothing)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let inner = proptest::collection::vec(inner, 0..4);
        prop_oneof![
            (any::<bool>(), inner.clone()).prop_map(|(flow, items)| Shape::List(flow, items)),
            (any::<bool>(), inner).prop_map(|(flow, items)| Shape::Map(flow, items)),
        ]
    })
}

/// Writes a shape as a person might, with a numbered comment on many lines.
fn write(shape: &Shape, column: usize, in_flow: bool, comments: &mut usize, out: &mut String) {
    let comment = |comments: &mut usize, out: &mut String| {
        *comments += 1;
        if !comments.is_multiple_of(3) {
            out.push_str(&format!(" # c{comments} - [x]: {{"));
        }
    };
    match shape {
        Shape::Text(text) => out.push_str(text),
        Shape::Nothing => {
            if in_flow {
                out.push('~');
            }
        }
        Shape::List(flow, items) if *flow || in_flow || items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(item, column, true, comments, out);
            }
            out.push(']');
        }
        Shape::Map(flow, fields) if *flow || in_flow || fields.is_empty() => {
            out.push('{');
            for (i, field) in fields.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_str(&format!("{}: ", KEYS[i]));
                write(field, column, true, comments, out);
            }
            out.push_str(if fields.len() == 2 { ", }" } else { "}" });
        }
        Shape::List(_, items) => {
            for item in items {
                out.push_str(&format!("\n{}-", " ".repeat(column)));
                if !matches!(item, Shape::Nothing) {
                    out.push(' ');
                }
                let flat = matches!(item, Shape::Text(_) | Shape::Nothing);
                write(item, column + 2, !flat, comments, out);
                if flat {
                    *comments += 1;
                    out.push_str(&format!(" # c{comments}"));
                }
            }
        }
        Shape::Map(_, fields) => {
            for (i, field) in fields.iter().enumerate() {
                if i == 1 {
                    out.push('\n');
                    comment(comments, out);
                }
                out.push_str(&format!("\n{}{}:", " ".repeat(column), KEYS[i]));
                let flat = matches!(field, Shape::Text(_) | Shape::List(true, _) | Shape::Map(true, _));
                if flat {
                    out.push(' ');
                }
                let inner = column + if matches!(field, Shape::List(..)) { 0 } else { 2 };
                if !flat {
                    comment(comments, out);
                }
                let empty = matches!(field, Shape::List(false, v) | Shape::Map(false, v) if v.is_empty());
                if empty {
                    out.push_str(&format!("\n{}", " ".repeat(column + 2)));
                }
                write(field, inner, false, comments, out);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// The new text reads as what is meant, or the edit is refused; what is refused is rare; lines that the edit is not about stay
    /// as they are, in their order.
    #[test]
    fn an_edit_does_what_is_meant_and_nothing_else(
        root in proptest::collection::vec(shape(), 1..4),
        pick in any::<proptest::sample::Index>(),
        what in 0..5_usize,
        crlf in any::<bool>(),
    ) {
        let mut text = String::new();
        write(&Shape::Map(false, root), 0, false, &mut 0, &mut text);
        let text = if crlf { format!("{text}\n").replace('\n', "\r\n") } else { text + "\n" };
        let mut edit = edit(&text);
        let before = edit.root.clone();
        let mut all = Vec::new();
        all_paths(&before, &[], &mut all);
        let path = pick.get(&all).clone();
        let long = Yaml::map([("new one", "1".into()), ("other", Yaml::map([("deep", Yaml::texts(["a", "b: c"])), ("e", "null".into())]))]);
        let (path, change) = match what {
            0 => (path, Change::Set(&Yaml::Text("new: 'text'".into()))),
            1 => (path, Change::Set(&long)),
            2 => ([path.as_slice(), &[Step::Key("fresh")]].concat(), Change::Set(&long)),
            3 => (path, Change::Push(&long)),
            _ => (path, Change::Remove),
        };
        let mut meant = before.clone();
        let can = mean(&mut meant, &path, &change).is_some();
        let touched = before_extent(&before, &path);
        match edit.change(&path, &change) {
            Ok(_) => {
                let again = read(&edit.text).unwrap();
                prop_assert!(can && same(&again, &meant), "{text}\n{}", edit.text);
                // A line outside of what the path leads to is there still, whole.
                let lines = text.split_inclusive('\n').scan(0, |at, line| { *at += line.len(); Some((*at - line.len(), line)) });
                let mut rest = edit.text.as_str();
                for (start, line) in lines {
                    if touched.is_some_and(|(from, to)| start + line.len() <= from || start > to) {
                        let found = rest.find(line);
                        prop_assert!(found.is_some(), "lost {line:?}\n{text}\n=>\n{}", edit.text);
                        rest = &rest[found.unwrap() + line.len()..];
                    }
                }
                if crlf {
                    prop_assert_eq!(edit.text.matches('\n').count(), edit.text.matches("\r\n").count());
                }
            }
            Err(EditError::NotThere { .. }) => prop_assert!(!can),
            Err(error) => {
                // The whole file is replaced by nobody; everything else that these files hold is understood.
                prop_assert!(path.is_empty(), "{error}\n{text}");
                prop_assert_eq!(&edit.text, &text);
            }
        }
    }

    #[test]
    fn no_text_and_no_edit_makes_the_editor_panic(text in "[a-z{}\\[\\]:,&*!|>'\"#\\-\\n\\r ~.0-9ü]{0,120}") {
        super::super::fuzz::fuzz_edit(text.as_bytes());
    }
}

/// From the start of the line in which the deepest existing piece on the path begins to the end of the last one it may touch.
fn before_extent(root: &Node, path: &[Step<'_>]) -> Option<(usize, usize)> {
    let mut node = root;
    let mut start = root.extent.start;
    for step in path {
        let next = match (step, &node.value) {
            (Step::Key(key), Value::Map(fields)) => {
                fields.iter().find(|(k, _)| k.text == *key).map(|(k, n)| (k.extent.start, n))
            }
            (Step::Item(item), Value::List(items)) => items.get(*item).map(|n| (n.extent.start, n)),
            _ => None,
        };
        let Some((at, found)) = next else { break };
        (start, node) = (at, found);
    }
    Some((start.min(node.extent.start), node.extent.end))
}
