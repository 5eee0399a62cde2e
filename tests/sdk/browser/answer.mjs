// The page of `weir ledger answer` in Chromium: `node answer.mjs page.html folder-for-screenshots -`. As it is, on a screen, a phone, in
// the dark and on paper; then with each of its parts tampered with, which must turn red; then in a browser without Ed25519.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Viewer} from './page.mjs';

const viewer = await Viewer.start();
const {file, folder, report} = viewer;
const original = readFileSync(file, 'utf8');
report.tampered = {};

// The page, once it has said what it found.
async function open(path, before) {
  const page = await viewer.open(path, {}, before);
  await isChecked(page);
  return page;
}

const isChecked = (page) => page.waitForFunction(() => !document.getElementById('banner').textContent.startsWith('Nothing was checked'));

const read = (page) => page.evaluate(() => ({
  banner: document.getElementById('banner').textContent,
  kind: document.getElementById('banner').className,
  color: getComputedStyle(document.getElementById('banner')).color,
  good: document.querySelectorAll('tr.good').length,
  bad: document.querySelectorAll('tr.bad').length,
  badColors: [...new Set([...document.querySelectorAll('tr.bad td')].map((cell) => getComputedStyle(cell).color))],
  rows: document.querySelectorAll('[data-row]').length,
  states: [...new Set([...document.querySelectorAll('.state')].map((state) => state.textContent))],
}));

await viewer.screens(async (page) => {
  await isChecked(page);
  return read(page);
});

const evidence = /<script type="application\/json" id="evidence">(.*?)<\/script>/s;
const withEvidence = (change) => original.replace(evidence, (whole, text) => {
  const value = JSON.parse(text);
  change(value);
  return whole.replace(text, () => JSON.stringify(value).replaceAll('<', '\\u003c'));
});
const flip = (text, at = 8) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
const cell = (name, change) => {
  const [head, rows] = original.split('<caption>Events</caption>');
  return `${head}<caption>Events</caption>${rows.replace(new RegExp(`(<td data-name="${name}">)(.*?)(</td>)`), (_, a, text, b) => a + change(text) + b)}`;
};
const first = (value) => Object.values(value)[0];
const row = (value) => value.rows.find(Boolean);
const tampered = {
  'the time of a row': cell('left at', (text) => text.replace(/T\d\d/, 'T99')),
  'the receiver of a row': cell('to', () => 'somebody'),
  'the event of a row': cell('event', (text) => text + ' Really'),
  'the count of a field': original.replace(/(<span data-left>.*?<\/td>\n?<td[^>]*>)(\d+)/s, (_, a) => `${a}99`),
  'a field that is left out': original.replace(/<tr><td[^>]*>[^<]*<\/td><td[^>]*><span data-left>.*?<\/tr>\n/s, ''),
  'the rule of a field': original.replace('(not_allowed)', '(minimised)'),
  'the count of what did not leave': original.replace(/(<span data-withheld="minimised">.*?<\/td>\n?<td[^>]*>)(\d+)/s, (_, a) => `${a}0`),
  'an event that is left out': original.replace(/<tr><td[^>]*><span data-row="1">.*?<\/tr>\n/s, ''),
  'the bytes of a row': withEvidence((value) => { row(value).row = flip(row(value).row); }),
  'what hides a row': withEvidence((value) => { row(value).blind = flip(row(value).blind); }),
  'the list of fields': withEvidence((value) => { const [id, text] = Object.entries(value.sets)[0]; value.sets[id] = text.replace('left\t', 'left\tx'); }),
  'the entry of a batch': withEvidence((value) => { const entry = first(value.entries); entry.leaf = flip(entry.leaf, 4); }),
  'the place of a batch': withEvidence((value) => { const entry = first(value.entries); entry.index = entry.index === 0 ? 1 : entry.index - 1; }),
  'a proof': withEvidence((value) => { const entry = first(value.entries); entry.path[0] = flip(entry.path[0]); }),
  'the head of the list': withEvidence((value) => { value.notes[0] = value.notes[0].replace(/\n(\d+)\n/, (_, n) => `\n${Number(n) + 1}\n`); }),
  'the signature': withEvidence((value) => { value.notes = value.notes.map((note) => { const at = note.lastIndexOf(' ') + 30; return flip(note, at); }); }),
  'the fingerprint': original.replace(/(<pre id="fingerprint">)(.)/, (_, a, c) => a + (c === '0' ? '1' : '0')),
};
for (const [what, text] of Object.entries(tampered)) {
  const path = join(folder, 'tampered.html');
  writeFileSync(path, text);
  const page = await open(path);
  report.tampered[what] = {...await read(page), changed: text !== original};
  if (what === 'the event of a row') await viewer.picture(page, 'tampered');
  await page.context().close();
}

// A script that somebody put in does not run: the policy names the page's own by its hash.
const added = join(folder, 'added.html');
writeFileSync(added, original.replace('</main>', "</main><script>document.title = 'taken over'</script>"));
const complaints = report.complaints.length;
const taken = await open(added);
report.added = {title: await taken.title(), complained: report.complaints.length > complaints};
report.complaints.length = complaints;
await taken.context().close();

const old = await open(file, () => { SubtleCrypto.prototype.importKey = () => Promise.reject(new Error('no such algorithm')); });
report.withoutSignatures = await read(old);
await old.context().close();
const plain = await viewer.open(file, {javaScriptEnabled: false});
report.withoutScripts = await plain.locator('main').innerText();
await viewer.end();
