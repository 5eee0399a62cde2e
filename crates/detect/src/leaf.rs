//! What a detector sees and where it says what it found.

use weir_event::{Category, Evidence, Finding, Likelihood};

use crate::bytes::{Block, Blocks};
use crate::facts::PathFacts;
use crate::own::Known;

/// One text under scan: a leaf, or a text that was found inside one.
#[derive(Clone, Copy)]
pub(crate) struct Leaf<'a> {
    /// The bytes; UTF-8 where the leaf is a string, but no detector relies on it.
    pub(crate) text: &'a [u8],
    /// What the key says.
    pub(crate) facts: PathFacts,
    /// A JSON number's lexeme rather than a string.
    pub(crate) is_number: bool,
    /// What stands in it at all, or in a text that it is a part of: `HAS_…` of [`crate::gate::signal`].
    pub(crate) signs: u32,
    /// Where its letters and digits stand, if several detectors ask; none of it, or as much as is worked out for all of them.
    pub(crate) first_blocks: &'a [Block],
}

impl<'a> Leaf<'a> {
    /// Where its letters and digits stand.
    #[inline]
    pub(crate) fn blocks(&self) -> Blocks<'a> {
        Blocks::of(self.text, self.first_blocks)
    }

    /// Whether one of these signs may stand in it.
    #[inline]
    pub(crate) fn may_have(&self, signs: u32) -> bool {
        self.signs & signs != 0
    }

    /// Whether it is a text with a letter of any script.
    pub(crate) fn has_letter(&self) -> bool {
        !self.is_number && self.text.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80)
    }
}

/// Findings of one leaf that are kept; a leaf with more of them is dirty enough.
const FINDINGS_MAX: usize = 128;
/// Findings of one category in one leaf that are kept, and as many again of those that are not even possible: they must not stand in
/// the way of one that is.
const CATEGORY_FINDINGS_MAX: u8 = 8;

/// Where findings go: knows where the text under scan lies in the leaf.
pub(crate) struct Output<'v> {
    found: &'v mut Vec<Finding>,
    from: usize,
    per_category: [u8; Category::ALL.len() + 1],
    /// Where the text under scan begins, in the leaf or in what was decoded of it.
    pub(crate) offset: u32,
    /// The whole leaf.
    pub(crate) leaf_len: u32,
    /// The detector at work.
    pub(crate) detector: &'static str,
    /// Detectors of the configuration.
    pub(crate) known: Known<'v>,
}

impl<'v> Output<'v> {
    pub(crate) fn new(found: &'v mut Vec<Finding>, leaf_len: usize) -> Output<'v> {
        let from = found.len();
        let per_category = [0; Category::ALL.len() + 1];
        let leaf_len = u32::try_from(leaf_len).unwrap_or(u32::MAX);
        Output { found, from, per_category, offset: 0, leaf_len, detector: "", known: Known::default() }
    }

    /// Adds a finding at `start..end` of the text under scan.
    pub(crate) fn add(
        &mut self,
        category: Category,
        likelihood: Likelihood,
        evidence: Evidence,
        start: usize,
        end: usize,
    ) {
        let span = (self.offset + start as u32, self.offset + end as u32);
        // A class found twice at one place says nothing new.
        let known = self.found[self.from..].iter().any(|f| {
            f.category == category
                && f.likelihood >= likelihood
                && (evidence == Evidence::Decoded || (f.span.0 <= span.0 && span.1 <= f.span.1))
        });
        if known {
            return;
        }
        // Found anew at one place for the same reason, the surer stands.
        let is_weaker = |f: &&mut Finding| {
            (f.category, f.evidence, f.span) == (category, evidence, span)
                && evidence != Evidence::Decoded
                && (Likelihood::Possible..likelihood).contains(&f.likelihood)
        };
        if let Some(weaker) = self.found[self.from..].iter_mut().find(is_weaker) {
            (weaker.likelihood, weaker.detector) = (likelihood, self.detector);
            return;
        }
        if self.found.len() - self.from >= FINDINGS_MAX {
            return;
        }
        if likelihood < Likelihood::Possible {
            let weak = |f: &&Finding| f.category == category && f.likelihood < Likelihood::Possible;
            if self.found[self.from..].iter().filter(weak).count() >= usize::from(CATEGORY_FINDINGS_MAX) {
                return;
            }
        } else {
            let count = &mut self.per_category[category as usize];
            if *count >= CATEGORY_FINDINGS_MAX {
                return;
            }
            *count += 1;
        }
        self.found.push(Finding { category, likelihood, evidence, detector: self.detector, span });
    }

    /// Runs detectors of the configuration on the text under scan.
    #[cold]
    pub(crate) fn run_own(&mut self, wanted: u64, text: &[u8]) {
        let Known { own, hints } = self.known;
        if let Some(own) = own {
            own.run(wanted, hints, text, self);
        }
    }

    /// Runs `work` on a text that was decoded: its findings lose their place and become the leaf's, after what overlaps among them
    /// is resolved by where they stand in the decoded text.
    pub(crate) fn decoded(&mut self, work: impl FnOnce(&mut Output<'_>)) {
        let (from, offset, per_category) = (self.from, self.offset, self.per_category);
        (self.from, self.offset) = (self.found.len(), 0);
        work(self);
        self.resolve_overlaps();
        let inner = self.from;
        (self.from, self.offset, self.per_category) = (from, offset, per_category);
        let mut kept = inner;
        for at in inner..self.found.len() {
            let finding = self.found[at];
            // The same class found again in a decoded form of the leaf says nothing new.
            let known = self.found[from..kept]
                .iter()
                .any(|f| f.category == finding.category && f.likelihood >= finding.likelihood);
            let count = &mut self.per_category[finding.category as usize];
            if known || *count >= CATEGORY_FINDINGS_MAX || kept - from >= FINDINGS_MAX {
                continue;
            }
            *count += 1;
            self.found[kept] = Finding { span: (0, self.leaf_len), evidence: Evidence::Decoded, ..finding };
            kept += 1;
        }
        self.found.truncate(kept);
    }

    /// Whether more findings of this category would be thrown away, so that a detector may stop.
    pub(crate) fn is_full(&self, category: Category) -> bool {
        self.per_category[category as usize] >= CATEGORY_FINDINGS_MAX || self.found.len() - self.from >= FINDINGS_MAX
    }

    /// Whether a finding of this category is there already, at least as likely.
    pub(crate) fn has(&self, category: Category, likelihood: Likelihood) -> bool {
        self.found[self.from..].iter().any(|f| f.category == category && f.likelihood >= likelihood)
    }

    /// Whether something surer than a key's name was found at `start..end` of the text under scan, or around it.
    pub(crate) fn is_explained(&self, start: usize, end: usize) -> bool {
        let (start, end) = (self.offset + start as u32, self.offset + end as u32);
        self.found[self.from..].iter().any(|f| {
            f.span.0 < end
                && start < f.span.1
                && f.likelihood > Likelihood::VeryUnlikely
                && !matches!(f.evidence, Evidence::KeyName | Evidence::LongText)
                // Of a UUID only its key says what it is for, and of what is random and no more.
                && f.category != Category::UniqueId
                && (f.category != Category::Secret || f.likelihood >= Likelihood::Likely)
        })
    }

    /// Takes out what lies inside something stronger: a phone inside a card, an e-mail inside a URL's credentials.
    #[inline]
    pub(crate) fn resolve_overlaps(&mut self) {
        if self.found.len() - self.from >= 2 {
            self.take_out_the_weak();
        }
    }

    fn take_out_the_weak(&mut self) {
        let mut i = self.from;
        while i < self.found.len() {
            let weak = self.found[i];
            if self.found[self.from..].iter().any(|strong| gives_way(&weak, strong)) {
                self.found.remove(i);
            } else {
                i += 1;
            }
        }
    }
}

fn gives_way(weak: &Finding, strong: &Finding) -> bool {
    let overlap = weak.span.0 < strong.span.1 && strong.span.0 < weak.span.1;
    // What is cut at an escape is known better from the decoded text.
    if weak.category == Category::ContactEmail && weak.likelihood == Likelihood::Possible {
        return strong.evidence == Evidence::Decoded
            && strong.likelihood >= Likelihood::Likely
            && matches!(strong.category, Category::ContactEmail | Category::SecretUrl);
    }
    // Whom a token is of stands inside it.
    if overlap && weak.category == Category::UniqueId && weak.evidence == Evidence::Decoded {
        return strong.category == Category::SecretToken && strong.evidence != Evidence::Decoded;
    }
    if !overlap || weak.evidence == Evidence::Decoded || strong.evidence == Evidence::Decoded {
        return false;
    }
    let numeric = matches!(weak.category, Category::ContactPhone | Category::NationalId | Category::IpAddress);
    match (weak.category, strong.category) {
        (Category::ContactEmail | Category::Username, Category::SecretUrl) => true,
        (Category::ContactPhone, Category::ContactEmail | Category::IpAddress) => {
            strong.likelihood >= Likelihood::Likely
        }
        (Category::CreditCard, Category::BankAccount) => {
            strong.evidence == Evidence::Checksum && weak.span.1 - weak.span.0 < strong.span.1 - strong.span.0
        }
        // A key's word for an id adds nothing to the id that was found there.
        (Category::NationalId, Category::NationalId) => {
            weak.evidence == Evidence::KeyName
                && strong.evidence != Evidence::KeyName
                && strong.likelihood >= weak.likelihood
        }
        // A check digit passes by chance in a piece of a phone. Where all of a number is both, both are said.
        (Category::NationalId, Category::ContactPhone) if weak.evidence != Evidence::KeyName => {
            let is_piece = strong.span.0 <= weak.span.0 && weak.span.1 <= strong.span.1 && weak.span != strong.span;
            strong.evidence == Evidence::Shape
                && strong.likelihood >= weak.likelihood
                && (is_piece || weak.likelihood < Likelihood::Likely)
        }
        (Category::ContactPhone, Category::NationalId)
            if strong.span.0 >= weak.span.0 && strong.span.1 <= weak.span.1 =>
        {
            false
        }
        _ => {
            numeric
                && weak.category != strong.category
                && weak.evidence != Evidence::KeyName
                && strong.likelihood >= weak.likelihood
                && matches!(strong.evidence, Evidence::Checksum | Evidence::Prefix)
        }
    }
}
