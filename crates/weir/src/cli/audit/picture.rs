//! Which categories sit in which events, as one picture: a row for each event, a column for each category, darker where more of the
//! events have it. The number stands in the cell, so that nobody has to read shades.

use std::fmt::Write as _;

use weir_event::Category;

use crate::cli::page::escaped;

use super::report::{EventRow, Report};
use super::sensitivity::weight;

/// Rows and columns; further ones are in the tables only.
const ROWS_MAX: usize = 16;
const COLUMNS_MAX: usize = 12;
const NAME_CHARS_MAX: usize = 26;
const LEFT: usize = 204;
const TOP: usize = 132;
const CELL_WIDTH: usize = 48;
const CELL_HEIGHT: usize = 26;

/// The picture; nothing where nothing sensitive was found.
pub(super) fn draw(out: &mut String, report: &Report) {
    let columns = categories(report);
    let rows: Vec<&EventRow> = report.events.iter().filter(|event| event.score > 0).collect();
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let (shown_rows, shown) = (&rows[..rows.len().min(ROWS_MAX)], &columns[..columns.len().min(COLUMNS_MAX)]);
    // Room on the right for the last name, which leans.
    let (width, height) = (LEFT + shown.len() * CELL_WIDTH + 96, TOP + shown_rows.len() * CELL_HEIGHT + 6);
    let _ = write!(
        out,
        "<figure>\n<div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Picture of categories by event\">\n\
         <svg class=\"matrix\" viewBox=\"0 0 {width} {height}\" style=\"max-width:{width}px;min-width:{}px\" role=\"img\" \
         aria-labelledby=\"matrix-title\">\n<title id=\"matrix-title\">Which categories sit in which events: {} of {} sensitive \
         categories, in {} of {} events. The tables below say the same.</title>\n",
        width.min(640),
        shown.len(),
        columns.len(),
        shown_rows.len(),
        rows.len(),
    );
    for (i, category) in shown.iter().enumerate() {
        let (x, y) = (LEFT + i * CELL_WIDTH + CELL_WIDTH / 2, TOP - 8);
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-42 {x} {y})\">{}</text>",
            escaped(short(*category))
        );
    }
    for (i, event) in shown_rows.iter().enumerate() {
        let y = TOP + i * CELL_HEIGHT;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            y + 17,
            escaped(&cut(event.name))
        );
        for (j, category) in shown.iter().enumerate() {
            let (x, with) = (LEFT + j * CELL_WIDTH, event.with(*category));
            let share = (with * 100 / event.seen.max(1)).min(100);
            // A pale cell is still seen as one.
            let shade = if with == 0 { 0 } else { 12 + share * 38 / 100 };
            let _ = writeln!(
                out,
                "<rect class=\"cell\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill-opacity=\"0.{shade:02}\"/>",
                CELL_WIDTH - 2,
                CELL_HEIGHT - 2
            );
            if with > 0 {
                let share = if share == 0 { "&lt;1".to_owned() } else { share.to_string() };
                let _ = writeln!(
                    out,
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{share}</text>",
                    x + CELL_WIDTH / 2 - 1,
                    y + 17
                );
            }
        }
    }
    let left_out = (rows.len() - shown_rows.len(), columns.len() - shown.len());
    let more = match left_out {
        (0, 0) => String::new(),
        (events, 0) => format!(" {events} further events are in the tables."),
        (0, categories) => format!(" {categories} further categories are in the tables."),
        (events, categories) => {
            format!(" {events} further events and {categories} further categories are in the tables.")
        }
    };
    let _ = write!(
        out,
        "</svg>\n</div>\n<figcaption class=\"quiet\">Percent of the events of a name that hold the category.{more}</figcaption>\n</figure>\n"
    );
}

/// The sensitive categories that were found, the most sensitive first.
pub(super) fn categories(report: &Report) -> Vec<Category> {
    let findings = report.events.iter().flat_map(|event| &event.properties).flat_map(|property| &property.findings);
    let mut all: Vec<Category> = findings.filter(|f| f.is_sensitive()).map(|f| f.category).collect();
    all.sort_by_key(|category| (std::cmp::Reverse(weight(*category)), *category));
    all.dedup();
    all
}

/// The last word of a category, which is enough beside the others.
pub(super) fn short(category: Category) -> &'static str {
    match category.key() {
        "user.government_id.national_identification_number" => "national id",
        "user.name" => "name",
        "user.location.precise" => "precise location",
        key => key.strip_prefix("user.").unwrap_or(key).rsplit('.').next().unwrap_or(key),
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect()
}
