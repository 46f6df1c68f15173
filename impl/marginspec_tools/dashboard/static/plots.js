// Long series, to be looked into: a stretch that is marked is drawn anew from finer values; two clicks show all again.
// Numbers are made of exact decimals for drawing alone; what is read stands in the tables.
const plots = new Map();
const shown = new Map();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function read(address, from, to) {
  const asked = new URL(address, location.href);
  if (from !== undefined) asked.searchParams.set("from", from);
  if (to !== undefined) asked.searchParams.set("at", to);
  const answer = await fetch(asked);
  if (!answer.ok) throw new Error(`${asked.pathname}: ${answer.status}`);
  return answer.json();
}

// A stretch of events has a lowest, a highest and a last value: three points within it draw it as a stroke.
function columns(series) {
  const lines = series.lines.map((line) => line.points.flatMap(([first, last, low, high, value]) =>
    first === last ? [[first, value]] : [[first, low], [first + (last - first) / 2, high], [last, value]]));
  return uPlot.join(lines.map((points) => [points.map((one) => one[0]), points.map((one) => Number(one[1]))]));
}

function options(holder, series, look) {
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false } };
  const stepped = uPlot.paths.stepped({ align: 1 });
  return {
    width: holder.clientWidth,
    height: holder.clientHeight,
    legend: { show: false },
    scales: { x: { time: false } },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
    axes: [axis, { ...axis, side: 1, size: 70 }],
    series: [{}, ...series.lines.map((line) => ({ stroke: colour(`--line-${line.style}`), paths: stepped, points: { show: false }, spanGaps: true }))],
    hooks: { setSelect: [look] },
  };
}

async function draw(figure, from, to) {
  const holder = figure.querySelector(".long");
  shown.set(holder, figure.dataset.series);
  const series = await read(figure.dataset.series, from, to);
  holder.classList.add("drawn");
  plots.get(holder)?.destroy();
  const plot = new uPlot(options(holder, series, ({ select, posToVal }) => {
    if (select.width < 8) return;
    const [first, last] = [select.left, select.left + select.width].map((end) => Math.round(posToVal(end, "x")));
    draw(figure, Math.max(first, series.first), Math.min(Math.max(last, first + 1), series.last));
  }), columns(series), holder);
  plot.over.addEventListener("dblclick", () => draw(figure));
  plots.set(holder, plot);
}

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-series]"))
    if (shown.get(figure.querySelector(".long")) !== figure.dataset.series) draw(figure);
}

drawAll();
document.addEventListener("htmx:after:swap", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const figure of document.querySelectorAll("figure[data-series]")) draw(figure);
});
new ResizeObserver(() => {
  for (const [holder, plot] of plots) plot.setSize({ width: holder.clientWidth, height: holder.clientHeight });
}).observe(document.documentElement);
