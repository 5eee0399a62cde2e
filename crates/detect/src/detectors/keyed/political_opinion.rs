//! Political opinion and membership of unions.
//!
//! Finds: any text under a key of politics.
//! Not one: `party` of guests (`party_size`).
//! Example: `political_party` = `Green`, `parteizugehörigkeit` = `keine Partei`, `union_membership` = `UNISON`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "political_opinion",
    category: Category::PoliticalOpinion,
    facts: PathFacts::POLITICS,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "politicalparty politicalaffiliation politicalopinion politicalopinions politicalview politicalviews
            politicalleaning politicalorientation partyaffiliation partymembership voterregistration registeredparty
            votingintention voteintention votedfor votingpreference unionmembership tradeunion tradeunionmembership
            unionmember politischemeinung politischegesinnung parteizugehörigkeit parteimitgliedschaft gewerkschaft
            gewerkschaftszugehörigkeit opinionpolitique opinionspolitiques partipolitique orientationpolitique
            appartenancesyndicale partidopolitico afiliacionpolitica ideologiapolitica afiliacionsindical
            opiniaopolitica filiacaopartidaria partitopolitico opinionepolitica orientamentopolitico iscrizionesindacale
            politiekevoorkeur politiekepartij vakbondslidmaatschap vakbond partiapolityczna poglądypolityczne
            politiskåsikt politisktparti fackförbund politiskoverbevisning partitilhørighet puoluekanta poliittinenkanta
            politicképřesvědčení politickástrana siyasigörüş siyasiparti partaipolitik pandanganpolitik
            политическиевзгляды партийность politicheskievzglyady політичніпогляди партійність 支持政党 政治信条 政治面貌 党派 정당 정치성향",
        of_persons: "politics",
        ..Vocabulary::NONE
    },
};
