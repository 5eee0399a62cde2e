//! The key ring: what identifies, what pseudonymises, what seals; created, kept, destroyed and backed up here and nowhere else.
//!
//! No vendor is known here and nothing is sent. [`Keys`] owns the key folder; everybody else gets a [`KeySnapshot`], which is
//! immutable and holds only precomputed keys. Every key that must be destroyable is random and wrapped, never derived (D15).
//!
//! Read in this order: [`keys`] (the folder and its life), [`snapshot`] (D5 and D6: ids, tags, pseudonyms), [`ring`] (the stored
//! format), [`files`] (how a file is replaced), [`hold`] (D10), then the small ones.

pub mod backup;
pub mod error;
pub mod files;
pub mod fuzz;
pub mod hold;
pub mod keys;
mod mac;
pub mod name;
pub mod ring;
pub mod secret;
pub mod signer;
pub mod snapshot;

pub use backup::BackupReport;
pub use error::KeysError;
pub use hold::{HoldPrivate, HoldPublic, open_hold_key};
pub use keys::{KeyInfo, Keys};
pub use mac::sha256_short;
pub use name::KeyName;
pub use secret::{AeadKey, SecretKey, random};
pub use signer::LedgerSigner;
pub use snapshot::{DestinationKeys, Epoch, KeySnapshot, Uuid};
