//! Recordings of traffic, which `weir preflight` and `weir audit` read: [`har`] files as they stream in, [`capture`]: requests as bytes;
//! [`exchange`]: one of them, and whose it is.

pub(super) mod capture;
pub(super) mod exchange;
pub(super) mod har;

/// Takes exchanges as they are read.
pub(super) trait Exchanges {
    /// One that was read.
    fn exchange(&mut self, exchange: &exchange::Exchange);
    /// An entry that is none.
    fn unreadable(&mut self);
}
