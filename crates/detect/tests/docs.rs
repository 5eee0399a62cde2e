//! `docs/detectors.md` is what the headers of the detectors say, and what they say is so: every example is found by its detector.
//!
//! A detector's file opens with what it finds in one line, then paragraphs that begin with `Finds:`, `Not one:` (may be missing),
//! `Example:`, `Misses:` and `Source:`. An example stands in backquotes: a value, or a key and a value as `` `key` = `value` ``;
//! `\n` in it is a new line, `{alnum 24}` a made-up value of that form. Categories, whether a key is needed and whether there is a
//! checksum are what the examples show.
//!
//! `UPDATE=1 cargo test -p weir-detect --test docs` writes the page.

mod made_up;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, Evidence, LeafKind, Likelihood};

/// Files that hold no detector: lists, and code that several share.
const NO_DETECTORS: &[&str] = &[
    "address/codes",
    "address/words",
    "anchored",
    "free_text/lines",
    "free_text/stop_words",
    "identifiers",
    "identifiers/cookie_names",
    "ids",
    "ids/sums",
    "keyed",
    "phone/national",
    "secrets",
];
/// What they find is never likely.
const POSSIBLE_AT_MOST: &[&str] = &["secret_entropy"];

#[derive(Debug)]
struct Detector {
    name: String,
    title: String,
    paragraphs: BTreeMap<&'static str, String>,
    categories: Vec<Category>,
    needs_key: bool,
    has_checksum: bool,
}

const PARAGRAPHS: [&str; 5] = ["Finds", "Not one", "Example", "Misses", "Source"];

/// The header's lines without their marks, up to the first line of code.
fn header(source: &str) -> Vec<&str> {
    source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect()
}

fn read(name: &str, source: &str, problems: &mut Vec<String>) -> Detector {
    let (mut title, mut paragraphs) = (String::new(), BTreeMap::new());
    let mut current = None;
    for line in header(source) {
        let begun = PARAGRAPHS.into_iter().find_map(|p| Some((p, line.strip_prefix(p)?.strip_prefix(':')?)));
        let (to, text): (&mut String, &str) = match (begun, current) {
            (Some((paragraph, text)), _) => {
                current = Some(paragraph);
                if paragraphs.contains_key(paragraph) {
                    problems.push(format!("{name}: two paragraphs of {paragraph}"));
                }
                (paragraphs.entry(paragraph).or_default(), text.trim())
            }
            (None, Some(paragraph)) => (paragraphs.entry(paragraph).or_default(), line),
            (None, None) => (&mut title, line),
        };
        if !to.is_empty() && !text.is_empty() {
            to.push(' ');
        }
        to.push_str(text);
    }
    if title.is_empty() {
        problems.push(format!("{name}: the header does not say what it finds"));
    }
    for paragraph in PARAGRAPHS.into_iter().filter(|p| *p != "Not one") {
        if paragraphs.get(paragraph).is_none_or(String::is_empty) {
            problems.push(format!("{name}: the header has no `{paragraph}:`"));
        }
    }
    Detector {
        name: match (name.strip_prefix("secrets/"), name.rsplit_once('/')) {
            (Some(vendor), _) => format!("secret_{vendor}"),
            (None, Some((_, name))) => name.to_owned(),
            (None, None) => name.to_owned(),
        },
        title,
        paragraphs,
        categories: Vec::new(),
        needs_key: true,
        has_checksum: false,
    }
}

/// Keys and values of an `Example:` paragraph; a value without a key has the key `x`.
fn examples(paragraph: &str) -> Vec<(String, String)> {
    let mut parts = paragraph.split('`').skip(1);
    let mut examples = Vec::new();
    let mut key = None;
    while let (Some(quoted), between) = (parts.next(), parts.next()) {
        if between.is_some_and(|b| b.trim() == "=") {
            key = Some(quoted.to_owned());
        } else {
            examples.push((key.take().unwrap_or_else(|| "x".to_owned()), quoted.replace("\\n", "\n")));
        }
    }
    examples
}

/// Scans a detector's examples and notes what they show of it.
fn try_out(detector: &mut Detector, problems: &mut Vec<String>) {
    let paragraph = detector.paragraphs.get("Example").cloned().unwrap_or_default();
    for (key, value) in examples(&paragraph) {
        let mut found = Vec::new();
        Engine::new().scan(PathFacts::of_path(&key), LeafKind::String, made_up::expand(&value).as_bytes(), &mut found);
        let own: Vec<_> = found.iter().filter(|finding| finding.detector == detector.name).collect();
        let least =
            if POSSIBLE_AT_MOST.contains(&detector.name.as_str()) { Likelihood::Possible } else { Likelihood::Likely };
        if !own.iter().any(|finding| finding.likelihood >= least) {
            problems.push(format!("{}: `{key}` = `{value}` is not found, only {found:?}", detector.name));
        }
        for finding in own {
            if !detector.categories.contains(&finding.category) {
                detector.categories.push(finding.category);
            }
            detector.needs_key &= key != "x";
            detector.has_checksum |= finding.evidence == Evidence::Checksum;
        }
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of detectors") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
}

fn page(detectors: &[Detector]) -> String {
    let mut page = String::from(
        "# The detectors\n\nGenerated from the headers of `crates/detect/src/detectors`. In an example `{alnum 24}` stands for 24 letters and digits that nobody chose. What each finds, what it is not taken in by, and what it \
         misses. *Key* says that it finds nothing unless the property's name asks for it; elsewhere a name only adds to the belief. \
         *Checksum* says that its numbers are computed, not only matched.\n\n",
    );
    let mut by_category: BTreeMap<&str, Vec<&Detector>> = BTreeMap::new();
    for detector in detectors {
        let category = detector.categories.first().map_or("other", |category| category.key());
        by_category.entry(category).or_default().push(detector);
    }
    let _ =
        writeln!(page, "{} detectors.\n\n| detector | category | key | checksum |\n|---|---|---|---|", detectors.len());
    for detector in by_category.values().flatten() {
        let categories: Vec<_> = detector.categories.iter().map(|category| category.key()).collect();
        let _ = writeln!(
            page,
            "| [{0}](#{0}) | {1} | {2} | {3} |",
            detector.name,
            categories.join(", "),
            if detector.needs_key { "yes" } else { "" },
            if detector.has_checksum { "yes" } else { "" },
        );
    }
    for (category, detectors) in by_category {
        let _ = writeln!(page, "\n## {category}");
        for detector in detectors {
            let _ = writeln!(page, "\n### {}\n\n{}\n", detector.name, detector.title);
            for paragraph in PARAGRAPHS {
                if let Some(text) = detector.paragraphs.get(paragraph) {
                    let _ = writeln!(page, "- {paragraph}: {text}");
                }
            }
        }
    }
    page
}

#[test]
fn the_page_of_detectors_is_what_their_headers_say_and_every_example_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detectors");
    let (mut paths, mut problems, mut detectors) = (Vec::new(), Vec::new(), Vec::new());
    files(&root, &mut paths);
    let names: Vec<&str> = Engine::new().detectors().collect();
    for path in paths {
        let relative = path.strip_prefix(&root).expect("below the root").with_extension("");
        let relative = relative.to_string_lossy().replace('\\', "/");
        if NO_DETECTORS.contains(&relative.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("readable");
        let mut detector = read(&relative, &source, &mut problems);
        if !names.contains(&detector.name.as_str()) {
            problems.push(format!("{relative}: no detector of the engine has the name of its file"));
        }
        try_out(&mut detector, &mut problems);
        detectors.push(detector);
    }
    for name in names {
        if detectors.iter().filter(|detector| detector.name == name).count() != 1 {
            problems.push(format!("{name}: not one file of its own"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    let page = page(&detectors);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/detectors.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page).expect("the page can be written");
    } else {
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == page, "docs/detectors.md is not what the headers say: UPDATE=1 writes it");
    }
}
