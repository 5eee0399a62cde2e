#!/usr/bin/env python3
"""Checks a receipt (c2sp.org/tlog-proof) with nothing but Python's standard library and `verify.py` beside it.

    receipt.py RECEIPT LEAF KEY [WITNESS_KEY]...

KEY is the verifier key as text, or a file that holds it.
Checks the signature of the checkpoint in the receipt, that each witness cosigned it, and that the bytes in LEAF are the leaf that the
proof is about. Prints `ok INDEX SIZE` and exits 0; otherwise says what is wrong and exits 1.
"""

import pathlib
import sys

from verify import Bad, cosigned, decode, inclusion_holds, leaf_hash, parse_key, read_checkpoint


def run(receipt, leaf, key, witnesses):
    head, _, checkpoint = receipt.read_bytes().partition(b"\n\n")
    form, index, *hashes = head.decode().split("\n")
    if form != "c2sp.org/tlog-proof@v1" or not index.startswith("index ") or not index[6:].isdigit():
        raise Bad("this is no receipt")
    size, root = read_checkpoint(checkpoint, receipt, parse_key(key))
    for witness in witnesses:
        cosigned(checkpoint, receipt, parse_key(witness, 4))
    path = [decode(line, "a hash of the proof") for line in hashes]
    at = int(index[6:])
    if at >= size or not inclusion_holds(leaf_hash(leaf.read_bytes()), at, size, path, root):
        raise Bad("the leaf is not shown to be in the tree")
    return f"ok {at} {size}"


def main():
    try:
        receipt, leaf, key, *witnesses = sys.argv[1:]
        file = pathlib.Path(key)
        # A file of this name goes first: a key's text holds slashes as a path does.
        text = file.read_text().strip() if file.is_file() or "+" not in key else key
        print(run(pathlib.Path(receipt), pathlib.Path(leaf), text, witnesses))
    except (Bad, OSError, UnicodeDecodeError, ValueError) as error:
        print(f"bad: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
