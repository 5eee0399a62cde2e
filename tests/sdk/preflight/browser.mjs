// Runs code of a page in headless Chromium, bundled as a customer's would be: `node browser.mjs http://weir:port < code.js`. Every
// name leads to a trap, so that a connection to anybody but Weir and the page's own host is seen whoever makes it.
import {createServer} from 'node:http';
import net from 'node:net';
import {readFileSync} from 'node:fs';
import {launch} from '../browser/page.mjs';
import {bundle} from '../browser/site.mjs';

const home = new URL(process.argv[2]).origin;
const code = readFileSync(0, 'utf8');
const script = bundle(code, {global: 'globalThis'});

const past = new Set();
// The name in a TLS hello (its server_name extension) or in a Host header says whom somebody wanted.
function wanted(bytes) {
  for (let at = 0; at + 9 < bytes.length && bytes[0] === 0x16; at += 1) {
    const [extension, size, list, name] = [at, at + 2, at + 4, at + 7].map((place) => bytes.readUInt16BE(place));
    if (extension === 0 && list === size - 2 && bytes[at + 6] === 0 && name === list - 3) {
      return bytes.toString('latin1', at + 9, at + 9 + name);
    }
  }
  return bytes.toString('latin1').match(/^host: *([^\r]+)/im)?.[1] ?? 'somebody';
}
// What the browser asks its maker for by itself, in any page.
const ofBrowser = ['update.googleapis.com', 'accounts.google.com', 'android.clients.google.com', 'content-autofill.googleapis.com',
  'optimizationguide-pa.googleapis.com', 'clients2.google.com', 'safebrowsingohttpgateway.googleapis.com', 'www.google.com'];
const trap = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (bytes) => {
    const name = wanted(bytes);
    if (!ofBrowser.includes(name)) past.add(`connection to ${name}`);
    socket.destroy();
  });
});
await new Promise((done) => trap.listen(0, '127.0.0.1', done));

const pages = createServer((request, response) => {
  const isScript = request.url === '/page.js';
  response.writeHead(200, {'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8'});
  response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><title>Pricing</title><link rel="icon" href="data:,"><button id="buy">Buy</button><script src="/page.js"></script>');
});
await new Promise((done) => pages.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${pages.address().port}`;

const browser = await launch('--disable-domain-reliability', '--disable-features=OptimizationHints,MediaRouter,Translate,NetworkTimeServiceQuerying',
  '--disable-blink-features=AutomationControlled', `--host-resolver-rules=MAP * 127.0.0.1:${trap.address().port}, EXCLUDE 127.0.0.1`);
// SDKs leave robots out; this one says that it is none.
const version = browser.version().split('.')[0];
const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`;
const context = await browser.newContext({userAgent});
await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'userAgentData', {value: undefined}));
const page = await context.newPage();
const errors = [];
page.on('pageerror', (error) => errors.push(error.message));
page.on('request', (request) => {
  const url = new URL(request.url());
  if (!url.protocol.startsWith('data') && !url.protocol.startsWith('blob') && url.origin !== home && url.origin !== origin) past.add(`request to ${url.origin}`);
});
await page.goto(`${origin}/app/pricing?utm_source=google`);
await page.waitForFunction(() => window.isDone === true, undefined, {timeout: 30000}).catch(() => errors.push('the code did not end'));
// What is queued and what starts late: remote configuration, plugins, diagnostics.
await page.click('#buy');
await page.waitForTimeout(Number(process.env.LINGER ?? 2500));
// What is sent at unload.
await page.goto('about:blank');
await page.waitForTimeout(500);
await browser.close();
console.log(JSON.stringify({past: [...past], errors}));
process.exit(0);
