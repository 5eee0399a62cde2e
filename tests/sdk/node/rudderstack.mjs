// npm `@rudderstack/rudder-sdk-node` against a base URL: `node rudderstack.mjs plain|faults http://host:port/path key`.
import Analytics from '@rudderstack/rudder-sdk-node';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, writeKey] = process.argv.slice(2);
const dataPlaneUrl = address.replace(/\/$/, '');
const report = new Report();
const {user, other_user: other, organisation, email, phone, name, ip} = planted;
const context = {ip, traits: {email, plan: 'pro'}, page: {url: `https://app.example.com/x?token=${planted.secret}&email=${email}`}, sessionId: 1795303318872};

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
  await Promise.all([
    call('track', first, (done) => analytics.track({userId: user, event: 'Report Exported', properties: properties(first)}, done)),
    call('track with everything', first + 1, (done) => analytics.track({userId: user, anonymousId: other, event: 'Report Exported', properties: properties(first + 1),
      context, timestamp: new Date(Date.now() - 3600e3), integrations: {All: true}}, done)),
    call('track of a device', first + 2, (done) => analytics.track({anonymousId: other, event: 'Report Exported', properties: properties(first + 2)}, done)),
    call('track with an unclean name', undefined, (done) => analytics.track({userId: user, event: `Invited ${email}`}, done)),
    call('page', first + 3, (done) => analytics.page({userId: user, name: `Pricing of ${name}`, properties: {...properties(first + 3), url: context.page.url}}, done)),
    call('screen', first + 4, (done) => analytics.screen({userId: user, name: 'Home', properties: properties(first + 4)}, done)),
    call('identify', undefined, (done) => analytics.identify({userId: user, traits: {email, name, phone, plan: 'pro'}, context}, done)),
    call('identify of a device', undefined, (done) => analytics.identify({userId: user, anonymousId: other, traits: {email, plan: 'pro'}}, done)),
    call('group', undefined, (done) => analytics.group({userId: user, groupId: organisation, traits: {name, plan: 'pro'}}, done)),
    call('alias', undefined, (done) => analytics.alias({userId: user, previousId: other}, done)),
    ...many.map((n) => call('track many', n, (done) => analytics.track({userId: `user-${n}`, event: 'Page Viewed', properties: properties(n)}, done))),
  ]);
}

const make = (options) => new Analytics(writeKey, {dataPlaneUrl, flushInterval: 100, logLevel: 'silly', errorHandler: (error) => report.elsewhere.push(String(error)), ...options});

async function plain() {
  await everything(make({}), 1000);
  await everything(make({gzip: false}), 2000);
}

async function faults() {
  const analytics = make({flushAt: 3});
  await Promise.all(Array.from({length: FAULT_EVENTS}, (_, n) => call('track', n, (done) => analytics.track({userId: user, event: 'Page Viewed', properties: {n, plan: 'pro'}}, done))));
}

await ({plain, faults})[what]();
report.print();
process.exit(0);
