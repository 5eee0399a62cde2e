'use strict';
// Checks each row of the page from the evidence in it. Nothing is loaded and nobody is asked. SHA-256 is here because a page from a
// file has no WebCrypto everywhere; the signature needs it.
(() => {
  const K = [];
  const H0 = [];
  for (let n = 2; K.length < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    const part = (root) => ((root - Math.floor(root)) * 4294967296) >>> 0;
    if (H0.length < 8) H0.push(part(Math.sqrt(n)));
    K.push(part(Math.cbrt(n)));
  }
  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  const sha256 = (...parts) => {
    const bytes = join(...parts);
    const length = bytes.length;
    const padded = new Uint8Array(((length + 72) >> 6) << 6);
    padded.set(bytes);
    padded[length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(length / 0x20000000));
    view.setUint32(padded.length - 4, (length * 8) >>> 0);
    const hash = H0.slice();
    const w = new Int32Array(64);
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 64; i++) {
        if (i < 16) { w[i] = view.getInt32(at + 4 * i); continue; }
        const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i++) {
        const one = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((x, i) => { hash[i] = (hash[i] + x) | 0; });
    }
    const out = new DataView(new ArrayBuffer(32));
    hash.forEach((x, i) => out.setInt32(4 * i, x));
    return new Uint8Array(out.buffer);
  };
  const join = (...parts) => {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => { out.set(part, at); return at + part.length; }, 0);
    return out;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const utf8 = (text) => new TextEncoder().encode(text);
  const hex = (list) => Array.from(list, (b) => b.toString(16).padStart(2, '0')).join('');
  const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
  const need = (holds, what) => { if (!holds) throw new Error(what); };

  // RFC 9162, section 2.1.3.2. Numbers up to 2^53 hold any tree; no shifts, which would cut them at 2^32.
  const included = (leaf, index, size, path, root) => {
    if (index >= size) return false;
    let [at, last, hash] = [index, size - 1, leaf];
    const up = () => { at = Math.floor(at / 2); last = Math.floor(last / 2); };
    for (const sibling of path) {
      if (last === 0) return false;
      if (at % 2 === 1 || at === last) {
        hash = sha256([1], sibling, hash);
        while (at % 2 === 0 && at !== 0) up();
      } else {
        hash = sha256([1], hash, sibling);
      }
      up();
    }
    return last === 0 && same(hash, root);
  };

  // The entry of an intent: see crates/ledger/src/entry.rs.
  const readLeaf = (leaf) => {
    const view = new DataView(leaf.buffer, leaf.byteOffset, leaf.length);
    need(leaf[0] === 1 && leaf[1] === 7, 'the entry is none of a batch');
    let at = 10;
    const number = () => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        need(at < leaf.length && scale < 2 ** 53, 'the entry cannot be read');
        const byte = leaf[at++];
        value += (byte % 128) * scale;
        if (byte < 128) return value;
      }
    };
    const take = (length) => { need(at + length <= leaf.length, 'the entry cannot be read'); at += length; return leaf.subarray(at - length, at); };
    const time = Number(view.getBigInt64(2, true));
    const batch = number();
    const destination = new TextDecoder().decode(take(number()));
    take(10);
    number();
    for (let ranges = number(); ranges > 0; ranges--) { number(); number(); }
    const rows = number();
    take(32);
    return {time, batch, destination, rows, root: take(32)};
  };

  const readSet = (text) => {
    const lines = text.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
    need(lines.shift()[0] === 'weir field set v1', 'the list of fields cannot be read');
    const event = lines.filter((line) => line[0] === 'event').map((line) => line[1])[0];
    const of = (kind) => lines.filter((line) => line[0] === kind);
    return {event, left: of('left').map((line) => line[1]), withheld: of('withheld').map((line) => [line[1], line[2]])};
  };

  const readNote = (note) => {
    const end = note.lastIndexOf('\n\n') + 1;
    const lines = note.slice(0, end).split('\n');
    need(end > 0 && lines.length === 4, 'the head of the list cannot be read');
    return {text: note.slice(0, end), origin: lines[0], size: Number(lines[1]), root: bytes(lines[2]), signatures: note.slice(end + 1).split('\n')};
  };

  const readKey = (text) => {
    const [name, id, ...rest] = text.split('+');
    const key = bytes(rest.join('+'));
    need(key.length === 33 && key[0] === 1, 'the key is not Ed25519');
    need(hex(sha256(utf8(name), [10], key).subarray(0, 4)) === id, 'the key does not have its id');
    return {name, id, key: key.subarray(1)};
  };

  // True, or false, or null where this browser cannot say.
  const signed = async (note, key) => {
    const line = note.signatures.map((one) => one.split(' ')).find((one) => one[1] === key.name && hex(bytes(one[2]).subarray(0, 4)) === key.id);
    if (!line || note.origin !== key.name) return false;
    let imported;
    try {
      imported = await crypto.subtle.importKey('raw', key.key, {name: 'Ed25519'}, false, ['verify']);
    } catch { return null; }
    return crypto.subtle.verify({name: 'Ed25519'}, imported, bytes(line[2]).subarray(4), utf8(note.text));
  };

  const cells = (row) => Array.from(row.cells, (cell) => cell.textContent.trim());
  const say = (row, kind, text) => { row.className = kind; row.querySelector('.state').textContent = text; };

  const checkRow = (proof, evidence, notes) => {
    const entry = evidence.entries[proof.entry];
    need(entry, 'its entry is missing');
    const row = bytes(proof.row);
    need(row.length === 58, 'the row cannot be read');
    const view = new DataView(row.buffer);
    const set = evidence.sets[hex(row.subarray(24, 40))];
    need(set !== undefined && same(sha256(utf8(set)).subarray(0, 16), row.subarray(24, 40)), 'the list of fields is not the one that was recorded');
    const leaf = bytes(entry.leaf);
    const intent = readLeaf(leaf);
    need(included(sha256([0], bytes(proof.blind), row), view.getUint16(56, true), intent.rows, proof.path.map(bytes), intent.root), 'the row is not in the batch');
    need(Number(view.getBigUint64(48, true)) === intent.batch && view.getUint32(0, true) === Math.floor(intent.time / 1000), 'the row is of another batch');
    const note = notes[entry.note];
    need(note && included(sha256([0], leaf), entry.index, note.size, entry.path.map(bytes), note.root), 'the batch is not in the list that the head fixes');
    return {entry: proof.entry, intent, set: readSet(set)};
  };

  const check = async () => {
    const evidence = JSON.parse(document.getElementById('evidence').textContent);
    const banner = document.getElementById('banner');
    if (!banner) return;
    let bad = 0;
    let opaque = 0;
    let signature = true;
    const counts = new Map();
    try {
      const key = readKey(evidence.key);
      need(hex(sha256(utf8(evidence.key))) === document.getElementById('fingerprint').textContent.trim(), 'the fingerprint is not that of the key');
      const notes = evidence.notes.map(readNote);
      for (const note of notes) {
        const is = await signed(note, key);
        if (is === false) signature = false;
        else if (is === null && signature) signature = null;
      }
      const rows = document.querySelectorAll('[data-row]');
      need(rows.length === evidence.rows.length, 'rows are missing or too many');
      rows.forEach((mark, i) => {
        const row = mark.closest('tr');
        try {
          need(Number(mark.dataset.row) === i, 'the row is not in its place');
          if (!evidence.rows[i]) { opaque++; say(row, '', 'cannot be checked any more'); return; }
          const found = checkRow(evidence.rows[i], evidence, notes);
          const [time, to, event, , entry] = cells(row);
          need(time === new Date(found.intent.time).toISOString(), 'the time is another one');
          need(to === found.intent.destination, 'the receiver is another one');
          need(event === found.set.event, 'the event is another one');
          need(entry === String(found.entry), 'the entry is another one');
          need(signature !== false, 'the head is not signed by the key');
          const count = (field) => counts.set(field, (counts.get(field) ?? 0) + 1);
          new Set(found.set.left).forEach((path) => count(JSON.stringify([to, path])));
          found.set.withheld.forEach(([path, rule]) => count(JSON.stringify([to, path, rule])));
          say(row, 'good', signature ? 'checked' : 'in the list; signature not checked');
        } catch (error) {
          bad++;
          say(row, 'bad', `DOES NOT FIT: ${error.message}`);
        }
      });
      // The tables of fields say what the rows say, no more and no less. Rows that cannot be opened any more are counted in it, too.
      if (bad === 0 && opaque === 0) {
        document.querySelectorAll('[data-left], [data-withheld]').forEach((mark) => {
          const row = mark.closest('tr');
          const [to, path, count, why] = cells(row);
          const rule = mark.dataset.withheld;
          const field = JSON.stringify(rule === undefined ? [to, path] : [to, path, rule]);
          const says = rule === undefined || why.endsWith(`(${rule})`);
          if (counts.get(field) !== Number(count) || !says) { bad++; row.className = 'bad'; }
          counts.delete(field);
        });
        need(counts.size === 0, 'a field is missing in the tables');
      }
      need(signature !== false, 'the head of the list is not signed by the key');
      if (bad > 0) throw new Error(`${bad} rows of this page do not fit what was recorded`);
      banner.className = signature && opaque === 0 ? 'banner good' : 'banner';
      const rest = opaque === 0 ? '' : ` ${opaque} rows cannot be checked any more.`;
      banner.textContent = (signature
        ? 'Checked in this browser: every row is in the signed list, and the signature is that of the key below. Compare its fingerprint.'
        : 'Checked in this browser: every row is in the list. The signature of the list was not checked: this browser cannot check Ed25519.') + rest;
    } catch (error) {
      banner.className = 'banner bad';
      banner.textContent = `THIS PAGE DOES NOT FIT WHAT WAS RECORDED: ${error.message}. Do not rely on it.`;
    }
  };
  check();
})();
