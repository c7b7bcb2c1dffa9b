/**
 * Counts what a thread asks of the GPU, and what it holds. `frames.mjs` puts it before every script of the package,
 * so that it is there before the package is, in workers as well.
 *
 * On the channel, `settle` is answered by each thread that has a GPU once that has nothing left to do, and `count` by
 * each thread with its counts so far, once what nothing uses is gone as well.
 */
{
  /** Since the start; what is alive, in bytes and in number, by kind. */
  const counts = { submissions: 0, dispatches: 0, draws: 0, readBytes: 0, mappings: 0 };
  const alive = { buffer: new Map(), texture: new Map() };
  const queues = new Set();
  const memories = new Set();

  /** Calls `act(this, result, arguments)` after each call of a method, if this thread has the class at all. */
  function after(name, method, act) {
    const prototype = globalThis[name]?.prototype;
    const original = prototype?.[method];
    if (!original) return;
    prototype[method] = function (...args) {
      const result = original.apply(this, args);
      act(this, result, args);
      return result;
    };
  }

  after('GPUQueue', 'submit', (queue) => {
    counts.submissions++;
    queues.add(queue);
  });
  for (const name of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']) after('GPUComputePassEncoder', name, () => counts.dispatches++);
  for (const name of ['draw', 'drawIndexed', 'drawIndirect', 'drawIndexedIndirect']) after('GPURenderPassEncoder', name, () => counts.draws++);
  after('GPUBuffer', 'mapAsync', ({ size: whole }, _, [mode, offset = 0, size = whole - offset]) => {
    if (!(mode & GPUMapMode.READ)) return;
    counts.mappings++;
    counts.readBytes += size;
  });

  // What is dropped without being destroyed goes when the collector finds it.
  const collected = { buffer: collectorOf('buffer'), texture: collectorOf('texture') };
  let last = 0;
  const keys = new WeakMap();
  function hold(kind, object, bytes) {
    keys.set(object, ++last);
    alive[kind].set(last, bytes);
    collected[kind].register(object, last);
  }
  function collectorOf(kind) {
    return new FinalizationRegistry((key) => alive[kind].delete(key));
  }
  after('GPUDevice', 'createBuffer', (_, buffer) => hold('buffer', buffer, buffer.size));
  after('GPUBuffer', 'destroy', (buffer) => alive.buffer.delete(keys.get(buffer)));
  // As if every texel had 4 bytes: it is growth that is looked for.
  after('GPUDevice', 'createTexture', (_, texture) => hold('texture', texture, 4 * texture.width * texture.height * texture.depthOrArrayLayers));
  after('GPUTexture', 'destroy', (texture) => alive.texture.delete(keys.get(texture)));

  function see(instance) {
    for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memories.add(value);
  }
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name].bind(WebAssembly);
    WebAssembly[name] = async (...args) => {
      const result = await original(...args);
      see(result.instance ?? result);
      return result;
    };
  }
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(Instance, args) {
      const instance = new Instance(...args);
      see(instance);
      return instance;
    },
  });
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(Memory, args) {
      const memory = new Memory(...args);
      memories.add(memory);
      return memory;
    },
  });

  const channel = new BroadcastChannel('featheredge-counts');
  const thread = `${globalThis.constructor.name} ${Math.random()}`;
  const settle = () => Promise.allSettled([...queues].map((queue) => queue.onSubmittedWorkDone()));
  channel.onmessage = async ({ data }) => {
    if (data === 'settle' && queues.size > 0) {
      await settle();
      channel.postMessage({ thread, settled: true });
    }
    if (data !== 'count') return;
    // So that the page knows for whom it waits.
    channel.postMessage({ thread });
    await settle();
    // Finalizers run in a turn of their own, after the collection.
    for (let turn = 0; turn < 3; turn++) {
      globalThis.gc?.();
      await new Promise((done) => setTimeout(done, 10));
    }
    const sum = (kind) => [...alive[kind].values()].reduce((total, bytes) => total + bytes, 0);
    const held = {
      buffers: alive.buffer.size,
      bufferBytes: sum('buffer'),
      textures: alive.texture.size,
      textureBytes: sum('texture'),
      wasmBytes: [...memories].reduce((total, memory) => total + memory.buffer.byteLength, 0),
    };
    channel.postMessage({ thread, counts: { ...counts, ...held } });
  };
}
