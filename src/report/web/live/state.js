// What the page knows: the last event, and ten minutes of seconds put together from all of them.

const longest = 600;
export const columns = ["watts", "batch", "tokens_per_s", "joules_per_token", "unattributed"];

const seconds = new Map(); // utc_ms -> one row of the columns
export let state = null;

export function take(event) {
  const { points } = event;
  points.utc_ms.forEach((at, i) => {
    seconds.set(at, Object.fromEntries(columns.map((c) => [c, points[c][i]])));
  });
  const now = points.utc_ms.at(-1); // what is later is of a clock that was set back since
  if (now !== undefined) [...seconds.keys()].filter((at) => at > now).forEach((at) => seconds.delete(at));
  const times = [...seconds.keys()].sort((a, b) => a - b);
  times.slice(0, -longest).forEach((at) => seconds.delete(at));
  state = event;
}

// Rows rising in time; a hole of more than three seconds has a row without readings in it.
export function rows() {
  const out = [];
  for (const at of [...seconds.keys()].sort((a, b) => a - b)) {
    if (out.length > 0 && at - out.at(-1).at > 3000) out.push({ at: out.at(-1).at + 1000 });
    out.push({ at, ...seconds.get(at) });
  }
  return out;
}

// The newest second that has this figure, not older than a minute before the newest of all.
export function newest(column) {
  const all = rows();
  const found = all.findLast((r) => r[column] !== null && r[column] !== undefined);
  return found && all.at(-1).at - found.at <= 60000 ? found[column] : null;
}

export const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
