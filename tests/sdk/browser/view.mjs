// A page of `weir destination view` or `weir ledger postcard` in Chromium: `node view.mjs page.html folder-for-pictures -`.
import {Viewer} from './page.mjs';

const viewer = await Viewer.start();
await viewer.screens((page) => page.evaluate(() => {
  const cards = [...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect());
  return {
    pictures: document.querySelectorAll('svg').length,
    cells: document.querySelectorAll('svg .mark').length,
    besides: cards.length === 2 && Math.abs(cards[0].top - cards[1].top) < 2,
  };
}));
await viewer.end();
