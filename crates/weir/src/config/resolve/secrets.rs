//! Secrets, from the environment or from files. What was read is never part of a message.

use std::path::Path;

use zeroize::Zeroizing;

use super::Resolver;
use crate::config::check::{Checked, Read};
use crate::config::yaml::Position;
use crate::config::{Secret, SecretPlace, Secrets};

/// A secret longer than this is a wrong file.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

impl Resolver<'_, '_> {
    /// A secret by the name of its field. What was read is never part of a message.
    pub(super) fn secret(&mut self, name: &str, checked: &Checked) -> Secret {
        self.secret_with(name, checked, false)
    }

    /// Where a secret stands, and where the file says so.
    pub(super) fn secret_place(&self, checked: &Checked) -> (SecretPlace, Position) {
        match &checked.value {
            Read::Variant("file", Some(body)) => (SecretPlace::File(self.path(body)), body.at),
            Read::Variant(_, Some(body)) => (SecretPlace::Variable(body.text().to_owned()), body.at),
            _ => (SecretPlace::Variable(String::new()), checked.at),
        }
    }

    /// A header may hold a scheme and a blank before its token.
    pub(super) fn secret_with(&mut self, name: &str, checked: &Checked, may_have_blanks: bool) -> Secret {
        let (place, at) = self.secret_place(checked);
        let Secrets::Read(environment) = self.secrets else { return Secret { place, value: None } };
        if checked.at.line == 0 {
            return Secret { place, value: None }; // it stands in for a missing one, which is reported
        }
        match read_secret(&place, environment, may_have_blanks) {
            Ok(value) => Secret { place, value: Some(value) },
            Err(message) => {
                self.report(at, &format!("`{name}`: {message}"));
                Secret { place, value: None }
            }
        }
    }
}

/// Reads a secret from where it stands.
pub(in crate::config) fn read_secret(
    place: &SecretPlace,
    environment: &dyn Fn(&str) -> Option<String>,
    may_have_blanks: bool,
) -> Result<Zeroizing<String>, String> {
    let (name, value) = match place {
        SecretPlace::Variable(variable) => {
            let value = environment(variable).map(Zeroizing::new);
            (variable.clone(), value.ok_or_else(|| format!("the environment variable {variable} is not set"))?)
        }
        SecretPlace::File(file) => {
            let value = read_secret_file(file).map_err(|why| format!("{} {why}", file.display()))?;
            (file.display().to_string(), value)
        }
    };
    let text = value.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(format!("{name} is empty"))
    } else if !text.bytes().all(|b| b.is_ascii_graphic() || may_have_blanks && b == b' ') {
        Err(format!("{name} holds spaces, line breaks or other characters that a credential does not have"))
    } else {
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn read_secret_file(file: &Path) -> Result<Zeroizing<String>, String> {
    let meta = std::fs::metadata(file).map_err(|e| format!("cannot be read: {}", e.kind()))?;
    if meta.len() > SECRET_BYTES_MAX {
        return Err(format!("has {} bytes: a credential has at most {SECRET_BYTES_MAX}", meta.len()));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| format!("cannot be read: {}", e.kind()))
}
