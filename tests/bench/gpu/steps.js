/**
 * Times each dispatch of a thread's GPU work; `steps.mjs` puts it before the worker's script.
 *
 * A compute pass becomes one for each of its dispatches, with the GPU's time at its start and end; that changes
 * nothing but how long all of it takes. On the channel, `steps` is answered by the last submission's dispatches.
 */
{
  /** More than any network has. */
  const MOST = 1024;

  let device;
  let timed = [];
  let last;
  let set;
  let resolved;

  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor = {}) {
    const features = [...(descriptor.requiredFeatures ?? []), 'timestamp-query'];
    device = await request.call(this, { ...descriptor, requiredFeatures: [...new Set(features)] });
    set = device.createQuerySet({ type: 'timestamp', count: 2 * MOST });
    resolved = device.createBuffer({ size: 16 * MOST, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    return device;
  };

  const begin = GPUCommandEncoder.prototype.beginComputePass;
  GPUCommandEncoder.prototype.beginComputePass = function () {
    let pipeline;
    const groups = new Map();
    return {
      label: '',
      setPipeline: (value) => void (pipeline = value),
      setBindGroup: (index, ...rest) => void groups.set(index, rest),
      dispatchWorkgroups: (...workgroups) => {
        const at = timed.push({ name: pipeline.label, workgroups }) - 1;
        const timestampWrites = { querySet: set, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 };
        const pass = begin.call(this, { timestampWrites });
        pass.setPipeline(pipeline);
        for (const [index, rest] of groups) pass.setBindGroup(index, ...rest);
        pass.dispatchWorkgroups(...workgroups);
        pass.end();
      },
      end: () => {},
    };
  };

  const submit = GPUQueue.prototype.submit;
  GPUQueue.prototype.submit = function (buffers) {
    submit.call(this, buffers);
    if (timed.length > 0) last = timed;
    timed = [];
  };

  const channel = new BroadcastChannel('featheredge-steps');
  channel.onmessage = async ({ data }) => {
    if (data !== 'steps' || !last) return;
    const steps = last;
    const read = device.createBuffer({ size: 16 * MOST, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(set, 0, 2 * steps.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, 16 * steps.length);
    submit.call(device.queue, [encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    const times = new BigUint64Array(read.getMappedRange());
    channel.postMessage(steps.map((step, i) => ({ ...step, us: Number(times[2 * i + 1] - times[2 * i]) / 1000 })));
    read.destroy();
  };
}
