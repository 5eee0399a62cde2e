//! What is read of a vendor's event: its name, its insert id, its time. Nothing else of it is looked at, and of these the name is kept
//! only where the ledger knows it (D1).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use weir_answers::reconcile::Told;
use weir_answers::reconcile::zone::Zone;
use weir_event::Millis;
use weir_protocol::export::insert_id;

use crate::cli::audit::export::Form;
use crate::cli::scalars;

/// A vendor's event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Their {
    pub(super) name: String,
    pub(super) told: Told,
    /// The vendor's day, where the event says when it happened.
    pub(super) day: Option<i64>,
}

/// Reads an object of an export. `None` where it cannot be read; [`Some(None)`] where it is a profile, and no event.
pub(super) fn read(form: Form, object: &[u8], zone: &Zone) -> Option<Option<Their>> {
    if matches!(form, Form::MixpanelProfile | Form::PostHogPerson) {
        return Some(None);
    }
    let read = |bytes: &[u8]| serde_json::from_slice(bytes).ok().and_then(|event| told(form, event, zone));
    read(object).or_else(|| {
        let mut mended = object.to_vec();
        scalars::mend_surrogates(&mut mended);
        read(&mended)
    })
}

/// The fields that an event of any form may have; all others are passed over.
#[derive(Deserialize)]
struct Event<'t> {
    #[serde(borrow, default)]
    event: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    event_type: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    event_name: Option<Cow<'t, str>>,
    #[serde(borrow, default, rename = "type")]
    call: Option<Cow<'t, str>>,
    #[serde(borrow, default, rename = "$insert_id")]
    dollar_insert_id: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    insert_id: Option<Cow<'t, str>>,
    #[serde(borrow, default, rename = "messageId")]
    message_id: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    uuid: Option<Cow<'t, str>>,
    #[serde(default)]
    time: Option<Value>,
    #[serde(default)]
    event_time: Option<Value>,
    #[serde(default)]
    timestamp: Option<Value>,
    #[serde(default, rename = "originalTimestamp")]
    original_timestamp: Option<Value>,
    #[serde(borrow, default)]
    properties: Option<Properties<'t>>,
}

/// Of the properties.
#[derive(Deserialize)]
#[serde(untagged)]
enum Properties<'t> {
    Some(#[serde(borrow)] Few<'t>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Few<'t> {
    #[serde(borrow, default, rename = "$insert_id")]
    insert_id: Option<Cow<'t, str>>,
    #[serde(default)]
    time: Option<Value>,
}

fn told(form: Form, event: Event<'_>, zone: &Zone) -> Option<Option<Their>> {
    let Event { event: name, event_type, event_name, call, dollar_insert_id, .. } = event;
    let few = match event.properties {
        Some(Properties::Some(few)) => few,
        Some(Properties::Other(_)) | None => Few { insert_id: None, time: None },
    };
    let day = |at: Option<Millis>| at.map(|at| zone.day_of(at));
    let (name, id, day) = match form {
        // Its times are by the clock of the project already.
        Form::Mixpanel => {
            let at = few.time.as_ref().and_then(moment);
            (name, few.insert_id, at.map(|at| at.0.div_euclid(Millis::DAY)))
        }
        Form::Amplitude => {
            let at = event.event_time.or(event.time);
            (event_type, dollar_insert_id.or(event.insert_id), day(at.as_ref().and_then(moment)))
        }
        Form::PostHog => (name, event.uuid, day(event.timestamp.as_ref().and_then(moment))),
        Form::Segment | Form::RudderStack => {
            let name = match call.as_deref() {
                Some("page") => Some("$page".into()),
                Some("screen") => Some("$screen".into()),
                Some("identify" | "group" | "alias") => return Some(None),
                _ => name,
            };
            let at = event.timestamp.or(event.original_timestamp);
            (name, event.message_id, day(at.as_ref().and_then(moment)))
        }
        Form::Other => {
            let at = event.time.or(event.timestamp).or(event.event_time);
            let id = event.insert_id.or(dollar_insert_id).or(event.message_id).or(event.uuid);
            (name.or(event_name), id, day(at.as_ref().and_then(moment)))
        }
        Form::MixpanelProfile | Form::PostHogPerson => return Some(None),
    };
    let told = id.as_deref().and_then(insert_id).map_or(Told::Foreign, Told::Id);
    Some(Some(Their { name: name?.into_owned(), told, day }))
}

/// A time as exports write it: seconds or milliseconds since 1970, or a text.
fn moment(value: &Value) -> Option<Millis> {
    /// What is larger counts milliseconds: as seconds it would lie behind the year 5000.
    const SECONDS_MAX: f64 = 1e11;
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.parse::<f64>() {
            Ok(number) => number,
            Err(_) => return Millis::from_rfc3339(text),
        },
        _ => return None,
    };
    let millis = if number.abs() < SECONDS_MAX { number * 1_000.0 } else { number };
    (millis.abs() < 1e15).then_some(Millis(millis.floor() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01234567-89ab-4def-8123-456789abcdef";
    const NUMBER: u128 = 0x0123_4567_89ab_4def_8123_4567_89ab_cdef;

    #[test]
    fn the_name_id_and_day_of_an_event_are_read_in_every_form() {
        let day = Millis::from_rfc3339("2026-11-22T00:00:00Z").unwrap().0 / Millis::DAY;
        let cases = [
            (
                Form::Mixpanel,
                format!(r#"{{"event":"Opened","properties":{{"time":1795305600,"$insert_id":"{ID}","$city":"x"}}}}"#),
            ),
            (
                Form::Mixpanel,
                format!(r#"{{"event":"Opened","properties":{{"time":1795305600000,"$insert_id":"{ID}"}}}}"#),
            ),
            (
                Form::Amplitude,
                format!(
                    r#"{{"event_type":"Opened","$insert_id":"{ID}","event_time":"2026-11-22 08:00:00.123000","uuid":"other"}}"#
                ),
            ),
            (
                Form::PostHog,
                format!(
                    r#"{{"event":"Opened","uuid":"{ID}","timestamp":"2026-11-22T09:00:00+01:00","properties":"{{}}"}}"#
                ),
            ),
            (
                Form::Segment,
                format!(r#"{{"type":"track","event":"Opened","messageId":"{ID}","timestamp":"2026-11-22T08:00:00Z"}}"#),
            ),
            (
                Form::Other,
                format!(r#"{{"event":"Opened","insert_id":"{ID}","time":"2026-11-22T08:00:00Z","properties":[1]}}"#),
            ),
        ];
        for (form, text) in cases {
            let their = Their { name: "Opened".to_owned(), told: Told::Id(NUMBER), day: Some(day) };
            assert_eq!(read(form, text.as_bytes(), &Zone::utc()), Some(Some(their)), "{text}");
        }
    }

    #[test]
    fn an_id_of_another_form_is_foreign_and_what_has_no_name_cannot_be_read() {
        let read = |form, text: &str| read(form, text.as_bytes(), &Zone::utc());
        let foreign =
            read(Form::Mixpanel, r#"{"event":"A","properties":{"time":1,"$insert_id":"hpuDqcvpltpCjBsebtx"}}"#);
        assert_eq!(foreign.flatten().map(|their| their.told), Some(Told::Foreign));
        assert_eq!(read(Form::Mixpanel, r#"{"properties":{"time":1}}"#), None);
        assert_eq!(read(Form::Mixpanel, "terminated early"), None);
        assert_eq!(read(Form::MixpanelProfile, "{}"), Some(None));
        assert_eq!(read(Form::Segment, r#"{"type":"identify","userId":"u"}"#), Some(None));
        let half = r#"{"event":"A\ud800","properties":{"time":1}}"#;
        assert_eq!(read(Form::Mixpanel, half).flatten().map(|their| their.name), Some("A\u{fffd}".to_owned()));
    }
}
