// npm `@amplitude/analytics-browser` and the older `amplitude-js` in headless Chromium against a base URL:
// `node amplitude.mjs plain|faults http://host:port/path token`.
import {readFileSync} from 'node:fs';
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, query, shop} from './site.mjs';

const modern = readFileSync(new URL('../node_modules/@amplitude/analytics-browser/lib/scripts/amplitude-min.js', import.meta.url));
const legacy = readFileSync(new URL('../node_modules/amplitude-js/amplitude.umd.js', import.meta.url));
const html = (path) => shop('Pricing – Größe', `<script src="${path.startsWith('/app/legacy') ? '/legacy.js' : '/modern.js'}"></script>`);

const site = await Site.start({'/modern.js': modern, '/legacy.js': legacy}, html);
const {base, key: token, report, page, origin} = site;

async function open(options, user) {
  await site.pricing();
  await page.evaluate(([token, user, options]) => window.amplitude.init(token, user, options).promise, [token, user, {
    serverUrl: `${base}/2/httpapi`, remoteConfig: {serverUrl: `${base}/config`}, enableDiagnostics: false, flushIntervalMillis: 100, ...options,
  }]);
}

// Calls return what the SDK tells of them in the end.
async function run(name, n, code, ...values) {
  const numbers = n === undefined ? [] : [n].flat();
  const results = [await site.run(name, n, code, ...values)].flat().filter(Boolean);
  results.forEach(({code, message}, i) => {
    if (code === 200) return;
    if (numbers[i] === undefined) report.elsewhere.push(`${name}: ${code} ${message}`);
    else report.failed.push(numbers[i]);
  });
}

// `Revenue` takes no properties at all where one is null or has a key that is no name.
const plainly = (n) => ({n, plan: 'pro', email: planted.email, note: planted.note});

async function calls(first) {
  const {organisation, email, phone, name} = planted;
  await run('track', first, ([p]) => window.amplitude.track('Report Exported', p).promise, properties(first));
  await run('track with an unclean name', undefined, ([e]) => window.amplitude.track(`Invited ${e}`).promise, email);
  await run('identify', undefined, ([e, n, p]) => {
    const {Identify} = window.amplitude;
    return window.amplitude.identify(new Identify().set('plan', 'pro').set('email', e).set('name', n).set('phone', p).setOnce('first', 1)
      .add('logins', 1).append('emails', e).prepend('alerts', e).preInsert('tags', 'x').postInsert('tags_two', [e]).remove('roles', e).unset('old')).promise;
  }, email, name, phone);
  await run('groupIdentify', undefined, ([o, n]) => window.amplitude.groupIdentify('company', o, new window.amplitude.Identify().set('name', n)).promise, organisation, name);
  await run('setGroup', undefined, ([o]) => { window.amplitude.setGroup('company', o); }, organisation);
  await run('revenue', first + 1, ([p]) => window.amplitude.revenue(new window.amplitude.Revenue().setProductId('sku-1').setPrice(9.99).setQuantity(2).setEventProperties(p)).promise, plainly(first + 1));
  const many = Array.from({length: 60}, (_, i) => first + 100 + i);
  await run('track many', many, ([list]) => Promise.all(list.map((p) => window.amplitude.track('Page Viewed', p).promise)), many.map(properties));
}

async function plain() {
  // As it comes, with everything captured that it can capture, first of nobody, then of somebody.
  await open({autocapture: true});
  await run('track of nobody', 900, ([p]) => window.amplitude.track('Seen', p).promise, properties(900));
  await page.click('#buy');
  await run('setUserId', undefined, ([u]) => { window.amplitude.setUserId(u); }, planted.user);
  await calls(1000);
  await open({transport: 'xhr', enableRequestBodyCompression: true, serverUrl: `${base}/batch`}, planted.user);
  await calls(2000);
  await open({serverUrl: `${base}/collect`, fetchRemoteConfig: false, enableRequestBodyCompression: true}, planted.user);
  await calls(3000);
  await open({flushIntervalMillis: 60000}, planted.user);
  report.calls.push('beacon at unload');
  report.sent.push(4000);
  await page.evaluate(([p]) => {
    window.amplitude.track('Queued at unload', p);
    window.addEventListener('pagehide', () => { window.amplitude.setTransport('beacon'); window.amplitude.flush(); });
  }, [properties(4000)]);
  await page.waitForTimeout(100);
  await page.goto(`${origin}/app/legacy?${query}`);
  await old();
  await page.waitForTimeout(500);
}

// The SDK before: forms with a checksum, answered by a word.
async function old() {
  const {user, email, organisation, name} = planted;
  await page.evaluate(([token, user, endpoint]) => new Promise((done) => {
    window.amplitude.getInstance().init(token, user, {
      apiEndpoint: endpoint, forceHttps: false, includeUtm: true, includeReferrer: true, includeGclid: true, saveEvents: false,
    }, done);
  }), [token, user, base.replace(/^http:\/\//, '')]);
  const log = (n, kind) => run(`amplitude-js ${kind}`, n, ([p]) => new Promise((done) => {
    window.amplitude.getInstance().logEvent('Report Exported', p, (code, message) => done({code, message}));
  }), properties(n));
  await log(5000, 'logEvent');
  await log(5001, 'logEvent again');
  await run('amplitude-js identify', undefined, ([e, n]) => new Promise((done) => {
    const identify = new window.amplitude.Identify().set('plan', 'pro').set('email', e).set('name', n).setOnce('first', 1).add('logins', 1).append('emails', e).unset('old');
    window.amplitude.getInstance().identify(identify, (code, message) => done({code, message}));
  }), email, name);
  await run('amplitude-js setGroup', undefined, ([o]) => { window.amplitude.getInstance().setGroup('company', o); }, organisation);
  await run('amplitude-js groupIdentify', undefined, ([o, n]) => new Promise((done) => {
    window.amplitude.getInstance().groupIdentify('company', o, new window.amplitude.Identify().set('name', n), (code, message) => done({code, message}));
  }), organisation, name);
  await run('amplitude-js revenue', undefined, () => {
    window.amplitude.getInstance().logRevenueV2(new window.amplitude.Revenue().setProductId('sku-1').setPrice(3.99).setQuantity(3));
  });
  await log(5002, 'logEvent in the end');
}

async function faults() {
  await open({flushQueueSize: 4}, planted.user);
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('track', n, ([p]) => window.amplitude.track('Page Viewed', p).promise, {n, plan: 'pro'});
  }
}

await site.end({plain, faults});
