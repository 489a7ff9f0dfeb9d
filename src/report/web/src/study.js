// The study of this page, turned into the rows that charts draw. No figure is made up here: rows
// are values of the JSON, means over repeats, or seconds since the start.

const nothing = { arms: [], comparisons: [], trials: [], trace: [] };  // a page of another kind
const element = document.getElementById("study");
export const study = element ? JSON.parse(element.textContent) : nothing;

export const armNames = study.arms.map((arm) => arm.spec.name);

const phaseWords = {
  queue: "waiting",
  prefill: "reading the prompt",
  cached: "prompt from cache",
  reason: "thinking",
  answer: "answering",
  wasted: "wasted work",
};
export const phaseOrder = Object.keys(phaseWords);
export const phaseName = (phase) => phaseWords[phase] ?? phase;

const good = study.trials.filter((t) => t.error === undefined);
const seconds = (ns) => (ns - study.start.steady_ns) / 1e9;
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

// "arm, phase, joules", in the order in which phases happen.
export function phaseRows() {
  return study.arms.flatMap((arm) =>
    phaseOrder
      .filter((phase) => arm.phase_energy[phase]?.value != null)
      .map((phase) => ({
        arm: arm.spec.name,
        phase: phaseName(phase),
        order: phaseOrder.indexOf(phase),
        joules: arm.phase_energy[phase].value,
      })),
  );
}

// One row a prompt and arm, repeats averaged; prompts without a reading are left out.
export function promptRows() {
  const cells = new Map();
  for (const trial of good) {
    if (trial.energy.value == null) continue;
    const key = `${trial.arm}/${trial.prompt}`;
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(trial);
  }
  return [...cells.values()].map((trials) => {
    const prompt = study.spec.prompts[trials[0].prompt];
    return {
      arm: armNames[trials[0].arm],
      prompt: prompt.id,
      kind: prompt.kind,
      repeats: trials.length,
      tokens: mean(trials.map((t) => t.reasoning_tokens + t.answer_tokens)),
      joules: mean(trials.map((t) => t.energy.value)),
    };
  });
}

const ratioRow = (name, quantity) => ({
  name,
  value: quantity.value,
  lo: quantity.lo,
  hi: quantity.hi ?? quantity.value,
});

export const kindRows = (comparison) =>
  comparison.kinds
    .filter((kind) => kind.split.energy.these.value != null)
    .map((kind) => ratioRow(kind.kind, kind.split.energy.these));

export function powerRows() {
  const baselines = study.baselines.map((b) => [b.what, b.power]);
  const arms = study.arms.map((arm) => [`answering: ${arm.spec.name}`, arm.mean_power]);
  return [...baselines, ...arms]
    .filter(([, power]) => power.value != null)
    .map(([name, power]) => ratioRow(name, power));
}

export const traceRows = () =>
  study.trace.map((p) => ({ begin: seconds(p.begin_ns), end: seconds(p.end_ns), watts: p.power_w }));

// Stretches of time by what was going on.
export function spanRows() {
  const span = (what, begin, end, of) => ({ what, begin: seconds(begin), end: seconds(end), of });
  const phases = good.flatMap((t) =>
    t.phases.map((p) =>
      span(phaseName(p.phase), p.begin_ns, p.end_ns,
        `${armNames[t.arm]}, ${study.spec.prompts[t.prompt].id}`),
    ),
  );
  const loads = study.arms
    .filter((arm) => arm.load !== undefined)
    .map((arm) => span("loading", arm.load.window.begin_ns, arm.load.window.end_ns, arm.spec.name));
  const silence = study.baselines.map((b) =>
    span("silence", b.window.begin_ns, b.window.end_ns, b.what),
  );
  return [...silence, ...loads, ...phases];
}
