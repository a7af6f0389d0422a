// Form elements for the inputs of a model, as contract.json describes them. Each gives {element, read}; read() is
// {data: typed array, shape: [1, …]} or null while nothing is given, and raises what is wrong in words.
"use strict";

const LARGEST_SIDE = 2048; // pixels: larger photos are made smaller first

function field(spec, given, changed) {
  if (spec.shape.length === 4) return picture(spec, given, changed);
  if (spec.rate) return sound(spec, changed);
  if (spec.vocabulary) return choice(spec, given, changed);
  if (spec.words) return words(spec, changed);
  return spec.shape.length === 1 ? number(spec, given, changed) : vector(spec, given, changed);
}

// What the data call it; several inputs may be made of one column.
function title({ column, name }) {
  const made = ABOUT.inputs.filter((other) => column && other.column === column).length;
  return made > 1 ? `${column} (${name})` : column || name.replaceAll("_", " ");
}

const typed = (spec, values) => (spec.dtype.startsWith("float") ? Float32Array : Int32Array).from(values);

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function labelled(spec, control, wide = false, note = spec.note) {
  return make("label", { className: wide ? "field wide" : "field" }, title(spec), ...(note ? [make("small", {}, note)] : []), control);
}

function dropped(accept, what, take) {
  const input = make("input", { type: "file", accept });
  const hint = make("span", {}, make("b", {}, `Choose ${what}`), " or drop it here", make("small", {}, "It stays on this device."));
  const zone = make("label", { className: "drop" }, input, hint);
  const given = ([file]) => file && take(file, (...shown) => zone.replaceChildren(input, make("span", {}, ...shown)));
  input.addEventListener("change", () => given(input.files));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop") given(event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => event.clipboardData.files.length && given(event.clipboardData.files));
  return { zone, show: (...shown) => zone.replaceChildren(input, make("span", {}, ...shown)) };
}

function picture(spec, given, changed) {
  const channels = spec.shape[3];
  let current = null;
  const { zone, show } = dropped("image/*", "a picture", async (file, show) => {
    try {
      current = await pixels(file, channels);
      const [, height, width] = current.shape;
      show(shown(current, file.name), make("small", {}, `${file.name} · ${width} × ${height} · `, make("b", {}, "choose another")));
      changed();
    } catch (error) {
      current = null;
      changed(new Error(`${file.name} is not a picture that this browser can read`));
    }
  });
  if (given) {
    current = { data: Uint8Array.from(given.flat(2)), shape: [1, given.length, given[0].length, channels] };
    show(shown(current, "the recorded example"), make("small", {}, make("b", {}, "Choose a picture"), " or drop it here. Shown: the recorded example"));
  }
  return { element: zone, read: () => current };
}

// uint8 pixels of a file, upright, on white where it is transparent; grey where the model takes one channel.
async function pixels(file, channels) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    if (channels === 1) data[to++] = Math.round(0.299 * rgba[from] + 0.587 * rgba[from + 1] + 0.114 * rgba[from + 2]);
    else for (let c = 0; c < channels; c++) data[to++] = rgba[from + c];
  }
  return { data, shape: [1, height, width, channels] };
}

// The picture as the model gets it.
function shown({ data, shape: [, height, width, channels] }, name) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const image = new ImageData(width, height);
  for (let place = 0; place < width * height; place++) {
    for (let c = 0; c < 4; c++) image.data[4 * place + c] = c === 3 ? 255 : data[channels * place + Math.min(c, channels - 1)];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return make("img", { src: canvas.toDataURL(), alt: name, className: Math.max(width, height) < 128 ? "tiny" : "" });
}

function sound(spec, changed) {
  let current = null;
  const { zone } = dropped("audio/*,.wav", "a sound", async (file, show) => {
    try {
      const context = new OfflineAudioContext(1, 1, spec.rate); // decodes to the rate that the model takes
      const decoded = await context.decodeAudioData(await file.arrayBuffer());
      const tracks = Array.from({ length: decoded.numberOfChannels }, (_, track) => decoded.getChannelData(track));
      const data = tracks[0].map((_, moment) => tracks.reduce((sum, track) => sum + track[moment], 0) / tracks.length);
      current = { data, shape: [1, data.length] };
      show(make("audio", { controls: true, src: URL.createObjectURL(file) }), make("small", {}, `${file.name} · ${decoded.duration.toFixed(2)} s · `, make("b", {}, "choose another")));
      changed();
    } catch (error) {
      current = null;
      changed(new Error(`${file.name} is not a sound that this browser can read`));
    }
  });
  return { element: zone, read: () => current };
}

function choice(spec, given, changed) {
  const select = make("select", { onchange: () => changed() });
  spec.vocabulary.forEach((word, index) => select.append(new Option(word === null ? "(any other)" : word === "" ? "(missing)" : word, index)));
  select.value = given ?? 0;
  return { element: labelled(spec, select, false, ""), read: () => ({ data: typed(spec, [Number(select.value)]), shape: [1] }) };
}

function number(spec, given, changed) {
  const whole = spec.dtype.startsWith("int");
  const shown = whole ? given ?? 0 : Number(Number(given ?? 0).toPrecision(7)); // all that float32 knows
  const input = make("input", { type: "number", step: whole ? 1 : "any", value: shown, oninput: () => changed() });
  const read = () => {
    const value = input.valueAsNumber;
    input.ariaInvalid = Number.isNaN(value);
    if (Number.isNaN(value)) throw new Error(`${title(spec)}: give a number`);
    return { data: typed(spec, [value]), shape: [1] };
  };
  return { element: labelled(spec, input), read };
}

function vector(spec, given, changed) {
  const count = spec.shape.slice(1).reduce((product, side) => product * side, 1);
  const area = make("textarea", { value: given ? given.flat(9).join(" ") : "", spellcheck: false, oninput: () => changed() });
  const read = () => {
    const values = area.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    const bad = values.length !== count || values.some(Number.isNaN);
    area.ariaInvalid = bad;
    if (bad) throw new Error(`${title(spec)}: give ${count} numbers; there are ${values.filter((value) => !Number.isNaN(value)).length}`);
    return { data: typed(spec, values), shape: [1, ...spec.shape.slice(1)] };
  };
  return { element: labelled(spec, area, true, `${spec.note ? `${spec.note}. ` : ""}${count} numbers`), read };
}

// tf-idf of the words that the model knows, scaled to length 1; the first one stands for all others.
function words(spec, changed) {
  const area = make("textarea", { oninput: () => changed() });
  const places = new Map(spec.words.map((word, index) => [word, index]));
  const read = () => {
    const counts = new Float32Array(spec.words.length);
    const found = area.value.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "").split(/\s+/).filter(Boolean);
    for (const word of found) counts[places.get(word) ?? 0] += 1;
    const weighed = counts.map((count, index) => count * spec.idf[index]);
    const length = Math.hypot(...weighed) || 1;
    return { data: weighed.map((value) => value / length), shape: [1, spec.words.length] };
  };
  return { element: labelled(spec, area, true, "a text"), read };
}
