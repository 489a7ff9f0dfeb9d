// What somebody who watches the live page must be able to rely on, seen through a real browser with a
// gateway played by this test: figures equal the events, an absence is said in words and never drawn
// as nothing, the page survives its gateway, nothing overflows, nothing else is asked for.
//   node live.test.mjs MODULES_DIR CHROMIUM PAGE_DIR SCREENSHOT_DIR
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, executablePath, dir, shots] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(modules), "package.json"))("playwright-core");
const html = readFileSync(join(dir, "live.html"));
const load = (name) => JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));

// A gateway that says the first event to whoever comes, and the second when told to.
class Gateway {
  constructor() {
    this.open = new Set();
    this.events = [];
    this.refuses = false;
    this.server = createServer((request, response) => {
      if (request.url === "/joulebook/live") return response.setHeader("content-type", "text/html").end(html);
      if (request.url !== "/joulebook/v1/live") return response.writeHead(404).end();
      if (this.refuses) return response.writeHead(503).end();
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      this.open.add(response);
      response.on("close", () => this.open.delete(response));
      this.say(response, this.events[0]);
    });
  }
  say(response, event) {
    response.write(`event: live\ndata: ${JSON.stringify(event)}\n\n`);
  }
  start() {
    return new Promise((done) => this.server.listen(0, "127.0.0.1", () => done(this.server.address().port)));
  }
  more() {
    for (const response of this.open) this.say(response, this.events[1]);
  }
  hangUp() {
    for (const response of this.open) response.destroy();
  }
  stop() {
    this.hangUp();
    this.server.close();
  }
}

const screens = [
  { name: "phone-light", width: 390, height: 844, colorScheme: "light" },
  { name: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "desktop-light", width: 1280, height: 900, colorScheme: "light" },
  { name: "desktop-dark", width: 1280, height: 900, colorScheme: "dark" },
];

const heard = (page, n) =>
  page.waitForFunction((least) => Number(document.body.dataset.events ?? 0) >= least, n, { timeout: 30000 });
const text = (page, selector) => page.$eval(selector, (n) => n.textContent);

async function open(browser, gateway, port, name, { width, height, colorScheme }) {
  gateway.events = load(name);
  gateway.refuses = false;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(new URL(request.url())));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complaints.push(m.text()));
  await page.goto(`http://127.0.0.1:${port}/joulebook/live`);
  await heard(page, 1);
  return { context, page, requests, complaints };
}

const prefixes = { G: 1e9, M: 1e6, k: 1e3, "": 1, m: 1e-3, "µ": 1e-6, n: 1e-9 };
function reads(shown, value, what) {
  const match = /^([\d.]+) ([GMkmµn]?)[JW]$/.exec(shown);
  assert.ok(match, `${what}: "${shown}" is no figure`);
  const number = Number(match[1]) * prefixes[match[2]];
  assert.ok(Math.abs(number - value) <= 0.0051 * Math.abs(value), `${what}: "${shown}" is not ${value}`);
}

const cells = (page, id) =>
  page.$$eval(`#${id} tr`, (all) => all.map((row) => [...row.children].map((cell) => [...cell.children].map((n) => n.textContent))));

async function figuresEqualTheEvent(page, event) {
  const rows = await cells(page, "account-rows");
  const used = new Set(event.domains.flatMap((d) => Object.keys(d.accounts_uj)));
  assert.equal(rows.length, used.size + 1);
  event.domains.forEach((d, i) => {
    reads(rows.at(-1)[i + 1][0], d.energy.value, d.domain);
    assert.ok(rows.at(-1)[i + 1][1].includes(d.energy.tier), "the tier stands beside it");
    const request = rows.find((r) => r[0][0] === "requests");
    reads(request[i + 1][0], d.accounts_uj.request * 1e-6, `${d.domain} requests`);
  });
  for (const kind of ["tenant", "model", "route"]) {
    const mine = event.consumers.filter((c) => c.kind === kind);
    const shown = await cells(page, `rows-${kind}`);
    assert.deepEqual(shown.map((r) => r[0][0]), mine.map((c) => c.name));
    mine.forEach((c, i) => reads(shown[i][1][0], c.energy.value, c.name));
    const shares = shown.map((r) => (r[2][0].startsWith("<") ? 0 : Number.parseFloat(r[2][0])));
    const sum = shares.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 100) < 0.1 * shown.length + 0.01, `shares of ${kind} sum to ${sum}`);
  }
  const watts = event.points.watts.at(-1);
  reads(await text(page, "#key-power"), watts, "power");
  assert.equal(await page.$$eval("#account-bars .stack", (n) => n.length), event.domains.length);
}

async function nothingOverflows(page, width) {
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(widest <= width, `the page is ${widest} px wide on a screen of ${width} px`);
  const outside = await page.$$eval("main *", (nodes, limit) =>
    nodes
      .filter((n) => !n.closest(".scroll") && !n.closest(".plot") && n.getBoundingClientRect().right > limit + 0.5)
      .map((n) => n.outerHTML.slice(0, 80)), width);
  assert.deepEqual(outside, []);
}

async function isAccessible(page) {
  assert.equal(await page.locator("h1").count(), 1);
  assert.equal(await page.locator("html[lang=en]").count(), 1);
  const faults = await page.evaluate(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    return [
      ...all("table").filter((t) => !t.caption?.textContent || !t.querySelector("thead th[scope=col]") && t.checkVisibility()),
      ...all("tbody tr").filter((r) => !r.querySelector("th[scope=row]")),
      ...all(".plot").filter((p) => !p.getAttribute("aria-label")),
      ...all(".scroll").filter((p) => p.tabIndex !== 0 || !(p.getAttribute("aria-label") || p.getAttribute("aria-labelledby"))),
      ...all("[id]").filter((n) => all(`#${CSS.escape(n.id)}`).length > 1),
    ].map((n) => n.outerHTML.slice(0, 120));
  });
  assert.deepEqual(faults, []);
}

// Ink on the canvas, in the colour of the first series.
const drawn = (page, id) =>
  page.$eval(`#${id} canvas`, (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let i = 3; i < data.length; i += 4) inked += data[i] > 128 ? 1 : 0;
    return inked;
  });

function asksForNothingElse(requests, complaints) {
  const paths = new Set(requests.map((u) => u.pathname));
  assert.deepEqual([...paths].filter((p) => !["/joulebook/live", "/joulebook/v1/live"].includes(p)), []);
  assert.ok(requests.every((u) => u.hostname === "127.0.0.1" || u.protocol === "data:"));
  assert.deepEqual(complaints, [], "no console error");
}

async function watchesOneScreen(browser, gateway, port, screen) {
  const { context, page, requests, complaints } = await open(browser, gateway, port, "metered", screen);
  await figuresEqualTheEvent(page, gateway.events[0]);
  assert.equal(await text(page, "#status"), "live");
  assert.ok((await drawn(page, "chart-power")) > 2000 && (await drawn(page, "chart-price")) > 1000);
  await nothingOverflows(page, screen.width);
  await isAccessible(page);
  await page.screenshot({ path: join(shots, `live-${screen.name}.png`), fullPage: true });
  const kept = await page.$("#rows-tenant tr");
  gateway.more();
  await heard(page, 2);
  reads(await text(page, "#key-power"), gateway.events[1].points.watts.at(-1), "power a second later");
  assert.ok(await kept.evaluate((n) => n.isConnected), "rows are kept, so that a selection is");
  const [red] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(screen.colorScheme === "dark" ? red < 80 : red > 200);
  await page.emulateMedia({ colorScheme: screen.colorScheme === "dark" ? "light" : "dark" });
  await page.waitForFunction(() => document.querySelectorAll("#chart-power canvas").length === 1);
  await page.setViewportSize({ width: 700, height: 800 });
  await page.waitForFunction(() => document.querySelector("#chart-power .uplot").clientWidth < 700);
  await nothingOverflows(page, 700);
  asksForNothingElse(requests, complaints);
  await context.close();
}

async function saysWhatIsMissing(browser, gateway, port) {
  for (const screen of [screens[0], screens[3]]) {
    const { context, page, requests, complaints } = await open(browser, gateway, port, "unmetered", screen);
    const reason = gateway.events[0].absences[0];
    assert.ok((await text(page, "#absences")).includes(reason.message));
    assert.ok((await text(page, "#absences")).includes(reason.cure.replaceAll("`", "")));
    assert.equal(await text(page, "#key-power"), "no reading");
    assert.ok((await text(page, "#chart-power .says")).startsWith("No power was read"));
    assert.equal(await page.locator("#chart-power .plot").isVisible(), false);
    for (const row of await cells(page, "rows-tenant")) assert.equal(row[1][0], "no reading");
    assert.equal(/(^|[^\d.,])0 [mk]?[JW]\b/.test(await text(page, "main")), false, "no zero stands for an absence");
    await nothingOverflows(page, screen.width);
    await isAccessible(page);
    await page.screenshot({ path: join(shots, `live-unmetered-${screen.name}.png`), fullPage: true });
    asksForNothingElse(requests, complaints);
    await context.close();
  }
}

async function standsTheOddOnes(browser, gateway, port) {
  for (const name of ["empty", "crowded"]) {
    const { context, page, requests, complaints } = await open(browser, gateway, port, name, screens[0]);
    await nothingOverflows(page, screens[0].width);
    await isAccessible(page);
    if (name === "crowded") {
      assert.equal((await cells(page, "rows-tenant")).length, 21, "twenty and the others");
      assert.ok((await text(page, "#rows-tenant")).includes("(other)"));
    }
    await page.screenshot({ path: join(shots, `live-${name}.png`), fullPage: true });
    asksForNothingElse(requests, complaints);
    await context.close();
  }
}

// The gateway goes, answers with an error, and is there again.
async function outlivesItsGateway(browser, gateway, port) {
  const { context, page } = await open(browser, gateway, port, "metered", screens[2]);
  gateway.refuses = true;
  gateway.hangUp();
  await page.waitForFunction(() => document.body.dataset.link === "lost", undefined, { timeout: 30000 });
  assert.ok((await text(page, "#status")).startsWith("connection lost at"));
  reads(await text(page, "#key-power"), gateway.events[0].points.watts.at(-1), "what was known stays");
  await new Promise((done) => setTimeout(done, 4000)); // a refusal at least
  gateway.refuses = false;
  await heard(page, 2);
  assert.equal(await text(page, "#status"), "live");
  await context.close();
}

const gateway = new Gateway();
const port = await gateway.start();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  for (const screen of screens) {
    await watchesOneScreen(browser, gateway, port, screen);
    console.log(`${screen.name}: figures equal the events`);
  }
  await saysWhatIsMissing(browser, gateway, port);
  await standsTheOddOnes(browser, gateway, port);
  await outlivesItsGateway(browser, gateway, port);
  console.log("absences, crowds and a lost gateway: stands");
} finally {
  await browser.close();
  gateway.stop();
}
