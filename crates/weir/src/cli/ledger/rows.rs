//! What `weir ledger verify` says of rows beside the trees: whether the files that answers are read from hold what the log holds, and whether
//! what was erased is on record.

use std::path::Path;

use serde_json::{Value, json};
use weir_keys::Keys;
use weir_ledger::entry::{Entry, Target};
use weir_ledger::{LedgerError, acts, history};
use weir_rows::RowsError;
use weir_rows::error::MENDING;
use weir_rows::verify::{Report, verify};

use crate::cli::output::counted;

/// The files of rows of the ledger in `dir` against its log: for programs, for people, and whether they are as they should be.
pub(super) fn files(data: &Path, dir: &Path, keys: Option<&Keys>) -> Result<(Value, String, bool), RowsError> {
    let is_settled = |report: &Result<Report, RowsError>| !report.as_ref().is_ok_and(|report| report.bad.is_some());
    let report = super::settled(data, 3, || verify(dir, keys), is_settled)?;
    let value = json!({
        "files": report.files, "rows": report.rows, "entries": report.entries,
        "rows_alone": report.alone, "rows_proved": report.proved, "months_counted": report.counted,
        "bad": report.bad.as_ref().map(|bad| json!({"file": bad.file, "what": bad.what})),
    });
    let mut text = format!(
        "files of rows ({})\n  {}, {}, up to entry {} of the log\n",
        dir.join(weir_rows::manifest::FOLDER).display(),
        counted(report.files, "file"),
        counted(report.rows, "row"),
        report.entries
    );
    match report.proved {
        _ if report.alone == 0 => {}
        Some(proved) => {
            text.push_str(&format!("  {} rows are here alone: {proved} have the root of their batch\n", report.alone))
        }
        None => {
            text.push_str(&format!("  {} rows are here alone: counted, not recomputed without keys\n", report.alone))
        }
    }
    if report.counted > 0 {
        text.push_str(&format!(
            "  {} months are summed up, and the log has given their rows up: events were counted, nothing else compared\n",
            report.counted
        ));
    }
    match &report.bad {
        None => text.push_str("  what the log says, no row more and none less\n"),
        Some(bad) => text.push_str(&format!(
            "  BAD: {}: {}\n  answers may be wrong: {}\n",
            bad.file.display(),
            bad.what,
            mending(dir)?
        )),
    }
    Ok((value, text, report.bad.is_none()))
}

/// What mends files of rows.
fn mending(dir: &Path) -> Result<String, LedgerError> {
    let rows = dir.join(weir_rows::manifest::FOLDER);
    Ok(match history::is_thinned(dir)? {
        false => format!("stop Weir and remove {}: it makes all of it again from the log", rows.display()),
        true => format!("{MENDING}, and no others; whoever was erased since is to be erased again"),
    })
}

/// Rows whose erasure the audit ledger in `dir` has announced.
pub(super) fn announced(dir: &Path) -> Result<u64, LedgerError> {
    let mut rows = 0_u64;
    acts::each(dir, |_, entry| {
        if let Entry::Act { action, targets, .. } = entry
            && action == "ledger_rows_erase"
            && let Some(Target::Count(count)) = targets.first()
        {
            rows = rows.saturating_add(*count);
        }
    })?;
    Ok(rows)
}
