"use strict";
// Charts are drawn when they come into view, tables are sorted and searched, and all is printed.
// Pixels of a chart on an A4 page: of the whole, of the plot, of what is below its axis, of a name in the legend.
const PAPER = {wide: 690, part: 220, plot: 125, below: 72, name: 15};
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
  if (printed) forPaper(layout, data, place.closest(".part").matches(".wide"));
  chart.drawn = true;
  return Plotly.react(place, data, layout,
    {responsive: !printed, displaylogo: false, toImageButtonOptions: {scale: 2}});
}

// All names of the legend below the axis: nobody can scroll on paper.
function forPaper(layout, data, wide) {
  const names = data.filter((trace) => trace.name && trace.showlegend !== false).length;
  const shown = layout.showlegend === false ? 0 : names;
  const rows = wide ? Math.ceil(shown / 3) : shown, plot = PAPER.plot * (wide ? 1.3 : 1);
  const margin = {l: 45, r: 10, t: 28, b: PAPER.below + PAPER.name * rows};
  Object.assign(layout, {margin, autosize: false, width: wide ? PAPER.wide : PAPER.part,
    height: plot + margin.t + margin.b});
  layout.font.size = 8;
  if (layout.title) layout.title = {...layout.title, font: {size: 9}, y: 0.99, yanchor: "top"};
  layout.legend = {orientation: wide ? "h" : "v", x: 0, xanchor: "left", yanchor: "top",
    y: -PAPER.below / plot, maxheight: 1, font: {size: 8}, tracegroupgap: 0};
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

// A number sorts as a number, and what is no number comes last.
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
