// The page of `weir audit` in Chromium, as its readers see it: `node audit.mjs page.html folder-for-screenshots -`. On a wide screen, on a
// phone, in the dark, on paper.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const [file, folder] = process.argv.slice(2);
const report = {elsewhere: [], complaints: [], views: {}};

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
  const texts = [...document.querySelectorAll('h1, h2, p, td, th, li, .quiet, .past, .care, caption')];
  const drawn = [...document.querySelectorAll('svg text')];
  return {
    title: document.title,
    headings: [...document.querySelectorAll('h1, h2')].map((heading) => heading.textContent),
    overflow: document.documentElement.scrollWidth - innerWidth,
    contrast: Math.min(...texts.map((text) => contrast(getComputedStyle(text).color)), ...drawn.map((text) => contrast(getComputedStyle(text).fill))),
    cells: document.querySelectorAll('svg .cell').length,
    scripts: document.scripts.length,
    rows: document.querySelectorAll('section.work tbody tr').length,
    language: document.documentElement.lang,
    unlabelled: [...document.querySelectorAll('svg, section')].filter((part) => !part.getAttribute('aria-labelledby')).length,
  };
}

for (const [name, width, scheme] of [['wide', 1280, 'light'], ['phone', 390, 'light'], ['dark', 1280, 'dark']]) {
  const context = await browser.newContext({viewport: {width, height: 900}, colorScheme: scheme});
  const page = await context.newPage();
  page.on('request', (request) => { if (!request.url().startsWith('file:')) report.elsewhere.push(request.url()); });
  page.on('console', (message) => report.complaints.push(message.text()));
  page.on('pageerror', (error) => report.complaints.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  report.views[name] = await page.evaluate(measure);
  await page.keyboard.press('Tab');
  report.views[name].focused = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return {class: document.activeElement.className, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
  });
  await page.screenshot({path: join(folder, `audit-${name}.png`), fullPage: true});
  if (name === 'wide') {
    const pdf = await page.pdf({preferCSSPageSize: true});
    writeFileSync(join(folder, 'audit.pdf'), pdf);
    const text = pdf.toString('latin1');
    report.pages = (text.match(/\/Type\s*\/Page[^s]/g) ?? []).length;
    report.sizes = [...new Set(text.match(/\/MediaBox\s*\[[^\]]*\]/g) ?? [])];
  }
  await context.close();
}
await browser.close();
console.log(JSON.stringify(report));
