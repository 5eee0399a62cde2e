//! What a customer adds to detection.

use weir_detect::OwnSpec;
use weir_event::{Category, Likelihood, Millis, SourceId};

use super::{Resolver, texts};
use crate::config::check::Checked;
use crate::config::{FalsePositive, values};

impl Resolver<'_, '_> {
    pub(super) fn detectors(&mut self, list: &Checked) -> Vec<OwnSpec> {
        let mut read = Vec::new();
        for (place, item) in list.items().iter().enumerate() {
            self.places.insert(format!("detectors[{place}]"), item.at);
            read.push(OwnSpec {
                name: item.field("name").text().to_owned(),
                regex: item.field("regex").text().to_owned(),
                category: values::category(item.field("category").text()).unwrap_or(Category::UniqueId),
                validator: item.field("validator").optional_text(),
                keys: texts(item.field("keys")),
                likelihood: match item.field("likelihood").text() {
                    "possible" => Likelihood::Possible,
                    "very_likely" => Likelihood::VeryLikely,
                    _ => Likelihood::Likely,
                },
                matches: texts(item.field("matches")),
                not: texts(item.field("not")),
            });
        }
        read
    }

    pub(super) fn false_positives(&mut self, list: &Checked) -> Vec<FalsePositive> {
        let mut read = Vec::new();
        for (place, item) in list.items().iter().enumerate() {
            self.places.insert(format!("false_positives[{place}]"), item.at);
            let category = values::category(item.field("category").text()).unwrap_or(Category::FreeText);
            if !weir_policy::may_be_marked(category) {
                let message = format!("`false_positives[{place}].category`: {}", crate::marks::REFUSED);
                self.report(item.field("category").at, &message);
            }
            let until = item.field("until").optional_text();
            read.push(FalsePositive {
                source: item.field("source").optional_text().and_then(|id| SourceId::parse(&id).ok()),
                event: item.field("event").text().to_owned(),
                property: item.field("property").text().to_owned(),
                category,
                reason: item.field("reason").text().to_owned(),
                ends: until.as_deref().and_then(values::day).map(|day| day.plus(Millis::DAY)),
            });
        }
        read
    }
}
