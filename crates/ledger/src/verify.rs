//! Walking a ledger from its first entry to its checkpoint.
