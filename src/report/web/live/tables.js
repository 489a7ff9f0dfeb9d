// Words, bars and tables, kept up to date in place, so that a selection or a scrolled table stays.
import { count, digits, human, interval, lasting, share } from "./format.js";
import { newest, state, sum } from "./state.js";

const $ = (id) => document.getElementById(id);

export function make(tag, text, css) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (css) node.className = css;
  return node;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A sentence in which `commands` stand between backticks.
function prose(node, text) {
  if (node.dataset.text === text) return;
  node.dataset.text = text;
  node.replaceChildren(...text.split("`").map((part, i) => (i % 2 ? make("code", part) : part)));
}

// A child of `parent` for each key, in this order; those that are there already are kept.
function keyed(parent, keys, create) {
  const old = new Map([...parent.children].map((n) => [n.dataset.key, n]));
  const nodes = keys.map((key) => {
    const node = old.get(key) ?? create(key);
    node.dataset.key = key;
    return node;
  });
  const same = nodes.length === parent.children.length && nodes.every((n, i) => parent.children[i] === n);
  if (!same) parent.replaceChildren(...nodes);
  return nodes;
}

// Rows of [key, header, cells...]; a cell is a text, or [text, note].
function fill(tbody, rows, columns) {
  const nodes = keyed(tbody, rows.map(([key]) => key), () => {
    const row = make("tr");
    row.append(make("th"), ...Array.from({ length: columns - 1 }, () => make("td")));
    row.firstChild.scope = "row";
    return row;
  });
  rows.forEach(([, ...cells], i) => {
    cells.forEach((cell, c) => {
      const node = nodes[i].children[c];
      const [text, note] = Array.isArray(cell) ? cell : [cell];
      if (!node.firstChild) node.append(make("span", "", c ? "num" : ""), make("span", "", "note"));
      say(node.firstChild, text);
      say(node.lastChild, note ?? "");
    });
  });
}

const accountWords = {
  request: "requests",
  "idle.resident": "idle, model loaded",
  "idle.bare": "idle, no engine",
  load: "loading models",
  self: "Joulebook itself",
  other: "others on this machine",
  unattributed: "unattributed",
};
const accountOrder = Object.keys(accountWords);
const word = (account) => accountWords[account] ?? account;

// What is said once at the top needs no more than its code here.
const missing = (q) => (q.reason.code === state.absences[0]?.code ? q.reason.code : q.reason.message);
const why = () => state.absences[0]?.message ?? "nothing was read";

function keys() {
  const watts = newest("watts");
  const price = newest("joules_per_token");
  const batch = newest("batch");
  const tokens = newest("tokens_per_s");
  const lost = newest("unattributed");
  const put = (id, text, note) => {
    say($(id), text);
    say($(`${id}-note`), note);
  };
  put("key-power", human(watts, "W"), watts === null ? why() : `now, ${state.boundary}`);
  put("key-price", price === null ? "no reading" : human(price, "J"),
    price === null ? (state.absences.length ? why() : "no output token in the last minute") : "per output token, above idle");
  put("key-batch", batch === null ? "no reading" : digits(batch),
    tokens === null ? "requests in the batch" : `requests in the batch, ${digits(tokens)} tokens/s`);
  put("key-lost", share(lost), lost === null ? why() : "of the energy above idle is nobody's");
}

function absences() {
  const list = $("absences");
  list.hidden = state.absences.length === 0;
  const nodes = keyed(list, state.absences.map((a) => `${a.code} ${a.message}`), () => make("p", "", "flag"));
  state.absences.forEach((a, i) => {
    const cure = a.cure ? ` Cure: ${a.cure}.` : "";
    prose(nodes[i], `No reading: ${a.message}.${cure} (${a.code})`);
  });
}

function accounts() {
  const used = [...new Set(state.domains.flatMap((d) => Object.keys(d.accounts_uj)))];
  used.sort((a, b) => (accountOrder.indexOf(a) + 99) % 99 - (accountOrder.indexOf(b) + 99) % 99);
  $("accounts").classList.toggle("none", state.domains.length === 0);
  keyed($("account-legend"), used, (key) => {
    const item = make("li", word(key));
    item.prepend(make("span", "", `swatch account-${key.replace(".", "-")}`));
    return item;
  });
  const bars = keyed($("account-bars"), state.domains.map((d) => d.domain), (key) => {
    const bar = make("div", undefined, "stack");
    bar.append(make("div", key, "name"), make("div", undefined, "bar"));
    return bar;
  });
  state.domains.forEach((d, i) => {
    const parts = used.filter((a) => d.accounts_uj[a] > 0);
    const nodes = keyed(bars[i].lastChild, parts, (key) => make("span", undefined, `account-${key.replace(".", "-")}`));
    parts.forEach((a, p) => (nodes[p].style.flexGrow = d.meter_uj > 0 ? d.accounts_uj[a] / d.meter_uj : 0));
  });
  const heads = keyed($("account-heads"), ["account", ...state.domains.map((d) => d.domain)], (key) => {
    const head = make("th", key === "account" ? "account" : key);
    head.scope = "col";
    return head;
  });
  const rows = used.map((a) => [a, word(a), ...state.domains.map((d) => {
    const uj = d.accounts_uj[a] ?? 0;
    return [human(uj * 1e-6, "J"), d.meter_uj > 0 ? share(uj / d.meter_uj) : ""];
  })]);
  rows.push(["meter", "the meter", ...state.domains.map((d) => [human(d.energy.value, "J"), `${interval(d.energy)}, ${d.energy.tier}`])]);
  if (state.domains.length) fill($("account-rows"), rows, heads.length);
}

function consumers(kind) {
  const mine = state.consumers.filter((c) => c.kind === kind);
  const all = sum(mine.map((c) => c.energy.value ?? 0));
  fill($(`rows-${kind}`), mine.map((c) => [
    c.name,
    c.name || "(not named)",
    c.energy.value === null ? ["no reading", missing(c.energy)] : [human(c.energy.value, "J"), `${interval(c.energy)}, ${c.energy.tier}`],
    c.energy.value === null || all === 0 ? "" : share(c.energy.value / all),
    c.last_minute.value === null ? ["none", missing(c.last_minute)] : human(c.last_minute.value, "J"),
    [count(c.requests), c.voided > 0 ? `${count(c.voided)} void` : ""],
    count(c.reasoning_tokens + c.answer_tokens),
  ]), 6);
  $(`table-${kind}`).hidden = mine.length === 0;
}

function metered(u) {
  if (u.absences.length) return `no energy: ${u.absences[0].code}`;
  return u.meters.length ? `metered by ${u.meters.join(", ")}` : "";
}

function upstreams() {
  fill($("rows-upstream"), state.upstreams.map((u) => [
    u.name,
    [u.name, metered(u)],
    u.reachable ? "answers" : "does not answer",
    u.running === null ? "not said" : digits(u.running),
    u.waiting === null ? "not said" : digits(u.waiting),
    [count(u.requests), u.failures > 0 ? `${count(u.failures)} failed` : ""],
    u.metrics_page ? "read" : "none",
  ]), 6);
  state.upstreams.forEach((u, i) => $("rows-upstream").children[i].classList.toggle("bad", !u.reachable));
}

function facts() {
  const { requests: r, self, lost } = state;
  const ago = (Date.parse(state.now_utc) - Date.parse(state.started_utc)) / 1000;
  const list = [
    ["running for", lasting(ago)],
    ["requests", `${count(r.open)} open, ${count(r.pending)} waiting to be settled, ${count(r.final)} final, ${count(r.void)} void`],
    ["connections", count(r.connections)],
    ["shares are weighed by", state.rule || "nothing yet"],
    ["Joulebook's own work", `${digits(self.cpu_s)} s of CPU, ` + (self.energy.value === null
      ? `no reading: ${self.energy.reason.message}`
      : `${human(self.energy.value, "J")} (${interval(self.energy)}, ${self.energy.tier})`)],
    ["rows lost", lost.ledger_rows + lost.sink_rows === 0 ? "none"
      : `${count(lost.ledger_rows)} that the ledger could not take, ${count(lost.sink_rows)} that a sink's queue let go`],
  ];
  const nodes = keyed($("facts"), list.map(([k]) => k), (key) => {
    const row = make("div");
    row.append(make("dt", key), make("dd"));
    return row;
  });
  list.forEach(([, text], i) => say(nodes[i].lastChild, text));
}

export function drawTables() {
  absences();
  keys();
  accounts();
  for (const kind of ["model", "tenant", "route"]) consumers(kind);
  upstreams();
  facts();
}
