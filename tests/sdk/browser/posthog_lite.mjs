// npm `posthog-js-lite` in headless Chromium against a base URL: `node posthog_lite.mjs plain|faults http://host:port/path token`.
import {FAULT_EVENTS, planted, properties} from '../report.mjs';
import {Site, bundle} from './site.mjs';

const {user, other_user, organisation, email, name, secret} = planted;
const script = bundle("import {PostHog} from 'posthog-js-lite'; window.PostHog = PostHog;");

const site = await Site.start({'/posthog.js': script}, `<!doctype html><title>Bill for ${name}</title><script src="/posthog.js"></script>`);
const {base, key: token, page, origin} = site;
const run = site.run.bind(site);
site.reportRefusals();

async function open() {
  await page.goto(`${origin}/app/users/4711?email=${encodeURIComponent(email)}&token=${secret}&gclid=abc123planted`);
  await page.evaluate(([token, host]) => { window.posthog = new window.PostHog(token, {host, flushAt: 20, flushInterval: 100, captureHistoryEvents: true}); }, [token, base]);
}

async function plain() {
  await open();
  await run('capture', 1, ([p]) => window.posthog.capture('Report Exported', p), properties(1));
  await run('capture with an unclean name', undefined, ([e]) => window.posthog.capture(`Invited ${e}`), email);
  await run('identify', undefined, ([u, e]) => window.posthog.identify(u, {$set: {email: e, plan: 'pro'}, $set_once: {first: e}}), user, email);
  await run('alias', undefined, ([o]) => window.posthog.alias(o), other_user);
  await run('group', undefined, ([o, n]) => window.posthog.group('company', o, {name: n, plan: 'pro'}), organisation, name);
  await run('register', undefined, ([e]) => window.posthog.register({super_email: e}), email);
  await run('captureException', undefined, ([e]) => window.posthog.captureException(new Error(`no card for ${e}`)), email);
  await run('reloadFeatureFlags', undefined, () => window.posthog.reloadFeatureFlags());
  for (let n = 100; n < 160; n += 1) await run('capture many', n, ([p]) => window.posthog.capture('Page Viewed', p), properties(n));
  await page.evaluate(() => window.posthog.shutdown());
}

async function faults() {
  await open();
  for (let n = 0; n < FAULT_EVENTS; n += 1) await run('capture', n, ([p]) => window.posthog.capture('Page Viewed', p), {n, plan: 'pro'});
  await page.evaluate(() => window.posthog.shutdown());
}

await site.end({plain, faults});
