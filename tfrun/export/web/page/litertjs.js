// How this page and the measuring of tfrun run a .tflite file with LiteRT.js. It takes one row at a time, of fixed size.
"use strict";

globalThis.runtime = {
  label: "LiteRT.js",
  backend: "WebAssembly",

  async start() {
    if (location.protocol === "file:") {
      throw new Error("browsers do not let a page from a file load LiteRT.js: run `python -m http.server` in the folder above and open demo/ there");
    }
    this.library = await import(new URL("vendor/core.js", location.href).href);
    await this.library.loadLiteRt(new URL("vendor/litert_wasm_compat_internal.js", location.href).href);
    this.label = `LiteRT.js ${ABOUT.runtime_version}`;
  },

  async open(variant) {
    const { loadAndCompile } = this.library;
    const model = await loadAndCompile(new URL(`../${variant}.tflite`, location.href).href, { accelerator: "wasm" });
    const inputs = model.getInputDetails().map(({ name, shape }) => ({ name, shape: Array.from(shape) }));
    return {
      // feeds: {name: {data: typed array, shape: [rows, …]}}. Gives Float32Array [rows * classes].
      predict: async (feeds) => {
        const rows = Object.values(feeds)[0].shape[0];
        const answers = [];
        for (let row = 0; row < rows; row++) answers.push(await this.one(model, inputs, feeds, row));
        const all = new Float32Array(answers.reduce((sum, answer) => sum + answer.length, 0));
        answers.reduce((start, answer) => (all.set(answer, start), start + answer.length), 0);
        return all;
      },
      close: () => model.delete(),
    };
  },

  async one(model, inputs, feeds, row) {
    const tensors = {};
    for (const { name, shape } of inputs) tensors[name] = new this.library.Tensor(fixed(feeds[name], row, shape), shape);
    const answers = await model.run(tensors);
    const [answer] = Object.values(answers);
    const data = Float32Array.from(await answer.data());
    for (const tensor of [...Object.values(tensors), ...Object.values(answers)]) tensor.delete();
    return data;
  },
};

// One row of a feed as the file takes it: pictures are resized, sounds cut or filled with silence.
function fixed({ data, shape }, row, wanted) {
  const length = shape.slice(1).reduce((product, side) => product * side, 1);
  const values = data.subarray(row * length, (row + 1) * length);
  if (wanted.length === 4 && ABOUT.resize) return resized(values, shape.slice(1), wanted.slice(1, 3), ABOUT.resize);
  const size = wanted.reduce((product, side) => product * side, 1);
  if (size === length) return values;
  const filled = new values.constructor(size);
  filled.set(values.subarray(0, size));
  return filled;
}

// As tf.image.resize does, with half pixel centres and no smoothing. Float32Array [height * width * channels].
function resized(pixels, [height, width, channels], [high, wide], method) {
  const [down, across] = [places(height, high, method), places(width, wide, method)];
  const result = new Float32Array(high * wide * channels);
  let next = 0;
  for (const [top, bottom, y] of down) {
    for (const [left, right, x] of across) {
      for (let c = 0; c < channels; c++) {
        const at = (i, j) => pixels[(i * width + j) * channels + c];
        const above = at(top, left) + (at(top, right) - at(top, left)) * x;
        const below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * x;
        result[next++] = above + (below - above) * y;
      }
    }
  }
  return result;
}

// For each new place: the two old ones around it, and how far it lies from the first to the second.
function places(before, after, method) {
  return Array.from({ length: after }, (_, index) => {
    const centre = ((index + 0.5) * before) / after;
    if (method === "nearest") return [Math.min(Math.floor(centre), before - 1), Math.min(Math.floor(centre), before - 1), 0];
    const place = centre - 0.5;
    const floor = Math.floor(place);
    return [Math.max(floor, 0), Math.min(Math.ceil(place), before - 1), place - floor];
  });
}
