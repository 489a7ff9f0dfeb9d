// The pages of `predict --sweep --html` and `--all --html` as the program writes them: figures equal the
// JSON, charts are drawn over a scale or row by row, nothing is asked for, nothing overflows.
//   node sweep.test.mjs MODULES_DIR CHROMIUM PAGE_DIR SCREENSHOT_DIR
import assert from "node:assert/strict";

import { asksForNothing, drawn, figuresEqualTheJson, isAccessible, launch, lightAndDarkDiffer, load, nothingOverflows, open, screens, shot } from "./page.mjs";

const marks = (page, id, mark) => page.locator(`#${id} .plot svg .mark-${mark} path`).count();

// `series` lines with their bands over a scale; none: a row for each of at most `most` deployments.
async function chartsAreDrawn(page, document, series, most) {
  const points = Math.min(document.predictions.length, most);
  for (const id of ["chart-joules", "chart-steps"]) {
    assert.equal(await marks(page, id, "symbol"), points, `${id}: a mark each`);
    if (series === 0) continue;
    assert.equal(await marks(page, id, "line"), series, `${id}: lines`);
  }
  if (series === 0) return;
  assert.equal(await marks(page, "chart-joules", "area"), series, "bands");
  const hollow = document.predictions.filter((p) => !p.memory.fits).length;
  const drawnHollow = await page.locator('#chart-joules .mark-symbol path[fill-opacity="0"]').count();
  assert.equal(drawnHollow, hollow, "what does not fit is hollow");
}

async function reads(browser, name, { series, most = 1e9, least }) {
  const document = load(name);
  for (const screen of screens) {
    const { context, page, requests, complaints } = await open(browser, name, screen);
    await drawn(page, 1);
    const figures = await figuresEqualTheJson(page, document, "predictions", least);
    await chartsAreDrawn(page, document, series, most);
    await nothingOverflows(page, screen.width);
    await lightAndDarkDiffer(page, screen.colorScheme, "chart-joules");
    await isAccessible(page);
    await shot(page, `${name}-${screen.name}`);
    asksForNothing(name, requests, complaints);
    await context.close();
    console.log(`${name}, ${screen.name}: ${figures} figures equal the JSON`);
  }
}

const browser = await launch();
try {
  await reads(browser, "batch", { series: 2, least: 30 });
  await reads(browser, "devices", { series: 0, least: 8 });
  await reads(browser, "catalogue", { series: 0, most: 40, least: 100 });
} finally {
  await browser.close();
}
