//! Secrets, from the environment or from files. What was read is never part of a message.

use std::path::Path;

use zeroize::Zeroizing;

use super::Resolver;
use crate::config::check::{Checked, Read};
use crate::config::{Secret, SecretPlace, Secrets};

/// A secret longer than this is a wrong file.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

impl Resolver<'_, '_> {
    /// A secret by the name of its field. What was read is never part of a message.
    pub(super) fn secret(&mut self, name: &str, checked: &Checked) -> Secret {
        self.secret_with(name, checked, false)
    }

    /// A header may hold a scheme and a blank before its token.
    pub(super) fn secret_with(&mut self, name: &str, checked: &Checked, may_have_blanks: bool) -> Secret {
        let (place, at) = match &checked.value {
            Read::Variant("file", Some(body)) => (SecretPlace::File(self.path(body)), body.at),
            Read::Variant(_, Some(body)) => (SecretPlace::Variable(body.text().to_owned()), body.at),
            _ => (SecretPlace::Variable(String::new()), checked.at),
        };
        let Secrets::Read(environment) = self.secrets else { return Secret { place, value: None } };
        if checked.at.line == 0 {
            return Secret { place, value: None }; // it stands in for a missing one, which is reported
        }
        let read = match &place {
            SecretPlace::Variable(variable) => match environment(variable) {
                Some(value) => Ok(Zeroizing::new(value)),
                None => Err(format!("`{name}`: the environment variable {variable} is not set")),
            },
            SecretPlace::File(file) => {
                read_secret_file(file).map_err(|why| format!("`{name}`: {} {why}", file.display()))
            }
        };
        let trimmed = read.and_then(|value| {
            let text = value.trim_end_matches(['\r', '\n']);
            let place = match &place {
                SecretPlace::Variable(variable) => variable.clone(),
                SecretPlace::File(file) => file.display().to_string(),
            };
            if text.is_empty() {
                Err(format!("`{name}`: {place} is empty"))
            } else if !text.bytes().all(|b| b.is_ascii_graphic() || may_have_blanks && b == b' ') {
                Err(format!(
                    "`{name}`: {place} holds spaces, line breaks or other characters that a credential does not have"
                ))
            } else {
                Ok(Zeroizing::new(text.to_owned()))
            }
        });
        match trimmed {
            Ok(value) => Secret { place, value: Some(value) },
            Err(message) => {
                self.report(at, &message);
                Secret { place, value: None }
            }
        }
    }
}

fn read_secret_file(file: &Path) -> Result<Zeroizing<String>, String> {
    let meta = std::fs::metadata(file).map_err(|e| format!("cannot be read: {}", e.kind()))?;
    if meta.len() > SECRET_BYTES_MAX {
        return Err(format!("has {} bytes: a credential has at most {SECRET_BYTES_MAX}", meta.len()));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| format!("cannot be read: {}", e.kind()))
}
