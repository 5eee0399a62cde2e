//! Languages that someone speaks.
//!
//! Finds: a text under a key of languages that is a person's.
//! Not one: the locale of a page or a device, programming languages.
//! Example: `native_language` = `Yoruba`, `user.language` = `pt`, `muttersprache` = `Deutsch`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "language",
    category: Category::Language,
    facts: PathFacts::LANGUAGE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: letters,
    words: Vocabulary {
        always: "nativelanguage mothertongue motherlanguage firstlanguage preferredlanguage languagepreference spokenlanguage
            spokenlanguages languagesspoken userlanguage customerlanguage muttersprache sprachkenntnisse
            languematernelle langueparlee languepreferee lenguamaterna idiomapreferido idiomanativo línguamaterna
            madrelingua linguapreferita moedertaal voorkeurstaal językojczysty modersmål äidinkieli mateřskýjazyk anadil
            bahasaibu роднойязык ріднамова 母語 母国語 母语 모국어",
        of_persons: "language languages sprache langue idioma lengua lingua taal język språk sprog kieli jazyk dil bahasa язык
            мова",
        ..Vocabulary::NONE
    },
};
