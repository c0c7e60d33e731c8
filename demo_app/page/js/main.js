/** The page: what the visitor does, and what is shown then. */

import { Analyst } from "./analyst.js";
import { checkBudget } from "./budget.js";
import { Fault, explain } from "./faults.js";
import { MovementsBox } from "./movements_box.js";
import { Panel } from "./panel.js";
import { Second } from "./second.js";
import { Show } from "./show.js";
import { Stage } from "./stage.js";
import { fill, inLanguage, percent } from "./words.js";

const LARGEST = 4096; // pixels along the longer side of an analysed photograph
const $ = (selector) => document.querySelector(selector);

/** @param {unknown} error @param {Record<string, string>} sentences */
function tell(error, sentences) {
  console.warn(error);
  $("#fault").textContent = explain(error, sentences);
  $("#fault").hidden = false;
}

async function readFacts() {
  try {
    const response = await fetch("facts.json");
    if (response.ok) return inLanguage(await response.json(), document.documentElement.lang);
  } catch (error) {
    console.warn(error);
  }
  $("#loading").hidden = true;
  tell(new Fault("facts"), { ...$("#fault").dataset });
  return null;
}

async function begin() {
  const facts = await readFacts();
  if (!facts) return;
  prepare(facts);
  const analyst = new Analyst((share) => {
    $("#progress").value = share;
    if (share === 1) $("#loading_text").textContent = facts.texts["static.starting_model"];
  });
  try {
    await analyst.load(facts);
  } catch (error) {
    tell(error, facts.sentences);
    return;
  } finally {
    $("#loading").hidden = true;
  }
  const stage = new Stage($("#stage"), facts);
  /** @type {Show} */
  let show;
  const panel = new Panel(facts, (number) => show.change({ chosen: number }),
    (emotion) => show.change({ emotion }));
  const second = new Second(facts, async (on) => {
    try {
      await analyst.compare(on ? facts.second : null);
    } catch (error) {
      tell(error, facts.sentences);
      throw error;
    }
  }, () => show.again());
  const movements = new MovementsBox(facts, analyst, () => show.again());
  show = new Show(analyst, stage, panel, facts, second, movements,
    (error) => tell(error, facts.sentences));
  listen(show, facts);
  showExamples(show, facts);
  await open(show, facts.examples[0], facts);
  document.documentElement.dataset.ready = "true";
  keepOffline();
}

/** From the next visit on the page needs no network; nothing is lost where that is not offered. */
function keepOffline() {
  navigator.serviceWorker?.register("service_worker.js").catch((error) => console.info(error));
}

/** What needs no model. */
function prepare(facts) {
  $("#model").textContent = facts.model;
  const pen = $("#heat_scale").getContext("2d");
  facts.heat.forEach((rgb, at) => {
    pen.fillStyle = `rgb(${rgb.join(" ")})`;
    pen.fillRect(at, 0, 1, 1);
  });
  for (const name of ["threshold", "opacity"]) $(`#${name}`).value = facts[name];
}

/** @param {Show} show */
function listen(show, facts) {
  $("#file").disabled = $("#camera").disabled = false;
  $("#file").addEventListener("change", ({ target }) => {
    if (target.files[0]) open(show, target.files[0], facts);
    target.value = ""; // the same file can be chosen again
  });
  $("#camera").addEventListener("click", () => show.switchCamera());
  $("#stage").addEventListener("click", (event) => show.click(event));
  document.addEventListener("paste", ({ clipboardData }) => take(show, clipboardData, facts));
  const drop = document.body;
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    $("#drop").classList.add("over");
  });
  drop.addEventListener("dragleave", () => $("#drop").classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    $("#drop").classList.remove("over");
    take(show, event.dataTransfer, facts);
  });
  for (const name of ["threshold", "opacity"]) {
    const changed = () => {
      const value = Number($(`#${name}`).value);
      $(`#${name}_value`).textContent = percent(value);
      $(`#${name}`).setAttribute("aria-valuetext", percent(value));
      if (name === "threshold") {
        $("#threshold_words").textContent = facts.thresholds[Math.round(20 * value)];
      }
      show.change({ [name]: value });
    };
    $(`#${name}`).addEventListener("input", changed);
    changed();
  }
}

/** A file that was dropped or pasted. */
function take(show, transfer, facts) {
  const file = transfer?.files[0];
  if (file) open(show, file, facts);
  else if (transfer?.types.includes("Files")) tell(new Fault("unreadable"), facts.sentences);
}

/** @param {Show} show @param {Blob | string} source @param {any} facts of facts.json */
async function open(show, source, facts) {
  if (source instanceof Blob && source.type.startsWith("video/")) {
    await show.video(source);
    return;
  }
  await show.photograph(async () => {
    const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
    await checkBudget(blob, facts.limits);
    try {
      const bitmap = await createImageBitmap(blob);
      const scale = LARGEST / Math.max(bitmap.width, bitmap.height);
      if (scale >= 1) return bitmap;
      return await createImageBitmap(bitmap, {
        resizeWidth: Math.round(bitmap.width * scale),
        resizeHeight: Math.round(bitmap.height * scale),
        resizeQuality: "high",
      });
    } catch (error) {
      throw new Fault("unreadable", String(error));
    }
  });
}

function showExamples(show, facts) {
  for (const address of facts.examples) {
    const name = address.replace(/^.*\/|\..*$/g, "");
    const said = facts.class_names[facts.classes.indexOf(name)] ?? name;
    const button = document.createElement("button");
    button.type = "button";
    const image = new Image(64, 64);
    Object.assign(image, { src: address, alt: fill(facts.texts["static.example"], { name: said }) });
    button.append(image);
    button.addEventListener("click", () => open(show, address, facts));
    $("#examples").append(button);
  }
}

begin();
