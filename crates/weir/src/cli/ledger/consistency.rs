//! `weir ledger consistency`: that a later tree holds an earlier one, from the ledger's own tiles or from a proof file alone.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use weir_event::ids::hex;
use weir_ledger::consistency::{Inconsistent, PROOF_BYTES_MAX, Point, Proof};
use weir_ledger::letter::{self, LETTER_BYTES_MAX};
use weir_ledger::tree::note::VerifierKey;

use super::{Tree, read_given, tree_dir};
use crate::cli::{Exit, Output, output};

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// One end: a file with a signed checkpoint or a letter, or a number of entries.
    #[arg(value_name = "OLD", required_unless_present = "proof")]
    old: Option<String>,
    /// The other end, in the same forms.
    #[arg(value_name = "NEW", required_unless_present = "proof")]
    new: Option<String>,
    /// Writes the proof into this file: it can be checked without the ledger.
    #[arg(long, value_name = "FILE", conflicts_with = "proof")]
    out: Option<PathBuf>,
    /// Checks such a file instead, without the ledger.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new"], requires = "key")]
    proof: Option<PathBuf>,
    /// With --proof: the key that both checkpoints must be signed by, from `weir ledger checkpoint --key`.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "weir-data")]
    data: PathBuf,
    /// Of which tree.
    #[arg(long, value_enum, default_value = "egress")]
    tree: Tree,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let made = match &options.proof {
        Some(file) => from_file(file, options.key.as_deref().unwrap_or_default()),
        None => from_ledger(options),
    };
    match made {
        Ok(Ok((proof, signed))) => {
            let ends = [&proof.old, &proof.new]
                .map(|head| json!({"size": head.size, "root": hex(&head.root), "signed": head.note.is_some()}));
            let text = format!(
                "{}: the tree of {} entries holds the {} entries of the earlier one, unchanged and in their places\n  {}\n",
                proof.origin,
                proof.new.size,
                proof.old.size,
                match signed {
                    2 => "both ends are signed".to_owned(),
                    1 => "one end is signed, the other is the ledger's own word".to_owned(),
                    _ => "neither end is signed: it is the ledger's own word".to_owned(),
                }
            );
            let hashes: Vec<String> = proof.hashes.iter().map(|hash| hex(hash)).collect();
            let value = json!({
                "consistent": true, "origin": proof.origin, "old": ends[0], "new": ends[1], "signed": signed, "proof": hashes, "out": options.out,
            });
            out.show(&value, &text);
            Exit::Fine
        }
        Ok(Err(found)) => {
            out.show(
                &json!({"consistent": false, "found": found.name(), "what": found.to_string()}),
                &format!("{found}\n"),
            );
            Exit::Found
        }
        Err(why) => out.fail(why),
    }
}

type Made = Result<Result<(Proof, usize), Inconsistent>, String>;

/// What is a finding is an answer; what kept it from being checked is none.
fn sorted<T>(result: Result<T, Inconsistent>) -> Result<Result<T, Inconsistent>, String> {
    match result {
        Err(error) if !error.is_finding() => Err(error.to_string()),
        other => Ok(other),
    }
}

fn from_file(file: &Path, key: &str) -> Made {
    let key = VerifierKey::parse(key)
        .ok_or("--key is no verifier key: it looks as `weir ledger checkpoint --key` prints it")?;
    let proof = Proof::parse(&read_given(file, PROOF_BYTES_MAX)?).map_err(|error| error.to_string())?;
    Ok(match sorted(proof.check(Some(&key)))? {
        Ok(signed) => Ok((proof, signed)),
        Err(found) => Err(found),
    })
}

fn from_ledger(options: &Options) -> Made {
    let dir = tree_dir(&options.data, options.tree)?;
    let point = |given: &Option<String>| {
        let given = given.as_deref().unwrap_or_default();
        if let Ok(size) = given.parse() {
            return Ok(Point::Size(size));
        }
        let mut notes = letter::read(&read_given(Path::new(given), LETTER_BYTES_MAX)?);
        if notes.is_empty() {
            Err(format!("{given} has no checkpoint in it"))
        } else {
            Ok(Point::Signed(notes.remove(0)))
        }
    };
    let (old, new) = (point(&options.old)?, point(&options.new)?);
    let proof = match sorted(Proof::make(&dir, &old, &new))? {
        Ok(proof) => proof,
        Err(found) => return Ok(Err(found)),
    };
    if let Some(file) = &options.out {
        output::write(file, proof.text())?;
    }
    let signed = [&proof.old, &proof.new].iter().filter(|head| head.note.is_some()).count();
    Ok(Ok((proof, signed)))
}
