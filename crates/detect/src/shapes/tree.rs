//! The tree of shapes: built when this crate is compiled, from the shapes of every kind.

use super::{Form, IDS, SEPARATORS, WORD_BYTES_MAX, separator};
use crate::bytes::BLOCK_BYTES;

/// One shape at the node where it ends.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: usize,
    pub(super) shape: &'static str,
    pub(super) form: Form,
    /// One in how many numbers of the shape is of any kind by chance, of those kinds that are looked for without a key.
    pub(super) chance_of_shape: u32,
    after: u16,
}

/// The kinds of numbers whose shape ends at a node.
pub(super) fn entries(node: usize) -> impl Iterator<Item = &'static Entry> {
    let mut at = HEADS[node];
    std::iter::from_fn(move || {
        let entry = ENTRIES.get(usize::from(at))?;
        at = entry.after;
        Some(entry)
    })
}

const ROOT: usize = 0;
const NONE: u16 = u16::MAX;
const NODES_MAX: usize = 512;
const ENTRIES_MAX: usize = 320;
/// A power of two, a few times the nodes, so that most steps are decided by one look.
const SLOTS: usize = 2_048;

struct Tree {
    /// The node and the step, plus one so that an empty slot is 0; and the node that they lead to.
    slots: [(u32, u16); SLOTS],
    /// The first entry of each node.
    heads: [u16; NODES_MAX],
    entries: [Entry; ENTRIES_MAX],
    nodes: usize,
    count: usize,
    /// By its step, where the first word of a shape leads to; 0 where none begins so.
    first: [u16; 256],
    /// The node that each stands behind, and the step from there.
    parents: [(u16, u32); NODES_MAX],
}

/// Where a walk over the tree may go: a step that leads to no shape which is looked for is not taken.
pub(super) struct Ways {
    /// By its step, where the first word of a shape leads to; 0 where none begins so.
    pub(super) first: [u16; 256],
    /// The separators that go on from each node, as bits,
    pub(super) follows: [u8; NODES_MAX],
    /// and the lengths of the words behind them, by their mix; those of any mix first.
    pub(super) words: [[u64; 4]; NODES_MAX],
    /// Whether a shape ends at the node.
    pub(super) ends: [bool; NODES_MAX],
}

impl Ways {
    /// Whether a way leads on from a node, by the byte behind its word, and by the length of the word behind that, which begins at `next`
    /// of its block's `words`. It is said of what is not of the block or not ASCII.
    #[inline(always)]
    pub(super) fn may_go_on(&self, node: usize, byte: u8, words: u64, next: usize) -> bool {
        if !byte.is_ascii() {
            return true;
        }
        let is_way = self.follows[node] >> SEPARATORS[usize::from(byte)] & 1 == 1;
        is_way
            && (next >= BLOCK_BYTES || {
                let len = (!(words >> next)).trailing_zeros() as usize;
                next + len >= BLOCK_BYTES || self.words[node][0] >> len & 1 == 1
            })
    }
}

/// Whether one text may have both of two shapes that end at one node.
const fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut i = 0;
    while i < one.len() && i < other.len() {
        let (a, b) = (one[i], other[i]);
        let digits = a.is_ascii_digit() && b.is_ascii_digit() && (a == b'0' || b == b'0');
        if a != b && a != b'*' && b != b'*' && !digits {
            return false;
        }
        i += 1;
    }
    one.len() == other.len()
}

const fn slot_of(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> 16) as usize % SLOTS
}

const fn find_slot(slots: &[(u32, u16); SLOTS], key: u32) -> usize {
    let mut at = slot_of(key);
    while slots[at].0 != 0 && slots[at].0 != key {
        at = (at + 1) % SLOTS;
    }
    at
}

#[inline]
pub(super) fn next(node: usize, step: u32) -> Option<usize> {
    let slot = SLOTS_OF_STEPS[find_slot(&SLOTS_OF_STEPS, key_of(node, step))];
    (slot.0 != 0).then_some(usize::from(slot.1))
}

const fn key_of(node: usize, step: u32) -> u32 {
    ((node as u32) << 11 | step) + 1
}

impl Tree {
    const fn step(mut self, node: usize, step: u32) -> (Tree, usize) {
        let key = key_of(node, step);
        let at = find_slot(&self.slots, key);
        if self.slots[at].0 == 0 {
            assert!(self.nodes < NODES_MAX && self.nodes * 3 < SLOTS * 2, "make the tables larger");
            self.slots[at] = (key, self.nodes as u16);
            self.parents[self.nodes] = (node as u16, step);
            self.nodes += 1;
        }
        let to = self.slots[at].1 as usize;
        (self, to)
    }

    /// Works out how often chance alone makes a number of any of the kinds that share a shape.
    const fn with_chances(mut self) -> Tree {
        const WHOLE: u32 = 1_000_000_000;
        let mut node = 0;
        while node < self.nodes {
            let mut one = self.heads[node];
            while one != NONE {
                let (mut passing, mut other) = (0, self.heads[node]);
                while other != NONE {
                    let entry = self.entries[other as usize];
                    let chance = IDS[entry.id].chance;
                    if chance >= entry.form.chance_possible() && overlap(self.entries[one as usize].shape, entry.shape)
                    {
                        passing += WHOLE / chance;
                    }
                    other = entry.after;
                }
                // No kind of the shape is looked for without a key: then nobody asks.
                let passing = if passing == 0 { WHOLE } else { passing };
                self.entries[one as usize].chance_of_shape = WHOLE / passing;
                one = self.entries[one as usize].after;
            }
            node += 1;
        }
        self
    }

    /// Adds a shape from its byte `at` on, reached at `node`. A `*` makes a word of more than one mix, so it may branch.
    const fn add(mut self, id: usize, shape: &'static str, at: usize, node: usize) -> Tree {
        let bytes = shape.as_bytes();
        if at >= bytes.len() {
            assert!(self.count < ENTRIES_MAX, "make the table larger");
            self.entries[self.count] =
                Entry { id, shape, form: Form::of(shape), chance_of_shape: 0, after: self.heads[node] };
            self.heads[node] = self.count as u16;
            self.count += 1;
            return self;
        }
        let separated = separator(bytes[at]);
        let start = if at == 0 { 0 } else { at + 1 };
        assert!(at == 0 || separated != 0);
        let (mut end, mut mix, mut open) = (start, 0, false);
        while end < bytes.len() && separator(bytes[end]) == 0 {
            match bytes[end] {
                b'0'..=b'9' => mix |= 1,
                b'*' => open = true,
                byte => {
                    assert!(byte.is_ascii_uppercase(), "a digit, a letter, a star or a separator");
                    mix |= 2;
                }
            }
            end += 1;
        }
        assert!(end > start && end - start < WORD_BYTES_MAX);
        let mut of_mix = 1;
        while of_mix <= 3 {
            if of_mix == mix || (open && of_mix & mix == mix) {
                let word = of_mix | ((end - start) as u32) << 2;
                let (mut tree, to) = self.step(node, word | separated << 8);
                if at == 0 {
                    tree.first[word as usize] = to as u16;
                }
                self = tree.add(id, shape, end, to);
            }
            of_mix += 1;
        }
        self
    }

    /// The ways to every shape, or to those alone of which [`likelihood`] says something without a key.
    const fn ways(&self, without_key: bool) -> Ways {
        let mut ways =
            Ways { first: [0; 256], follows: [0; NODES_MAX], words: [[0; 4]; NODES_MAX], ends: [false; NODES_MAX] };
        let mut leads = [false; NODES_MAX];
        // What stands behind a node was made after it.
        let mut node = self.nodes;
        while node > 1 {
            node -= 1;
            let mut at = self.heads[node];
            while at != NONE {
                let entry = self.entries[at as usize];
                ways.ends[node] |= !without_key || IDS[entry.id].chance >= entry.form.chance_possible();
                at = entry.after;
            }
            leads[node] |= ways.ends[node];
            let (parent, step) = self.parents[node];
            if leads[node] && parent as usize != ROOT {
                leads[parent as usize] = true;
                ways.follows[parent as usize] |= 1 << (step >> 8);
                ways.words[parent as usize][0] |= 1 << (step >> 2 & 63);
                ways.words[parent as usize][(step & 3) as usize] |= 1 << (step >> 2 & 63);
            }
        }
        let mut step = 0;
        while step < ways.first.len() {
            let to = self.first[step];
            ways.first[step] = if leads[to as usize] { to } else { 0 };
            step += 1;
        }
        ways
    }
}

const TREE: Tree = {
    let none = Entry { id: 0, shape: "", form: Form::Bare, chance_of_shape: 0, after: NONE };
    let mut tree = Tree {
        slots: [(0, 0); SLOTS],
        heads: [NONE; NODES_MAX],
        entries: [none; ENTRIES_MAX],
        nodes: 1,
        count: 0,
        first: [0; 256],
        parents: [(0, 0); NODES_MAX],
    };
    assert!(IDS.len() < 128, "a byte in a verdict");
    // From the last to the first, so that each node's list is in the order of IDS.
    let mut id = IDS.len();
    while id > 0 {
        id -= 1;
        let mut shape = 0;
        while shape < IDS[id].shapes.len() {
            tree = tree.add(id, IDS[id].shapes[shape], 0, ROOT);
            shape += 1;
        }
    }
    tree.with_chances()
};
static SLOTS_OF_STEPS: [(u32, u16); SLOTS] = TREE.slots;
static HEADS: [u16; NODES_MAX] = TREE.heads;
pub(super) static ENTRIES: [Entry; ENTRIES_MAX] = TREE.entries;
/// Under a key that some kind asks for.
pub(super) static ALL: Ways = TREE.ways(false);
pub(super) static WITHOUT_KEY: Ways = TREE.ways(true);
