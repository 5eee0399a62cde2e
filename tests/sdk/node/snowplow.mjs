// npm `@snowplow/node-tracker` against a base URL: `node snowplow.mjs plain|faults http://host:port/path key`.
import {buildEcommerceTransaction, buildEcommerceTransactionItem, buildLinkClick, buildPagePing, buildPageView, buildScreenView, buildSelfDescribingEvent, buildStructEvent, newTracker} from '@snowplow/node-tracker';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, appId] = process.argv.slice(2);
const {hostname, port, pathname} = new URL(address);
const report = new Report();
const {user, other_user: other, organisation, email, name, ip} = planted;
const device = '93bc0e7f-3901-4b07-aee3-87fe5437f575';
const link = `https://app.example.com/x?token=${planted.secret}&email=${encodeURIComponent(email)}&gclid=abc123planted`;

const of = (data, schema = 'iglu:com.acme/report_exported/jsonschema/1-0-0') => buildSelfDescribingEvent({event: {schema, data}});
const entities = [
  {schema: 'iglu:com.acme/account/jsonschema/1-0-0', data: {owner: email, plan: 'pro'}},
  {schema: 'iglu:com.acme/account/jsonschema/1-0-0', data: {owner: planted.email_two, phone: planted.phone}},
  {schema: 'iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2', data: {userId: device, sessionId: 'd2b1a3f0-3c34-4f2a-8e6f-7d1f6c3a2b11', eventIndex: 1, previousSessionId: null}},
  {schema: 'iglu:com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-3', data: {osType: 'ios', osVersion: '18', appleIdfv: 'AEBE52E7-03EE-455A-B3C4-E57283966239', deviceModel: `Phone of ${name}`}},
  {schema: 'iglu:com.snowplowanalytics.snowplow/geolocation_context/jsonschema/1-1-0', data: {latitude: 52.520008, longitude: 13.404954}},
];

function tracker(options, encodeBase64 = true) {
  return newTracker({namespace: `of ${email}`, appId, encodeBase64}, {
    endpoint: hostname, protocol: 'http', port: Number(port), bufferSize: 5,
    postPath: `${pathname.replace(/\/$/, '')}/com.snowplowanalytics.snowplow/tp2`,
    onRequestFailure: (failure) => report.elsewhere.push(`${failure.status ?? ''} ${failure.message ?? ''}`),
    ...options,
  });
}

function call(tracker, calls, n, event, ...more) {
  report.calls.push(calls);
  if (n !== undefined) report.sent.push(n);
  tracker.track(event, ...more);
}

async function everything(tracker, first) {
  call(tracker, 'self-describing of nobody', first, of(properties(first)));
  tracker.setUserId(user);
  tracker.setDomainUserId(device);
  tracker.setNetworkUserId(other);
  tracker.setSessionId('d2b1a3f0-3c34-4f2a-8e6f-7d1f6c3a2b11');
  tracker.setSessionIndex('3');
  tracker.setIpAddress(ip);
  tracker.setUseragent('Mozilla/5.0');
  tracker.setLang('de-DE');
  tracker.setScreenResolution('1280', '720');
  tracker.setTimezone('Europe/Berlin');
  call(tracker, 'self-describing', first + 1, of({...properties(first + 1), company: organisation}), entities);
  call(tracker, 'self-describing with a true time', first + 2, of(properties(first + 2)), entities, {type: 'ttm', value: Date.now() - 3600e3});
  call(tracker, 'page view', undefined, buildPageView({pageUrl: link, pageTitle: `Pricing of ${name}`, referrer: link}), entities);
  call(tracker, 'page ping', undefined, buildPagePing({pageUrl: link, minXOffset: 0, maxXOffset: 10, minYOffset: 0, maxYOffset: 300}));
  call(tracker, 'screen view', undefined, buildScreenView({name: 'Home', id: device}));
  call(tracker, 'structured', undefined, buildStructEvent({category: 'reports', action: 'export', label: email, property: planted.note, value: 18.5}));
  call(tracker, 'structured with an unclean action', undefined, buildStructEvent({category: 'c', action: `Invited ${email}`}));
  call(tracker, 'link', undefined, buildLinkClick({targetUrl: link, elementContent: name}));
  call(tracker, 'transaction', undefined, buildEcommerceTransaction({orderId: `of-${email}`, total: 20, city: planted.street, currency: 'EUR'}));
  call(tracker, 'transaction item', undefined, buildEcommerceTransactionItem({orderId: `of-${email}`, sku: 's', price: 10, quantity: 2}));
  for (let n = first + 100; n < first + 140; n += 1) call(tracker, 'self-describing many', n, of(properties(n), 'iglu:com.acme/page_viewed/jsonschema/1-0-0'));
  await tracker.flush();
}

async function plain() {
  await everything(tracker({}), 1000);
  await everything(tracker({}, false), 2000);
}

async function faults() {
  const one = tracker({bufferSize: 3});
  for (let n = 0; n < FAULT_EVENTS; n += 1) call(one, 'self-describing', n, of({n, plan: 'pro'}));
  await one.flush();
}

await ({plain, faults})[what]();
report.print();
process.exit(0);
