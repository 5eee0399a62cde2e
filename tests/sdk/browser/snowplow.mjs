// npm `@snowplow/browser-tracker` in headless Chromium against a base URL: `node snowplow.mjs plain|faults http://host:port/path key`.
// The page has an origin of its own, as at a customer's.
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {buildSync} from 'esbuild';
import {chromium} from 'playwright-core';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, appId] = process.argv.slice(2);
const base = address.replace(/\/$/, '');
const report = new Report();
// Bundled as a customer's own build does it.
const script = buildSync({
  stdin: {contents: "import * as sp from '@snowplow/browser-tracker'; window.sp = sp;", resolveDir: fileURLToPath(new URL('..', import.meta.url))},
  bundle: true, write: false, format: 'iife', platform: 'browser', define: {'process.env.NODE_ENV': '"production"'}, logLevel: 'error',
}).outputFiles[0].contents;
const html = `<!doctype html><html><head><meta charset="utf-8"><title>Pricing – ${planted.name}</title><script src="/sdk.js"></script></head><body></body></html>`;
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
page.on('request', (request) => {
  const to = new URL(request.url()).origin;
  if (to.startsWith('http') && to !== home && to !== origin) report.elsewhere.push(to);
  active += 1;
  last = Date.now();
});
const ended = () => { active -= 1; last = Date.now(); };
page.on('requestfinished', ended);
page.on('requestfailed', ended);
page.on('response', (response) => {
  if (response.status() >= 400 && response.url().startsWith(home)) report.elsewhere.push(`${response.status()} ${new URL(response.url()).pathname}`);
});

// Nothing on its way and nothing new for a while: the tracker does not say when it is done.
async function quiet(millis = 1500) {
  const until = Date.now() + 60000;
  while ((active > 0 || Date.now() - last < millis) && Date.now() < until) await page.waitForTimeout(50);
}

const query = `utm_source=google&utm_campaign=spring&gclid=abc123planted&email=${encodeURIComponent(planted.email)}&token=${planted.secret}`;
let trackers = 0;

async function open(options = {}) {
  trackers += 1;
  await page.goto(`${origin}/app/users/4711/pricing?${query}`);
  await page.evaluate(([name, base, appId, options]) => {
    // A collector below a path: in the address, or, for trackers that are given an origin, in `postPath`.
    const {origin, pathname} = new URL(base);
    const {byPostPath, ...more} = options;
    const own = byPostPath ? {postPath: `${pathname}/com.snowplowanalytics.snowplow/tp2`} : {};
    window.sp.newTracker(name, byPostPath ? origin : base, {appId, ...own, contexts: {session: true, webPage: true, browser: true}, ...more});
  }, [`sp${trackers}`, base, appId, options]);
}

async function run(name, n, code, ...values) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(...[n].flat());
  await page.evaluate(code, values);
}

async function calls(first) {
  const {user, organisation, email, name} = planted;
  const schema = 'iglu:com.acme/report_exported/jsonschema/1-0-0';
  const entity = {schema: 'iglu:com.acme/account/jsonschema/1-0-0', data: {owner: email, plan: 'pro'}};
  await run('page view', undefined, ([n]) => { window.sp.trackPageView({title: `Pricing of ${n}`}); }, name);
  await run('self-describing of nobody', first, ([schema, data]) => { window.sp.trackSelfDescribingEvent({event: {schema, data}}); }, schema, properties(first));
  await run('user', undefined, ([u]) => { window.sp.setUserId(u); }, user);
  await run('self-describing', first + 1, ([schema, data, entity]) => { window.sp.trackSelfDescribingEvent({event: {schema, data}, context: [entity, entity]}); },
    schema, {...properties(first + 1), company: organisation}, entity);
  await run('structured', undefined, ([e]) => { window.sp.trackStructEvent({category: 'reports', action: 'export', label: e, value: 18.5}); }, email);
  await run('structured with an unclean action', undefined, ([e]) => { window.sp.trackStructEvent({category: 'c', action: `Invited ${e}`}); }, email);
  const many = Array.from({length: 30}, (_, i) => first + 100 + i);
  await run('self-describing many', many, ([schema, list]) => { list.forEach((data) => window.sp.trackSelfDescribingEvent({event: {schema, data}})); }, schema, many.map(properties));
  await quiet();
}

async function plain() {
  await open();
  await calls(1000);
  await open({encodeBase64: true, bufferSize: 5, byPostPath: true});
  await calls(2000);
  await run('flush', undefined, () => { window.sp.flushBuffer(); });
  await quiet();
  await open({anonymousTracking: {withSessionTracking: true}, keepalive: true});
  await calls(3000);
  await open({eventMethod: 'get'});
  await calls(4000);
  await page.goto(`${origin}/app/gone`);
  await page.waitForTimeout(500);
}

async function faults() {
  await open();
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('self-describing', n, ([data]) => { window.sp.trackSelfDescribingEvent({event: {schema: 'iglu:com.acme/page_viewed/jsonschema/1-0-0', data}}); }, {n, plan: 'pro'});
  }
  await quiet();
}

await ({plain, faults})[what]();
await browser.close();
pages.close();
report.elsewhere = [...new Set(report.elsewhere)];
report.print();
process.exit(0);
