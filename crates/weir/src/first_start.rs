//! The first start without a configuration: a `weir.yaml` in the data folder with one source, its write key, and, commented out,
//! the lines that would let something leave. Nothing leaves until somebody writes them.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use weir_event::DestinationId;
use weir_event::ids::hex;

use crate::config::Subject;

/// The file's name, in the working folder or in the data folder.
pub const FILE_NAME: &str = "weir.yaml";

/// Which configuration to start with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// This file.
    There(PathBuf),
    /// A first one, to be written here once it is clear that Weir can start.
    First {
        /// Where.
        file: PathBuf,
        /// What.
        text: String,
    },
}

/// The configuration given, else `weir.yaml` here, else the data folder's, else a first one. Writes nothing.
pub fn choose(given: Option<&Path>, here: &Path, data: &Path) -> Chosen {
    if let Some(file) = given {
        return Chosen::There(file.to_owned());
    }
    for file in [here.join(FILE_NAME), data.join(FILE_NAME)] {
        if file.is_file() {
            return Chosen::There(file);
        }
    }
    let mut key = [0; 16];
    weir_keys::random(&mut key);
    Chosen::First { file: data.join(FILE_NAME), text: text(&hex(&key)) }
}

impl Chosen {
    /// The file.
    pub fn file(&self) -> &Path {
        match self {
            Chosen::There(file) | Chosen::First { file, .. } => file,
        }
    }

    /// Writes the file where it is a first one.
    pub fn write(&self) -> std::io::Result<()> {
        let Chosen::First { file, text } = self else { return Ok(()) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(file)?;
        file.write_all(text.as_bytes())?;
        // A crash before this leaves a file that may be cut short; it is then refused with its place, and can be removed.
        file.sync_all()
    }
}

/// The file. A test reads it with the lines uncommented.
pub fn text(write_key: &str) -> String {
    format!(
        "# Weir's configuration. `docs/configuration.md` has every field; `weir config check` says what is wrong with a change,
# and SIGHUP or `weir reload` applies it without a restart.

sources:
  web:
    protocol: mixpanel
    write_keys: [{write_key}]
    environment: production
    mode: observe

# Nothing leaves: there is no destination. With the lines below, Mixpanel gets the baseline of each event (clean event name,
# time, a pseudonym of its own that changes every week, insert id, library, families of system and browser, screen class,
# country) and nothing else. Each further property is a name in `allow`.
#
# destinations:
#   product:
#     type: mixpanel
#     subject: {{rotating: 7d}}          # or stable, or raw: how people appear there
#     token: {{env: PRODUCT_TOKEN}}      # the project token, from the environment
#     release: {{allow: []}}             # the line that lets more leave: [plan, format]
"
    )
}

/// What a start says about itself, for a person.
pub fn greeting(
    ingest: &str,
    console: &str,
    config: &Path,
    data: &Path,
    keys: &Path,
    generation: &crate::generation::Generation,
    ended: &BTreeSet<DestinationId>,
) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let _ = writeln!(out, "weir {} is running", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(out, "  ingest     {ingest}");
    let _ = writeln!(out, "  console    {console}  (/healthz, /readyz, /metrics)");
    let _ = writeln!(out, "  config     {}", config.display());
    let _ = writeln!(out, "  data       {}", data.display());
    let _ = writeln!(out, "  keys       {}  (back them up: weir keys backup FOLDER)", keys.display());
    for (id, source) in &generation.config.sources {
        let key = source.write_keys.first().map_or("", String::as_str);
        let _ = writeln!(out, "\nsource {id}: point the SDK's host at {ingest}/in/{id}");
        if source.protocol != "mixpanel" {
            snippets(&mut out, source.protocol, ingest, id.as_str(), key);
            continue;
        }
        let _ = writeln!(out, "  browser    mixpanel.init('{key}', {{api_host: '{ingest}/in/{id}'}})");
        let host = ingest.split("://").nth(1).unwrap_or(ingest);
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let scheme = ingest.split("://").next().unwrap_or("http");
        let _ = writeln!(
            out,
            "  node       Mixpanel.init('{key}', {{protocol: '{scheme}', host: '{name}', port: {port}, path: '/in/{id}'}})"
        );
        let _ = writeln!(
            out,
            "  python     Mixpanel('{key}', consumer=Consumer(events_url='{ingest}/in/{id}/track',\n             \
             people_url='{ingest}/in/{id}/engage', groups_url='{ingest}/in/{id}/groups', import_url='{ingest}/in/{id}/import'))"
        );
        let _ = writeln!(
            out,
            "  try it     curl '{ingest}/in/{id}/track?verbose=1' -d 'data={{\"event\":\"Hello\",\"properties\":{{\"token\":\"{key}\",\"distinct_id\":\"u1\"}}}}'"
        );
    }
    let receive: Vec<_> = generation.config.destinations.iter().filter(|(id, _)| !ended.contains(*id)).collect();
    if receive.is_empty() {
        let why = if ended.is_empty() {
            "there is no destination. Uncomment `destinations` in"
        } else {
            "every destination has ended, for good. Add one under another id to"
        };
        let _ = writeln!(out, "\nwhat leaves: nothing, {why} {}", config.display());
    }
    for (id, destination) in receive {
        let allowed =
            if destination.allow.is_empty() { "no property".to_owned() } else { destination.allow.join(", ") };
        let ids = if matches!(destination.subject, Subject::Raw { .. }) { ", your own ids" } else { "" };
        let _ = writeln!(out, "\nwhat leaves to {id} ({}): the baseline{ids} and {allowed}", destination.place());
        let _ = writeln!(out, "  to allow more: destinations.{id}.release.allow in {}", config.display());
    }
    out
}

/// How the first of a vendor's SDKs is told where Weir is, from the table that `weir preflight` shows.
fn snippets(out: &mut String, protocol: &str, ingest: &str, source: &str, key: &str) {
    use std::fmt::Write as _;
    let vendor = weir_protocol::preflight::vendor(protocol);
    let address = weir_protocol::preflight::Address::parse(ingest, source);
    let (Some(vendor), Some(address)) = (vendor, address) else { return };
    let mut shown = vendor.sdks.iter().filter(|sdk| !sdk.snippet.is_empty());
    if let Some(sdk) = shown.next() {
        let _ = writeln!(out, "  {}", sdk.package);
        for line in sdk.snippet_for(&address, key).lines().filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(out, "    {line}");
        }
    }
    let others: Vec<_> = shown.map(|sdk| sdk.package).collect();
    if !others.is_empty() {
        let _ = writeln!(out, "  for {}: weir preflight, docs/preflight.md", others.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Secrets};

    #[test]
    fn the_first_file_is_a_configuration_with_and_without_its_commented_lines() {
        let text = text("0123456789abcdef0123456789abcdef");
        let config = Config::parse(&text, Path::new("weir.yaml"), Secrets::Leave).unwrap();
        assert_eq!(config.sources.len(), 1);
        assert!(config.destinations.is_empty(), "nothing leaves");
        let (head, tail) = text.split_once("#\n# destinations:").unwrap();
        let open = format!("{head}destinations:{}", tail.replace("\n# ", "\n"));
        let config = Config::parse(&open, Path::new("weir.yaml"), Secrets::Leave).unwrap();
        assert_eq!(config.destinations.len(), 1);
    }

    #[test]
    fn the_greeting_says_where_ids_leave_as_they_are_and_names_no_destination_that_has_ended() {
        let greet = |subject: &str, ended: &[&str]| {
            let text = format!(
                "destinations:\n  product: {{type: mixpanel, token: {{env: T}}, subject: {subject}, release: {{allow: [plan]}}}}\n"
            );
            let config = Config::parse(&text, Path::new("weir.yaml"), Secrets::Read(&|_| Some("t".into()))).unwrap();
            let engine = std::sync::Arc::new(weir_detect::Engine::new());
            let names = weir_event::Names::new(Box::new(weir_detect::Judge::new(std::sync::Arc::clone(&engine))));
            let generation = crate::generation::Generation::resolve(config, &engine, &names, &Default::default());
            let here = Path::new("here");
            let ended: BTreeSet<_> = ended.iter().map(|id| DestinationId::parse(id).unwrap()).collect();
            greeting("http://127.0.0.1:1", "http://127.0.0.1:2", here, here, here, &generation.unwrap(), &ended)
        };
        assert!(greet("raw", &[]).contains("the baseline, your own ids and plan"));
        assert!(greet("stable", &[]).contains("the baseline and plan"));
        let ended = greet("stable", &["product"]);
        assert!(!ended.contains("to product") && ended.contains("what leaves: nothing"), "{ended}");
    }

    #[test]
    fn the_greeting_shows_a_source_the_configuration_of_its_own_vendors_sdks() {
        for (protocol, shown) in [
            ("mixpanel", "mixpanel.init('k-1'"),
            ("amplitude", "http://127.0.0.1:1/in/app/2/httpapi"),
            ("segment", "/in/app"),
            ("rudderstack", "http://127.0.0.1:1/in/app"),
            ("posthog", "posthog.init('k-1'"),
            ("snowplow", "http://127.0.0.1:1/in/app"),
        ] {
            let text = format!("sources: {{app: {{protocol: {protocol}, write_keys: [k-1]}}}}");
            let config = Config::parse(&text, Path::new("weir.yaml"), Secrets::Leave).unwrap();
            let engine = std::sync::Arc::new(weir_detect::Engine::new());
            let names = weir_event::Names::new(Box::new(weir_detect::Judge::new(std::sync::Arc::clone(&engine))));
            let generation = crate::generation::Generation::resolve(config, &engine, &names, &Default::default());
            let here = Path::new("here");
            let said = greeting(
                "http://127.0.0.1:1",
                "http://127.0.0.1:2",
                here,
                here,
                here,
                &generation.unwrap(),
                &BTreeSet::new(),
            );
            assert!(said.contains(shown), "{said}");
            assert_eq!(said.contains("mixpanel.init"), protocol == "mixpanel", "{said}");
        }
    }

    #[test]
    fn the_first_file_is_written_once_and_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let (here, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = choose(None, here.path(), data.path());
        assert!(matches!(&first, Chosen::First { .. }) && !first.file().exists(), "choosing writes nothing");
        first.write().unwrap();
        let file = first.file();
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::read(file).unwrap();
        assert_eq!(choose(None, here.path(), data.path()), Chosen::There(file.to_owned()));
        assert!(first.write().is_err(), "never over a file");
        assert_eq!(std::fs::read(file).unwrap(), before);
    }
}
