//! What someone searched for.
//!
//! Finds: a text with a letter under a key of searches.
//! Not one: kinds of search, counts of results, queries of databases.
//! Example: `search_query` = `divorce lawyer`, `suchbegriff` = `schuhe`, `検索キーワード` = `転職`
//! Misses: searches inside URLs of other parameters.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "search_history",
    category: Category::SearchHistory,
    facts: PathFacts::SEARCH,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "searchquery searchqueries searchterm searchterms searchtext searchstring searchkeyword searchkeywords
            searchphrase sitesearch searchhistory recentsearches lastsearch searchedfor searchinput suchbegriff
            suchanfrage suchwort suchtext termederecherche motrecherche requeterecherche terminobusqueda
            terminodebusqueda consultabusqueda termobusca termodebusca termopesquisa termodepesquisa terminericerca
            terminediricerca chiavericerca parolaricerca zoekterm zoekopdracht zoekwoord frazawyszukiwania szukanafraza
            wyszukiwanie sökord sökterm sökfråga søgeord søgeterm søkeord søketerm hakusana hakutermi hledanývýraz
            aramaterimi aramakelimesi katakunci pencarian поисковыйзапрос poiskovyyzapros пошуковийзапит 検索キーワード 検索語
            検索ワード 搜索词 搜索关键词 搜索内容 搜尋 검색어",
        alone: "search q query keyword keywords recherche búsqueda busca pesquisa ricerca arama запрос запит",
        ..Vocabulary::NONE
    },
};

/// Not the query of a database or of an interface.
fn fits(value: &[u8], is_number: bool) -> Fit {
    let of_a_program = value.starts_with(b"SELECT ")
        || value.starts_with(b"select ")
        || value.iter().any(|b| matches!(b, b'{' | b'=' | b'<'));
    // `q=0.9`, as in a header of languages.
    let weight = matches!(value, [b'0' | b'1', b'.', ..]);
    if of_a_program || weight { Fit::No } else { letters(value, is_number) }
}
