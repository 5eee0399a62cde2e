// npm `@segment/analytics-next` and `@rudderstack/analytics-js` in headless Chromium against a base URL:
// `node segment.mjs plain|faults|rudder|rudder-faults http://host:port/path key`. The page has an origin of its own, as at a customer's.
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {buildSync} from 'esbuild';
import {chromium} from 'playwright-core';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, writeKey] = process.argv.slice(2);
const base = address.replace(/\/$/, '');
const report = new Report();
const isRudder = what.startsWith('rudder');
// Bundled as a customer's own build does it.
const source = isRudder
  ? "import {RudderAnalytics} from '@rudderstack/analytics-js/bundled'; window.RudderAnalytics = RudderAnalytics;"
  : "import {AnalyticsBrowser} from '@segment/analytics-next'; window.AnalyticsBrowser = AnalyticsBrowser;";
const script = buildSync({
  stdin: {contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url))},
  bundle: true, write: false, format: 'iife', platform: 'browser', define: {'process.env.NODE_ENV': '"production"'}, logLevel: 'error',
}).outputFiles[0].contents;

const html = `<!doctype html><html><head><meta charset="utf-8"><title>Pricing – ${planted.name}</title><script src="/sdk.js"></script></head>
<body><form><input name="email" value="${planted.email}"><button type="button" id="buy">Buy for ${planted.name}</button></form></body></html>`;
const pages = createServer((request, response) => {
  if (request.url === '/sdk.js') {
    response.writeHead(200, {'content-type': 'text/javascript; charset=utf-8'}).end(script);
  } else if (request.url.startsWith('/app')) {
    response.writeHead(200, {'content-type': 'text/html; charset=utf-8', 'set-cookie': `session=${planted.secret}`}).end(html);
  } else {
    response.writeHead(404).end();
  }
});
await new Promise((done) => pages.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${pages.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext();
const page = await context.newPage();
const home = new URL(base).origin;
let active = 0;
let last = Date.now();
// Of a beacon nobody is told when it has ended.
const isBeacon = (request) => request.resourceType() === 'ping';
page.on('request', (request) => {
  const to = new URL(request.url()).origin;
  if (to.startsWith('http') && to !== home && to !== origin) report.elsewhere.push(to);
  if (!isBeacon(request)) active += 1;
  last = Date.now();
});
const ended = (request) => { if (!isBeacon(request)) active -= 1; last = Date.now(); };
page.on('requestfinished', ended);
page.on('requestfailed', ended);
page.on('response', (response) => {
  if (response.status() >= 400 && response.url().startsWith(home)) report.elsewhere.push(`${response.status()} ${new URL(response.url()).pathname}`);
});

// Nothing on its way and nothing new for a while: the SDKs do not say when they are done. RudderStack's keeps what waits in
// localStorage; empty means that it believes everything is sent.
async function quiet(millis = 1500) {
  await page.waitForFunction(() => Object.keys(localStorage).filter((key) => /^rudder.*\.(queue|batchQueue|inProgress)$/.test(key))
    .every((key) => ['"[]"', '"{}"', null].includes(localStorage.getItem(key))), undefined, {timeout: 60000, polling: 100});
  const until = Date.now() + 60000;
  while ((active > 0 || Date.now() - last < millis) && Date.now() < until) await page.waitForTimeout(50);
}

const query = `utm_source=google&utm_campaign=spring&gclid=abc123planted&email=${encodeURIComponent(planted.email)}&token=${planted.secret}`;

async function openSegment(options = {}) {
  await page.goto(`${origin}/app/users/4711/pricing?${query}`);
  await page.evaluate(async ([writeKey, base, options]) => {
    const apiHost = `${base.replace(/^http:\/\//, '')}/v1`;
    window.analytics = window.AnalyticsBrowser.load({writeKey, cdnURL: base}, {integrations: {'Segment.io': {apiHost, protocol: 'http', ...options}}});
    await window.analytics.ready();
  }, [writeKey, base, options]);
}

async function openRudder(options = {}) {
  await page.goto(`${origin}/app/users/4711/pricing?${query}`);
  await page.evaluate(([writeKey, base, options]) => new Promise((done) => {
    window.analytics = new window.RudderAnalytics();
    window.analytics.load(writeKey, base, {configUrl: base, logLevel: 'ERROR', onLoaded: done, ...options});
  }), [writeKey, base, options]);
}

async function run(name, n, code, ...values) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(...[n].flat());
  const failed = await page.evaluate(code, values);
  if (failed === true && n !== undefined) report.failed.push(...[n].flat());
}

async function calls(first) {
  const {user, organisation, email, phone, name} = planted;
  const of = properties;
  await run('page', first, ([p, n]) => { window.analytics.page('Docs', `Pricing of ${n}`, p); }, of(first), name);
  await run('track', first + 1, ([p]) => { window.analytics.track('Report Exported', p); }, of(first + 1));
  await run('track with an unclean name', undefined, ([e]) => { window.analytics.track(`Invited ${e}`); }, email);
  await run('identify', undefined, ([u, t]) => { window.analytics.identify(u, t); }, user, {email, name, phone, plan: 'pro'});
  await run('group', undefined, ([o, t]) => { window.analytics.group(o, t); }, organisation, {name, plan: 'pro'});
  await run('track of a user', first + 2, ([p]) => { window.analytics.track('Report Exported', p); }, of(first + 2));
  await run('alias', undefined, ([u]) => { window.analytics.alias(u, 'anon-9f2c'); }, user);
  const many = Array.from({length: 30}, (_, i) => first + 100 + i);
  await run('track many', many, ([list]) => { list.forEach((p) => window.analytics.track('Page Viewed', p)); }, many.map(of));
}

async function plain() {
  await openSegment();
  await calls(1000);
  await run('screen', 1003, ([p]) => { window.analytics.screen('Mobile', 'Home', p); }, properties(1003));
  await run('track and wait', 1004, async ([p]) => (await window.analytics.track('Report Exported', p)).failedDelivery?.() !== undefined, properties(1004));
  await quiet();
  await openSegment({deliveryStrategy: {strategy: 'batching', config: {size: 10, timeout: 300}}});
  await calls(2000);
  await quiet();
  await run('queued at unload', 2003, ([p]) => { window.analytics.track('Queued at unload', p); }, properties(2003));
  await page.goto(`${origin}/app/gone`);
  await page.waitForTimeout(1500);
}

async function rudder() {
  await openRudder();
  await calls(1000);
  await quiet();
  await openRudder({queueOptions: {batch: {enabled: true, maxItems: 10, flushInterval: 300}}});
  await calls(2000);
  await quiet();
  await openRudder({useBeacon: true, beaconQueueOptions: {maxItems: 2, flushQueueInterval: 300}});
  // One after the other: a browser takes 64 KiB of beacons at a time, and the SDK forgets what it does not take.
  for (let n = 3000; n < 3004; n += 1) {
    await run('beacon', n, ([p]) => { window.analytics.track('Beaconed', p); }, properties(n));
    await quiet();
  }
  await page.goto(`${origin}/app/gone`);
  await page.waitForTimeout(1000);
}

async function faults() {
  await (isRudder ? openRudder() : openSegment());
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('track', n, ([p]) => { window.analytics.track('Page Viewed', p); }, {n, plan: 'pro'});
  }
  await quiet();
}

await ({plain, rudder, faults, 'rudder-faults': faults})[what]();
await browser.close();
pages.close();
report.elsewhere = [...new Set(report.elsewhere)];
report.print();
process.exit(0);
