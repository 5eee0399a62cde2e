//! Prompts to language models and their answers.
//!
//! Finds: any text with a letter, however short, below the keys that PostHog, OpenTelemetry, OpenInference, OpenLLMetry and the AI
//! SDK give prompts, messages, answers and tools.
//! Not one: what says of which form a part is (`role`, `type`, `finish_reason`), numbers, names of models.
//! Example: `$ai_input.*.content` = `Hi`, `gen_ai.output.messages.*.content` = `Paris.`, `llm_response` = `Sure!`
//! Misses: prompts under keys of your own; those of words are `free_text`'s.
//! Source: PostHog's AI observability; OpenTelemetry's semantic conventions for generative AI.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    if leaf.has_letter() {
        out.add(Category::FreeText, Likelihood::VeryLikely, Evidence::KeyName, 0, leaf.text.len());
    }
}
