// The power trace and joules per token against the batch. Canvases say nothing to a screen reader:
// the sentence beneath each says what it shows.
import uPlot from "uplot";

import { clock, digits, human } from "./format.js";
import { median, rows } from "./state.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = () => `12px ${getComputedStyle(document.body).fontFamily}`;

const axis = (more = {}) => ({
  stroke: css("--soft"),
  font: font(),
  labelFont: font(),
  labelSize: 22,
  grid: { stroke: css("--rule"), width: 0.75 },
  ticks: { stroke: css("--rule"), width: 0.75, size: 4 },
  ...more,
});

const plain = (_, values) => values.map((v) => (v === null ? "" : String(Number(v.toPrecision(6)))));

function place(id) {
  const figure = document.getElementById(id);
  const plot = figure.querySelector(".plot");
  return { figure, plot, words: figure.querySelector(".says"), readout: figure.querySelector(".readout") };
}

// Draws `data` into a place; a chart that is there already is given the data, unless its kind of
// scale changed.
function chart(id, options, words, readout) {
  const at = place(id);
  let plot = null;
  let kind = null;
  const height = () => (at.plot.clientWidth < 420 ? 210 : 250);
  new ResizeObserver(() => plot?.setSize({ width: at.plot.clientWidth, height: height() })).observe(at.plot);
  return {
    draw(all, data, empty, log = false) {
      at.words.textContent = words(all);
      at.figure.classList.toggle("none", empty);
      if (empty) return;
      if (plot === null || kind !== log) {
        plot?.destroy();
        kind = log;
        const hooks = { setCursor: [(u) => (at.readout.textContent = readout(u))] };
        plot = new uPlot({ ...options(log), width: at.plot.clientWidth, height: height(), hooks }, data, at.plot);
        at.plot.querySelector("canvas").setAttribute("aria-hidden", "true");
      } else {
        plot.setData(data);
      }
      at.figure.dataset.points = data[1].length;
    },
    forget() {
      plot?.destroy();
      plot = null;
    },
  };
}

const known = (all, column) => all.filter((r) => r[column] !== null && r[column] !== undefined);

function powerWords(all) {
  const watts = known(all, "watts");
  if (watts.length === 0) return "No power was read in the last ten minutes.";
  const values = watts.map((r) => r.watts);
  const missing = all.length - watts.length;
  const gap = missing > 0 ? ` ${missing} s without a reading are left open.` : "";
  return `Last ${Math.round(all.length / 60) || 1} min: between ${human(Math.min(...values), "W")} and ` +
    `${human(Math.max(...values), "W")}, at last ${human(values.at(-1), "W")}.${gap}`;
}

const power = chart(
  "chart-power",
  () => ({
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_, lo, hi) => [0, (hi ?? 1) * 1.08 || 1] } },
    series: [{}, { stroke: css("--arm-0"), width: 1.6, fill: `${css("--arm-0")}22`, points: { show: false } }],
    axes: [
      axis({ space: 70, values: "{HH}:{mm}", incrs: [60, 120, 300, 600] }),
      axis({ label: "watts", size: 46, values: plain, space: 40 }),
    ],
  }),
  powerWords,
  (u) => {
    const i = u.cursor.idx;
    if (i === null || i === undefined || u.data[0][i] === undefined) return "";
    return `${clock(u.data[0][i] * 1000)}  ${human(u.data[1][i], "W")}`;
  },
);

// Of the calmest and of the fullest quarter of the seconds, the median batch and joules per token.
function priceWords(all) {
  const priced = known(all, "joules_per_token").filter((r) => r.batch > 0).sort((a, b) => a.batch - b.batch);
  if (priced.length === 0) return "No second of the last ten minutes had both a reading and output tokens.";
  const quarter = Math.max(1, Math.floor(priced.length / 4));
  const of = (part) =>
    `${human(median(part.map((r) => r.joules_per_token)), "J")} a token at a batch of about ` +
    digits(median(part.map((r) => r.batch)));
  if (priced.length < 8) return `Median ${of(priced)}.`;
  return `In the calmest quarter of the time ${of(priced.slice(0, quarter))}, in the fullest ${of(priced.slice(-quarter))}.`;
}

const dots = (colour, size) => ({
  paths: () => null,
  points: { show: true, size, width: 0, stroke: colour, fill: colour },
});

const price = chart(
  "chart-price",
  (log) => ({
    legend: { show: false },
    cursor: { y: false, points: { size: 8 } },
    scales: {
      x: { time: false, range: (_, lo, hi) => [0, Math.max(1, hi ?? 1) * 1.04] },
      y: log ? { distr: 3 } : { range: (_, lo, hi) => [0, (hi ?? 1) * 1.1 || 1] },
    },
    series: [{}, dots(`${css("--arm-0")}73`, 5), dots(css("--reason"), 7)],
    axes: [
      axis({ label: "requests in the batch", space: 60, size: 34, values: plain }),
      axis({ label: "J per output token", size: 58, space: 30, values: plain }),
    ],
  }),
  priceWords,
  (u) => {
    const i = u.cursor.idx;
    const y = u.data[2][i] ?? u.data[1][i];
    return y === null || y === undefined ? "" : `batch ${digits(u.data[0][i])}  ${human(y, "J")} a token`;
  },
);

export function drawCharts() {
  const all = rows();
  const watts = all.map((r) => r.watts ?? null);
  power.draw(all, [all.map((r) => r.at / 1000), watts], watts.every((w) => w === null));
  const last = all.at(-1)?.at ?? 0;
  const priced = known(all, "joules_per_token").filter((r) => r.batch > 0 && r.joules_per_token > 0);
  priced.sort((a, b) => a.batch - b.batch);
  const recent = (r) => last - r.at < 60000;
  const values = priced.map((r) => r.joules_per_token);
  const log = values.length > 0 && Math.max(...values) > 8 * Math.min(...values);
  price.draw(all, [
    priced.map((r) => r.batch),
    priced.map((r) => (recent(r) ? null : r.joules_per_token)),
    priced.map((r) => (recent(r) ? r.joules_per_token : null)),
  ], priced.length === 0, log);
}

// Colours are read when a chart is made.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  power.forget();
  price.forget();
  drawCharts();
});
