//! `weir preflight` as an operator runs it, and every configuration that it shows: the text of the table runs as it stands, with each
//! SDK's real package, towards a running Weir, with every other address trapped.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use weir_protocol::preflight::{Address, Platform, Sdk, VENDORS, Vendor};
use weir_tests::captures::fixtures;
use weir_tests::harness::{Setup, Weir};
use weir_tests::wire;

const KEY: &str = "phc_0123456789abcdef0123456789abcdef";

/// What is done with an SDK once it is configured. `done()` in a page says that nothing more is asked of it.
const USES: &[(&str, &str)] = &[
    (
        "mixpanel-browser",
        "mixpanel.identify('user-1'); mixpanel.people.set({plan: 'pro'}); mixpanel.alias('user-2');
         mixpanel.track('Report Exported', {plan: 'pro'}, {send_immediately: true}, done);",
    ),
    (
        "mixpanel (npm)",
        "mixpanel.track('Report Exported', {distinct_id: 'user-1'});
         mixpanel.people.set('user-1', {plan: 'pro'});
         mixpanel.alias('user-1', 'user-2');",
    ),
    (
        "mixpanel (PyPI)",
        "mp.track('user-1', 'Report Exported', {'plan': 'pro'})
mp.alias('user-2', 'user-1')
mp.people_set('user-1', {'plan': 'pro'})
mp.import_data(None, 'user-1', 'Old', 1700000000, {}, api_secret='secret')
",
    ),
    (
        "@amplitude/analytics-browser",
        "amplitude.setUserId('user-1'); amplitude.identify(new amplitude.Identify().set('plan', 'pro'));
         amplitude.track('Report Exported', {plan: 'pro'}).promise.then(() => amplitude.flush().promise).then(done);",
    ),
    (
        "@amplitude/analytics-node",
        "amplitude.identify(new amplitude.Identify().set('plan', 'pro'), {user_id: 'user-1'});
         amplitude.track('Report Exported', {plan: 'pro'}, {user_id: 'user-1'});
         await amplitude.flush().promise;",
    ),
    (
        "amplitude-analytics (PyPI)",
        "client.track(BaseEvent(event_type='Report Exported', user_id='user-1'))
client.shutdown()
",
    ),
    (
        "amplitude-js",
        "amplitude.getInstance().setUserId('user-1'); amplitude.getInstance().logEvent('Report Exported', {plan: 'pro'}, () => done());",
    ),
    (
        "@segment/analytics-next",
        "(async () => {
           await analytics.identify('user-1', {plan: 'pro'}); await analytics.page();
           await analytics.track('Report Exported', {plan: 'pro'}); await analytics.group('org-1'); done();
         })();",
    ),
    (
        "@segment/analytics-node",
        "analytics.identify({userId: 'user-1', traits: {plan: 'pro'}});
         analytics.track({userId: 'user-1', event: 'Report Exported'});
         await analytics.closeAndFlush();",
    ),
    (
        "analytics-node",
        "analytics.track({userId: 'user-1', event: 'Report Exported'});
         await analytics.flush();",
    ),
    (
        "segment-analytics-python",
        "analytics.identify('user-1', {'plan': 'pro'})
analytics.track('user-1', 'Report Exported')
analytics.flush()
",
    ),
    (
        "posthog-js",
        "posthog.identify('user-1', {plan: 'pro'}); posthog.capture('Report Exported', {plan: 'pro'}, {send_instantly: true});
         posthog.isFeatureEnabled('anything'); posthog.startSessionRecording(); setTimeout(done, 3500);",
    ),
    (
        "posthog-node",
        "posthog.capture({distinctId: 'user-1', event: 'Report Exported'});
         await posthog.isFeatureEnabled('anything', 'user-1');
         await posthog.shutdown();",
    ),
    (
        "posthog (PyPI)",
        "posthog.capture('Report Exported', distinct_id='user-1')
posthog.feature_enabled('anything', 'user-1')
posthog.shutdown()
",
    ),
    (
        "@rudderstack/analytics-js",
        "rudder.ready(() => {}); rudder.identify('user-1', {plan: 'pro'}); rudder.page();
         rudder.track('Report Exported', {plan: 'pro'}, {}, () => setTimeout(done, 500));",
    ),
    (
        "@rudderstack/rudder-sdk-node",
        "rudder.identify({userId: 'user-1', traits: {plan: 'pro'}});
         rudder.track({userId: 'user-1', event: 'Report Exported'});
         await rudder.flush();
         await new Promise((done) => setTimeout(done, 500));",
    ),
    (
        "rudder-sdk-python",
        "rudder.identify('user-1', {'plan': 'pro'})
rudder.track('user-1', 'Report Exported')
rudder.flush()
",
    ),
    (
        "@snowplow/browser-tracker",
        "trackPageView(); setTimeout(done, 500);",
    ),
    (
        "@snowplow/node-tracker",
        "import {buildPageView, buildStructEvent} from '@snowplow/node-tracker';
         tracker.track(buildPageView({pageUrl: 'https://app.example.com/'}));
         tracker.track(buildStructEvent({category: 'report', action: 'export'}));
         await new Promise((done) => setTimeout(done, 1500));",
    ),
    (
        "snowplow-tracker (PyPI)",
        "from snowplow_tracker import PageView
tracker.track(PageView(page_url='https://app.example.com/'))
tracker.flush()
",
    ),
];

/// One source for each vendor, named as it.
fn weir() -> Weir {
    let source = |v: &&Vendor| {
        format!("  {0}: {{protocol: {0}, write_keys: [{KEY}-{0}], environment: production, mode: enforce}}\n", v.name)
    };
    let sources = VENDORS.iter().map(source).collect();
    let more = "journal: {segment: 4MiB, budget: 512MiB}\ndisk: {reserve: 8MiB}\n".to_owned();
    Weir::start(&Setup { sources, destinations: String::new(), more })
}

fn sdk_folder() -> PathBuf {
    fixtures().parent().expect("the fixtures lie in the repository").join("tests/sdk")
}

/// Runs code with everything but Weir trapped; what tried to get past it.
fn trapped(platform: Platform, code: &str, weir: &Weir) -> Value {
    let folder = sdk_folder();
    let trap = |name: &str| folder.join("preflight").join(name).display().to_string();
    let mut command = match platform {
        Platform::Browser => {
            let mut command = Command::new("node");
            command.args([trap("browser.mjs"), format!("http://{}", weir.ingest())]);
            command
        }
        Platform::Node => {
            let mut command = Command::new("node");
            command.args(["--import", &trap("trap.mjs"), "--input-type=module", "-"]);
            command
        }
        Platform::Python => {
            let mut command = Command::new(folder.join(".venv/bin/python"));
            command.arg("-");
            command
        }
        Platform::Mobile => panic!("nothing of it runs here"),
    };
    let code = match platform {
        Platform::Browser => format!("{code}\nfunction done() {{ window.isDone = true; }}\n"),
        Platform::Python => format!("exec(open({:?}).read())\n{code}", trap("trap.py")),
        _ => code.to_owned(),
    };
    let mut child = command
        .current_dir(&folder)
        .env("WEIR_ADDRESS", weir.ingest().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the SDKs are installed: run `cargo xtask install`");
    child.stdin.take().expect("it is piped").write_all(code.as_bytes()).expect("the code is read");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = said.lines().rfind(|line| line.starts_with("{\"past\""));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "it failed:\n{said}\n{errors}\n{code}");
    serde_json::from_str(last.unwrap_or_else(|| panic!("it says nothing:\n{said}\n{errors}\n{code}"))).expect("JSON")
}

fn code(vendor: &Vendor, sdk: &Sdk, weir: &Weir) -> String {
    let address = Address::parse(&format!("http://{}", weir.ingest()), vendor.name).expect("it is an address");
    let (_, used) = USES
        .iter()
        .find(|(package, _)| *package == sdk.package)
        .unwrap_or_else(|| panic!("{} is not used", sdk.package));
    format!("{}\n{used}\n", sdk.snippet_for(&address, &format!("{KEY}-{}", vendor.name)))
}

/// Every snippet of a platform: nothing tries to get past Weir, and what was sent is in the journal.
fn every_snippet_of(platform: Platform) {
    let weir = weir();
    let journaled = |vendor: &Vendor| weir.metrics().sum("weir_events_journaled_total", &[("source", vendor.name)]);
    let mut wrong = Vec::new();
    let mut run = 0;
    for vendor in VENDORS {
        for sdk in vendor.sdks.iter().filter(|sdk| sdk.platform == platform && !sdk.snippet.is_empty()) {
            let before = journaled(vendor);
            let report = trapped(platform, &code(vendor, sdk, &weir), &weir);
            run += 1;
            if report["past"].as_array().is_none_or(|past| !past.is_empty()) {
                wrong.push(format!("{} gets past Weir: {report}", sdk.package));
            }
            if report["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
                wrong.push(format!("{} has errors: {report}", sdk.package));
            }
            // It is acknowledged after the fsync, so what the SDK was told is there already.
            if journaled(vendor) <= before {
                wrong.push(format!("{}: nothing of it is in the journal: {report}", sdk.package));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let there = USES.iter().filter(|(package, _)| {
        let mut sdks = VENDORS.iter().flat_map(|v| v.sdks);
        sdks.any(|sdk| sdk.package == *package && sdk.platform == platform)
    });
    assert_eq!(run, there.count(), "every SDK of this test has a snippet");
}

#[test]
fn every_snippet_for_browsers_keeps_everything_on_weir() {
    every_snippet_of(Platform::Browser);
}

#[test]
fn every_snippet_for_node_keeps_everything_on_weir() {
    every_snippet_of(Platform::Node);
}

#[test]
fn every_snippet_for_python_keeps_everything_on_weir() {
    every_snippet_of(Platform::Python);
}

/// An answer of `weir preflight` and how it ended.
fn preflight(weir: &Weir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = weir.folder().run(&[&["preflight"], arguments].concat(), &[]);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_running_weir_says_what_its_sources_saw_and_no_value_of_it() {
    let weir = weir();
    let post = |target: &str, body: &str| {
        let answer = wire::post(weir.ingest(), target, "application/json", body.as_bytes()).expect("it answers");
        assert_eq!(answer.status, 200, "{target}");
    };
    let event = |library: &str| {
        format!(
            r#"{{"event":"Report Exported","properties":{{"token":"{KEY}-mixpanel","distinct_id":"planted-user","mp_lib":"{library}","$lib_version":"2.83.0"}}}}"#
        )
    };
    post("/in/mixpanel/track", &event("web"));
    post("/in/mixpanel/track", &event("web"));
    post("/in/mixpanel/track", &event("planted@example.com"));
    post(&format!("/in/mixpanel/record?token={KEY}-mixpanel&distinct_id=planted-user"), "[]");
    post("/in/mixpanel/track", &event("").replace("mp_lib", "other"));
    let flags = format!(r#"{{"api_key":"{KEY}-posthog","distinct_id":"planted-user"}}"#);
    post("/in/posthog/flags/?v=2", &flags);
    let data = weir.folder().data().display().to_string();
    let (code, said) = preflight(&weir, &["--data", &data, "--json"]);
    assert_eq!(code, Some(1), "{said}");
    let json: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((json["sources"].as_u64(), json["requests"].as_u64()), (Some(2), Some(6)), "{said}");
    let vendor =
        |name: &str| json["vendors"].as_array().unwrap().iter().find(|v| v["vendor"] == name).expect("it is there");
    let sdk = &vendor("mixpanel")["sdks"][0];
    assert_eq!((sdk["package"].as_str(), sdk["versions"][0]["times"].as_u64()), (Some("mixpanel-browser"), Some(2)));
    assert_eq!(vendor("mixpanel")["events_of_unknown_sdks"], 1);
    assert_eq!(vendor("mixpanel")["features"][0]["feature"], "session replay");
    assert_eq!(vendor("posthog")["features"][0]["feature"], "feature flags");
    let (_, text) = preflight(&weir, &["--data", &data]);
    assert!(text.contains("2 sources, 6 requests") && text.contains("this Weir"), "{text}");
    assert!(!said.contains("planted") && !text.contains("planted") && !text.contains(KEY));
    // Recordings and a running Weir go into one report.
    let recording = fixtures().join("preflight/shop.har").display().to_string();
    let page = weir.folder().config().with_file_name("page.html");
    let (code, said) = preflight(&weir, &[&recording, "--data", &data, "--html", &page.display().to_string()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("1 file and 2 sources, 31 requests"), "{said}");
    assert!(std::fs::read_to_string(page).expect("it is written").contains("<svg"));
    let folder = weir.kill();
    let output = folder.run(&["preflight", "--data", &data], &[]);
    assert_eq!(output.status.code(), Some(2), "nobody runs there any more");
}

/// What the snippets are for: the same SDKs with their host alone switched are seen to get past Weir. It is also what shows that the
/// traps work.
#[test]
fn with_the_host_alone_switched_sdks_get_past_weir_and_the_trap_sees_it() {
    let weir = weir();
    let url = |vendor: &str| weir.source_url(vendor);
    let cases = [
        (
            Platform::Python,
            format!(
                "import mixpanel\nmp = mixpanel.Mixpanel('{KEY}-mixpanel', consumer=mixpanel.Consumer(events_url='{}/track'))\n\
                 try:\n    mp.alias('user-2', 'user-1')\nexcept Exception:\n    pass\n",
                url("mixpanel")
            ),
            "api.mixpanel.com",
        ),
        (
            Platform::Node,
            format!(
                "import Mixpanel from 'mixpanel';\nconst mixpanel = Mixpanel.init('{KEY}');\n\
                 await new Promise((done) => mixpanel.track('Report Exported', {{distinct_id: 'user-1'}}, done));\n"
            ),
            "api.mixpanel.com",
        ),
        (
            Platform::Browser,
            format!(
                "import * as amplitude from '@amplitude/analytics-browser';\n\
                 amplitude.init('{KEY}-amplitude', {{serverUrl: '{}/2/httpapi'}});\nsetTimeout(done, 500);\n",
                url("amplitude")
            ),
            "sr-client-cfg.amplitude.com",
        ),
        (
            Platform::Browser,
            format!(
                "import {{RudderAnalytics}} from '@rudderstack/analytics-js';\nconst rudder = new RudderAnalytics();\n\
                 rudder.load('{KEY}-rudderstack', '{0}', {{configUrl: '{0}'}});\nrudder.track('Report Exported');\nsetTimeout(done, 500);\n",
                url("rudderstack")
            ),
            "cdn.rudderlabs.com",
        ),
    ];
    for (platform, code, host) in cases {
        let report = trapped(platform, &code, &weir);
        let past = report["past"].to_string();
        assert!(past.contains(host), "{host} was not called: {report}\n{code}");
    }
}
