//! Children of a person.
//!
//! Finds: a text under a key of children: names, ages, schools.
//! Not one: how many (`has_children`, `children: 2`), `children` of an element of a page.
//! Example: `child_name` = `Emma`, `user.children` = `Emma, Noah`, `name_des_kindes` = `Jonas`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, number_below};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "children",
    category: Category::Childrens,
    facts: PathFacts::CHILDREN,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "childname childsname childfirstname childlastname childrennames childrensnames childnames childschool
            childbirthdate childbirthday childdob childdateofbirth kidname kidsnames daughtername sonname kindername
            kindernamen namedeskindes geburtsdatumkind nomenfant prenomenfant nomdelenfant nombrehijo nombredelhijo
            nombrehija nomefilho nomedofilho nomefiglio nomedelfiglio naamkind imiędziecka barnetsnamn barnetsnavn
            lapsennimi jménodítěte çocukadı namaanak имяребенка imyarebenka імядитини 子供の名前 子どもの名前 孩子姓名 子女姓名 자녀이름",
        alone: "children kids child kinder enfants hijos filhos figli kinderen dzieci",
        ..Vocabulary::NONE
    },
};

/// Names begin with a capital, parts of a page do not.
fn fits(value: &[u8], _: bool) -> Fit {
    match value.first() {
        Some(b'A'..=b'Z' | 0x80..) => Fit::Yes,
        Some(b'0'..=b'9') if !number_below(value, 100) => Fit::Perhaps,
        _ => Fit::No,
    }
}
