//! Where a rule holds: countries, and three names for several of them.

use weir_event::Region;

/// A set of countries.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Regions([u64; 11]);

/// The member states of the European Union, with the parts of them that have a code of their own and where its law applies in full:
/// Åland and the outermost regions (TFEU, articles 349 and 355).
const EU: &str =
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK AX GF GP MF MQ RE YT";
/// Those of the European Economic Area that are not of the Union.
const EEA: &str = "IS LI NO";
/// The codes of ISO 3166-1, and XK for Kosovo, as the country table has it: a slip of the pen must not make a rule that holds nowhere.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA \
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
    GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA \
    LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU \
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC \
    TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Whether a word names a region: a code of ISO 3166-1, `eu`, `eea` or `uk`.
pub fn is_region(word: &str) -> bool {
    Regions::parse(&[word.to_owned()]).is_ok()
}

/// Whether a word is the code of a country of ISO 3166-1, in capital letters.
pub fn is_country(word: &str) -> bool {
    word.len() == 2 && CODES.split_ascii_whitespace().any(|known| known == word)
}

impl Regions {
    /// Reads codes of ISO 3166-1 (`DE`), `eu`, `eea` and `uk`; the first word that is none of them.
    pub(crate) fn parse(words: &[String]) -> Result<Regions, String> {
        let mut regions = Regions::default();
        for word in words {
            let upper = word.to_ascii_uppercase();
            let list = match upper.as_str() {
                "EU" => &[EU][..],
                "EEA" => &[EU, EEA],
                "UK" => &["GB"],
                code if CODES.split_ascii_whitespace().any(|known| known == code) => &[code],
                _ => return Err(word.clone()),
            };
            list.iter().flat_map(|codes| codes.split(' ')).for_each(|code| regions.add(code));
        }
        Ok(regions)
    }

    /// Every country.
    pub(crate) fn all() -> Regions {
        let mut all = Regions::default();
        CODES.split_ascii_whitespace().for_each(|code| all.add(code));
        all
    }

    /// Whether a country is one of them. A country that is not known may be any.
    pub(crate) fn may_hold(&self, region: Region) -> bool {
        place_of(region).is_none_or(|place| self.has(place))
    }

    /// Whether the country of this place is one of them.
    pub(crate) fn has(&self, place: Place) -> bool {
        self.0[usize::from(place.0) / 64] & (1 << (place.0 % 64)) != 0
    }

    /// Adds those of another set.
    pub(crate) fn join(&mut self, other: &Regions) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// Those that are not of another set.
    pub(crate) fn without(&self, other: &Regions) -> Regions {
        let mut rest = self.clone();
        rest.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours &= !theirs);
        rest
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 11]
    }

    /// The codes, in their order.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &'static str> + '_ {
        CODES.split_ascii_whitespace().filter(|code| place(code).is_some_and(|place| self.has(place)))
    }

    fn add(&mut self, code: &str) {
        if let Some(Place(place)) = place(code) {
            self.0[usize::from(place) / 64] |= 1 << (place % 64);
        }
    }
}

/// Where a country stands in a set.
#[derive(Clone, Copy)]
pub(crate) struct Place(u16);

/// The place of an event's country; `None` where it is not known.
pub(crate) fn place_of(region: Region) -> Option<Place> {
    region.code().and_then(place)
}

fn place(code: &str) -> Option<Place> {
    match *code.as_bytes() {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(Place(u16::from(a - b'A') * 26 + u16::from(b - b'A'))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(words: &[&str], code: &str) -> bool {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        Regions::parse(&words).unwrap().may_hold(Region::parse(code).unwrap_or(Region::UNKNOWN))
    }

    #[test]
    fn names_stand_for_their_countries_and_the_unknown_is_everywhere() {
        assert_eq!(EU.split(' ').count(), 27 + 7);
        assert!(holds(&["eu"], "DE") && holds(&["eu"], "RE") && !holds(&["eu"], "NO") && !holds(&["eu"], "GB"));
        assert!(holds(&["eea"], "NO") && holds(&["eea"], "FR") && !holds(&["eea"], "CH"));
        assert!(holds(&["uk"], "GB") && holds(&["US", "eu"], "US") && !holds(&["US"], "UM"));
        assert!(holds(&["US"], "") && holds(&[], ""), "strictest: an unknown country is inside");
        assert_eq!(Regions::parse(&["Europe".to_owned()]), Err("Europe".to_owned()));
        assert_eq!(Regions::parse(&["XX".to_owned()]), Err("XX".to_owned()), "a rule that would hold nowhere");
        assert!(holds(&["de"], "DE") && holds(&["EU"], "DE") && holds(&["UK"], "GB"));
        assert!(EU.split(' ').chain(EEA.split(' ')).all(|code| CODES.contains(code)));
        assert_eq!(CODES.split_ascii_whitespace().count(), 250);
    }
}
