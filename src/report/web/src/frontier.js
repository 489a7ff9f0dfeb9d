// Quality against joules, the frontier drawn: points as the page wrote them beside the chart.
import { logAxis } from "./charts.js";
import { armNames } from "./study.js";
import { shapes } from "./theme.js";

const given = () => JSON.parse(document.getElementById("frontier-points").dataset.points);
const percent = (measure) => measure === "correct";

// Names stand beside their points where there is room; else the legend has them.
const named = (points, width) => width >= 560 && points.every((p) => p.arm.length <= 24);

export function frontier(t, width) {
  const { measure, limit, points } = given();
  const { scale, values } = logAxis(points.flatMap((p) => [p.lo, p.joules, p.hi]).filter((v) => v != null), width);
  const known = points.map((p) => ({ ...p, lo: p.lo > 0 ? p.lo : p.joules, hi: p.hi ?? p.joules }));
  const format = percent(measure) ? ".0%" : ".2~g";
  const x = { field: "joules", type: "quantitative", scale,
    axis: { title: "joules a response (logarithmic)", format: "~s", values, grid: false } };
  const y = (field) => ({ field, type: "quantitative", scale: { zero: percent(measure), nice: true },
    axis: { title: percent(measure) ? "answered rightly" : measure, format, tickCount: 5 } });
  const colour = { field: "arm", legend: null, scale: { domain: armNames, range: t.arms } };
  const shape = { field: "arm", legend: null, scale: { domain: armNames, range: shapes } };
  const number = (field, title, as) => ({ field, title, type: "quantitative", format: as });
  const layer = [
    { transform: [{ filter: "datum.frontier" }],
      mark: { type: "line", color: t.soft, strokeWidth: 1.5, strokeDash: [5, 3], interpolate: "step-after" },
      encoding: { x, y: y("grade"), order: { field: "joules" } } },
    { mark: { type: "rule", strokeWidth: 1.5, opacity: 0.5, clip: true }, encoding: { x: { ...x, field: "lo" }, x2: { field: "hi" }, y: y("grade"), color: colour } },
    { mark: { type: "rule", strokeWidth: 1.5, opacity: 0.5, clip: true }, encoding: { x, y: y("grade_lo"), y2: { field: "grade_hi" }, color: colour } },
    { mark: { type: "point", filled: true, size: 90, opacity: 1 },
      encoding: { x, y: y("grade"), color: colour, shape,
        tooltip: [{ field: "arm", title: "Arm" }, number("grade", "Quality", format), number("joules", "J", ".3~s"), { field: "frontier", title: "On the frontier" }] } },
  ];
  if (limit !== null) {
    layer.unshift({ data: { values: [{ limit }] }, mark: { type: "rule", color: t.ink, strokeWidth: 1 }, encoding: { y: { ...y("limit") } } });
  }
  const beside = named(points, width);
  if (beside) {
    layer.push({ mark: { type: "text", align: "left", dx: 8, dy: -9, limit: 170 }, encoding: { x, y: y("grade"), text: { field: "arm" } } });
  }
  return {
    legend: points.map((p) => {
      const i = armNames.indexOf(p.arm);
      return { name: p.arm, colour: t.arms[i % 6], shape: shapes[i % 6] };
    }),
    empty: known.length === 0,
    spec: { data: { values: known }, height: Math.min(360, Math.max(250, width * 0.5)), layer },
  };
}
