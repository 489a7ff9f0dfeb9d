// Figures and times as people read them.

const prefixes = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];

// "17.8 kJ", "512 J", "371 mJ": three significant digits.
export function human(value, unit) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "no reading";
  if (value === 0) return `0 ${unit}`;
  const rounded = Number(value.toPrecision(3));
  const [factor, prefix] = prefixes.find(([f]) => Math.abs(rounded) >= f * (1 - 1e-12)) ?? prefixes.at(-1);
  return `${digits(rounded / factor)} ${prefix}${unit}`;
}

// Three significant digits without an exponent.
export function digits(value) {
  if (value === 0) return "0";
  const before = Math.floor(Math.log10(Math.abs(value)) + 1e-9) + 1;
  return value.toFixed(Math.max(0, Math.min(6, 3 - before)));
}

export const count = (n) => n.toLocaleString("en-GB");

export function share(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "no reading";
  return x !== 0 && x < 0.001 ? "< 0.1 %" : `${(100 * x).toFixed(1)} %`;
}

// "[1.39–1.42 MJ] bound", "[86–101 mJ] 95 %", or what is missing.
export function interval(q) {
  if (q.value === null) return q.reason.message;
  if (q.hi === null && q.lo <= 0) return "interval not known";
  const level = q.level === 1 ? "bound" : `${Math.round(100 * q.level)} %`;
  return `${human(q.lo, q.unit)} to ${q.hi === null ? "unbounded" : human(q.hi, q.unit)}, ${level}`;
}

export function lasting(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
