// A page of `weir destination view` or `weir ledger postcard` in Chromium, as its readers see it: `node view.mjs page.html folder -`. On a wide
// screen, on a phone, in the dark, on paper.
import {writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const [file, folder] = process.argv.slice(2);
const report = {elsewhere: [], complaints: [], views: {}};
const name = basename(file, '.html');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// The relative luminance and the contrast of WCAG 2.2.
function measure() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const back = luminance(channels(getComputedStyle(document.body).backgroundColor));
  const contrast = (color) => {
    const front = luminance(channels(color));
    return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  };
  const texts = [...document.querySelectorAll('h1, h2, p, td, th, li, dt, dd, dd span, caption')];
  const drawn = [...document.querySelectorAll('svg text')];
  const cards = [...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect());
  return {
    title: document.title,
    headings: [...document.querySelectorAll('h1, h2')].map((heading) => heading.textContent),
    overflow: document.documentElement.scrollWidth - innerWidth,
    contrast: Math.min(...texts.map((text) => contrast(getComputedStyle(text).color)), ...drawn.map((text) => contrast(getComputedStyle(text).fill))),
    pictures: document.querySelectorAll('svg').length,
    cells: document.querySelectorAll('svg .mark').length,
    scripts: document.scripts.length,
    language: document.documentElement.lang,
    unlabelled: [...document.querySelectorAll('svg, section')].filter((part) => !part.getAttribute('aria-labelledby')).length,
    besides: cards.length === 2 && Math.abs(cards[0].top - cards[1].top) < 2,
  };
}

for (const [view, width, scheme] of [['wide', 1280, 'light'], ['phone', 390, 'light'], ['dark', 1280, 'dark']]) {
  const context = await browser.newContext({viewport: {width, height: 900}, colorScheme: scheme});
  const page = await context.newPage();
  page.on('request', (request) => { if (!request.url().startsWith('file:')) report.elsewhere.push(request.url()); });
  page.on('console', (message) => report.complaints.push(message.text()));
  page.on('pageerror', (error) => report.complaints.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  report.views[view] = await page.evaluate(measure);
  await page.keyboard.press('Tab');
  report.views[view].focused = await page.evaluate(() => document.activeElement.className);
  await page.screenshot({path: join(folder, `${name}-${view}.png`), fullPage: true});
  if (view === 'wide') {
    const pdf = await page.pdf({preferCSSPageSize: true});
    writeFileSync(join(folder, `${name}.pdf`), pdf);
    report.sizes = [...new Set(pdf.toString('latin1').match(/\/MediaBox\s*\[[^\]]*\]/g) ?? [])];
  }
  await context.close();
}
await browser.close();
console.log(JSON.stringify(report));
