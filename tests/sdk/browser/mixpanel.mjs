// npm `mixpanel-browser` in headless Chromium against a base URL: `node mixpanel.mjs plain|faults|flags http://host:port/path token`.
import {readFileSync} from 'node:fs';
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, shop} from './site.mjs';

const script = readFileSync(new URL('../node_modules/mixpanel-browser/dist/mixpanel-with-recorder.js', import.meta.url));
const snippet = readFileSync(new URL('../node_modules/mixpanel-browser/dist/mixpanel-jslib-snippet.min.js', import.meta.url), 'utf8');
const html = shop('Pricing – Größe', `<script>window.MIXPANEL_CUSTOM_LIB_URL = '/mixpanel.js';</script><script>${snippet}</script>`);

const site = await Site.start({'/mixpanel.js': script}, html);
const {base, key: token, report, context, page} = site;
const run = site.run.bind(site);

async function open(config, options = {}) {
  await site.pricing();
  await page.evaluate(([token, config]) => new Promise((loaded) => {
    window.mixpanel.init(token, {...config, loaded: () => loaded()});
  }), [token, {api_host: base, batch_flush_interval_ms: 300, ...config}]);
  if (options.user) await page.evaluate((user) => window.mixpanel.identify(user), options.user);
}

// The SDK keeps what waits in localStorage; empty means that it believes everything is sent.
async function drained(timeout) {
  await page.waitForFunction(() => Object.keys(localStorage).filter((key) => key.startsWith('__mpq_'))
    .every((key) => { const queue = localStorage.getItem(key); return !queue || queue === '[]'; }), undefined, {timeout, polling: 100});
}

async function calls(first) {
  const {user, organisation, email, phone, name} = planted;
  const of = (n) => properties(n);
  await run('track', first, ([p]) => window.mixpanel.track('Report Exported', p), of(first));
  await run('track with an unclean name', undefined, ([e]) => window.mixpanel.track(`Invited ${e}`), email);
  await run('identify', undefined, ([u]) => window.mixpanel.identify(u), user);
  await run('alias', undefined, ([u]) => window.mixpanel.alias(`${u}-alias`), user);
  await run('register', undefined, ([e]) => window.mixpanel.register({super_email: e, plan: 'pro'}), email);
  await run('time_event and track', first + 1, ([p]) => { window.mixpanel.time_event('Timed'); window.mixpanel.track('Timed', p); }, of(first + 1));
  await run('track_pageview', first + 2, ([p]) => window.mixpanel.track_pageview(p), of(first + 2));
  await run('people.set', undefined, ([p]) => window.mixpanel.people.set(p), {$email: email, $name: name, $phone: phone, plan: 'pro'});
  await run('people.set_once', undefined, ([p]) => window.mixpanel.people.set_once(p), {first_seen: '2024-03-01', email});
  await run('people.increment', undefined, () => window.mixpanel.people.increment('exports', 2));
  await run('people.append', undefined, ([e]) => window.mixpanel.people.append('emails', e), email);
  await run('people.union', undefined, ([e]) => window.mixpanel.people.union('emails', [e]), email);
  await run('people.remove', undefined, ([e]) => window.mixpanel.people.remove('emails', e), email);
  await run('people.unset', undefined, () => window.mixpanel.people.unset(['legacy_id', 'plan']));
  await run('people.track_charge', undefined, ([e]) => window.mixpanel.people.track_charge(49.99, {note: e}), email);
  await run('people.clear_charges', undefined, () => window.mixpanel.people.clear_charges());
  await run('set_group', undefined, ([o]) => window.mixpanel.set_group('company', [o]), organisation);
  await run('add_group', undefined, ([o]) => window.mixpanel.add_group('company', `${o}-two`), organisation);
  await run('track_with_groups', first + 3, ([p, o]) => window.mixpanel.track_with_groups('Seat Added', p, {company: [o]}), of(first + 3), organisation);
  await run('get_group().set', undefined, ([o, n]) => window.mixpanel.get_group('company', o).set({name: n, plan: 'pro'}), organisation, name);
  await run('get_group().set_once', undefined, ([o]) => window.mixpanel.get_group('company', o).set_once('since', '2019'), organisation);
  await run('get_group().union', undefined, ([o, e]) => window.mixpanel.get_group('company', o).union('products', ['api', e]), organisation, email);
  await run('get_group().remove', undefined, ([o, e]) => window.mixpanel.get_group('company', o).remove('products', e), organisation, email);
  await run('get_group().unset', undefined, ([o]) => window.mixpanel.get_group('company', o).unset('old'), organisation);
  await run('get_group().delete', undefined, ([o]) => window.mixpanel.get_group('company', o).delete(), organisation);
  const many = Array.from({length: 60}, (_, i) => first + 100 + i);
  await run('track many', many, ([list]) => list.forEach((p) => window.mixpanel.track('Page Viewed', p)), many.map(of));
}

async function plain() {
  // The way it comes out of the box towards a host of one's own: base64 forms, batches, plus flags, settings and autocapture.
  await open({flags: true, remote_settings_mode: 'fallback', autocapture: true, record_sessions_percent: 100, record_min_ms: 0});
  report.calls.push('flags', 'settings', 'autocapture', 'record');
  await page.click('#buy');
  await calls(1000);
  await run('flags.get_variant', undefined, () => window.mixpanel.flags?.get_variant?.('planted-flag', {key: 'control', value: 'control'}));
  await drained(20000);
  // The recorder sends on its own timer or when it is told to stop.
  await run('stop_session_recording', undefined, () => window.mixpanel.stop_session_recording());
  await page.waitForTimeout(500);
  await open({api_payload_format: 'json'});
  await calls(2000);
  await drained(20000);
  await open({api_payload_format: 'json', batch_requests: false});
  // Answered before the next page: leaving a page aborts what is on its way, which is the browser's loss and not what is tested here.
  await run('track without batches, JSON', 3000, ([p]) => new Promise((done) => window.mixpanel.track('Report Exported', p, () => done())), properties(3000));
  await open({api_method: 'GET', batch_requests: false});
  await run('track by GET', 3001, ([p]) => new Promise((done) => window.mixpanel.track('Report Exported', p, () => done())), {n: 3001, plan: 'pro', email: planted.email});
  await open({batch_flush_interval_ms: 60000, batch_autostart: true});
  await run('beacon', 3002, ([p]) => window.mixpanel.track('Beaconed', p, {transport: 'sendBeacon'}), properties(3002));
  await run('queued at unload', 3003, ([p]) => window.mixpanel.track('Queued at unload', p), properties(3003));
  await site.gone();
  // Beacons outlive their page, not the browser.
  await page.waitForTimeout(3000);
}

async function faults() {
  await open({batch_size: 4});
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('track', n, ([p]) => window.mixpanel.track('Page Viewed', p), {n, plan: 'pro'});
    await page.waitForTimeout(50);
  }
  await drained(90000);
}

// Two visits of the same person: what the page sees of her flags.
async function flags() {
  report.flags = [];
  for (let visit = 0; visit < 2; visit += 1) {
    await open({flags: {context: {custom_properties: {plan: 'pro', email: planted.email}}}}, {user: planted.user});
    report.flags.push(await page.evaluate(async () => ({
      exports: await window.mixpanel.flags.get_variant_value('exports', 'fallback'),
      bucket: await window.mixpanel.flags.get_variant_value('bucket', 'fallback'),
    })));
    await page.evaluate(() => { window.mixpanel.reset(); localStorage.clear(); });
    await context.clearCookies();
  }
}

await site.end({plain, faults, flags});
