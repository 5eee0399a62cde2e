//! Genetic data: tests, sequences, variants.
//!
//! Finds: any value under a key of genetics.
//! Not one: small counters.
//! Example: `genotype` = `rs429358 C/T`, `dna_test_result` = `BRCA1 positive`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 4 (13) GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "genetic",
    category: Category::Genetic,
    facts: PathFacts::GENETIC,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always:
            "genetic genetics geneticdata genetictest genetictestresult geneticvariant geneticmarker genome genotype
            dnatest dnatestresult dnasequence dnadata dnasample haplogroup brcastatus genmutation gentest
            genetischedaten donneesgenetiques testgenetique datosgeneticos pruebagenetica dadosgeneticos datigenetici
            genetischegegevens danegenetyczne genetiskadata genetiskdata geneettinentieto genetickádata genetikveri днк
            генетическиеданные генетичнідані 遺伝子 遺伝情報 基因 基因数据 유전자 유전정보",
        alone: "dna adn",
        ..Vocabulary::NONE
    },
};
