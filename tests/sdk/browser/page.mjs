// Chromium for everything below `tests/sdk`, and a page of ours in it, as its readers see it: on a wide screen, on a phone, in the dark, on paper.
import {writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const SCREENS = [['wide', 1280, 'light'], ['phone', 390, 'light'], ['dark', 1280, 'dark']];
const TEXTS = 'h1, h2, p, td, th, li, dt, dd, dd span, caption, .quiet, .past, .care';

// Headless, and silent but for what a page asks for.
export function launch(...more) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...more],
  });
}

// What everybody asks of a page. Runs in the page; the luminance and the contrast are those of WCAG 2.2.
function measure(selector) {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const back = luminance(channels(getComputedStyle(document.body).backgroundColor));
  const contrast = (color) => {
    const front = luminance(channels(color));
    return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  };
  const texts = [...document.querySelectorAll(selector)];
  const drawn = [...document.querySelectorAll('svg text')];
  return {
    title: document.title,
    language: document.documentElement.lang,
    headings: [...document.querySelectorAll('h1, h2')].map((heading) => heading.textContent),
    overflow: document.documentElement.scrollWidth - innerWidth,
    contrast: Math.min(...texts.map((text) => contrast(getComputedStyle(text).color)), ...drawn.map((text) => contrast(getComputedStyle(text).fill))),
    scripts: document.scripts.length,
    unlabelled: [...document.querySelectorAll('svg, section')].filter((part) => !part.getAttribute('aria-labelledby')).length,
  };
}

// What a keyboard reaches first.
async function focused(page) {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return {class: document.activeElement.className, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
  });
}

// A page in a file, its pictures in a folder: `node NAME.mjs page.html folder -`.
export class Viewer {
  report = {elsewhere: [], complaints: [], views: {}};

  constructor(browser, file, folder) {
    Object.assign(this, {browser, file, folder, name: basename(file, '.html')});
  }

  static async start() {
    const [file, folder] = process.argv.slice(2);
    return new Viewer(await launch(), file, folder);
  }

  // Whom the page asks for anything, and what the browser complains of, is in the report.
  async open(path, options = {}, before = undefined) {
    const context = await this.browser.newContext({viewport: {width: 1280, height: 900}, ...options});
    const page = await context.newPage();
    page.on('request', (request) => { if (!request.url().startsWith('file:')) this.report.elsewhere.push(request.url()); });
    page.on('console', (message) => this.report.complaints.push(message.text()));
    page.on('pageerror', (error) => this.report.complaints.push(String(error)));
    if (before) await page.addInitScript(before);
    await page.goto(pathToFileURL(path).href);
    return page;
  }

  // On every screen: what everybody asks, what only this page is asked, a picture; once as it is printed.
  async screens(read) {
    for (const [view, width, scheme] of SCREENS) {
      const page = await this.open(this.file, {viewport: {width, height: 900}, colorScheme: scheme});
      const own = await read(page);
      this.report.views[view] = {...await page.evaluate(measure, TEXTS), ...own, focused: await focused(page)};
      await this.picture(page, view);
      if (view === 'wide') await this.print(page);
      await page.context().close();
    }
  }

  picture(page, view) {
    return page.screenshot({path: join(this.folder, `${this.name}-${view}.png`), fullPage: true});
  }

  async print(page) {
    const pdf = await page.pdf({preferCSSPageSize: true});
    writeFileSync(join(this.folder, `${this.name}.pdf`), pdf);
    const text = pdf.toString('latin1');
    this.report.pages = (text.match(/\/Type\s*\/Page[^s]/g) ?? []).length;
    this.report.sizes = [...new Set(text.match(/\/MediaBox\s*\[[^\]]*\]/g) ?? [])];
  }

  async end() {
    await this.browser.close();
    console.log(JSON.stringify(this.report));
  }
}
