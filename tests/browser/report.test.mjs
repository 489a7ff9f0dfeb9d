// What a reader of the report page must be able to rely on, seen through a real browser: every
// figure equals the JSON, nothing is asked of the network, nothing overflows, charts are drawn.
//   node report.test.mjs MODULES_DIR CHROMIUM PAGE_DIR SCREENSHOT_DIR
import assert from "node:assert/strict";

import { asksForNothing, drawn, figuresEqualTheJson, isAccessible, launch, lightAndDarkDiffer, load, nothingOverflows, open, screens, shot } from "./page.mjs";

let study = load("report");

async function chartsAreDrawn(page) {
  const marks = (id, mark) => page.locator(`#${id} .plot svg .mark-${mark} path`).count();
  const phases = study.arms.reduce((n, arm) => n + Object.keys(arm.phase_energy).length, 0);
  assert.equal(await marks("chart-phases", "rect"), phases, "one bar an arm and phase");
  const cells = new Set(study.trials.filter((t) => !t.error).map((t) => `${t.arm}/${t.prompt}`));
  assert.equal(await marks("chart-scatter", "symbol"), cells.size, "one point a prompt and arm");
  assert.ok((await marks("chart-spread", "rect")) >= cells.size, "one tick a prompt and arm");
  assert.equal(await marks("chart-kinds-0", "symbol"), study.comparisons[0].kinds.length);
  assert.equal(await marks("chart-baselines", "symbol"), study.baselines.length + study.arms.length);
  const points = JSON.parse(await page.locator("#frontier-points").getAttribute("data-points")).points;
  assert.equal(points.length, study.arms.length, "every arm of the sample was graded");
  assert.equal(await marks("chart-frontier", "symbol"), points.length, "one point an arm");
  assert.equal(await marks("chart-frontier", "line"), 1, "the frontier");
  const spans = study.trials.filter((t) => !t.error).reduce((n, t) => n + t.phases.length, 0);
  assert.ok((await marks("chart-trace", "rect")) >= spans, "every phase is shaded");
  assert.equal(await marks("chart-trace", "line"), 1, "one trace");
}

async function worksByKeyboard(page) {
  const labels = () => page.$$eval("#chart-detail .role-axis-label text", (all) => all.map((n) => n.textContent));
  const before = await labels();
  await page.focus("#chart-detail input[type=range]");
  for (let i = 0; i < 30; i += 1) await page.keyboard.press("ArrowRight");
  await page.waitForFunction(
    (old) => [...document.querySelectorAll("#chart-detail .role-axis-label text")]
      .map((n) => n.textContent).join() !== old, before.join(), { timeout: 5000 });
}

async function readOneScreen(browser, screen) {
  const { context, page, requests, complaints } = await open(browser, "report", screen);
  await drawn(page, 1);
  const figures = await figuresEqualTheJson(page, study, "study", 80);
  await chartsAreDrawn(page);
  await nothingOverflows(page, screen.width);
  await lightAndDarkDiffer(page, screen.colorScheme, "chart-scatter");
  await isAccessible(page);
  await shot(page, screen.name);
  await worksByKeyboard(page);
  await page.emulateMedia({ colorScheme: screen.colorScheme === "dark" ? "light" : "dark" });
  await drawn(page, 2);
  await lightAndDarkDiffer(page, screen.colorScheme === "dark" ? "light" : "dark", "chart-scatter");
  asksForNothing("report", requests, complaints);
  await context.close();
  return figures;
}

// A study with nothing to draw, and one with more than fits: no error, no overflow, true figures.
async function standsTheOddOnes(browser, name) {
  study = load(name);
  for (const screen of [screens[1], screens[2]]) {
    const { context, page, requests, complaints } = await open(browser, name, screen);
    await drawn(page, 1);
    await figuresEqualTheJson(page, study, "study", 10);
    await nothingOverflows(page, screen.width);
    await isAccessible(page);
    await shot(page, `${name}-${screen.name}`);
    asksForNothing(name, requests, complaints);
    await context.close();
  }
  console.log(`${name}: stands`);
}

// A row a step of the ladder, a row a kind of the route, three ways to send a day.
async function laddersAndRoutesAreThere(browser) {
  const { context, page } = await open(browser, "sized", screens[0]);
  const rows = (section, table) => page.locator(`#${section} table`).nth(table).locator("tbody tr").count();
  assert.equal(await rows("ladder", 0), study.ladder.length);
  assert.ok(study.ladder.length > 0);
  assert.equal(await rows("route", 0), 3);
  const kinds = new Set(study.spec.prompts.map((p) => p.kind));
  assert.ok((await rows("route", 1)) > 1 && (await rows("route", 1)) <= kinds.size);
  assert.equal(await page.locator("#route .strip-row").count(), 3);
  await context.close();
}

// Scripts off: the tables still say everything.
async function readsWithoutScripts(browser) {
  const { context, page } = await open(browser, "report", screens[0], { javaScriptEnabled: false });
  const text = await page.locator("main").textContent();
  assert.ok(text.includes(study.arms[0].spec.name) && text.includes("modelled"));
  await context.close();
}

const browser = await launch();
try {
  for (const screen of screens) {
    const figures = await readOneScreen(browser, screen);
    console.log(`${screen.name}: ${figures} figures equal the JSON`);
  }
  await readsWithoutScripts(browser);
  await standsTheOddOnes(browser, "bare");
  await standsTheOddOnes(browser, "crowded");
  await standsTheOddOnes(browser, "sized");
  await laddersAndRoutesAreThere(browser);
} finally {
  await browser.close();
}
