// Draws the charts of a study's or a sweep's page into the places that the page keeps for them, and again when
// the page's width or its light changes. Without scripts the page still has every figure.
import embed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

import * as charts from "./charts.js";
import { frontier } from "./frontier.js";
import { study } from "./study.js";
import * as sweep from "./sweep.js";
import { config, theme } from "./theme.js";

const svg = "http://www.w3.org/2000/svg";
const outlines = {
  circle: "M5 0a5 5 0 1 0 .01 0z",
  square: "M0 0h10v10H0z",
  "triangle-up": "M5 0l5 10H0z",
  diamond: "M5 0l5 5-5 5-5-5z",
  cross: "M3 0h4v3h3v4H7v3H3V7H0V3h3z",
  "triangle-down": "M0 0h10L5 10z",
};

function legendItem({ name, colour, shape }) {
  const item = document.createElement("li");
  const mark = document.createElementNS(svg, "svg");
  mark.setAttribute("viewBox", "0 0 10 10");
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", outlines[shape]);
  path.setAttribute("fill", colour);
  mark.append(path);
  item.append(mark, name);
  return item;
}

const options = (t) => ({
  actions: false,
  renderer: "svg",
  ast: true, // expressions are interpreted: the page's policy forbids eval
  expr: expressionInterpreter,
  config: config(t),
  tooltip: { disableDefaultStyle: true },
});

async function draw(figure, make, ...more) {
  const plot = figure.querySelector(".plot");
  const t = theme();
  const width = plot.clientWidth;
  const { spec, legend, empty } = make(t, width, ...more);
  plot.classList.toggle("empty", empty);
  if (empty) {
    plot.textContent = "There is no reading to draw.";
    return undefined;
  }
  figure.querySelector(".legend").replaceChildren(...legend.map(legendItem));
  const whole = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width, ...spec };
  whole.autosize = { type: "fit-x", contains: "padding" };
  const { view } = await embed(plot, whole, options(t));
  // The figure's own label says what it shows; hundreds of marks would drown a screen reader.
  plot.querySelector("svg")?.setAttribute("aria-hidden", "true");
  figure.dataset.drawn = "yes";
  return view;
}

function slider(figure) {
  const input = document.createElement("input");
  input.type = "range";
  input.className = "figure-slider";
  input.min = 0;
  input.max = Math.max(0, charts.lastSecond() - charts.detailSeconds());
  input.step = charts.detailSeconds() / 10;
  input.value = charts.firstWork();
  input.setAttribute("aria-label", "Start of the part shown, in seconds");
  figure.querySelector(".plot").after(input);
  return input;
}

function simple(id, make) {
  const figure = document.getElementById(id);
  return () => draw(figure, make);
}

function detailed(id) {
  const figure = document.getElementById(id);
  if (study.trace.length === 0) return () => draw(figure, charts.detail);
  const input = slider(figure);
  let view;
  input.addEventListener("input", () => view?.signal("from", Number(input.value)).runAsync());
  return async () => {
    view = await draw(figure, charts.detail, Number(input.value));
  };
}

const studyCharts = () => [
  simple("chart-phases", charts.phases),
  ...(document.getElementById("chart-frontier") ? [simple("chart-frontier", frontier)] : []),
  ...study.comparisons.map((_, i) => simple(`chart-kinds-${i}`, charts.kinds(i))),
  simple("chart-scatter", charts.scatter),
  simple("chart-spread", charts.spread),
  simple("chart-baselines", charts.baselines),
  simple("chart-trace", charts.trace),
  detailed("chart-detail"),
];
const sweepCharts = () => [simple("chart-joules", sweep.joules), simple("chart-steps", sweep.steps)];
const all = sweep.isSweep ? sweepCharts() : studyCharts();

async function drawAll() {
  for (const drawOne of all) await drawOne();
  document.body.dataset.drawn = 1 + Number(document.body.dataset.drawn ?? 0);
}

// One drawing at a time; what happens meanwhile is drawn after.
let running = Promise.resolve();
const again = () => (running = running.then(drawAll, drawAll));

let width = document.body.clientWidth;
addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  again();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
again();
