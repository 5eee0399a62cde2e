// npm `@snowplow/browser-tracker` in headless Chromium against a base URL: `node snowplow.mjs plain|faults http://host:port/path key`.
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, bundle} from './site.mjs';

const script = bundle("import * as sp from '@snowplow/browser-tracker'; window.sp = sp;");
const html = `<!doctype html><html><head><meta charset="utf-8"><title>Pricing – ${planted.name}</title><script src="/sdk.js"></script></head><body></body></html>`;

const site = await Site.start({'/sdk.js': script}, html);
const {base, key: appId, page} = site;
const run = site.run.bind(site);
const quiet = site.watchActivity();
let trackers = 0;

async function open(options = {}) {
  trackers += 1;
  await site.pricing();
  await page.evaluate(([name, base, appId, options]) => {
    // A collector below a path: in the address, or, for trackers that are given an origin, in `postPath`.
    const {origin, pathname} = new URL(base);
    const {byPostPath, ...more} = options;
    const own = byPostPath ? {postPath: `${pathname}/com.snowplowanalytics.snowplow/tp2`} : {};
    window.sp.newTracker(name, byPostPath ? origin : base, {appId, ...own, contexts: {session: true, webPage: true, browser: true}, ...more});
  }, [`sp${trackers}`, base, appId, options]);
}

async function calls(first) {
  const {user, organisation, email, name} = planted;
  const schema = 'iglu:com.acme/report_exported/jsonschema/1-0-0';
  const entity = {schema: 'iglu:com.acme/account/jsonschema/1-0-0', data: {owner: email, plan: 'pro'}};
  await run('page view', undefined, ([n]) => { window.sp.trackPageView({title: `Pricing of ${n}`}); }, name);
  await run('self-describing of nobody', first, ([schema, data]) => { window.sp.trackSelfDescribingEvent({event: {schema, data}}); }, schema, properties(first));
  await run('user', undefined, ([u]) => { window.sp.setUserId(u); }, user);
  await run('self-describing', first + 1, ([schema, data, entity]) => { window.sp.trackSelfDescribingEvent({event: {schema, data}, context: [entity, entity]}); },
    schema, {...properties(first + 1), company: organisation}, entity);
  await run('structured', undefined, ([e]) => { window.sp.trackStructEvent({category: 'reports', action: 'export', label: e, value: 18.5}); }, email);
  await run('structured with an unclean action', undefined, ([e]) => { window.sp.trackStructEvent({category: 'c', action: `Invited ${e}`}); }, email);
  const many = Array.from({length: 30}, (_, i) => first + 100 + i);
  await run('self-describing many', many, ([schema, list]) => { list.forEach((data) => window.sp.trackSelfDescribingEvent({event: {schema, data}})); }, schema, many.map(properties));
  await quiet();
}

async function plain() {
  await open();
  await calls(1000);
  await open({encodeBase64: true, bufferSize: 5, byPostPath: true});
  await calls(2000);
  await run('flush', undefined, () => { window.sp.flushBuffer(); });
  await quiet();
  await open({anonymousTracking: {withSessionTracking: true}, keepalive: true});
  await calls(3000);
  await open({eventMethod: 'get'});
  await calls(4000);
  await site.gone();
  await page.waitForTimeout(500);
}

async function faults() {
  await open();
  for (let n = 0; n < FAULT_EVENTS; n += 1) {
    await run('self-describing', n, ([data]) => { window.sp.trackSelfDescribingEvent({event: {schema: 'iglu:com.acme/page_viewed/jsonschema/1-0-0', data}}); }, {n, plan: 'pro'});
  }
  await quiet();
}

await site.end({plain, faults});
