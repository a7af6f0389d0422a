// How this page and the measuring of tfrun run a TensorFlow.js graph model. A classic script: modules cannot be read from file://.
"use strict";

globalThis.runtime = {
  label: "TensorFlow.js",

  // Loads the libraries, and WebAssembly where the browser has it.
  async start(wanted = "wasm") {
    for (const name of ["tf.es2017.min.js", "tf-backend-wasm.es2017.min.js"]) await script(`vendor/${name}`);
    if (location.protocol === "file:") await script("embedded.js");
    tf.wasm.setWasmPaths(globalThis.EMBEDDED ? EMBEDDED.wasm : new URL("vendor/", location.href).href);
    if (!(await tf.setBackend(wanted).catch(() => false))) await tf.setBackend("cpu");
    await tf.ready();
    this.label = `TensorFlow.js ${tf.version.tfjs}`;
  },

  // What computes now.
  get backend() {
    return tf.getBackend() === "wasm" ? "WebAssembly" : tf.getBackend();
  },

  // A model of one folder beside this one.
  async open(variant) {
    const address = new URL(`../${variant}/model.json`, location.href).href;
    const model = await tf.loadGraphModel(globalThis.EMBEDDED ? embedded() : address, { fetchFunc: read });
    const [output] = Object.keys(model.modelSignature.outputs);
    return {
      // feeds: {name: {data: typed array, shape: [rows, …]}}. Gives Float32Array [rows * classes].
      async predict(feeds) {
        const tensors = {};
        for (const [name, { data, shape }] of Object.entries(feeds)) tensors[name] = tensor(data, shape);
        try {
          return await run(model, tensors, output);
        } finally {
          Object.values(tensors).forEach((one) => one.dispose());
        }
      },
      close: () => model.dispose(),
    };
  },
};

// All integers are int32 there, uint8 pixels too.
function tensor(data, shape) {
  return data instanceof Float32Array ? tf.tensor(data, shape, "float32") : tf.tensor(Int32Array.from(data), shape, "int32");
}

async function run(model, tensors, output) {
  let answer;
  try {
    answer = model.execute(tensors, output);
  } catch (error) {
    if (tf.getBackend() === "cpu" || !/registered (kernel|for)/.test(error.message)) throw error;
    await tf.setBackend("cpu"); // has every kernel, and is slower
    answer = model.execute(tensors, output);
  }
  const data = await answer.data();
  answer.dispose();
  return data;
}

// The library itself takes the page of an error for weights.
async function read(address, options) {
  const response = await fetch(address, options);
  if (!response.ok) throw new Error(`${response.url} cannot be read (${response.status})`);
  return response;
}

function embedded() {
  const { modelTopology, weightsManifest, signature, userDefinedMetadata, format } = EMBEDDED.model;
  const weightData = Uint8Array.from(atob(EMBEDDED.weights), (character) => character.charCodeAt(0)).buffer;
  return tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData, signature, userDefinedMetadata, format });
}

function script(address) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src: address, onload: resolve });
    element.onerror = () => reject(new Error(`${address} cannot be read`));
    document.head.append(element);
  });
}
