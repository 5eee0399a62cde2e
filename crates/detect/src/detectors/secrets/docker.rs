//! Access tokens of Docker Hub, and what opens a swarm.
//!
//! Finds: tokens of persons and of organisations (`dckr_pat_`, `dckr_oat_`); tokens to join a swarm (`SWMTKN-1-`) and
//! the key that unlocks one (`SWMKEY-1-`).
//! Example: `dckr_pat_{word 27}`, `SWMTKN-1-{lower 50}-{lower 25}`, `SWMKEY-1-{alnum 43}`
//! Misses: prefixes newer than this file.
//! Source: Docker's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, BASE64, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_docker",
    category: Category::SecretToken,
    forms: &[
        form(b"dckr_pat_", &[Exactly(WORD, 27)], varied),
        form(b"dckr_oat_", &[Exactly(WORD, 32)], varied),
        form(b"SWMTKN-1-", &[AtLeast(WORD, 70)], varied),
        form(b"SWMKEY-1-", &[AtLeast(BASE64, 40)], varied),
    ],
};
