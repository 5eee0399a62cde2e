//! Where a rule holds: countries, and three names for several of them.

use weir_event::Region;

/// A set of countries.
#[derive(Clone, PartialEq, Eq, Debug)]
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

impl Regions {
    /// Reads codes of ISO 3166-1 (`DE`), `eu`, `eea` and `uk`; the first word that is none of them.
    pub(crate) fn parse(words: &[String]) -> Result<Regions, String> {
        let mut regions = Regions([0; 11]);
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

    /// Whether a country is one of them. A country that is not known may be any.
    pub(crate) fn may_hold(&self, region: Region) -> bool {
        match region.code().and_then(place) {
            Some(place) => self.0[place / 64] & (1 << (place % 64)) != 0,
            None => true,
        }
    }

    fn add(&mut self, code: &str) {
        if let Some(place) = place(code) {
            self.0[place / 64] |= 1 << (place % 64);
        }
    }
}

fn place(code: &str) -> Option<usize> {
    match *code.as_bytes() {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(usize::from(a - b'A') * 26 + usize::from(b - b'A')),
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
