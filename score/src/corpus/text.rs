//! What people write, and what only looks as if they had.

use crate::random::Random;

/// Words of what people write about software, by language; the first of each list are its commonest.
const LANGUAGES: &[&str] = &[
    "the|a|to|and|of|is|it|for|with|my|dashboard|export|shows|wrong|totals|when|filter|by|date|please|help|our|team|cannot|load|report|after|update|slow|new|chart|works|great|thanks|would|love|dark|mode|on|mobile|too",
    "die|der|und|ist|nicht|das|mit|ich|ein|für|Bericht|zeigt|falsche|Zahlen|seit|dem|Update|bitte|helfen|wir|können|Seite|laden|langsam|neue|Ansicht|gefällt|mir|sehr|gut",
    "le|la|les|et|est|pas|une|pour|je|avec|tableau|affiche|mauvais|totaux|depuis|mise|jour|merci|aidez|nous|page|lente|nouveau|graphique|fonctionne|bien",
    "el|la|los|y|es|no|una|para|con|que|informe|muestra|datos|incorrectos|desde|actualización|por|favor|ayuda|equipo|página|lenta|nuevo|gráfico|funciona|bien",
    "o|a|os|e|é|não|uma|para|com|que|relatório|mostra|dados|errados|desde|atualização|por|favor|ajuda|equipe|página|lenta|novo|gráfico|funciona|bem",
    "il|la|e|non|una|per|con|che|di|è|rapporto|mostra|dati|sbagliati|dopo|aggiornamento|grazie|aiuto|pagina|lenta|nuovo|grafico|funziona|bene",
    "de|het|en|is|niet|een|voor|met|van|wij|rapport|toont|verkeerde|cijfers|sinds|update|graag|hulp|pagina|traag|nieuwe|grafiek|werkt|goed",
    "i|w|nie|na|do|się|jest|że|raport|pokazuje|błędne|dane|od|aktualizacji|proszę|pomoc|strona|wolna|nowy|wykres|działa|dobrze|bardzo|dziękuję",
];

/// Whole sentences of scripts that put no spaces between words, and of others.
const SENTENCES: &[&str] = &[
    "レポートの合計が日付でフィルターすると間違って表示されます。助けてください。",
    "新しいダッシュボードはとても便利ですが、モバイルでは少し遅いです。よろしくお願いします。",
    "更新之后我们的报表无法加载，请帮忙看一下这个问题，谢谢你们的支持和帮助。",
    "업데이트 이후 보고서가 열리지 않습니다. 확인 부탁드립니다. 감사합니다.",
    "После обновления отчёт не открывается, помогите пожалуйста, мы не можем работать",
    "بعد التحديث لا يمكننا فتح التقرير نرجو المساعدة في أقرب وقت ممكن",
    "Μετά την ενημέρωση δεν μπορούμε να ανοίξουμε την αναφορά, παρακαλώ βοηθήστε μας",
];

/// Running text of at least `from` words. Every fifth word is one of the commonest of the language, as in speech.
pub(crate) fn sentence(r: &mut Random, from: i64, to: i64) -> String {
    let language = LANGUAGES[if r.chance(55.0) { 0 } else { r.below(LANGUAGES.len()) }];
    let n = r.between(from, to);
    let words: Vec<&str> = language.split('|').collect();
    let mut out: Vec<&str> = Vec::new();
    for i in 0..n {
        let at = if i % 4 == 1 { r.below(10) } else { r.below(words.len()) };
        out.push(words[at]);
    }
    out.join(" ")
}

/// What somebody wrote into a field for texts.
pub(crate) fn free_text(r: &mut Random) -> String {
    if r.chance(15.0) {
        return (*r.pick(SENTENCES)).to_owned();
    }
    let mut text = sentence(r, 9, 40);
    if r.chance(40.0) {
        text.push_str(r.word(".|!|?|...| :)"));
    }
    if r.chance(20.0) {
        let more = sentence(r, 5, 20);
        text = format!("{text}\n{more}");
    }
    text
}

/// A prompt to a language model.
pub(crate) fn prompt(r: &mut Random) -> String {
    let ask = r.word("Summarize the following meeting notes for me|Write a polite reply to this customer|Explain why my sister is not answering|Translate this letter to my landlord|Please review the contract that I got from the bank");
    format!("{ask}: {}", sentence(r, 8, 30))
}

pub(crate) const TITLES: &str = "Dashboard | Example;Pricing - Example;How to build a funnel;Settings · Billing;Reports / Weekly;Home;Checkout – Step 2 of 4;The 10 best standing desks of 2026 | Example Blog;Sign in to your account;What's new in Example 4.2;Page not found (404);Run your first query - Docs;Getting started with events and properties - Example Docs;Kontakt | Example GmbH;Tarifs et abonnements – Example";
pub(crate) const LABELS: &str = "Get started;Save changes;Add to cart;Run;Continue with Google;Download the report as PDF;Back to all projects;Yes, delete it;Send me a new code;Next;Start your 14-day free trial;Jetzt kaufen;En savoir plus;Ver todos los planes;Sign up for free;Mark all as read;Learn more about our plans;I agree to the terms";
pub(crate) const PRODUCTS: &str = "Blue Shoe;USB-C Cable 2 m;Desk Lamp \"Aurora\";Ergonomic Chair Pro 3;Standing Desk 160x80;Espresso Beans 1 kg;Wool Socks (3 pairs);The Little Book of Data;LED Strip 5050 RGB 10m;Noise Cancelling Headphones WH-1000;Kids' Rain Jacket 110/116;Yoga Mat – 6 mm;Team Plan (annual);Pro Monthly";
pub(crate) const BREADCRUMBS: &str = "Home > Shoes > Men;Settings/Team/Members;Women|Dresses|Summer;docs > api > events;Electronics > Audio > Headphones > Over-Ear";
pub(crate) const ERRORS: &str = "TypeError: Cannot read properties of undefined (reading 'map');ECONNREFUSED 127.0.0.1:5432;Request failed with status code 502;timeout of 30000ms exceeded;NetworkError when attempting to fetch resource.;ResizeObserver loop limit exceeded;Script error.;401 Unauthorized;ERR_BLOCKED_BY_CLIENT;Loading chunk 47 failed;Failed to fetch;SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON;ChunkLoadError;java.lang.NullPointerException;exit code 137";
pub(crate) const SELECTORS: &str = "div.btn-primary > span#cta;button[data-testid=\"save\"];nav ul li:nth-child(3) a;a.link@hover;.MuiButton-root.css-1x5jdmq;#root > div > main > section:nth-of-type(2) > form;input[name='email'];body.modal-open div.modal.fade.in";
pub(crate) const ASSETS: &str = "/static/logo@2x.png;icon@3x.webp;@scope/pkg@1.2.3;lodash@4.17.21;hero@2x.avif;@types/node@20.11.5;react-dom@18.2.0;sprite@1.5x.svg;@babel/core@7.24.0;img/cards@4x.jpg;bundle.min.js?v=1.2.3.4;vite@5.0.0-beta.2;photo@home.png;banner@mobile.zip";
pub(crate) const VERSIONS: &str = "^1.2.3;10.0.0.1-rc1;1.2.3.4-beta;v2.0.14.3;>=1.0.0 <2.0.0;2026.11.2.1;4.17.21;0.0.0.0;1.0.0+build.20261122;~3.4.5;15.2.1.0;v1.22.333.4444;8.0.36-0ubuntu0.22.04.1";
pub(crate) const COLORS: &str = "#ff8800;#0a0b0c,#ffffff,#336699;rgb(255, 128, 0);hsl(210, 50%, 40%);#1a2b3c4d;linear-gradient(90deg, #fff 0%, #000 100%);red,green,blue";
pub(crate) const QUERIES: &str = "blue shoes;dark mode;refund;how to export;standing desk 160;invoice 2026;usb c cable;wireless headphones under 100;api docs;pricing";
