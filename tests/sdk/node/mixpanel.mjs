// npm `mixpanel` against a base URL: `node mixpanel.mjs plain|faults http://host:port/path token`.
import Mixpanel from 'mixpanel';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, base, token] = process.argv.slice(2);
const {hostname, port, pathname} = new URL(base);
const path = pathname.replace(/\/$/, '');
const report = new Report();
const options = {host: hostname, port, protocol: 'http', path, key: planted.api_secret, logger: {...console, error: () => {}}};

function call(name, n, start) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(...[n].flat());
  return new Promise((done) => {
    start((error) => {
      const failed = Array.isArray(error) ? error.some(Boolean) : Boolean(error);
      if (failed && n !== undefined) report.failed.push(...[n].flat());
      if (failed && n === undefined) report.elsewhere.push(`${name}: ${error}`);
      done();
    });
  });
}

async function plain() {
  const {user, other_user: other, organisation, email, phone, name} = planted;
  for (const [verbose, first] of [[false, 1000], [true, 2000]]) {
    const mixpanel = Mixpanel.init(token, {...options, verbose});
    await call('track', first, (done) => mixpanel.track('Report Exported', {distinct_id: user, ...properties(first)}, done));
    await call('track with a date', first + 1, (done) =>
      mixpanel.track('Report Exported', {distinct_id: user, time: new Date(), ...properties(first + 1)}, done));
    await call('track with an unclean name', undefined, (done) =>
      mixpanel.track(`Invited ${email}`, {distinct_id: user}, done));
    const many = Array.from({length: 60}, (_, i) => first + 100 + i);
    await call('track_batch', many, (done) =>
      mixpanel.track_batch(many.map((n) => ({event: 'Page Viewed', properties: {distinct_id: `user-${n}`, ...properties(n)}})), done));
    const old = new Date(Date.now() - 30 * 86400e3);
    await call('import', first + 2, (done) => mixpanel.import('Legacy Login', old, {distinct_id: user, ...properties(first + 2)}, done));
    const imported = [first + 3, first + 4];
    await call('import_batch', imported, (done) =>
      mixpanel.import_batch(imported.map((n) => ({event: 'Old', properties: {distinct_id: user, time: old, ...properties(n)}})), done));
    await call('alias', undefined, (done) => mixpanel.alias(other, user, done));
    const profile = {$email: email, $name: name, $phone: phone, plan: 'pro', nested: {email}};
    const people = mixpanel.people;
    await call('people.set', undefined, (done) => people.set(user, profile, {$ip: planted.ip}, done));
    await call('people.set_once', undefined, (done) => people.set_once(user, 'first_seen', '2024-03-01', done));
    await call('people.increment', undefined, (done) => people.increment(user, 'exports', 2, done));
    await call('people.append', undefined, (done) => people.append(user, {emails: email}, done));
    await call('people.union', undefined, (done) => people.union(user, {emails: [email]}, done));
    await call('people.remove', undefined, (done) => people.remove(user, {emails: email}, done));
    await call('people.unset', undefined, (done) => people.unset(user, ['legacy_id', 'plan'], done));
    await call('people.track_charge', undefined, (done) => people.track_charge(user, 49.99, {note: email}, done));
    await call('people.clear_charges', undefined, (done) => people.clear_charges(user, done));
    const groups = mixpanel.groups;
    await call('groups.set', undefined, (done) => groups.set('company', organisation, {name, plan: 'pro'}, done));
    await call('groups.set_once', undefined, (done) => groups.set_once('company', organisation, {since: '2019'}, done));
    await call('groups.union', undefined, (done) => groups.union('company', organisation, {products: ['api', email]}, done));
    await call('groups.remove', undefined, (done) => groups.remove('company', organisation, {products: email}, done));
    await call('groups.unset', undefined, (done) => groups.unset('company', organisation, ['old'], done));
    await call('groups.delete_group', undefined, (done) => groups.delete_group('company', organisation, done));
    await call('people.delete_user', undefined, (done) => people.delete_user(user, {}, done));
  }
}

async function faults() {
  const mixpanel = Mixpanel.init(token, options);
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await call('track', n, (done) => mixpanel.track('Page Viewed', {distinct_id: planted.user, n, plan: 'pro'}, done));
  }
  const many = Array.from({length: FAULT_EVENTS * 4}, (_, i) => FAULT_EVENTS + i);
  await call('track_batch', many, (done) =>
    mixpanel.track_batch(many.map((n) => ({event: 'Page Viewed', properties: {distinct_id: planted.user, n, plan: 'pro'}})), done));
}

await (what === 'plain' ? plain() : faults());
report.print();
process.exit(0);
