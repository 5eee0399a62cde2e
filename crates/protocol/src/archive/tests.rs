use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/archives").join(name);
    std::fs::read(path).unwrap()
}

/// Names and content of all files, or what is said of the archive or of a file.
fn files(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = Archive::open(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut files = Vec::new();
    while let Some(entry) = archive.next_entry() {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.is_folder() {
            continue;
        }
        let mut content = Vec::new();
        let mut unpacked = archive.read(&entry).map_err(|error| error.to_string())?;
        unpacked.read_to_end(&mut content).map_err(|error| error.to_string())?;
        files.push((entry.name, content));
    }
    Ok(files)
}

#[test]
fn every_way_of_writing_an_archive_reads_the_same() {
    let wanted = files(&fixture("stored.zip")).unwrap();
    let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["123456/123456_2026-11-01_0#0.json.gz", "123456/123456_2026-11-01_1#0.json.gz", "123456/readme.txt"]
    );
    assert!(wanted[0].1.starts_with(&[0x1f, 0x8b]) && wanted[2].1 == b"not for us");
    for name in ["deflated", "zip64", "descriptors", "descriptors64", "directory64"] {
        assert_eq!(files(&fixture(&format!("{name}.zip"))).unwrap(), wanted, "{name}");
    }
    let one = vec![("a.ndjson".to_owned(), b"{\"event\": \"A\", \"properties\": {\"plan\": \"pro\"}}\n".to_vec())];
    assert_eq!(files(&fixture("sizes64.zip")).unwrap(), one);
    assert_eq!(files(&fixture("comment.zip")).unwrap(), one);
    assert_eq!(files(&fixture("empty.zip")).unwrap(), []);
}

#[test]
fn what_is_not_read_is_said() {
    for (name, said) in [("encrypted", "encrypted"), ("bzip2", "method 12"), ("overlap", "overlap")] {
        let error = files(&fixture(&format!("{name}.zip"))).unwrap_err();
        assert!(error.contains(said), "{name}: {error}");
    }
    let whole = fixture("deflated.zip");
    assert!(files(&whole[..whole.len() - 1]).unwrap_err().contains("ends too early"));
    assert!(is_archive(&whole) && is_archive(&fixture("empty.zip")) && !is_archive(b"PK") && !is_archive(b"{}"));
}

#[test]
fn an_entry_that_is_not_what_the_directory_says_is_an_error_and_never_more_than_it_says() {
    let whole = fixture("stored.zip");
    let at = whole.windows(10).position(|w| w == b"not for us").unwrap();
    let mut altered = whole.clone();
    altered[at] ^= 1;
    assert!(files(&altered).unwrap_err().contains("checksum"));
    // The directory's last entry says one byte less, and one more, than there is.
    let name = whole.windows(17).rposition(|w| w == b"123456/readme.txt").unwrap();
    for (less, said) in [(9_u32, "longer"), (11, "end of file")] {
        let mut altered = whole.clone();
        altered[name - 22..name - 18].copy_from_slice(&less.to_le_bytes());
        assert!(files(&altered).unwrap_err().contains(said), "{:?}", files(&altered));
    }
}

#[test]
fn a_name_is_shown_without_control_characters() {
    let mut whole = fixture("comment.zip");
    let name = whole.windows(8).rposition(|w| w == b"a.ndjson").unwrap();
    whole[name] = 0x1b;
    assert_eq!(files(&whole).unwrap()[0].0, "\u{fffd}.ndjson");
}

proptest! {
    #[test]
    fn a_changed_archive_gives_what_was_packed_or_an_error(at in 0_usize..2_000, bit in 0_u8..8, name in "(deflated|descriptors64|directory64|stored)") {
        let whole = fixture(&format!("{name}.zip"));
        let wanted: Vec<Vec<u8>> = files(&whole).unwrap().into_iter().map(|(_, content)| content).collect();
        let mut altered = whole.clone();
        let at = at % altered.len();
        altered[at] ^= 1 << bit;
        if let Ok(found) = files(&altered) {
            for (_, content) in found {
                prop_assert!(content.is_empty() || wanted.contains(&content));
            }
        }
        let _ = files(&whole[..at]);
    }
}
