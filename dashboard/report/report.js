"use strict";
// Charts are drawn when they come into view, tables are sorted and searched, and all is printed.
const PAPER = {wide: [690, 300], half: [335, 240]}; // pixels of a chart on an A4 page
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
  if (printed) {
    const [width, height] = PAPER[place.closest(".part").matches(".wide") ? "wide" : "half"];
    const extra = Math.max(0, (layout.height || 430) - 430); // of its legend
    Object.assign(layout, {width, height: height + extra / 2, autosize: false});
    layout.font.size = 9;
    if (width < PAPER.wide[0]) layout.legend = {...layout.legend, y: -0.55}; // below the axis title
  }
  chart.drawn = true;
  return Plotly.react(place, data, layout,
    {responsive: !printed, displaylogo: false, toImageButtonOptions: {scale: 2}});
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
