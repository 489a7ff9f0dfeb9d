// Charts of the sweep page: energy of a token with its band, and time between tokens, against what
// was swept, or one row for each deployment where that is no scale. Rows are values of the JSON.
import { dots, logAxis } from "./charts.js";
import { shapes } from "./theme.js";

const element = document.getElementById("predictions");
const points = element ? JSON.parse(element.textContent).predictions : [];
const mostSeries = 6; // as many as there are colours
const mostRows = 40; // of a chart with a row for each deployment

const keys = [...new Set(points.flatMap((p) => (p.at ?? []).map((a) => a.key)))];
const valueOf = (p, key) => (p.at ?? []).find((a) => a.key === key)?.value;
const severalModels = new Set(points.map((p) => p.model)).size > 1;

// The swept numbers with the most values make the scale.
const scaleKey = keys
  .map((key) => ({ key, values: [...new Set(points.map((p) => valueOf(p, key)))] }))
  .filter(({ values }) => values.length > 1 && values.every((v) => v !== undefined && Number.isFinite(Number(v))))
  .sort((a, b) => b.values.length - a.values.length)[0]?.key;

const label = (p, without) =>
  [severalModels ? p.model : "", ...(p.at ?? []).filter((a) => a.key !== without).map((a) => a.value)]
    .filter((part) => part !== "")
    .join(", ");

const rows = points.map((p) => ({
  name: label(p) || p.model,
  series: label(p, scaleKey) || p.model,
  x: Number(valueOf(p, scaleKey)),
  joules: p.per_token.value,
  lo: p.per_token.lo,
  hi: p.per_token.hi,
  step: 1e3 * p.step_s,
  fits: p.memory.fits ? "fits" : "does not fit in memory",
}));

const title = { batch: "sequences at a time", prompt: "prompt tokens", context: "prompt tokens", output: "answer tokens",
  gpus: "devices", devices: "devices", rate: "requests a second", cached: "share of the prompt that is cached" };

function xAxis(width) {
  const values = rows.map((r) => r.x);
  const lo = Math.min(...values);
  const hi = Math.max(...values);
  const axis = { title: title[scaleKey] ?? scaleKey, grid: false, format: ",~g", labelOverlap: true, labelSeparation: 8 };
  if (!(lo > 0 && hi / lo > 8)) return { axis: { ...axis, tickCount: Math.max(3, width / 110) }, scale: { zero: false } };
  return { axis: { ...axis, values: [...new Set(values)].sort((a, b) => a - b) }, scale: { type: "log", nice: false } };
}

// Lines over the scale; `band`: the fields of an interval around `field`.
function lines(t, width, field, unit, band) {
  const names = [...new Set(rows.map((r) => r.series))].slice(0, mostSeries);
  const shown = rows.filter((r) => names.includes(r.series)).sort((a, b) => a.x - b.x);
  const x = { field: "x", type: "quantitative", ...xAxis(width) };
  const ends = shown.flatMap((r) => [r[field], ...(band ?? []).map((end) => r[end])]);
  const { scale, values } = logAxis(ends, 600);
  const y = (of) => ({ field: of, type: "quantitative", scale, axis: { title: unit, format: "~g", values, gridDash: [2, 3] } });
  const color = { field: "series", legend: null, scale: { domain: names, range: t.arms } };
  const shape = { field: "series", legend: null, scale: { domain: names, range: shapes } };
  const hollow = { condition: { test: "datum.fits !== 'fits'", value: 0 }, value: 1 };
  const tooltip = [{ field: "name", title: "What" }, { field, title: unit, format: ".3~s" },
    ...(band ?? []).map((end, i) => ({ field: end, title: ["From", "To"][i], format: ".3~s" })), { field: "fits", title: "Memory" }];
  const layer = [
    { mark: { type: "line", strokeWidth: 1.6 }, encoding: { x, y: y(field), color } },
    { mark: { type: "point", filled: true, size: 60, strokeWidth: 1.5, opacity: 1 },
      encoding: { x, y: y(field), color, shape, fillOpacity: hollow, stroke: color, tooltip } },
  ];
  if (band) {
    layer.unshift({ mark: { type: "area", opacity: 0.16 }, encoding: { x, y: y(band[0]), y2: { field: band[1] }, color } });
  }
  return {
    legend: names.length > 1 ? names.map((name, i) => ({ name, colour: t.arms[i], shape: shapes[i] })) : [],
    empty: shown.length === 0,
    spec: { data: { values: shown }, height: Math.min(380, Math.max(260, width * 0.5)), layer },
  };
}

function ranked(t, width, field, unit, band) {
  const shown = rows.slice(0, mostRows).map((r) => ({ name: r.fits === "fits" ? r.name : `${r.name} (does not fit)`, value: r[field], lo: r[band?.[0] ?? field], hi: r[band?.[1] ?? field] }));
  const { scale, values } = logAxis(shown.flatMap((r) => [r.lo, r.value, r.hi]), width);
  return dots(t, width, shown, { title: unit, format: "~g", values, gridDash: [2, 3] }, scale, undefined, t.arms[0]);
}

const chart = (field, unit, band) => (t, width) => (scaleKey ? lines : ranked)(t, width, field, unit, band);

export const isSweep = element !== null;
export const joules = chart("joules", "joules an output token", ["lo", "hi"]);
export const steps = chart("step", "milliseconds between tokens");
