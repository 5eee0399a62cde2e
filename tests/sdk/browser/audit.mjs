// The page of `weir audit` in Chromium: `node audit.mjs page.html folder-for-pictures -`.
import {Viewer} from './page.mjs';

const viewer = await Viewer.start();
await viewer.screens((page) => page.evaluate(() => ({
  cells: document.querySelectorAll('svg .cell').length,
  rows: document.querySelectorAll('section.work tbody tr').length,
})));
await viewer.end();
