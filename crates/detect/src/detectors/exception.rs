//! Messages, frames, variables and source lines of exceptions.
//!
//! Finds: any text with a letter, however short, below the keys that PostHog and Sentry give exceptions and their stack traces.
//! Not one: the type of an exception, line numbers, platforms.
//! Example: `$exception_list.*.value` = `no user 4711`, `error.frames.*.vars.user` = `ada`
//! Misses: exceptions under keys of your own; traces with two frames are `stack_trace`'s.
//! Source: PostHog's error tracking; Sentry's event payloads (exception and stack trace interfaces).

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    if leaf.has_letter() && !leaf.facts.has(PathFacts::PROMPT) {
        out.add(Category::FreeText, Likelihood::VeryLikely, Evidence::KeyName, 0, leaf.text.len());
    }
}
