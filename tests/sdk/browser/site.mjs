// A customer's site in headless Chromium, for the drivers of SDKs: `node SDK.mjs what http://host:port/path key`. Its pages have an origin of
// their own, so every request to Weir is a cross-origin one, as at a customer's.
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {buildSync} from 'esbuild';
import {Report, planted} from '../report.mjs';
import {launch} from './page.mjs';

// An address as it happens at customers: personal data and a secret in the query.
export const query = `utm_source=google&utm_campaign=spring&gclid=abc123planted&email=${encodeURIComponent(planted.email)}&token=${planted.secret}`;

// One that somebody can buy at.
export const shop = (title, head) => `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title>${head}</head>
<body><form><input name="email" value="${planted.email}"><button type="button" id="buy">Buy for ${planted.name}</button></form></body></html>`;

// Bundled as a customer's own build does it.
export function bundle(source, define = {}) {
  return buildSync({
    stdin: {contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url)), sourcefile: 'page.js'},
    bundle: true, write: false, format: 'iife', platform: 'browser', define: {'process.env.NODE_ENV': '"production"', ...define}, logLevel: 'error',
  }).outputFiles[0].contents;
}

// Serves scripts, `{'/sdk.js': bytes}`, and below /app pages, which may differ by their path.
async function serve(scripts, html) {
  const server = createServer((request, response) => {
    if (scripts[request.url]) {
      response.writeHead(200, {'content-type': 'text/javascript; charset=utf-8'}).end(scripts[request.url]);
    } else if (request.url.startsWith('/app')) {
      const page = typeof html === 'function' ? html(request.url) : html;
      response.writeHead(200, {'content-type': 'text/html; charset=utf-8', 'set-cookie': `session=${planted.secret}`}).end(page);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {server, origin: `http://127.0.0.1:${server.address().port}`};
}

export class Site {
  report = new Report();

  // With a page that is not yet anywhere; whom it asks besides Weir and the site is in the report.
  static async start(scripts, html) {
    const site = new Site();
    const [what, address, key] = process.argv.slice(2);
    const base = address.replace(/\/$/, '');
    const {server, origin} = await serve(scripts, html);
    const browser = await launch();
    const context = await browser.newContext();
    const page = await context.newPage();
    const home = new URL(base).origin;
    page.on('request', (request) => {
      const to = new URL(request.url()).origin;
      if (to.startsWith('http') && to !== home && to !== origin) site.report.elsewhere.push(to);
    });
    return Object.assign(site, {what, base, home, key, server, origin, browser, context, page});
  }

  pricing() {
    return this.page.goto(`${this.origin}/app/users/4711/pricing?${query}`);
  }

  // Leaves the page.
  gone() {
    return this.page.goto(`${this.origin}/app/gone`);
  }

  // A call of the SDK, of these numbers, in the page.
  run(name, n, code, ...values) {
    this.report.calls.push(name);
    if (n !== undefined) this.report.sent.push(...[n].flat());
    return this.page.evaluate(code, values);
  }

  // What goes wrong in the page, and what is not answered by 200, is in the report, too.
  reportRefusals() {
    const {page, report} = this;
    page.on('pageerror', (error) => report.elsewhere.push(`error in the page: ${error.message}`));
    page.on('response', (response) => {
      if (response.request().method() === 'POST' && response.status() !== 200) report.elsewhere.push(`${response.url()}: ${response.status()}`);
    });
  }

  // For SDKs that do not say when they are done: waits until nothing is on its way and nothing new for a while. What Weir refuses is in
  // the report, too.
  watchActivity() {
    const {page, report, home} = this;
    let active = 0;
    let last = Date.now();
    // Of a beacon nobody is told when it has ended.
    const count = (change) => (request) => { if (request.resourceType() !== 'ping') active += change; last = Date.now(); };
    page.on('request', count(1));
    page.on('requestfinished', count(-1));
    page.on('requestfailed', count(-1));
    page.on('response', (response) => {
      if (response.status() >= 400 && response.url().startsWith(home)) report.elsewhere.push(`${response.status()} ${new URL(response.url()).pathname}`);
    });
    return async (millis = 1500) => {
      const until = Date.now() + 60000;
      while ((active > 0 || Date.now() - last < millis) && Date.now() < until) await page.waitForTimeout(50);
    };
  }

  // Does what the driver was asked for, and tells of it.
  async end(actions) {
    await actions[this.what]();
    await this.browser.close();
    this.server.close();
    this.report.elsewhere = [...new Set(this.report.elsewhere)];
    this.report.print();
    process.exit(0);
  }
}
