//! What someone does for a living.
//!
//! Finds: a text under a key of occupations; `title` and `position` below a person.
//! Not one: titles of pages, positions in a list, `job` of a queue.
//! Example: `job_title` = `Head of Data`, `user.title` = `CFO`, `beruf` = `Lehrerin`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "job_title",
    category: Category::JobTitle,
    facts: PathFacts::JOB,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: letters,
    words: Vocabulary {
        always: "positiontitle roletitle jobtitle jobposition jobrole jobfunction occupation profession professionaltitle worktitle currentjob
            currentposition beruf berufsbezeichnung stellenbezeichnung métier intituléposte intitulédeposte ocupación
            profesión puestodetrabajo puestotrabajo profissão ocupação cargoatual professione mestiere beroep
            functietitel zawód stanowisko yrke jobbtitel befattning stillingsbetegnelse jobtitel stillingstittel ammatti
            povolání pracovnípozice meslek unvan pekerjaan jabatan профессия должность professiya dolzhnost посада
            професія 職業 職種 役職 肩書 职业 职位 职务 직업 직책 직위",
        of_persons: "position designation poste fonction puesto cargo funktion functie qualifica emploi",
        ..Vocabulary::NONE
    },
};
