// Two charts: requests of each minute of the last hour, and tokens a second while this page is open.
const HEIGHT = 180;
const POLL_MILLISECONDS = 5000;
const SECOND_MILLISECONDS = 1000;
const KEPT = 120;
const places = Object.fromEntries([...document.querySelectorAll("[data-chart]")].map((box) => [box.dataset.chart, box]));
const charts = {};
const seen = [];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(name, times, lines, unit) {
  const place = places[name];
  const names = Object.keys(lines);
  const key = names.join("\n");
  if (charts[name]?.key !== key) {
    charts[name]?.chart.destroy();
    const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const hours = (_, moments) => moments.map((moment) => new Date(moment * 1000).toISOString().slice(11, name === "speed" ? 19 : 16));
    place.querySelector("p")?.remove();
    const series = names.map((label, index) => ({
      label, stroke: style(`--hue-${index % 8}`), width: 2, points: { show: false },
      value: (_, value) => (value == null ? "-" : `${Math.round(value * 10) / 10} ${unit}`),
    }));
    const options = {
      width: place.clientWidth, height: HEIGHT, series: [{ label: "Time" }, ...series],
      axes: [{ ...axis, values: hours, space: 70 }, { ...axis, size: 36 }], scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
      legend: { live: false }, cursor: { show: false },
    };
    charts[name] = { key, chart: new uPlot(options, [times, ...names.map((label) => lines[label])], place) };
  } else charts[name].chart.setData([times, ...names.map((label) => lines[label])]);
}

async function look() {
  const answer = await fetch("/ui/activity/figures").catch(() => null);
  if (!answer?.ok) return;
  const now = await answer.json();
  const minutes = Object.values(now.minutes)[0]?.length ?? 60;
  const times = Array.from({ length: minutes }, (_, index) => Math.floor(now.at / 60 - minutes + 1 + index) * 60);
  draw("minutes", times, Object.keys(now.minutes).length ? now.minutes : { none: times.map(() => 0) }, "requests");
  const before = seen.at(-1);
  if (before && JSON.stringify(now.tokens) + Object.values(now.minutes).flat() !== JSON.stringify(before.tokens) + Object.values(before.minutes).flat()) {
    document.body.dispatchEvent(new Event("tick"));  // the tables, too
  }
  seen.push(now);
  if (seen.length > KEPT) seen.shift();
  const models = [...new Set(seen.flatMap((item) => Object.keys(item.tokens)))];
  const speed = (model) => seen.map((item, index) => {
    if (index === 0) return 0;
    const before = seen[index - 1];
    const wrote = (item.tokens[model] ?? 0) - (before.tokens[model] ?? 0);
    return Math.max(wrote, 0) / Math.max(item.at - before.at, 0.001);
  });
  const lines = Object.fromEntries((models.length ? models : ["none"]).map((model) => [model, speed(model)]));
  if (seen.length > 1) draw("speed", seen.map((item) => item.at), lines, "tokens/s");
}

document.querySelector("[data-submits]")?.addEventListener("change", (event) => event.target.form.submit());
if (places.minutes) {
  look();
  setTimeout(look, SECOND_MILLISECONDS);
  setInterval(() => { if (document.visibilityState === "visible") look(); }, POLL_MILLISECONDS);
  new ResizeObserver(() => {
    for (const [name, { chart }] of Object.entries(charts)) chart.setSize({ width: places[name].clientWidth, height: HEIGHT });
  }).observe(places.minutes);
}
