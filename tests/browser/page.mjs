// What every page of Joulebook must stand, for the tests beside this: figures equal to the JSON that
// the page holds, nothing asked of the network, nothing outside of the screen, light and dark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, executablePath, dir, shots] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(modules), "package.json"))("playwright-core");
export const load = (name) => JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));
const address = (name) => pathToFileURL(join(resolve(dir), `${name}.html`)).href;
export const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
export const launch = () => chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

export const screens = [
  { name: "phone-light", width: 360, height: 740, colorScheme: "light" },
  { name: "phone-dark", width: 360, height: 740, colorScheme: "dark" },
  { name: "desktop-light", width: 1280, height: 900, colorScheme: "light" },
  { name: "desktop-dark", width: 1280, height: 900, colorScheme: "dark" },
];

// The page on one screen, with all that it asked for and complained about.
export async function open(browser, name, { width, height, colorScheme }, more = {}) {
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
export const drawn = (page, times) =>
  page.waitForFunction((n) => Number(document.body.dataset.drawn) >= n, times, { timeout: 60000 });

const prefixes = { E: 1e18, P: 1e15, T: 1e12, G: 1e9, M: 1e6, k: 1e3, "": 1, m: 1e-3, "µ": 1e-6, n: 1e-9 };

// Units that files hold with a prefix of their own.
const held = { kgCO2e: 1e3, kWh: 1e3, MWh: 1e6 };

// "17.8 kJ", "1.87×", "529 mJ" as a number in `unit`, with half a unit of its last digit.
function readText(text, unit) {
  const match = /^(-?[\d,]+(?:\.(\d+))?)(?: ?([EPTGMkmµn]?)(?:J|(Wh)|W|B|s|gCO2e(?:\/kWh)?|(tCO2e))| (million|billion|trillion)|×| %)?$/.exec(text.trim());
  if (!match) return null;
  const percent = text.trim().endsWith("%") ? 0.01 : 1;
  const hours = match[4] && unit === "J" ? 3600 : 1;
  const words = { million: 1e6, billion: 1e9, trillion: 1e12 }[match[6]] ?? 1;
  const factor = ((prefixes[match[3] ?? ""] ?? 1) * percent * hours * words * (match[5] ? 1e6 : 1)) / (held[unit] ?? 1);
  const half = 0.5 * 10 ** -(match[2]?.length ?? 0);
  return { value: Number(match[1].replaceAll(",", "")) * factor, half: half * factor };
}

function checkFigure(document, { path, value, lo, hi, reason, text, tier }) {
  const place = path.split(".").reduce((here, step) => here?.[step], document);
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
  const shown = readText(text, place.unit);
  assert.ok(shown, `${path}: "${text}" cannot be read as a figure`);
  const slack = shown.half * 1.0001 + 1e-12 * Math.abs(place.value);
  assert.ok(Math.abs(shown.value - place.value) <= slack, `${path}: "${text}" is not ${place.value}`);
}

// `id`: of the element that holds the document.
export async function figuresEqualTheJson(page, document, id, least) {
  const figures = await page.$$eval("[data-path]", (nodes) =>
    nodes.map((node) => ({
      ...node.dataset,
      text: (node.querySelector(".v") ?? node).textContent,
      tier: node.querySelector(".tier")?.textContent,
    })),
  );
  assert.ok(figures.length > least, `only ${figures.length} figures on the page`);
  figures.forEach((figure) => checkFigure(document, figure));
  const embedded = await page.$eval(`#${id}`, (node) => node.textContent);
  assert.deepEqual(JSON.parse(embedded), document);
  return figures.length;
}

export function asksForNothing(name, requests, complaints) {
  assert.deepEqual(requests.filter((url) => !/^(file|data|blob):/.test(url)), [], "no request");
  const files = requests.filter((url) => url.startsWith("file:"));
  assert.deepEqual(files, [address(name)], "no other file");
  assert.deepEqual(complaints, [], "no console error");
}

export async function nothingOverflows(page, width) {
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(widest <= width, `the page is ${widest} px wide on a screen of ${width} px`);
  const outside = await page.$$eval("main *", (nodes, limit) =>
    nodes
      .filter((n) => !n.closest(".scroll") && !n.closest("svg") && n.getBoundingClientRect().right > limit + 0.5)
      .map((n) => n.outerHTML.slice(0, 80)), width);
  assert.deepEqual(outside, []);
}

export async function lightAndDarkDiffer(page, colorScheme, chart) {
  const [red] = await page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(colorScheme === "dark" ? red < 80 : red > 200, `background ${red} in ${colorScheme}`);
  const label = await page.$eval(`#${chart} .role-axis-label text`, (n) => n.getAttribute("fill"));
  const soft = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue("--soft").trim());
  assert.equal(label, soft, "charts follow the page's colours");
}

export async function isAccessible(page) {
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
