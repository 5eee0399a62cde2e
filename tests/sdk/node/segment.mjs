// npm `@segment/analytics-node` and the older `analytics-node` against a base URL: `node segment.mjs plain|faults http://host:port/path key`.
import {Analytics} from '@segment/analytics-node';
import Legacy from 'analytics-node';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, writeKey] = process.argv.slice(2);
const {origin, pathname} = new URL(address);
const path = pathname.replace(/\/$/, '');
const report = new Report();
const {user, other_user: other, organisation, email, phone, name, ip} = planted;
const device = 'device-9f2c-planted';
const context = {ip, userAgent: 'Mozilla/5.0', locale: 'de-DE', traits: {email, plan: 'pro'}, device: {id: device, advertisingId: 'AEBE52E7-03EE-455A-B3C4-E57283966239'},
  page: {url: `https://app.example.com/x?token=${planted.secret}&email=${email}`}, groupId: organisation};

// One number may stand for several calls of the SDK; what the SDK says of each is held against all of them.
function call(calls, n, start) {
  report.calls.push(calls);
  if (n !== undefined) report.sent.push(n);
  return new Promise((done) => {
    start((error) => {
      if (error && n !== undefined) report.failed.push(n);
      else if (error) report.elsewhere.push(`${calls}: ${error}`);
      done();
    });
  });
}

async function everything(analytics, first) {
  const many = Array.from({length: 100}, (_, i) => first + 100 + i);
  const old = new Date(Date.now() - 3600e3);
  await Promise.all([
    call('track', first, (done) => analytics.track({userId: user, event: 'Report Exported', properties: properties(first)}, done)),
    call('track with everything', first + 1, (done) => analytics.track({userId: user, anonymousId: other, event: 'Report Exported', properties: properties(first + 1),
      context, timestamp: old, messageId: `message-of-${email}-${first}`, integrations: {All: true, Amplitude: {session_id: 1795255100000}}}, done)),
    call('track of a device', first + 2, (done) => analytics.track({anonymousId: other, event: 'Report Exported', properties: properties(first + 2)}, done)),
    call('track with an unclean name', undefined, (done) => analytics.track({userId: user, event: `Invited ${email}`}, done)),
    call('page', first + 3, (done) => analytics.page({userId: user, name: `Pricing of ${name}`, category: 'Docs', properties: {...properties(first + 3), url: context.page.url, title: email}}, done)),
    call('screen', first + 4, (done) => analytics.screen({anonymousId: other, name: 'Home', properties: properties(first + 4)}, done)),
    call('identify', undefined, (done) => analytics.identify({userId: user, traits: {email, name, phone, plan: 'pro', address: {street: planted.street}}}, done)),
    call('identify of a device', undefined, (done) => analytics.identify({userId: user, anonymousId: other, traits: {email, plan: 'pro'}, context}, done)),
    call('group', undefined, (done) => analytics.group({userId: user, groupId: organisation, traits: {name, plan: 'pro', employees: 250}}, done)),
    call('alias', undefined, (done) => analytics.alias({userId: user, previousId: other}, done)),
    ...many.map((n) => call('track many', n, (done) => analytics.track({userId: `user-${n}`, event: 'Page Viewed', properties: properties(n)}, done))),
  ]);
}

function current(options = {}) {
  const analytics = new Analytics({writeKey, host: origin, path: `${path}/v1/batch`, flushInterval: 100, ...options});
  // Said of a whole batch that was given up.
  analytics.on('error', (error) => report.elsewhere.push(`${error.code} ${error.reason?.status ?? error.reason ?? ''}`));
  return analytics;
}

async function plain() {
  const analytics = current();
  await everything(analytics, 1000);
  await analytics.closeAndFlush();
  const legacy = new Legacy(writeKey, {host: origin, path: `${path}/v1/batch`, flushInterval: 100, errorHandler: (error) => report.elsewhere.push(String(error))});
  await everything(legacy, 2000);
  await new Promise((done) => legacy.flush(done));
}

async function faults() {
  const analytics = current({flushAt: 3});
  const all = Array.from({length: FAULT_EVENTS}, (_, n) => call('track', n, (done) => analytics.track({userId: user, event: 'Page Viewed', properties: {n, plan: 'pro'}}, done)));
  await Promise.all(all);
  await analytics.closeAndFlush();
}

await ({plain, faults})[what]();
report.print();
process.exit(0);
