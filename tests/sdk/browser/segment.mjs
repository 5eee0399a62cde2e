// npm `@segment/analytics-next` and `@rudderstack/analytics-js` in headless Chromium against a base URL:
// `node segment.mjs plain|faults|rudder|rudder-faults http://host:port/path key`.
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, bundle, shop} from './site.mjs';

const isRudder = process.argv[2].startsWith('rudder');
const script = bundle(isRudder
  ? "import {RudderAnalytics} from '@rudderstack/analytics-js/bundled'; window.RudderAnalytics = RudderAnalytics;"
  : "import {AnalyticsBrowser} from '@segment/analytics-next'; window.AnalyticsBrowser = AnalyticsBrowser;");

const site = await Site.start({'/sdk.js': script}, shop(`Pricing – ${planted.name}`, '<script src="/sdk.js"></script>'));
const {base, key: writeKey, report, page} = site;
const silent = site.watchActivity();

// RudderStack's keeps what waits in localStorage; empty means that it believes everything is sent.
async function quiet(millis) {
  await page.waitForFunction(() => Object.keys(localStorage).filter((key) => /^rudder.*\.(queue|batchQueue|inProgress)$/.test(key))
    .every((key) => ['"[]"', '"{}"', null].includes(localStorage.getItem(key))), undefined, {timeout: 60000, polling: 100});
  await silent(millis);
}

async function openSegment(options = {}) {
  await site.pricing();
  await page.evaluate(async ([writeKey, base, options]) => {
    const apiHost = `${base.replace(/^http:\/\//, '')}/v1`;
    window.analytics = window.AnalyticsBrowser.load({writeKey, cdnURL: base}, {integrations: {'Segment.io': {apiHost, protocol: 'http', ...options}}});
    await window.analytics.ready();
  }, [writeKey, base, options]);
}

async function openRudder(options = {}) {
  await site.pricing();
  await page.evaluate(([writeKey, base, options]) => new Promise((done) => {
    window.analytics = new window.RudderAnalytics();
    window.analytics.load(writeKey, base, {configUrl: base, logLevel: 'ERROR', onLoaded: done, ...options});
  }), [writeKey, base, options]);
}

async function run(name, n, code, ...values) {
  const failed = await site.run(name, n, code, ...values);
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
  await site.gone();
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
  await site.gone();
  await page.waitForTimeout(1000);
}

async function faults() {
  await (isRudder ? openRudder() : openSegment());
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('track', n, ([p]) => { window.analytics.track('Page Viewed', p); }, {n, plan: 'pro'});
  }
  await quiet();
}

await site.end({plain, rudder, faults, 'rudder-faults': faults});
