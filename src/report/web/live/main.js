// The live page: listens to the gateway that served it and shows what it says.
import { drawCharts } from "./charts.js";
import { clock } from "./format.js";
import { state, take } from "./state.js";
import { drawTables } from "./tables.js";

const status = document.getElementById("status");
const address = document.querySelector('meta[name="joulebook-live"]').content;
let heard = 0;

function tell(kind, text) {
  document.body.dataset.link = kind;
  if (status.textContent !== text) status.textContent = text;
}

function onEvent(event) {
  take(JSON.parse(event.data));
  heard = Date.now();
  tell("live", "live");
  document.getElementById("now").textContent = clock(Date.parse(state.now_utc));
  drawTables();
  drawCharts();
  document.body.dataset.events = 1 + Number(document.body.dataset.events ?? 0);
}

// A browser tries again by itself, but not after an answer that is no event stream.
function listen() {
  const source = new EventSource(address);
  source.addEventListener("live", onEvent);
  source.addEventListener("error", () => {
    tell("lost", heard === 0 ? "the gateway does not answer; trying again" : `connection lost at ${clock(heard)}; trying again`);
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, 2000);
  });
}

setInterval(() => {
  if (document.body.dataset.link === "live" && Date.now() - heard > 10000) tell("quiet", `no word since ${clock(heard)}`);
}, 1000);
listen();
