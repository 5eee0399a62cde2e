// npm `@amplitude/analytics-node` against a base URL: `node amplitude.mjs plain|faults http://host:port/path token`.
import {Identify, Revenue, Types, createInstance} from '@amplitude/analytics-node';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, token] = process.argv.slice(2);
const base = address.replace(/\/$/, '');
const report = new Report();
const device = 'device-9f2c-planted';

async function instance(path, options = {}) {
  const amplitude = createInstance();
  await amplitude.init(token, {
    serverUrl: `${base}${path}`, flushIntervalMillis: 100, flushQueueSize: 40, logLevel: Types.LogLevel.None, ...options,
  }).promise;
  return amplitude;
}

// `Revenue` takes no properties at all where one is null or has a key that is no name.
const plainly = (n) => ({n, plan: 'pro', email: planted.email, note: planted.note});

// What the SDK tells of a call: `code` 200 and a message of its own, or why it gave up.
async function call(name, n, start) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(n);
  const {code, message} = await start().promise;
  if (code === 200) return;
  if (n === undefined) report.elsewhere.push(`${name}: ${code} ${message}`);
  else report.failed.push(n);
}

async function plain() {
  const {user, organisation, email, phone, name, ip} = planted;
  const paths = ['/2/httpapi', '/batch', '', '/collect/anything'];
  await Promise.all(paths.map(async (path, i) => {
    const amplitude = await instance(path, {minIdLength: i === 0 ? 3 : undefined});
    const first = 1000 * (i + 1);
    const who = {user_id: user, device_id: device};
    const identify = new Identify();
    identify.set('plan', 'pro').set('email', email).set('name', name).set('phone', phone).setOnce('first_seen', '2024-03-01');
    identify.add('logins', 1).append('emails', email).prepend('alerts', email).preInsert('tags', 'x').postInsert('tags_two', [email]);
    identify.remove('roles', email).unset('legacy_id');
    const group = new Identify().set('name', name).set('plan', 'pro');
    const revenue = new Revenue().setProductId('sku-1').setPrice(49.99).setQuantity(2).setRevenueType('purchase').setEventProperties(plainly(first + 3));
    const many = Array.from({length: 100}, (_, k) => first + 100 + k);
    await Promise.all([
      call('track', first, () => amplitude.track('Report Exported', properties(first), {...who, ip, session_id: Date.now() - 60000})),
      call('track with everything', first + 1, () => amplitude.track({
        event_type: 'Report Exported', event_properties: properties(first + 1), user_properties: {plan: 'pro', email}, groups: {company: [organisation, `${organisation}-two`]},
        platform: 'Web', os_name: 'macOS', os_version: '15.1', device_brand: 'Apple', device_model: 'MacBookPro', carrier: 'Telekom', country: 'Germany', region: 'Berlin', city: 'Berlin',
        location_lat: 52.52, location_lng: 13.405, idfa: 'AEBE52E7-03EE-455A-B3C4-E57283966239', adid: '38400000-8cf0-11bd-b23e-10b96e40000d', language: 'de',
        price: 9.99, quantity: 2, revenue: 19.98, productId: 'sku-1', plan: {branch: 'main', source: 'web', version: '1'}, ...who,
      })),
      call('track of a device', first + 2, () => amplitude.track('Report Exported', properties(first + 2), {device_id: device})),
      call('track with an unclean name', undefined, () => amplitude.track(`Invited ${email}`, {}, who)),
      call('identify', undefined, () => amplitude.identify(identify, who)),
      call('identify and clear', undefined, () => amplitude.identify(new Identify().clearAll(), who)),
      call('groupIdentify', undefined, () => amplitude.groupIdentify('company', organisation, group, who)),
      call('setGroup', undefined, () => amplitude.setGroup('company', [organisation], who)),
      call('revenue', first + 3, () => amplitude.revenue(revenue, who)),
      ...many.map((n) => call('track many', n, () => amplitude.track('Page Viewed', properties(n), {user_id: `user-${n}`}))),
    ]);
    await amplitude.flush().promise;
  }));
}

async function faults() {
  const amplitude = await instance('/2/httpapi', {flushQueueSize: 4});
  const numbers = Array.from({length: FAULT_EVENTS * 4}, (_, n) => n);
  await Promise.all(numbers.map((n) => call('track', n, () => amplitude.track('Page Viewed', {n, plan: 'pro'}, {user_id: planted.user}))));
}

// A key that Weir does not know: the SDK gives up at once and says so.
async function refused() {
  const amplitude = await instance('/2/httpapi');
  await call('track', 1, () => amplitude.track('Page Viewed', {n: 1}, {user_id: planted.user}));
}

await ({plain, faults, refused})[what]();
report.print();
process.exit(0);
