//! Every limit, with what happens at it. `docs/limits.md` is checked against this file by a test.

/// Request body as received, before any decoding. Over it: the vendor's 413.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Request body after decompression and form decoding. Over it: the vendor's 413; reading stops at the cap.
pub const BODY_DECODED_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Request line and headers together. Over it: 431.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Events in one request. Over it: the vendor's 413. Source: Mixpanel's import limit is 2,000 events.
pub const BATCH_EVENTS_MAX: usize = 2_000;
/// Nesting of JSON. Over it: the event is withheld, rule `over_limit`.
pub const JSON_DEPTH_MAX: usize = 32;
/// Scalar leaves of one event. Over it: the event is withheld, rule `over_limit`.
pub const EVENT_LEAVES_MAX: usize = 2_000;
/// One event's values in a journal record. Over it: the event is withheld, rule `too_large`. Source: Mixpanel's event limit is 1 MB.
pub const EVENT_BYTES_MAX: usize = 1_000_000;
/// One id (distinct_id, insert id). Longer ids are cut nowhere: the event is withheld, rule `over_limit`.
pub const ID_BYTES_MAX: usize = 1_024;
/// Characters of a clean name (D1), after NFC.
pub const NAME_CHARS_MAX: usize = 100;
/// Distinct clean event names of one source (D1). Over it: rule `event_name_unclean`.
pub const SOURCE_EVENT_NAMES_MAX: usize = 2_000;
/// Distinct clean paths of one source (D1). Over it: the property is dropped, rule `path_unclean`.
pub const SOURCE_PATHS_MAX: usize = 10_000;
/// Bytes of an app's version that is shown in metrics. Over it: it counts as `other`.
pub const APP_VERSION_BYTES_MAX: usize = 20;
/// Versions of apps that one source has of its own in metrics, in one process. Over it: they count as `other`.
pub const SOURCE_APP_VERSIONS_MAX: usize = 50;
/// Characters of a property's value in a slice (D13). Over it: it counts as `other`.
pub const SLICE_CHARS_MAX: usize = 40;
/// Values that one property of `slices` has in the ledger, in one process. Over it: they count as `other`.
pub const SLICE_VALUES_MAX: usize = 50;
/// Combinations of them. Over it: each of a further one counts as `other`.
pub const SLICES_MAX: usize = 2_000;
/// Dedup window of one source in time (D5).
pub const DEDUP_WINDOW_MILLIS: i64 = 10 * 60 * 1_000;
/// Dedup window of one source in ids (D5).
pub const DEDUP_WINDOW_IDS_MAX: usize = 1_000_000;
/// How far back an event may set its epoch (D4).
pub const EPOCH_BACKDATE_MILLIS_MAX: i64 = 48 * 3_600_000;
/// Bytes of requests in flight over all connections (D12). Over it: 503 with Retry-After.
pub const IN_FLIGHT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Decoded journal kept for readers near the tail (D12).
pub const READ_WINDOW_BYTES_MAX: usize = 32 * 1024 * 1024;
/// One ledger tree entry (D13). A batch is cut so that its entries fit.
pub const LEDGER_ENTRY_BYTES_MAX: usize = 4 * 1024;
/// Answers of vendors about feature flags that are remembered (D17 `proxy`). Over it: the oldest goes.
pub const ANSWERS_MAX: usize = 10_000;
/// The same in bytes.
pub const ANSWERS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Questions about feature flags under way at a time. Over it: the last answer, or the constant one.
pub const QUESTIONS_MAX: usize = 64;
/// A record in the raw hold (D10). Over it: only the skeleton is kept.
pub const HOLD_BODY_BYTES_MAX: usize = 1_000_000;
/// Refusals of consent (person and purpose) that are remembered to stop events that wait. Over it: the oldest quarter goes, and what
/// waits from before it is dropped as `consent_unknown` where consent is asked for.
pub const WITHDRAWALS_MAX: usize = 500_000;
/// Characters of the reason of a bypass. Over it: the command is refused.
pub const BYPASS_REASON_CHARS_MAX: usize = 500;
/// Bypass windows that are open at a time. Over it: opening another is refused; close one.
pub const BYPASS_OPEN_MAX: usize = 100;
/// Pairs of source and event that the catalog lists. Over it: counted together, not listed.
pub const CATALOG_EVENTS_MAX: usize = 20_000;
/// Properties that the catalog lists, of all events of all sources. Over it: counted together, not listed.
pub const CATALOG_PROPERTIES_MAX: usize = 100_000;
/// The manifest of a backup. Over it: the backup is refused as damaged.
pub const BACKUP_MANIFEST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Files in a backup of the data folder. Over it: the backup is refused as damaged.
pub const BACKUP_FILES_MAX: usize = 1_000_000;
/// How long a backup that no longer asks for it keeps files of journal and hold from being freed. After it: they are freed, and that
/// backup ends with an error.
pub const BACKUP_LEASE_MILLIS: i64 = 60 * 1_000;
/// How long one backup may keep files of journal and hold from being freed. After it: as above.
pub const BACKUP_MILLIS_MAX: i64 = 6 * 3_600_000;
/// Events that one preview of a destination looks at. Over it: the newest, and the preview says so.
pub const PREVIEW_EVENTS_MAX: usize = 300_000;
/// Pairs of event and property that a preview lists. Over it: counted, not listed.
pub const PREVIEW_PROPERTIES_MAX: usize = 20_000;
/// Bytes of the header that names what a development source's events would not deliver. Over it: it ends in the number of the rest.
pub const OMITTED_BYTES_MAX: usize = 1_024;
/// Events of one request of a development source that are looked at for that header. Over it: the rest is not looked at.
pub const OMITTED_EVENTS_MAX: u32 = 100;
/// Events that a guard of a rollout needs to have counted (of one name, or at one destination). Below it: the guard does not look.
pub const ROLLOUT_SAMPLE_MIN: u64 = 20;
/// Events of the journal that one change is held against. Of more: a part that is spread evenly over the time.
pub const ROLLOUT_EVALUATED_EVENTS_MAX: u64 = 100_000;
/// One line of the input of `weir detect`. Over it: the command ends there with 2 and names the line.
pub const DETECT_LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Distinct paths of which `weir detect` remembers what their names say. Over it: asked again each time, which is slower and says the same.
pub const DETECT_PATHS_MAX: usize = 100_000;
/// One event in a file that `weir audit` reads: a line, an element of a list, a row. Over it: passed over and counted as damaged.
pub const AUDIT_EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Files in an archive that `weir audit` reads. Over it: the archive is not read, and the report says so.
pub const ARCHIVE_ENTRIES_MAX: u64 = 100_000;
/// Days of one `weir ledger reconcile`. Over it: refused; ask for each month by itself.
pub const RECONCILE_DAYS_MAX: u64 = 31;
/// Events on one side of `weir ledger reconcile`. Over it: refused; ask for fewer days.
pub const RECONCILE_EVENTS_MAX: u64 = 200_000_000;
/// Bytes of one answer of a vendor's export to `weir ledger reconcile`. Over it: the answer is not read, and there is no result.
pub const RECONCILE_ANSWER_BYTES_MAX: u64 = 32 << 30;
/// Pairs of event and property that `weir audit` lists. Over it: counted together, not listed.
pub const AUDIT_PROPERTIES_MAX: usize = 50_000;
/// Detectors of a configuration. Over it: the configuration is refused.
pub const OWN_DETECTORS_MAX: usize = 64;
/// Bytes of the regular expression of one. Over it: the configuration is refused.
pub const OWN_REGEX_BYTES_MAX: usize = 1_000;
/// Bytes of what it is compiled to. Over it: the configuration is refused.
pub const OWN_AUTOMATON_BYTES_MAX: usize = 256 * 1024;
/// Triples of event, path and class of which it is remembered how the class was last found. Over it: new ones are not explained.
pub const SIGHTINGS_MAX: usize = 20_000;
