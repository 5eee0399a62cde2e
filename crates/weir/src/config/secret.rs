//! Secrets, in the environment or in files.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// A secret that stands in the environment or in a file.
#[derive(Clone)]
pub struct Secret {
    pub(super) place: SecretPlace,
    pub(super) value: Option<Zeroizing<String>>,
}

/// Where a secret stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretPlace {
    /// In this environment variable.
    Variable(String),
    /// In this file.
    File(PathBuf),
}

impl Secret {
    /// Where it stands.
    pub fn place(&self) -> &SecretPlace {
        &self.place
    }

    /// The secret; `None` only if the configuration was loaded with [`Secrets::Leave`].
    pub fn reveal(&self) -> Option<&str> {
        self.value.as_ref().map(|v| v.as_str())
    }

    /// Reads it now, for a command that needs this one and no other.
    pub fn fetch(&self) -> Result<Zeroizing<String>, String> {
        super::resolve::read_secret(&self.place, &|name| std::env::var(name).ok(), false)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?})", self.place)
    }
}

/// Whether secrets are read while a configuration is loaded.
#[derive(Clone, Copy)]
pub enum Secrets<'a> {
    /// From the environment, by this function, and from files; a missing one is a problem.
    Read(&'a dyn Fn(&str) -> Option<String>),
    /// Not at all: for a check of the file where the secrets are not at hand.
    Leave,
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Secrets::Read(_) => "Secrets::Read",
            Secrets::Leave => "Secrets::Leave",
        })
    }
}

impl Secrets<'static> {
    /// From this process's environment.
    pub fn environment() -> Secrets<'static> {
        Secrets::Read(&|name| std::env::var(name).ok())
    }
}
