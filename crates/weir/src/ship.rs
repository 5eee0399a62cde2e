//! Who says so, where acts of the audit log are handed on.

use std::path::Path;

use weir_trail::People;
use weir_trail::ocsf::Sender;

/// This machine's users.
pub fn people() -> People {
    People::read(Path::new("/etc/passwd"))
}

/// This Weir.
pub fn sender(origin: String) -> Sender {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Sender { origin, host, version: env!("CARGO_PKG_VERSION").to_owned() }
}
