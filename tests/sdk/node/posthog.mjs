// npm `posthog-node` against a base URL: `node posthog.mjs plain|faults|refused|flags http://host:port/path token`.
import {PostHog} from 'posthog-node';
import {FAULT_EVENTS, Report, planted, properties} from '../report.mjs';

const [what, address, token] = process.argv.slice(2);
const base = address.replace(/\/$/, '');
const report = new Report();
const {user, other_user, organisation, email, phone, name, ip, secret} = planted;

// The capture mode is read when a client is made. Whatever the SDK tells of goes to `elsewhere`: it says which request failed, not
// which event.
function client(mode, options = {}) {
  process.env.POSTHOG_CAPTURE_MODE = mode;
  const posthog = new PostHog(token, {host: base, flushAt: 40, flushInterval: 100, ...options});
  posthog.on('error', (error) => report.elsewhere.push(`${mode}: ${error}`));
  return posthog;
}

function call(name, n, start) {
  report.calls.push(name);
  if (n !== undefined) report.sent.push(n);
  return start();
}

async function calls(posthog, first) {
  const of = (n) => properties(n);
  await call('capture', first, () => posthog.capture({distinctId: user, event: 'Report Exported', properties: of(first), groups: {company: organisation}}));
  await call('capture with $set', first + 1, () => posthog.capture({
    distinctId: user, event: 'Report Exported', properties: {...of(first + 1), $set: {email, plan: 'pro'}, $set_once: {first_url: `https://a.example/?token=${secret}`, email}, $unset: ['legacy_id']},
  }));
  await call('capture of nobody', first + 2, () => posthog.capture({distinctId: 'anonymous', event: 'Report Exported', properties: {...of(first + 2), $process_person_profile: false}}));
  await call('capture with a time', first + 3, () => posthog.capture({distinctId: user, event: 'Report Exported', properties: of(first + 3), timestamp: new Date(Date.now() - 3600000)}));
  await call('capture with an unclean name', undefined, () => posthog.capture({distinctId: user, event: `Invited ${email}`}));
  await call('captureImmediate', first + 4, () => posthog.captureImmediate({distinctId: user, event: 'Report Exported', properties: of(first + 4)}));
  await call('page view', first + 5, () => posthog.capture({distinctId: user, event: '$pageview', properties: {...of(first + 5), $current_url: `https://app.example.com/u/4711?email=${encodeURIComponent(email)}&token=${secret}`, title: `Bill for ${name}`}}));
  await call('identify', undefined, () => posthog.identify({distinctId: user, properties: {$set: {email, name, phone, plan: 'pro'}, $set_once: {first_seen: '2024-03-01'}}}));
  await call('identify of a device', undefined, () => posthog.capture({distinctId: user, event: '$identify', properties: {$anon_distinct_id: 'device-9f2c-planted'}}));
  await call('alias', undefined, () => posthog.alias({distinctId: user, alias: other_user}));
  await call('groupIdentify', undefined, () => posthog.groupIdentify({groupType: 'company', groupKey: organisation, properties: {name, plan: 'pro', email}}));
  await call('captureException', undefined, () => { try { throw new Error(`no card for ${email}`); } catch (error) { posthog.captureException(error, user); } });
  await call('AI generation', first + 6, () => posthog.capture({
    distinctId: user, event: '$ai_generation', properties: {
      n: first + 6, plan: 'pro', $ai_model: 'gpt-4o-mini', $ai_provider: 'openai', $ai_input_tokens: 12, $ai_output_tokens: 34, $ai_trace_id: 'trace-1',
      $ai_input: [{role: 'user', content: `Planted prompt of ${name}`}], $ai_output_choices: [{message: {role: 'assistant', content: [{type: 'text', text: 'planted-answer'}]}}],
    },
  }));
  await call('getFeatureFlag', undefined, () => posthog.getFeatureFlag('beta-ui', user, {groups: {company: organisation}, personProperties: {email}}));
  await call('getAllFlags', undefined, () => posthog.getAllFlags(user, {personProperties: {email}}));
  for (let n = first + 100; n < first + 200; n += 1) {
    await call('capture many', n, () => posthog.capture({distinctId: `user-${n}`, event: 'Page Viewed', properties: of(n)}));
  }
}

async function plain() {
  await Promise.all([['v0', {}], ['v0', {disableCompression: true}], ['v1', {}], ['v1', {disableCompression: true}]].map(async ([mode, options], i) => {
    const posthog = client(mode, options);
    await calls(posthog, 1000 * (i + 1));
    await posthog.shutdown(60000);
  }));
  const old = client('v0', {historicalMigration: true});
  await call('historical', 9000, () => old.capture({distinctId: user, event: 'Report Exported', properties: {n: 9000, plan: 'pro'}, timestamp: new Date(Date.now() - 86400000)}));
  await old.shutdown(60000);
}

async function faults() {
  await Promise.all(['v0', 'v1'].map(async (mode, i) => {
    const posthog = client(mode, {flushAt: 4});
    for (let k = 0; k < FAULT_EVENTS * 2; k += 1) {
      const n = 1000 * i + k;
      await call('capture', n, () => posthog.capture({distinctId: user, event: 'Page Viewed', properties: {n, plan: 'pro'}}));
    }
    await posthog.shutdown(60000);
  }));
}

// A key that Weir does not know: the SDK gives up at once and says so.
async function refused() {
  for (const mode of ['v0', 'v1']) {
    const posthog = client(mode);
    posthog.capture({distinctId: user, event: 'Page Viewed', properties: {n: 1}});
    await posthog.shutdown(60000);
  }
}

// Two processes' worth of asking about the same person.
async function flags() {
  report.flags = [];
  for (let visit = 0; visit < 2; visit += 1) {
    const posthog = client('v0');
    const about = {personProperties: {plan: 'pro', email}, groups: {company: organisation}, sendFeatureFlagEvents: false};
    report.flags.push({
      exports: await posthog.getFeatureFlag('exports', user, about) ?? 'fallback',
      bucket: await posthog.getFeatureFlag('bucket', user, about) ?? 'fallback',
    });
    await posthog.shutdown(60000);
  }
}

await ({plain, faults, refused, flags})[what]();
report.print();
process.exit(0);
