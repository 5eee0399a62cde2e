//! The ledger's rows as files that answer fast: who had what, when, of whom (D13).
//!
//! The log of the ledger is written first; this is made from it, a little later, sorted by subject. Seven days later the log gives its rows up,
//! and these files alone have them; what they must come to stays in the log (D13). So a window of twelve
//! million rows is counted exactly in a second, and one person is found in a few pages of each file. No event content passes through here: a
//! row has keyed tags and numbers only.
//!
//! Why operators of our own and not a query engine: three questions are asked of these rows, all of them by subject, and a merge of sorted
//! files answers them without a hash table; an engine is more to build than the whole product (D20). Any engine can read the files.
//!
//! Read in this order: [`row`], [`columns`], [`mod@file`] and [`sums`] (Parquet, and its checksums), [`facts`] and [`dictionary`] (what rows point
//! to), [`mod@gather`] (from the log), [`manifest`] (the list of files), [`store`] (merging, thinning, erasure) and [`months`] (what is left of rows
//! after thirteen months), [`mod@scan`] and [`lookup`] (the operators), [`view`] (what an answer reads), [`thin`] (rows that the log no longer
//! has), [`mod@erase`] (from both), [`keeper`] (the thread that does all of it), [`mod@verify`] (are the files what the log says) by `tally`
//! (are two heaps of rows the same), [`mod@whole`] (is a file what was written).

pub mod columns;
pub mod dictionary;
pub mod erase;
pub mod error;
pub mod facts;
pub mod file;
pub mod fuzz;
pub mod gather;
pub mod keeper;
pub mod lookup;
pub mod manifest;
mod merge;
pub mod months;
pub mod row;
pub mod scan;
pub mod store;
pub mod sums;
mod tally;
pub mod thin;
pub mod verify;
pub mod view;
pub mod whole;

pub use error::RowsError;
pub use keeper::{Keeper, May};
pub use row::{LedgerRow, Month};
pub use store::Store;
pub use view::{Batches, Held, Scope, View};
