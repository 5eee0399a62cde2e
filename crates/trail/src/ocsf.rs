//! Acts as events of the Open Cybersecurity Schema Framework, version 1.3.0: class API Activity (6003), one class for all, so that a rule
//! over there needs one name. Source: `github.com/ocsf/ocsf-schema`, `events/application/api_activity.json`, `events/base_event.json`,
//! `objects/{actor,api,metadata,product,network_endpoint,resource_details}.json`; the attributes that they require are in the test.
//!
//! A receiver knows an event that it gets twice by `metadata.uid`. What has no place in the schema stands in `unmapped`. No note is in it.

use serde_json::{Value, json};
use weir_ledger::{Actor, Target};

use crate::act::{Acted, parts};
use crate::actions::Class;

/// The version of the schema.
pub const VERSION: &str = "1.3.0";
const CLASS_UID: u64 = 6_003;

/// Whose acts they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    /// The ledger's name.
    pub origin: String,
    /// The machine's name.
    pub host: String,
    /// The version of Weir.
    pub version: String,
}

/// One act as an event.
pub fn event(acted: &Acted, sender: &Sender) -> Value {
    let class = acted.class();
    let (activity, activity_name) = activity(class);
    let (severity_id, severity) = severity(class);
    let actor = match &acted.actor {
        Actor::Weir => json!({"app_name": "weir"}),
        Actor::Local { uid } => {
            let mut user = json!({"uid": uid.to_string(), "type_id": 1, "type": "User"});
            if *uid == 0 {
                user["type_id"] = json!(2);
                user["type"] = json!("Admin");
            }
            if let Some(name) = &acted.name {
                user["name"] = json!(name);
            }
            json!({"user": user, "app_name": "weir"})
        }
        Actor::Token(id) => json!({"user": {"uid": weir_event::ids::hex(id), "type_id": 0, "type": "Unknown"}}),
    };
    let resource = |target: &Target| {
        let (kind, text) = parts(target);
        (kind != "count").then(|| json!({"type": kind, "uid": text}))
    };
    let resources: Vec<Value> = acted.targets.iter().filter_map(resource).collect();
    let counts: Vec<u64> =
        acted.targets.iter().filter_map(|t| if let Target::Count(n) = t { Some(*n) } else { None }).collect();
    json!({
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": CLASS_UID,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS_UID * 100 + activity,
        "type_name": format!("API Activity: {activity_name}"),
        "severity_id": severity_id,
        "severity": severity,
        "time": acted.at.0,
        "message": acted.says(),
        "metadata": {
            "version": VERSION,
            "uid": acted.id(&sender.origin),
            "sequence": acted.entry,
            "log_name": "audit",
            "log_provider": "weir",
            "original_time": acted.at.to_rfc3339(),
            "event_code": acted.action,
            "product": {"name": "Weir", "vendor_name": "Weir", "version": sender.version},
        },
        "actor": actor,
        "api": {"operation": acted.action, "service": {"name": "weir"}},
        "src_endpoint": {"hostname": sender.host},
        "resources": resources,
        "unmapped": {"class": class.name(), "counts": counts, "origin": sender.origin},
    })
}

const fn activity(class: Class) -> (u64, &'static str) {
    match class {
        Class::Read | Class::Export | Class::Reidentify => (2, "Read"),
        Class::Change => (3, "Update"),
        Class::Life | Class::KeyUse => (99, "Other"),
    }
}

const fn severity(class: Class) -> (u64, &'static str) {
    match class {
        Class::Life | Class::Read => (1, "Informational"),
        Class::Change => (2, "Low"),
        Class::Export | Class::KeyUse | Class::Reidentify => (3, "Medium"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::tests::{ORIGIN, acted};
    use crate::actions::ACTIONS;

    /// By attribute: what the schema requires of API Activity 1.3.0, its base event, and the objects in them.
    const REQUIRED: &[&str] = &[
        "/activity_id",
        "/actor",
        "/api",
        "/api/operation",
        "/category_uid",
        "/class_uid",
        "/metadata",
        "/metadata/product",
        "/metadata/product/name",
        "/metadata/product/vendor_name",
        "/metadata/version",
        "/severity_id",
        "/src_endpoint",
        "/time",
        "/type_uid",
    ];

    #[test]
    fn every_act_is_an_event_with_all_that_the_schema_requires() {
        let sender = Sender { origin: ORIGIN.to_owned(), host: "gate".to_owned(), version: "0.1.0".to_owned() };
        let actors = [Actor::Weir, Actor::Local { uid: 0 }, Actor::Local { uid: 1_000 }, Actor::Token([7; 8])];
        for action in ACTIONS {
            for actor in &actors {
                let mut act = acted(action.word, vec![Target::Count(7), Target::Key("epoch/product/7".to_owned())]);
                act.actor = actor.clone();
                let event = event(&act, &sender);
                for path in REQUIRED {
                    assert!(event.pointer(path).is_some_and(|value| !value.is_null()), "{} has no {path}", action.word);
                }
                let number = |path: &str| event.pointer(path).and_then(Value::as_u64).unwrap();
                assert_eq!(number("/type_uid"), number("/class_uid") * 100 + number("/activity_id"));
                assert!(
                    [1, 2, 3, 4, 99].contains(&number("/activity_id")) && (1..=6).contains(&number("/severity_id"))
                );
                // `at_least_one` of actor, of network_endpoint and of resource_details.
                let any =
                    |path: &str, of: &[&str]| of.iter().any(|name| event.pointer(&format!("{path}/{name}")).is_some());
                assert!(any("/actor", &["process", "user", "session", "app_name", "app_uid"]));
                assert!(any(
                    "/src_endpoint",
                    &["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid"]
                ));
                assert!(any("/resources/0", &["name", "uid"]));
            }
        }
    }
}
