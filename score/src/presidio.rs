//! Microsoft Presidio's synthetic sentences (`synth_dataset_v2.json` of presidio-research), where somebody has the file: each is
//! running text, with what it names.

use std::path::Path;

use serde_json::Value;

use crate::corpus::Leaf;

/// Their entities that are classes of ours.
const ENTITIES: [(&str, &str); 7] = [
    ("EMAIL_ADDRESS", "email"),
    ("PHONE_NUMBER", "phone"),
    ("CREDIT_CARD", "credit_card"),
    ("IBAN_CODE", "iban"),
    ("US_SSN", "us_ssn"),
    ("IP_ADDRESS", "ipv4"),
    ("STREET_ADDRESS", "address"),
];

pub(crate) fn read(path: &Path) -> Result<Vec<Leaf>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let rows: Vec<Value> =
        serde_json::from_str(&text).map_err(|error| format!("{} is no list of sentences: {error}", path.display()))?;
    let sentences = rows.iter().enumerate().filter_map(|(at, row)| Some((at, row, row["full_text"].as_str()?)));
    Ok(sentences
        .map(|(at, row, text)| {
            let mut leaf = Leaf::sentence(at as u64, text);
            for span in row["spans"].as_array().into_iter().flatten() {
                let entity = ENTITIES.iter().find(|(theirs, _)| span["entity_type"] == *theirs);
                // An address inside a sentence is text, which goes as a whole.
                if let Some((_, label)) = entity.filter(|(theirs, _)| *theirs != "STREET_ADDRESS") {
                    leaf.labels.push((*label).to_owned());
                }
            }
            leaf.labels.dedup();
            leaf
        })
        .collect())
}
