// One function a chart: (theme, width) -> {spec, legend}. Specs are Vega-Lite without a size.
import { armNames, kindRows, phaseRows, powerRows, promptRows, spanRows, study, traceRows } from "./study.js";
import { shapes } from "./theme.js";

const armColour = (t) => ({ domain: armNames, range: t.arms });
const armShape = { domain: armNames, range: shapes };
const armLegend = (t) => armNames.map((name, i) => ({ name, colour: t.arms[i % 6], shape: shapes[i % 6] }));
const number = (field, title) => ({ field, title, type: "quantitative", format: ".3~s" });

// A logarithmic scale that ends where the data do, with ticks at 1, 2 and 5 of each decade.
export function logAxis(values, width) {
  const positive = values.filter((v) => v > 0);
  const lo = Math.min(...positive) / 1.15;
  const hi = Math.max(...positive) * 1.15;
  const decades = Math.log10(hi / lo);
  const steps = decades < 0.5 ? [1, 1.5, 2, 3, 4, 5, 7] : decades * 90 < width * 0.6 ? [1, 2, 5] : decades * 40 < width * 0.6 ? [1, 3] : [1];
  const ticks = [];
  for (let e = Math.floor(Math.log10(lo)); e <= Math.ceil(Math.log10(hi)); e += 1) {
    for (const step of steps) ticks.push(step * 10 ** e);
  }
  return {
    scale: { type: "log", domain: [lo, hi], nice: false },
    values: ticks.filter((v) => v >= lo && v <= hi),
  };
}

// A label column is no wider than a third of a narrow chart.
const names = (width) => ({ title: null, labelLimit: Math.max(90, width * 0.34) });
const rowHeight = 34;

export function phases(t, width) {
  const rows = phaseRows();
  const used = [...new Set(rows.sort((a, b) => a.order - b.order).map((r) => r.phase))];
  return {
    legend: used.map((name) => ({ name, colour: t.phases[name], shape: "square" })),
    empty: rows.length === 0,
    spec: {
      data: { values: rows },
      height: armNames.length * rowHeight * 1.3,
      encoding: { y: { field: "arm", sort: armNames, axis: names(width) } },
      layer: [
        {
          mark: { type: "bar", stroke: t.paper, strokeWidth: 1, height: { band: 0.62 } },
          encoding: {
            x: { field: "joules", type: "quantitative", stack: "zero",
              axis: { title: "joules", format: "~s", tickCount: Math.max(3, width / 110) } },
            color: { field: "phase", legend: null, scale: { domain: used, range: used.map((u) => t.phases[u]) } },
            order: { field: "order" },
            tooltip: [{ field: "arm", title: "Arm" }, { field: "phase", title: "Phase" }, number("joules", "J")],
          },
        },
      ],
    },
  };
}

export function scatter(t, width) {
  const rows = promptRows();
  return {
    legend: armLegend(t),
    empty: rows.length === 0,
    spec: {
      data: { values: rows },
      height: Math.min(380, Math.max(260, width * 0.55)),
      mark: { type: "point", filled: true, size: 55, opacity: 0.75 },
      encoding: {
        x: { field: "tokens", type: "quantitative", axis: { title: "output tokens", tickCount: Math.max(3, width / 110), grid: false } },
        y: { field: "joules", type: "quantitative", axis: { title: "joules", format: "~s", tickCount: 5 } },
        color: { field: "arm", legend: null, scale: armColour(t) },
        shape: { field: "arm", legend: null, scale: armShape },
        tooltip: [
          { field: "prompt", title: "Prompt" }, { field: "arm", title: "Arm" },
          number("tokens", "Tokens"), number("joules", "J"), { field: "repeats", title: "Repeats" },
        ],
      },
    },
  };
}

export function spread(t, width) {
  const rows = promptRows();
  const { scale, values } = logAxis(rows.map((r) => r.joules), width);
  const y = { field: "arm", sort: armNames, axis: names(width) };
  const color = { field: "arm", legend: null, scale: armColour(t) };
  const stats = [
    { op: "q1", field: "joules", as: "q1" },
    { op: "median", field: "joules", as: "median" },
    { op: "q3", field: "joules", as: "q3" },
  ];
  return {
    legend: [],
    empty: rows.length === 0,
    spec: {
      data: { values: rows },
      height: armNames.length * rowHeight * 1.5,
      encoding: { y, color },
      layer: [
        {
          transform: [{ aggregate: stats, groupby: ["arm"] }],
          mark: { type: "bar", opacity: 0.22, height: { band: 0.55 } },
          encoding: { x: { field: "q1", type: "quantitative" }, x2: { field: "q3" } },
        },
        {
          mark: { type: "tick", thickness: 1.5, opacity: 0.75, height: { band: 0.42 } },
          encoding: {
            x: { field: "joules", type: "quantitative", scale,
              axis: { title: "joules a response (logarithmic)", format: "~s", values, gridDash: [2, 3] } },
            tooltip: [{ field: "prompt", title: "Prompt" }, { field: "arm", title: "Arm" }, number("joules", "J")],
          },
        },
        {
          transform: [{ aggregate: stats, groupby: ["arm"] }],
          mark: { type: "tick", thickness: 4, height: { band: 0.62 } },
          encoding: {
            x: { field: "median", type: "quantitative" },
            tooltip: [{ field: "arm", title: "Arm" }, number("q1", "First quartile"), number("median", "Median"), number("q3", "Third quartile")],
          },
        },
      ],
    },
  };
}

// Dots with their intervals, one row each; `reference` draws a line across.
export function dots(t, width, rows, axis, scale, reference, colour) {
  const order = rows.map((r) => r.name);
  const y = { field: "name", sort: order, axis: names(width) };
  const x = (field) => ({ field, type: "quantitative", axis, scale });
  const layer = [
    { mark: { type: "rule", color: colour, strokeWidth: 2, opacity: 0.55, clip: true }, encoding: { y, x: x("lo"), x2: { field: "hi" } } },
    {
      mark: { type: "point", filled: true, size: 70, color: colour, opacity: 1 },
      encoding: { y, x: x("value"), tooltip: [{ field: "name", title: "What" }, number("value", "Value"), number("lo", "From"), number("hi", "To")] },
    },
  ];
  if (reference !== undefined) {
    layer.unshift({ data: { values: [{ at: reference }] }, mark: { type: "rule", color: t.ink, strokeWidth: 1 }, encoding: { x: x("at") } });
  }
  return { legend: [], empty: rows.length === 0, spec: { data: { values: rows }, height: rows.length * rowHeight * 0.85, layer } };
}

export const kinds = (index) => (t, width) => {
  const rows = kindRows(study.comparisons[index]);
  const { scale, values } = logAxis([1, ...rows.flatMap((r) => [r.lo, r.value, r.hi])], width);
  const axis = { title: "energy ratio (logarithmic)", format: "~g", values, gridDash: [2, 3] };
  return dots(t, width, rows, axis, scale, 1, t.arms[study.comparisons[index].b % 6]);
};

export function baselines(t, width) {
  const axis = { title: "watts", format: "~s", tickCount: Math.max(3, width / 110), gridDash: [2, 3] };
  return dots(t, width, powerRows(), axis, { zero: true }, undefined, t.arms[0]);
}

// The power trace over phases; `domain`: the seconds shown, numbers or signal expressions.
function traceSpec(t, width, domain, params) {
  const points = traceRows();
  const spans = spanRows();
  const order = ["silence", "loading", "reading the prompt", "thinking", "answering", "prompt from cache", "waiting", "wasted work"];
  const used = order.filter((name) => spans.some((s) => s.what === name));
  const x = { type: "quantitative", scale: { domain, nice: false },
    axis: { title: "seconds since the start", grid: false, tickCount: Math.max(3, width / 110) } };
  const top = Math.max(...points.map((p) => p.watts), 0) * 1.08;
  return {
    legend: used.map((name) => ({ name, colour: t.phases[name], shape: "square" })),
    empty: points.length === 0,
    spec: {
      params,
      height: 210,
      layer: [
        {
          data: { values: spans },
          mark: { type: "rect", opacity: 0.42, clip: true },
          encoding: {
            x: { field: "begin", ...x }, x2: { field: "end" },
            color: { field: "what", legend: null, scale: { domain: used, range: used.map((u) => t.phases[u]) } },
            tooltip: [{ field: "what", title: "Phase" }, { field: "of", title: "Of" }, number("begin", "From, s"), number("end", "To, s")],
          },
        },
        {
          data: { values: points },
          mark: { type: "line", interpolate: "step-after", color: t.ink, strokeWidth: 1.4, clip: true },
          encoding: {
            x: { field: "begin", ...x },
            y: { field: "watts", type: "quantitative", scale: { domain: [0, top] }, axis: { title: "watts", tickCount: 4, format: "~s" } },
          },
        },
      ],
    },
  };
}

export const lastSecond = () => Math.max(...traceRows().map((p) => p.end), 0);
export const detailSeconds = () => Math.max(1, lastSecond() / 12);

// Where work begins: the first thing worth a closer look.
export const firstWork = () =>
  Math.max(0, Math.min(...spanRows().filter((s) => s.what !== "silence" && s.what !== "loading").map((s) => s.begin), lastSecond()) - detailSeconds() / 20);

export const trace = (t, width) => traceSpec(t, width, [0, lastSecond()], []);
export function detail(t, width, from = 0) {
  const domain = [{ expr: "from" }, { expr: `from + ${detailSeconds()}` }];
  return traceSpec(t, width, domain, [{ name: "from", value: from }]);
}
