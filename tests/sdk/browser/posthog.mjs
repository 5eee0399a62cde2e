// npm `posthog-js` in headless Chromium against a base URL: `node posthog.mjs plain|faults http://host:port/path token`.
import {readFileSync} from 'node:fs';
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, shop} from './site.mjs';

const script = readFileSync(new URL('../node_modules/posthog-js/dist/array.js', import.meta.url));
const {user, other_user, organisation, email, phone, name} = planted;

const site = await Site.start({'/posthog.js': script}, shop(`Bill for ${name} ${email}`, '<script src="/posthog.js"></script>'));
const {base, key: token, page} = site;
const run = site.run.bind(site);
site.reportRefusals();
// Only an answer of 200 is the end of it for posthog-js.
const open = new Set();
page.on('request', (request) => { if (request.method() === 'POST' && request.url().startsWith(base)) open.add(request); });
page.on('requestfinished', (request) => open.delete(request));
page.on('requestfailed', (request) => open.delete(request));

async function init(config) {
  await site.pricing();
  await page.evaluate(([token, config]) => new Promise((loaded) => {
    window.posthog.init(token, {...config, request_queue_config: {flush_interval_ms: 300}, loaded: () => loaded()});
  }), [token, {api_host: base, opt_out_useragent_filter: true, ...config}]);
}

// The queue is in memory; it is sent after its interval, which browsers stretch.
async function drained() {
  await page.waitForTimeout(900);
  const until = Date.now() + 20000;
  while (open.size > 0 && Date.now() < until) await page.waitForTimeout(50);
}

async function calls(first) {
  await run('capture', first, ([p]) => window.posthog.capture('Report Exported', p), properties(first));
  await run('capture with $set', first + 1, ([p, e]) => window.posthog.capture('Report Exported', p, {$set: {plan: 'pro', email: e}, $set_once: {first: e}}), properties(first + 1), email);
  await run('capture with an unclean name', undefined, ([e]) => window.posthog.capture(`Invited ${e}`), email);
  await run('identify', undefined, ([u, e, n, t]) => window.posthog.identify(u, {email: e, name: n, phone: t, plan: 'pro'}, {first_seen: '2024-03-01'}), user, email, name, phone);
  await run('alias', undefined, ([o]) => window.posthog.alias(o), other_user);
  await run('register', undefined, ([e]) => window.posthog.register({super_email: e, plan: 'pro'}), email);
  await run('group', undefined, ([o, n]) => window.posthog.group('company', o, {name: n, plan: 'pro'}), organisation, name);
  await run('setPersonProperties', undefined, ([e]) => window.posthog.setPersonProperties({plan: 'team', email: e}, {since: '2019'}), email);
  await run('unsetPersonProperties', undefined, () => window.posthog.unsetPersonProperties?.(['legacy_id']));
  await run('captureException', undefined, ([e]) => window.posthog.captureException(new Error(`no card for ${e}`)), email);
  await run('page view', first + 2, ([p]) => window.posthog.capture('$pageview', p), properties(first + 2));
  await run('capture at once', first + 3, ([p]) => window.posthog.capture('Report Exported', p, {send_instantly: true}), properties(first + 3));
  await run('isFeatureEnabled', undefined, () => window.posthog.isFeatureEnabled('planted-flag'));
  await run('getSurveys', undefined, () => new Promise((done) => window.posthog.getSurveys(() => done(), true)));
  await run('getEarlyAccessFeatures', undefined, () => new Promise((done) => { window.posthog.getEarlyAccessFeatures(() => done(), true); setTimeout(done, 2000); }));
  // posthog-js itself lets no more than a hundred and ten in a second through.
  const many = Array.from({length: 20}, (_, i) => first + 100 + i);
  await run('capture many', many, ([list]) => list.forEach((p) => window.posthog.capture('Page Viewed', p)), many.map((n) => properties(n)));
}

async function plain() {
  // As it comes out of the box: gzip as text, autocapture, flags, remote config, everything that the project may switch on.
  await init({capture_pageview: true, autocapture: true, capture_exceptions: true, person_profiles: 'always', capture_heatmaps: true});
  await page.click('#buy');
  await calls(1000);
  await drained();
  await run('startSessionRecording', undefined, () => window.posthog.startSessionRecording());
  await init({disable_compression: true});
  await calls(2000);
  await drained();
  await init({request_batching: false});
  await run('capture without batches', 3000, ([p]) => window.posthog.capture('Report Exported', p), properties(3000));
  await drained();
  await init({});
  await run('beacon', 3001, ([p]) => window.posthog.capture('Beaconed', p, {transport: 'sendBeacon'}), properties(3001));
  await run('queued at unload', 3002, ([p]) => window.posthog.capture('Queued at unload', p), properties(3002));
  await site.gone();
  // Beacons outlive their page, not the browser.
  await page.waitForTimeout(2000);
}

async function faults() {
  await init({autocapture: false, capture_pageview: false});
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('capture', n, ([p]) => window.posthog.capture('Page Viewed', p), {n, plan: 'pro'});
    await page.waitForTimeout(50);
  }
  await drained();
}

await site.end({plain, faults});
