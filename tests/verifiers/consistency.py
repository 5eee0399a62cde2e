#!/usr/bin/env python3
"""Checks a proof of consistency as `weir ledger consistency --out` writes it, with nothing but Python's standard library and
`verify.py` beside it.

    consistency.py PROOF VERIFIER_KEY

Both checkpoints must be signed by the key. Prints `ok OLD_SIZE NEW_SIZE` and exits 0; otherwise says what is wrong, `FORK` where two
signed checkpoints of one size have different roots, and exits 1.
"""

import pathlib
import sys

from verify import Bad, consistency_holds, decode, parse_key, read_checkpoint

BEGIN, END = b"-----BEGIN CHECKPOINT-----\n", b"-----END CHECKPOINT-----\n"


def run(path, key):
    head, _, rest = path.read_bytes().partition(b"\n\n")
    form, origin, *lines = head.decode().split("\n")
    if form != "weir-consistency 1" or origin != f"origin {key[0]}" or len(lines) < 2:
        raise Bad("this is no proof of consistency of this ledger")
    notes = [part.partition(BEGIN)[2] for part in rest.split(END)[:-1]]
    if len(notes) != 2:
        raise Bad("a checkpoint is missing: one end of the proof is not signed")
    heads = [read_checkpoint(note, path, key) for note in notes]
    for line, name, (size, root) in zip(lines, ("old", "new"), heads):
        word, said, encoded = line.split(" ")
        if word != name or int(said) != size or decode(encoded, "a root") != root:
            raise Bad(f"the {name} end is not that of its checkpoint")
    (old, old_root), (new, new_root) = heads
    if old == new and old_root != new_root:
        raise Bad(f"FORK: two checkpoints of {old} entries have different roots, and both are signed")
    hashes = [decode(line, "a hash of the proof") for line in lines[2:]]
    if old > new or not consistency_holds(old, old_root, new, new_root, hashes):
        raise Bad("the later tree is not shown to hold the earlier one")
    return f"ok {old} {new}"


def main():
    try:
        proof, key = sys.argv[1:]
        print(run(pathlib.Path(proof), parse_key(key)))
    except (Bad, OSError, UnicodeDecodeError, ValueError) as error:
        print(f"bad: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
