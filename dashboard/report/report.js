"use strict";
// Charts are drawn when they come into view, tables are sorted and searched, and all is printed.
// Pixels of a chart on an A4 page: its width by the kind of its block, its plot, what is below the
// axis (more below slanted names), a name in the legend. Charts are drawn larger and scaled down:
// how much smaller their marks become, and what the height of a chart with names includes but its plot.
const PAPER = {wide: 690, narrow: 335, part: 220, plot: 108, below: 38, slanted: 66, name: 12,
  zoom: 0.75, marks: 0.8, names: 0.56, around: 170};
const dark = matchMedia("(prefers-color-scheme: dark)");
const charts = new Map();
for (const text of document.querySelectorAll("script[data-chart]"))
  charts.set(document.getElementById(text.dataset.chart), {text, drawn: false});

function draw(place, printed = false) {
  const chart = charts.get(place), night = dark.matches && !printed;
  const ink = night ? "#e8eaed" : "#22262c", line = night ? "#3a3e45" : "#d9dce1";
  const {data, layout} = JSON.parse(chart.text.textContent);
  layout.font = {...layout.font, color: ink};
  layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key)))
    layout[name] = {automargin: true, ...layout[name], gridcolor: line, zerolinecolor: line};
  place.style.zoom = printed ? PAPER.zoom : "";
  if (printed) forPaper(layout, data, place.closest(".part").classList);
  chart.drawn = true;
  return Plotly.react(place, data, layout,
    {responsive: !printed, displayModeBar: printed ? false : "hover", displaylogo: false, toImageButtonOptions: {scale: 2}});
}

// All names of the legend below the axis: nobody can scroll on paper.
function forPaper(layout, data, kinds) {
  const kind = ["narrow", "wide", "part"].find((name) => kinds.contains(name));
  const names = data.filter((trace) => trace.name && trace.showlegend !== false).length;
  const shown = layout.showlegend === false || names < 2 ? 0 : names;
  const rows = Math.ceil(shown / {wide: 4, narrow: 2, part: 1}[kind]);
  const slanted = data.some(({type}) => type === "heatmap") || layout.xaxis?.type === "category";
  const below = slanted ? PAPER.slanted : PAPER.below, font = (pixels) => pixels / PAPER.zoom;
  const high = kind === "wide" || (kind === "narrow" && layout.yaxis2);
  const plot = forPaperNames(layout) ?? PAPER.plot * (high ? 1.5 : 1);
  const margin = {l: 38, r: 8, t: 20, b: below + PAPER.name * rows};
  const size = {width: PAPER[kind], height: plot + margin.t + margin.b};
  for (const part of [margin, size])
    for (const side of Object.keys(part)) part[side] /= PAPER.zoom;
  Object.assign(layout, {margin, ...size, autosize: false, showlegend: shown > 0});
  layout.font.size = font(8);
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    const axis = layout[name], [low, high] = axis.domain ?? [0, 1];
    if (axis.title) axis.title = {...axis.title, standoff: 4};
    if (high - low < 0.35) axis.nticks = 3;
  }
  if (data.some(({orientation}) => orientation === "h"))  // a name at each bar
    Object.assign(layout.yaxis, {dtick: 1, tickfont: {size: font(6.5)}});
  if (layout.title)
    layout.title = {...layout.title, font: {size: font(9)}, y: 0.99, yanchor: "top"};
  layout.legend = {orientation: kind === "part" ? "v" : "h", x: 0, xanchor: "left", yanchor: "top",
    y: -below / plot, maxheight: 1, font: {size: font(7.5)}, tracegroupgap: 0};
  for (const trace of data) {
    if (typeof trace.marker?.size === "number") trace.marker.size *= PAPER.marks;
    if (trace.mode?.includes("text")) trace.textfont = {...trace.textfont, size: font(6.5)};
  }
}

// Names beside points keep their places: the height that the plot needs for them; undefined without.
function forPaperNames(layout) {
  const scale = PAPER.names / PAPER.zoom;
  const names = (layout.annotations ?? []).filter(({ay}) => ay !== undefined);
  for (const name of names)
    Object.assign(name, {ax: name.ax * scale, ay: name.ay * scale, font: {size: 7 / PAPER.zoom}});
  return names.length ? (layout.height - PAPER.around) * PAPER.names : undefined;
}

const seen = new IntersectionObserver((entries) => {
  for (const {target, isIntersecting} of entries)
    if (isIntersecting && !charts.get(target).drawn) draw(target);
}, {rootMargin: "300px"});
for (const place of charts.keys()) seen.observe(place);
dark.addEventListener("change", () => {
  for (const [place, chart] of charts) if (chart.drawn) draw(place);
});
addEventListener("beforeprint", () => { for (const place of charts.keys()) draw(place, true); });
addEventListener("afterprint", () => {
  for (const place of charts.keys()) {
    Plotly.purge(place);
    draw(place);
  }
});

// A number sorts as a number, and what is not a number comes last.
function value(cell) {
  const number = parseFloat(cell.textContent.replace(/[,\s]/g, "").replace("\u2212", "-"));
  return Number.isNaN(number) ? null : number;
}

function compare(one, other, numeric) {
  if (!numeric) return one.textContent.localeCompare(other.textContent, undefined, {numeric: true});
  const [first, second] = [value(one), value(other)];
  if (first === null || second === null) return (first === null) - (second === null);
  return first - second;
}

document.addEventListener("click", ({target}) => {
  const head = target.closest("th");
  if (head && target.closest("button")) sortBy(head);
  if (target.matches(".copy")) {
    const text = target.parentElement.querySelector("pre").textContent;
    navigator.clipboard.writeText(text).then(() => { target.textContent = "Copied"; },
      () => { target.textContent = "Select the text and copy it"; });
  }
});

function sortBy(head) {
  const falling = head.getAttribute("aria-sort") === "ascending", column = head.cellIndex;
  const body = head.closest("table").tBodies[0], numeric = head.classList.contains("n");
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const rows = [...body.rows].sort((one, other) => {
    const [first, second] = [one.cells[column], other.cells[column]];
    const last = numeric && (value(first) === null || value(second) === null);
    return compare(first, second, numeric) * (falling && !last ? -1 : 1);
  });
  body.append(...rows);
}

const field = document.querySelector(".search input");
const count = document.querySelector(".search output");
field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  let rows = 0, tables = 0;
  for (const table of document.querySelectorAll("table")) {
    let found = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      found += !row.hidden;
    }
    const details = table.closest("details");
    if (details) details.open = wanted !== "" && found > 0;
    rows += found;
    tables += found > 0;
  }
  count.textContent = wanted ? ` ${rows} rows in ${tables} tables` : "";
});
