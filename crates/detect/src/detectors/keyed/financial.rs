//! Money of a person: income, salary, credit score, balance.
//!
//! Finds: an amount, a range or a text under a key of income.
//! Not one: small counters; the price of a thing.
//! Example: `salary` = `72000`, `jahreseinkommen` = `50.000-75.000`, `credit_score` = `712`
//! Misses: amounts under `balance` that is no person's; prices.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, count_digits};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "financial",
    category: Category::Financial,
    facts: PathFacts::FINANCIAL,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "income annualincome yearlyincome monthlyincome householdincome grossincome netincome incomerange
            incomebracket incomelevel salary annualsalary basesalary monthlysalary currentsalary expectedsalary
            salaryexpectation wage wages hourlywage creditscore creditrating ficoscore fico networth bankbalance
            accountbalance loanbalance mortgagebalance totaldebt taxreturn payslip paycheck einkommen jahreseinkommen
            monatseinkommen haushaltseinkommen gehalt bruttogehalt nettogehalt jahresgehalt monatsgehalt lohn kontostand
            schufa schufascore bonität vermögen salaire salairebrut salairenet revenu revenus revenuannuel revenufiscal
            soldecompte salario sueldo ingresosanuales ingresosmensuales saldocuenta salário rendamensal rendafamiliar
            saldoconta stipendio reddito redditoannuo saldoconto salaris inkomen jaarinkomen banksaldo pensja
            wynagrodzenie dochód dochody zarobki saldokonta månadslön årslön inkomst månedsløn indkomst lønn
            inntekt palkka vuositulot mzda příjem maaş gaji pendapatan зарплата доход zarplata dohod дохід 年収 給与 給料 貯金額
            工资 薪水 年薪 余额 연봉 급여 소득",
        alone: "pension renda rendimento 収入 收入",
        of_persons: "balance debt saldo solde compensation",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    if count_digits(value) >= 3 || (!is_number && count_digits(value) >= 1) { Fit::Yes } else { Fit::Perhaps }
}
