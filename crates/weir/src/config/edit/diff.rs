//! A unified diff of two texts, for people to read before a file is written.

/// Lines around a change that are shown.
const CONTEXT: usize = 3;
/// Pairs of lines that are compared for the shortest diff; beyond it everything between the first and the last difference is
/// shown as replaced.
const PAIRS_MAX: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The diff; empty where the texts are the same.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let lines = compare(&old, &new);
    let mut out = format!("--- {name}\n+++ {name}\n");
    let (mut at, mut old_line, mut new_line) = (0, 1, 1);
    while let Some(first) = (at..lines.len()).find(|i| !matches!(lines[*i], Line::Same(_))) {
        let start = first.saturating_sub(CONTEXT).max(at);
        (old_line, new_line) = (old_line + start - at, new_line + start - at);
        let mut end = first;
        // A hunk goes on while the next change is near.
        while let Some(next) =
            (end..lines.len().min(end + 2 * CONTEXT + 1)).find(|i| !matches!(lines[*i], Line::Same(_)))
        {
            end = next + 1;
        }
        let end = (end + CONTEXT).min(lines.len());
        let hunk = &lines[start..end];
        let olds = hunk.iter().filter(|line| !matches!(line, Line::New(_))).count();
        let news = hunk.iter().filter(|line| !matches!(line, Line::Old(_))).count();
        out.push_str(&format!("@@ -{},{olds} +{},{news} @@\n", shown(old_line, olds), shown(new_line, news)));
        for line in hunk {
            let (sign, text) = match line {
                Line::Same(text) => (' ', text),
                Line::Old(text) => ('-', text),
                Line::New(text) => ('+', text),
            };
            out.push(sign);
            out.push_str(text.trim_end_matches(['\n', '\r']));
            out.push('\n');
            if !text.ends_with('\n') {
                out.push_str("\\ No newline at end of file\n");
            }
        }
        (old_line, new_line, at) = (old_line + olds, new_line + news, end);
    }
    out
}

/// By custom an empty side is named by the line before it.
fn shown(line: usize, count: usize) -> usize {
    if count == 0 { line - 1 } else { line }
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut lines: Vec<Line<'a>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    if old_middle.len().saturating_mul(new_middle.len()) > PAIRS_MAX {
        lines.extend(old_middle.iter().map(|line| Line::Old(line)));
        lines.extend(new_middle.iter().map(|line| Line::New(line)));
    } else {
        lines.extend(shortest(old_middle, new_middle));
    }
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

/// By the longest common subsequence.
fn shortest<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1] {
            lines.push(Line::Old(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}
