//! The answer as text, JSON and one page with a picture: asset by thief.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Asset, Exposed, Sees, THIEVES};
use crate::cli::output::table;
use crate::cli::page;

pub(super) fn value(exposed: &Exposed) -> Value {
    let asset = |asset: &Asset| {
        let sees: serde_json::Map<String, Value> =
            THIEVES.iter().zip(asset.sees).map(|(thief, sees)| ((*thief).to_owned(), json!(sees.word()))).collect();
        let less: Vec<Value> =
            asset.less.iter().map(|(what, effect)| json!({"setting": what, "effect": effect})).collect();
        json!({
            "asset": asset.name, "place": asset.place, "holds": asset.holds, "files": asset.files, "bytes": asset.bytes,
            "facts": asset.facts, "thief_of": sees, "until": asset.until, "less": less,
        })
    };
    let words: serde_json::Map<String, Value> =
        Sees::ALL.iter().map(|sees| (sees.word().to_owned(), json!(sees.says()))).collect();
    json!({
        "asked": exposed.asked.to_rfc3339(),
        "assets": exposed.assets.iter().map(asset).collect::<Vec<_>>(),
        "words": words,
        "scope": exposed.scope,
    })
}

pub(super) fn text(exposed: &Exposed) -> String {
    let mut text = "What a thief of this Weir would get\n\n".to_owned();
    let rows = exposed.assets.iter().map(|asset| {
        let mut row = vec![asset.name.to_owned(), asset.files.to_string(), asset.bytes.to_string()];
        row.extend(asset.sees.iter().map(|sees| sees.word().to_owned()));
        row
    });
    text.push_str(&table(&[&["asset", "files", "bytes"][..], &THIEVES].concat(), rows));
    text.push('\n');
    for sees in Sees::ALL {
        let _ = writeln!(text, "  {}: {}", sees.word(), sees.says());
    }
    for asset in &exposed.assets {
        let _ = writeln!(text, "\n{} ({})\n  {}", asset.name, asset.place, asset.holds);
        asset.facts.iter().for_each(|fact| {
            let _ = writeln!(text, "  - {fact}");
        });
        let _ = writeln!(text, "  there: {}", asset.until);
        for (what, effect) in &asset.less {
            let _ = writeln!(text, "  less by: {what}: {effect}");
        }
    }
    text.push_str("\nscope\n");
    exposed.scope.iter().for_each(|line| {
        let _ = writeln!(text, "  {line}");
    });
    text
}

/// A row of the picture in its units.
const ROW: usize = 26;
const NAMES: usize = 170;
const COLUMN: usize = 130;

pub(super) fn page(exposed: &Exposed) -> String {
    let title = "What a thief of this Weir would get";
    let mut out = page::head(title);
    let _ = write!(out, "<main>\n<h1>{title}</h1>\n<p>{}</p>\n", exposed.asked.to_rfc3339());
    picture(&mut out, exposed);
    let words = Sees::ALL.iter().map(|sees| vec![sees.word().to_owned(), page::escaped(sees.says())]);
    page::table(&mut out, "The words", &["word", "what the thief learns"], words);
    out.push_str("<h2>Asset by asset</h2>\n");
    for asset in &exposed.assets {
        let _ = write!(
            out,
            "<h3>{}</h3>\n<p>{}</p>\n<p class=\"quiet\">{}: {} files, {} bytes. There: {}</p>\n",
            page::escaped(asset.name),
            page::escaped(asset.holds),
            page::escaped(&asset.place),
            asset.files,
            asset.bytes,
            page::escaped(&asset.until)
        );
        list(&mut out, asset.facts.iter().map(|fact| page::escaped(fact)));
        let less = asset.less.iter();
        list(
            &mut out,
            less.map(|(what, effect)| format!("<code>{}</code>: {}", page::escaped(what), page::escaped(effect))),
        );
    }
    out.push_str("<h2>Scope</h2>\n");
    list(&mut out, exposed.scope.iter().map(|line| page::escaped(line)));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn list(out: &mut String, lines: impl Iterator<Item = String>) {
    let items: String = lines.map(|line| format!("<li>{line}</li>\n")).collect();
    if !items.is_empty() {
        let _ = write!(out, "<ul>\n{items}</ul>\n");
    }
}

/// The matrix. A cell says its word, so that it is read without its colour.
fn picture(out: &mut String, exposed: &Exposed) {
    let (width, height) = (NAMES + COLUMN * THIEVES.len(), ROW * (exposed.assets.len() + 1) + 4);
    let _ = write!(
        out,
        "<figure>\n<div class=\"picture\"><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Each asset by thief; the tables below say the same in words\">\n"
    );
    for (place, thief) in THIEVES.iter().enumerate() {
        let _ = writeln!(out, "<text x=\"{}\" y=\"18\">{}</text>", NAMES + COLUMN * place + 6, page::escaped(thief));
    }
    for (line, asset) in exposed.assets.iter().enumerate() {
        let y = ROW * (line + 1);
        let _ = writeln!(out, "<text x=\"0\" y=\"{}\">{}</text>", y + 18, page::escaped(asset.name));
        for (place, sees) in asset.sees.iter().enumerate() {
            let x = NAMES + COLUMN * place;
            let strength = *sees as usize as f64 / 6.0;
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" class=\"cell\" fill-opacity=\"{strength:.2}\"/><text x=\"{}\" y=\"{}\">{}</text>",
                COLUMN - 4,
                ROW - 4,
                x + 6,
                y + 16,
                sees.word()
            );
        }
    }
    out.push_str("</svg></div>\n<figcaption>The darker, the more a thief of the column learns of the row.</figcaption>\n</figure>\n");
}
