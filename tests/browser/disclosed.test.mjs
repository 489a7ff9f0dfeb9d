// The pages of `card`, `report`, `scenario`, `study tasks` and `audit` as the program writes them: figures equal the JSON, nothing runs and
// nothing is asked for, nothing overflows on a phone, a desk or paper.
//   node disclosed.test.mjs MODULES_DIR CHROMIUM PAGE_DIR SCREENSHOT_DIR
import assert from "node:assert/strict";

import { asksForNothing, figuresEqualTheJson, isAccessible, launch, load, nothingOverflows, open, screens, shot } from "./page.mjs";

// A4 less its margins, at 96 dots an inch.
const paper = { name: "paper", width: 687, height: 1000, colorScheme: "light" };

async function reads(browser, name, least) {
  const document = load(name);
  for (const screen of [...screens, paper]) {
    const { context, page, requests, complaints } = await open(browser, name, screen);
    if (screen === paper) await page.emulateMedia({ media: "print" });
    const figures = await figuresEqualTheJson(page, document, name, least);
    await nothingOverflows(page, screen.width);
    await isAccessible(page);
    assert.equal(await page.locator("script:not([type='application/json'])").count(), 0, "no script");
    await shot(page, `${name}-${screen.name}`);
    asksForNothing(name, requests, complaints);
    if (screen === paper) {
      const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
      assert.ok(pdf.length > 10000, "it prints");
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(background, "rgb(255, 255, 255)", "paper is white");
    }
    await context.close();
    console.log(`${name}, ${screen.name}: ${figures} figures equal the JSON`);
  }
}

// A page of sentences: each claim has its verdict, what was stated and what came out, and nothing else.
async function tells(browser, name, id, words) {
  const document = load(name);
  for (const screen of [...screens, { name: "phone-390", width: 390, height: 844, colorScheme: "light" }]) {
    const { context, page, requests, complaints } = await open(browser, name, screen);
    await nothingOverflows(page, screen.width);
    await isAccessible(page);
    const text = await page.innerText("main");
    for (const word of words(document)) assert.ok(text.includes(word), `${word} is on the page`);
    assert.equal(await page.locator("script:not([type='application/json'])").count(), 0, "no script");
    assert.deepEqual(JSON.parse(await page.$eval(`#${id}`, (node) => node.textContent)), document);
    await shot(page, `${name}-${screen.name}`);
    asksForNothing(name, requests, complaints);
    await context.close();
  }
  console.log(`${name}: ${words(document).length} words are on the page`);
}

const browser = await launch();
try {
  await reads(browser, "card", 60);
  await reads(browser, "report", 20);
  await reads(browser, "scenario", 30);
  await reads(browser, "tasks", 20);
  await tells(browser, "audit", "audits", (document) =>
    document.audits.flatMap((a) => [a.claim.id, a.claim.text, a.claim.value, a.verdict]));
} finally {
  await browser.close();
}
