//! Pages of Weir in a browser, as their readers see them.

use std::path::Path;

use serde_json::{Value, json};

use crate::drivers::{Sdk, drive};

/// The screens that a page is looked at on.
pub const SCREENS: [&str; 3] = ["wide", "phone", "dark"];

/// What a driver below `tests/sdk/browser` saw of a page, with what holds of every page of ours: nothing is loaded, nothing is wider
/// than its screen, everything can be read (WCAG's 4.5) and is named, and it is printed on A4. Its pictures lie in this folder.
pub fn look(driver: &'static str, page: &Path, pictures: &Path) -> Value {
    let report = drive(Sdk::Script(driver), &page.display().to_string(), &pictures.display().to_string(), "-").report;
    assert_eq!(report["elsewhere"], json!([]), "nothing is asked for");
    assert_eq!(report["complaints"], json!([]), "the page's own policy forbids nothing that it needs");
    for screen in SCREENS {
        let view = &report["views"][screen];
        assert_eq!((view["language"].as_str(), view["unlabelled"].as_u64()), (Some("en"), Some(0)), "{screen}: {view}");
        assert!(view["overflow"].as_i64().is_some_and(|over| over <= 0), "{screen} is wider than its screen: {view}");
        assert!(view["contrast"].as_f64().is_some_and(|contrast| contrast >= 4.5), "{screen}: {view}");
        let name = page.file_stem().and_then(|name| name.to_str()).expect("a page has a name");
        assert!(pictures.join(format!("{name}-{screen}.png")).exists(), "a picture of {screen}");
    }
    assert!(report["pages"].as_u64() > Some(0));
    // 210 × 297 mm in points, to the point.
    let size = report["sizes"][0].as_str().unwrap_or_default();
    let sides =
        size.split_whitespace().filter_map(|word| word.trim_end_matches(']').parse::<f64>().ok().map(f64::round));
    assert_eq!(sides.collect::<Vec<_>>().last_chunk(), Some(&[595.0, 842.0]), "A4: {size}");
    report
}
