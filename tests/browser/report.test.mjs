// What a reader of the report page must be able to rely on, seen through a real browser: every
// figure equals the JSON, nothing is asked of the network, nothing overflows, charts are drawn.
//   node report.test.mjs MODULES_DIR CHROMIUM PAGE_DIR SCREENSHOT_DIR
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, executablePath, dir, shots] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(modules), "package.json"))("playwright-core");
const load = (name) => JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));
const address = (name) => pathToFileURL(join(resolve(dir), `${name}.html`)).href;
let study = load("report");
const at = (path) => path.split(".").reduce((here, step) => here?.[step], study);

const screens = [
  { name: "phone-light", width: 360, height: 740, colorScheme: "light" },
  { name: "phone-dark", width: 360, height: 740, colorScheme: "dark" },
  { name: "desktop-light", width: 1280, height: 900, colorScheme: "light" },
  { name: "desktop-dark", width: 1280, height: 900, colorScheme: "dark" },
];

// The page on one screen, with all that it asked for and complained about.
async function open(browser, name, { width, height, colorScheme }, more = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, ...more });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(address(name));
  return { context, page, requests, complaints };
}

// Waits until all charts were drawn `times` times.
const drawn = (page, times) =>
  page.waitForFunction((n) => Number(document.body.dataset.drawn) >= n, times, { timeout: 60000 });

const prefixes = { G: 1e9, M: 1e6, k: 1e3, "": 1, m: 1e-3, "µ": 1e-6, n: 1e-9 };

// "17.8 kJ", "1.87×", "529 mJ" as a number, with half a unit of its last digit.
function readText(text) {
  const match = /^(-?[\d,]+(?:\.(\d+))?)(?: ?([GMkmµn]?)(?:J|W|B|s)|×| %)?$/.exec(text.trim());
  if (!match) return null;
  const percent = text.trim().endsWith("%") ? 0.01 : 1;
  const factor = (prefixes[match[3] ?? ""] ?? 1) * percent;
  const half = 0.5 * 10 ** -(match[2]?.length ?? 0);
  return { value: Number(match[1].replaceAll(",", "")) * factor, half: half * factor };
}

function checkFigure({ path, value, lo, hi, reason, text, tier }) {
  const place = at(path);
  assert.notEqual(place, undefined, `${path} is not in the JSON`);
  if (Array.isArray(place)) return assert.deepEqual([Number(lo), Number(hi)], place, path);
  if (typeof place === "number") return assert.equal(Number(value), place, path);
  if (place.value === null) {
    assert.equal(reason, place.reason.code, path);
    assert.equal(value, undefined, `${path}: an absence must not carry a value`);
    return;
  }
  assert.equal(Number(value), place.value, path);
  assert.equal(Number(lo), place.lo, `${path} lo`);
  if (place.hi !== null) assert.equal(Number(hi), place.hi, `${path} hi`);
  assert.equal(tier, place.tier, `${path} tier`);
  const shown = readText(text);
  assert.ok(shown, `${path}: "${text}" cannot be read as a figure`);
  const slack = shown.half * 1.0001 + 1e-12 * Math.abs(place.value);
  assert.ok(Math.abs(shown.value - place.value) <= slack, `${path}: "${text}" is not ${place.value}`);
}

async function figuresEqualTheJson(page, least = 80) {
  const figures = await page.$$eval("[data-path]", (nodes) =>
    nodes.map((node) => ({
      ...node.dataset,
      text: (node.querySelector(".v") ?? node).textContent,
      tier: node.querySelector(".tier")?.textContent,
    })),
  );
  assert.ok(figures.length > least, `only ${figures.length} figures on the page`);
  figures.forEach(checkFigure);
  const embedded = await page.$eval("#study", (node) => node.textContent);
  assert.deepEqual(JSON.parse(embedded), study);
  return figures.length;
}

async function chartsAreDrawn(page) {
  const marks = (id, mark) => page.locator(`#${id} .plot svg .mark-${mark} path`).count();
  const phases = study.arms.reduce((n, arm) => n + Object.keys(arm.phase_energy).length, 0);
  assert.equal(await marks("chart-phases", "rect"), phases, "one bar an arm and phase");
  const cells = new Set(study.trials.filter((t) => !t.error).map((t) => `${t.arm}/${t.prompt}`));
  assert.equal(await marks("chart-scatter", "symbol"), cells.size, "one point a prompt and arm");
  assert.ok((await marks("chart-spread", "rect")) >= cells.size, "one tick a prompt and arm");
  assert.equal(await marks("chart-kinds-0", "symbol"), study.comparisons[0].kinds.length);
  assert.equal(await marks("chart-baselines", "symbol"), study.baselines.length + study.arms.length);
  const spans = study.trials.filter((t) => !t.error).reduce((n, t) => n + t.phases.length, 0);
  assert.ok((await marks("chart-trace", "rect")) >= spans, "every phase is shaded");
  assert.equal(await marks("chart-trace", "line"), 1, "one trace");
}

function asksForNothing(name, requests, complaints) {
  assert.deepEqual(requests.filter((url) => !/^(file|data|blob):/.test(url)), [], "no request");
  const files = requests.filter((url) => url.startsWith("file:"));
  assert.deepEqual(files, [address(name)], "no other file");
  assert.deepEqual(complaints, [], "no console error");
}

async function nothingOverflows(page, width) {
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(widest <= width, `the page is ${widest} px wide on a screen of ${width} px`);
  const outside = await page.$$eval("main *", (nodes, limit) =>
    nodes
      .filter((n) => !n.closest(".scroll") && !n.closest("svg") && n.getBoundingClientRect().right > limit + 0.5)
      .map((n) => n.outerHTML.slice(0, 80)), width);
  assert.deepEqual(outside, []);
}

async function lightAndDarkDiffer(page, colorScheme) {
  const [red] = await page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(colorScheme === "dark" ? red < 80 : red > 200, `background ${red} in ${colorScheme}`);
  const label = await page.$eval("#chart-scatter .role-axis-label text", (n) => n.getAttribute("fill"));
  const soft = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue("--soft").trim());
  assert.equal(label, soft, "charts follow the page's colours");
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

async function isAccessible(page) {
  assert.equal(await page.locator("h1").count(), 1);
  assert.equal(await page.locator("html[lang=en]").count(), 1);
  const faults = await page.evaluate(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    return [
      ...all("table").filter((t) => !t.caption?.textContent || !t.querySelector("thead th[scope=col]")),
      ...all("tbody tr:not(.group)").filter((r) => !r.querySelector("th[scope=row]")),
      ...all(".plot").filter((p) => !p.getAttribute("aria-label")),
      ...all("input").filter((i) => !i.getAttribute("aria-label")),
    ].map((n) => n.outerHTML.slice(0, 120));
  });
  assert.deepEqual(faults, []);
}

async function readOneScreen(browser, screen) {
  const { context, page, requests, complaints } = await open(browser, "report", screen);
  await drawn(page, 1);
  const figures = await figuresEqualTheJson(page);
  await chartsAreDrawn(page);
  await nothingOverflows(page, screen.width);
  await lightAndDarkDiffer(page, screen.colorScheme);
  await isAccessible(page);
  await page.screenshot({ path: join(shots, `${screen.name}.png`), fullPage: true });
  await worksByKeyboard(page);
  await page.emulateMedia({ colorScheme: screen.colorScheme === "dark" ? "light" : "dark" });
  await drawn(page, 2);
  await lightAndDarkDiffer(page, screen.colorScheme === "dark" ? "light" : "dark");
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
    await figuresEqualTheJson(page, 10);
    await nothingOverflows(page, screen.width);
    await isAccessible(page);
    await page.screenshot({ path: join(shots, `${name}-${screen.name}.png`), fullPage: true });
    asksForNothing(name, requests, complaints);
    await context.close();
  }
  console.log(`${name}: stands`);
}

// Scripts off: the tables still say everything.
async function readsWithoutScripts(browser) {
  const { context, page } = await open(browser, "report", screens[0], { javaScriptEnabled: false });
  const text = await page.locator("main").textContent();
  assert.ok(text.includes(study.arms[0].spec.name) && text.includes("modelled"));
  await context.close();
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  for (const screen of screens) {
    const figures = await readOneScreen(browser, screen);
    console.log(`${screen.name}: ${figures} figures equal the JSON`);
  }
  await readsWithoutScripts(browser);
  await standsTheOddOnes(browser, "bare");
  await standsTheOddOnes(browser, "crowded");
} finally {
  await browser.close();
}
