// The page: loads the runtime and one file, reads the form, shows the top classes as bars, or a number.
"use strict";

const TOP = 5;
const $ = (id) => document.getElementById(id);
let model, fields, waiting = false, busy = false, everything = false;

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

const facts = new Map();

function fact(name, value) {
  if (!facts.has(name)) {
    facts.set(name, make("dd"));
    $("facts").append(make("div", {}, make("dt", {}, name), facts.get(name)));
  }
  facts.get(name).textContent = value;
}

// From which probability on the contract says yes; undefined: it says nothing.
function threshold(label) {
  if (Object.hasOwn(ABOUT.thresholds, label)) return ABOUT.thresholds[label];
  return ABOUT.task === "multilabel" && Object.keys(ABOUT.thresholds).length ? 0.5 : undefined;
}

function bars(probabilities) {
  const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a]);
  const shown = everything ? order : order.slice(0, TOP);
  $("answer").replaceChildren(
    ...shown.map((index) => {
      const percent = 100 * probabilities[index], from = threshold(ABOUT.labels[index]);
      const verdict = from === undefined ? "" : ` ${probabilities[index] >= from ? "yes" : "no"}, from ${(100 * from).toFixed(1)} %`;
      const bar = make("i");
      bar.style.width = `${percent}%`;
      return make(
        "li", {}, make("span", { className: "label" }, ABOUT.labels[index]),
        make("span", { className: "value" }, `${percent.toFixed(1)} %${verdict && ":"}${verdict}`), make("div", { className: "bar", ariaHidden: "true" }, bar),
      );
    }),
  );
  $("more").hidden = order.length <= TOP;
  $("more").textContent = everything ? `Only the first ${TOP}` : `All ${order.length} classes`;
  $("more").onclick = () => ((everything = !everything), bars(probabilities));
}

function shows(answer) {
  if (ABOUT.task !== "regression") return bars(answer);
  $("answer").replaceChildren(make("li", {}, make("span", { className: "value" }, String(Number(answer[0].toPrecision(7))))));
}

function feeds() {
  const read = Object.entries(fields).map(([name, one]) => [name, one.read()]);
  return read.some(([, value]) => value === null) ? null : Object.fromEntries(read);
}

// Answers what the form holds now; changes that come meanwhile are answered once, after it.
async function answer(problem) {
  if (busy) return void (waiting = true);
  busy = true;
  try {
    if (problem) throw problem;
    const given = feeds();
    if (given === null) return void say("Waiting for a file.");
    const began = performance.now();
    const probabilities = await model.predict(given);
    $("time").textContent = `${(performance.now() - began).toFixed(1)} ms`;
    if (!probabilities.every(Number.isFinite)) throw new Error("the model gives no numbers for this");
    shows(probabilities);
    say("");
    fact("Computes with", runtime.backend);
  } catch (error) {
    $("answer").replaceChildren();
    $("time").textContent = "";
    $("more").hidden = true;
    say(error.message, true);
  } finally {
    busy = false;
    if (waiting) (waiting = false), answer();
  }
}

async function open(variant) {
  say(`Loading ${variant} …`);
  const began = performance.now();
  model?.close();
  model = await runtime.open(variant);
  fact("Loaded in", `${(performance.now() - began).toFixed(0)} ms`);
  fact("Size", `${(ABOUT.variants.find(({ name }) => name === variant).bytes / 1e6).toFixed(2)} MB`);
  await answer();
}

async function main() {
  document.title = $("name").textContent = ABOUT.name;
  const example = ABOUT.example;
  fields = Object.fromEntries(ABOUT.inputs.map((spec) => [spec.name, field(spec, example[spec.name], answer)]));
  const elements = Object.values(fields).map(({ element }) => element);
  const drops = elements.filter((element) => element.className === "drop");
  const others = elements.filter((element) => element.className !== "drop");
  $("inputs").append(...drops, ...(others.length ? [make("div", { className: "fields" }, ...others)] : []));
  $("inputs").addEventListener("submit", (event) => event.preventDefault());
  const what = { regression: "Answers with a number", multilabel: `Any of ${ABOUT.labels.length} classes` }[ABOUT.task];
  $("about").textContent = `${what ?? `${ABOUT.labels.length} classes`}. The model runs in this browser: nothing is sent anywhere.`;
  await runtime.start(new URLSearchParams(location.search).get("backend") ?? undefined);
  const variants = globalThis.EMBEDDED ? ABOUT.variants.filter(({ name }) => name === EMBEDDED.variant) : ABOUT.variants;
  $("variant").append(...variants.map(({ name, says }) => new Option(`${name}: ${says}`, name)));
  $("variant").onchange = () => open($("variant").value).catch(failed);
  fact("Runtime", runtime.label);
  await open($("variant").value);
}

function failed(error) {
  say(error.message || String(error), true);
}

main().catch(failed);
