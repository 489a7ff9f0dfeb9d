// Colours and type of the page, read from its style sheet, so that charts follow light and dark.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function theme() {
  const arms = [0, 1, 2, 3, 4, 5].map((i) => css(`--arm-${i}`));
  return {
    ink: css("--ink"),
    soft: css("--soft"),
    rule: css("--rule"),
    paper: css("--paper"),
    arms,
    phases: {
      "reading the prompt": css("--prefill"),
      thinking: css("--reason"),
      answering: css("--answer"),
      "prompt from cache": css("--arm-4"),
      waiting: css("--rule"),
      "wasted work": css("--arm-5"),
      silence: css("--other"),
      loading: css("--arm-4"),
    },
    font: getComputedStyle(document.body).fontFamily,
  };
}

export const shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];

export const config = (t) => ({
  background: "transparent",
  font: t.font,
  view: { stroke: null },
  axis: {
    labelColor: t.soft,
    titleColor: t.soft,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 400,
    domainColor: t.soft,
    tickColor: t.soft,
    gridColor: t.rule,
    gridWidth: 0.75,
    labelPadding: 5,
    titlePadding: 8,
  },
  axisY: { domain: false, ticks: false },
  axisX: { tickSize: 4 },
  text: { color: t.ink, font: t.font, fontSize: 12 },
});
