// Checks a C2SP transparency log on disk with golang.org/x/mod/sumdb, the code behind Go's checksum database. It shares no code
// with Weir.
//
//	verify TREE VERIFIER_KEY [--index N]... [--older CHECKPOINT]...
//
// Checks the checkpoint's signature, every tile and bundle of leaves, the root, an inclusion proof for each --index (default: first,
// middle and last leaf) and a consistency proof from each --older checkpoint. Prints "ok SIZE ROOT" and exits 0; otherwise says
// what is wrong and exits 1.
//
//	verify --proof FILE VERIFIER_KEY
//
// Checks a proof of consistency between two signed checkpoints, as `weir ledger consistency --out` writes it. Prints "ok OLD NEW".
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// hashes is the storage of tlog in memory, filled from the leaves.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is not there", index)
		}
		out[i] = h[index]
	}
	return out, nil
}

// tiles serves the files of a tree to tlog's own tile reader, which checks them against the tree's root.
type tiles struct{ dir string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		read, err := os.ReadFile(t.path(tile))
		if err != nil && tile.W < 1<<height {
			// The tile has been filled since.
			tile.W = 1 << height
			read, err = os.ReadFile(t.path(tile))
		}
		if err != nil {
			return nil, err
		}
		data[i] = read[:min(len(read), wanted[i].W*tlog.HashSize)]
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) path(tile tlog.Tile) string {
	// tlog writes tile/8/0/000 and tile/8/data/000 where C2SP writes tile/0/000 and tile/entries/000.
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	path = strings.Replace(path, "data/", "entries/", 1)
	return filepath.Join(t.dir, "tile", filepath.FromSlash(path))
}

func openCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return readCheckpoint(text, path, verifier)
}

func readCheckpoint(text []byte, path string, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("%s: %w", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("%s is not a checkpoint of %s", path, verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func readLeaves(files tiles, size int64) (hashes, []tlog.Hash, error) {
	var stored hashes
	var records []tlog.Hash
	for n := int64(0); n*256 < size; n++ {
		width := int(min(256, size-n*256))
		path := files.path(tlog.Tile{H: height, L: -1, N: n, W: width})
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		found := 0
		for ; len(data) > 0; found++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, nil, fmt.Errorf("%s ends inside leaf %d", path, len(records))
			}
			length := 2 + int(binary.BigEndian.Uint16(data))
			record := tlog.RecordHash(data[2:length])
			more, err := tlog.StoredHashesForRecordHash(int64(len(records)), record, stored)
			if err != nil {
				return nil, nil, err
			}
			stored, records, data = append(stored, more...), append(records, record), data[length:]
		}
		if found != width {
			return nil, nil, fmt.Errorf("%s holds %d leaves, not %d", path, found, width)
		}
	}
	return stored, records, nil
}

func run(dir, key string, indexes []int64, older []string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(filepath.Join(dir, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	files := tiles{dir}
	stored, records, err := readLeaves(files, tree.N)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the root is not that of the leaves")
	}
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		if last := tree.N >> (height * tile.L) % (1 << height); tile.W < 1<<height && int64(tile.W) != last {
			// NewTiles names every narrower tile as well; a log serves the one of its checkpoint.
			continue
		}
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(files.path(tile))
		if err != nil {
			return err
		}
		if !bytes.Equal(data, expected) {
			return fmt.Errorf("%s does not hold the hashes of what lies below it", files.path(tile))
		}
	}
	reader := tlog.TileHashReader(tree, files)
	if len(indexes) == 0 && tree.N > 0 {
		indexes = []int64{0, tree.N / 2, tree.N - 1}
	}
	for _, index := range indexes {
		if index >= tree.N {
			return fmt.Errorf("leaf %d is not in the tree", index)
		}
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, records[index]); err != nil {
			return err
		}
	}
	for _, path := range older {
		old, err := openCheckpoint(path, verifier)
		if err != nil {
			return err
		}
		if old.N > tree.N {
			return fmt.Errorf("%s is of a larger tree: %d leaves, not %d", path, old.N, tree.N)
		}
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("the tree does not extend %s: %w", path, err)
		}
	}
	fmt.Printf("ok %d %s\n", tree.N, base64.StdEncoding.EncodeToString(tree.Hash[:]))
	return nil
}

func checkProof(path, key string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, _ := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	notes := strings.Split(rest, "-----END CHECKPOINT-----\n")
	if len(lines) < 4 || lines[0] != "weir-consistency 1" || len(notes) != 3 {
		return fmt.Errorf("this is no proof between two signed checkpoints")
	}
	var trees [2]tlog.Tree
	for i, name := range []string{"old", "new"} {
		_, signed, _ := strings.Cut(notes[i], "-----BEGIN CHECKPOINT-----\n")
		if trees[i], err = readCheckpoint([]byte(signed), path, verifier); err != nil {
			return err
		}
		if lines[2+i] != fmt.Sprintf("%s %d %s", name, trees[i].N, trees[i].Hash) {
			return fmt.Errorf("the %s end is not that of its checkpoint", name)
		}
	}
	var proof tlog.TreeProof
	for _, line := range lines[4:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	old, latest := trees[0], trees[1]
	if old.N == latest.N && old.Hash != latest.Hash {
		return fmt.Errorf("FORK: two checkpoints of %d entries have different roots, and both are signed", old.N)
	}
	if err := tlog.CheckTree(proof, latest.N, latest.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("the later tree is not shown to hold the earlier one: %w", err)
	}
	fmt.Printf("ok %d %d\n", old.N, latest.N)
	return nil
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "--proof" {
		if err := checkProof(os.Args[2], os.Args[3]); err != nil {
			fmt.Println("bad:", err)
			os.Exit(1)
		}
		return
	}
	var indexes []int64
	var older, plain []string
	for i := 1; i < len(os.Args); i++ {
		switch os.Args[i] {
		case "--index", "--older":
			if i+1 == len(os.Args) {
				fmt.Println("bad: an option without a value")
				os.Exit(1)
			}
			if os.Args[i] == "--older" {
				older = append(older, os.Args[i+1])
			} else {
				index, err := strconv.ParseInt(os.Args[i+1], 10, 64)
				if err != nil {
					fmt.Println("bad:", err)
					os.Exit(1)
				}
				indexes = append(indexes, index)
			}
			i++
		default:
			plain = append(plain, os.Args[i])
		}
	}
	if len(plain) != 2 {
		fmt.Println("bad: verify TREE VERIFIER_KEY [--index N]... [--older CHECKPOINT]...")
		os.Exit(1)
	}
	if err := run(plain[0], plain[1], indexes, older); err != nil {
		fmt.Println("bad:", err)
		os.Exit(1)
	}
}
