// npm `posthog-js-lite` in headless Chromium against a base URL: `node posthog_lite.mjs plain|faults http://host:port/path token`.
import {createServer} from 'node:http';
import {build} from 'esbuild';
import {chromium} from 'playwright-core';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, token] = process.argv.slice(2);
const base = address.replace(/\/$/, '');
const report = new Report();
const {user, other_user, organisation, email, name, secret} = planted;

const bundle = await build({
  stdin: {contents: `import {PostHog} from 'posthog-js-lite'; window.PostHog = PostHog;`, resolveDir: new URL('..', import.meta.url).pathname},
  bundle: true, write: false, format: 'iife', logLevel: 'silent',
});
const script = bundle.outputFiles[0].text;
const pages = createServer((request, response) => {
  if (request.url === '/posthog.js') response.writeHead(200, {'content-type': 'text/javascript'}).end(script);
  else response.writeHead(200, {'content-type': 'text/html; charset=utf-8'}).end(`<!doctype html><title>Bill for ${name}</title><script src="/posthog.js"></script>`);
});
await new Promise((done) => pages.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${pages.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage();
const home = new URL(base).origin;
page.on('request', (request) => {
  const to = new URL(request.url()).origin;
  if (to.startsWith('http') && to !== home && to !== origin) report.elsewhere.push(to);
});
page.on('pageerror', (error) => report.elsewhere.push(`error in the page: ${error.message}`));
page.on('response', (response) => {
  if (response.request().method() === 'POST' && response.status() !== 200) report.elsewhere.push(`${response.url()}: ${response.status()}`);
});

async function open() {
  await page.goto(`${origin}/app/users/4711?email=${encodeURIComponent(email)}&token=${secret}&gclid=abc123planted`);
  await page.evaluate(([token, host]) => { window.posthog = new window.PostHog(token, {host, flushAt: 20, flushInterval: 100, captureHistoryEvents: true}); }, [token, base]);
}

function run(name, n, code, ...values) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(n);
  return page.evaluate(code, values);
}

async function plain() {
  await open();
  await run('capture', 1, ([p]) => window.posthog.capture('Report Exported', p), properties(1));
  await run('capture with an unclean name', undefined, ([e]) => window.posthog.capture(`Invited ${e}`), email);
  await run('identify', undefined, ([u, e]) => window.posthog.identify(u, {$set: {email: e, plan: 'pro'}, $set_once: {first: e}}), user, email);
  await run('alias', undefined, ([o]) => window.posthog.alias(o), other_user);
  await run('group', undefined, ([o, n]) => window.posthog.group('company', o, {name: n, plan: 'pro'}), organisation, name);
  await run('register', undefined, ([e]) => window.posthog.register({super_email: e}), email);
  await run('captureException', undefined, ([e]) => window.posthog.captureException(new Error(`no card for ${e}`)), email);
  await run('reloadFeatureFlags', undefined, () => window.posthog.reloadFeatureFlags());
  for (let n = 100; n < 160; n += 1) await run('capture many', n, ([p]) => window.posthog.capture('Page Viewed', p), properties(n));
  await page.evaluate(() => window.posthog.shutdown());
}

async function faults() {
  await open();
  for (let n = 0; n < FAULT_EVENTS; n += 1) await run('capture', n, ([p]) => window.posthog.capture('Page Viewed', p), {n, plan: 'pro'});
  await page.evaluate(() => window.posthog.shutdown());
}

await ({plain, faults})[what]();
await browser.close();
pages.close();
report.elsewhere = [...new Set(report.elsewhere)];
report.print();
process.exit(0);
