#!/usr/bin/env python3
"""Checks a C2SP transparency log on disk with nothing but Python's standard library.

Written from c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-tiles, RFC 6962 and RFC 8032; it shares no code with
Weir, which is its point: run it on a copy of `ledger/tree` with a verifier key that you got from somewhere else.

    verify.py TREE VERIFIER_KEY [--index N]... [--older CHECKPOINT]...

Checks the checkpoint's signature, every tile and bundle of leaves, the root, an inclusion proof for each --index (default: first,
middle and last leaf) and a consistency proof from each --older checkpoint. Prints `ok SIZE ROOT` and exits 0; otherwise says what is
wrong and exits 1.
"""

import argparse
import base64
import binascii
import hashlib
import pathlib
import sys


class Bad(Exception):
    """Something is not as it should be."""


# Ed25519 (RFC 8032, section 5.1.7; the reference code of section 6, shortened).
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - x2) % P != 0:
        return None
    return P - x if (x & 1) != sign else x


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def multiply(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519_verifies(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    return same(multiply(s, BASE), add(r, multiply(h, a)))


# Signed notes and checkpoints.
def decode(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad(f"{what} is not base64") from None


def parse_key(text, kind=1):
    """A log's key (kind 1), or a witness's (kind 4)."""
    name, key_id, key = text.split("+", 2)
    key = decode(key, "the verifier key")
    if len(key) != 33 or key[0] != kind:
        raise Bad("the verifier key is not Ed25519")
    if hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() != key_id:
        raise Bad("the verifier key does not have its id")
    return name, bytes.fromhex(key_id), key[1:]


def open_checkpoint(path, key):
    return read_checkpoint(path.read_bytes(), path, key)


def read_checkpoint(note, path, key):
    name, key_id, public = key
    split = note.rfind(b"\n\n")
    if split < 0 or not note.endswith(b"\n"):
        raise Bad(f"{path} is not a signed note")
    text, lines = note[: split + 1], note[split + 2 : -1].decode().split("\n")
    verified = False
    for line in lines:
        if not line.startswith("\u2014 ") or line.count(" ") != 2:
            raise Bad(f"{path} has a malformed signature line")
        _, signer, encoded = line.split(" ")
        signature = decode(encoded, "a signature")
        if signer == name and signature[:4] == key_id:
            if not ed25519_verifies(public, text, signature[4:]):
                raise Bad(f"{path}: the signature does not fit the text")
            verified = True
    if not verified:
        raise Bad(f"{path} is not signed by {name}")
    parts = text.decode().split("\n")
    if len(parts) < 4 or parts[0] != name or not parts[1].isdigit() or str(int(parts[1])) != parts[1]:
        raise Bad(f"{path} is not a checkpoint of {name}")
    root = decode(parts[2], "the root")
    if len(root) != 32:
        raise Bad(f"{path} does not have a root of 32 bytes")
    return int(parts[1]), root


def cosigned(note, path, witness):
    """When a witness cosigned a note (c2sp.org/tlog-cosignature), in Unix seconds."""
    name, key_id, public = witness
    split = note.rfind(b"\n\n")
    for line in note[split + 2 : -1].decode().split("\n"):
        _, signer, encoded = line.split(" ")
        signature = decode(encoded, "a signature")
        if signer == name and signature[:4] == key_id:
            seconds = int.from_bytes(signature[4:12], "big")
            message = f"cosignature/v1\ntime {seconds}\n".encode() + note[: split + 1]
            if not ed25519_verifies(public, message, signature[12:]):
                raise Bad(f"{path}: the cosignature of {name} does not fit the text")
            return seconds
    raise Bad(f"{path} is not cosigned by {name}")


# The tree (RFC 6962, section 2.1).
def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_of(n):
    return 1 << ((n - 1).bit_length() - 1)


class Tree:
    """The tree over leaf hashes, with the hashes of complete subtrees kept."""

    def __init__(self, leaves):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def range_hash(self, start, end):
        n = end - start
        if n == 0:
            return hashlib.sha256(b"").digest()
        if n & (n - 1) == 0:
            return self.levels[n.bit_length() - 1][start // n]
        middle = start + split_of(n)
        return node_hash(self.range_hash(start, middle), self.range_hash(middle, end))

    def path(self, index, start, end):
        if end - start == 1:
            return []
        middle = start + split_of(end - start)
        if index < middle:
            return self.path(index, start, middle) + [self.range_hash(middle, end)]
        return self.path(index, middle, end) + [self.range_hash(start, middle)]

    def subproof(self, old, start, end, complete):
        if old == end - start:
            return [] if complete else [self.range_hash(start, end)]
        middle = start + split_of(end - start)
        if old <= middle - start:
            return self.subproof(old, start, middle, complete) + [self.range_hash(middle, end)]
        return self.subproof(old - (middle - start), middle, end, False) + [self.range_hash(start, middle)]


def inclusion_holds(leaf, index, size, path, root):
    """RFC 9162, section 2.1.3.2."""
    at, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and value == root


def consistency_holds(old, old_root, new, new_root, proof):
    """RFC 9162, section 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == hashlib.sha256(b"").digest()
    proof = list(proof)
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    if not proof:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_value = new_value = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_value = node_hash(new_value, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_value == old_root and new_value == new_root


# Tiles.
def index_path(n):
    path = f"{n % 1000:03}"
    while n >= 1000:
        n //= 1000
        path = f"x{n % 1000:03}/{path}"
    return path


def read_tile(tree, kind, n, width):
    path = tree / "tile" / str(kind) / (index_path(n) + ("" if width == 256 else f".p/{width}"))
    try:
        return path, path.read_bytes()
    except OSError as error:
        raise Bad(f"{path} cannot be read: {error.strerror}") from None


def widths(count):
    """(index, width) of each tile of a level with this many hashes."""
    yield from ((n, 256) for n in range(count // 256))
    if count % 256:
        yield count // 256, count % 256


def read_leaves(tree, size):
    leaves = []
    for n, width in widths(size):
        path, data = read_tile(tree, "entries", n, width)
        at = found = 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            leaf = data[at + 2 : at + 2 + length]
            if at + 2 > len(data) or len(leaf) != length:
                raise Bad(f"{path} ends inside leaf {len(leaves)}")
            leaves.append(leaf_hash(leaf))
            at, found = at + 2 + length, found + 1
        if found != width:
            raise Bad(f"{path} holds {found} leaves, not {width}")
    return leaves


def check_tiles(tree, built, size):
    level, count = 0, size
    while count:
        hashes = built.levels[8 * level]
        for n, width in widths(count):
            path, data = read_tile(tree, level, n, width)
            if data != b"".join(hashes[256 * n : 256 * n + width]):
                raise Bad(f"{path} does not hold the hashes of what lies below it")
        level, count = level + 1, count >> 8


def run(arguments):
    tree, key = arguments.tree, parse_key(arguments.key)
    size, root = open_checkpoint(tree / "checkpoint", key)
    leaves = read_leaves(tree, size)
    built = Tree(leaves)
    check_tiles(tree, built, size)
    if built.range_hash(0, size) != root:
        raise Bad("the root is not that of the leaves")
    for index in arguments.index or sorted({0, size // 2, size - 1} if size else ()):
        if index >= size or not inclusion_holds(leaves[index], index, size, built.path(index, 0, size), root):
            raise Bad(f"leaf {index} is not shown to be included")
    for older in arguments.older:
        old_size, old_root = open_checkpoint(older, key)
        if old_size > size:
            raise Bad(f"{older} is of a larger tree: {old_size} leaves, not {size}")
        proof = built.subproof(old_size, 0, size, True) if 0 < old_size < size else []
        if not consistency_holds(old_size, old_root, size, root, proof):
            raise Bad(f"the tree does not extend {older}")
    return f"ok {size} {base64.b64encode(root).decode()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("tree", type=pathlib.Path)
    parser.add_argument("key")
    parser.add_argument("--index", type=int, action="append", default=[])
    parser.add_argument("--older", type=pathlib.Path, action="append", default=[])
    try:
        print(run(parser.parse_args()))
    except (Bad, OSError, UnicodeDecodeError, ValueError) as error:
        print(f"bad: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
