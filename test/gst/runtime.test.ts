import { Worker } from 'node:worker_threads';
import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import test from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { gstRuntime } from '../../src/gst/runtime.js';
import { threadModule } from '../support/typescript.js';

const RUNTIME = new URL('../../src/gst/runtime.ts', import.meta.url).href;

test('there is one runtime in a process', (t) => {
  t.is(gstRuntime(), gstRuntime());
  t.regex(gstRuntime().version, /GStreamer 1\.\d+/);
});

test('a missing element is named with the package that has it', (t) => {
  t.notThrows(() => gstRuntime().requireElements('tee', 'queue'));
  const error = t.throws(() => gstRuntime().requireElements('tee', 'nicenothing'), {
    instanceOf: MoonteeError,
  });
  t.is(error.code, 'ELEMENT_MISSING');
  t.is(error.details['element'], 'nicenothing');
});

test('text that is no pipeline is refused with the reason', (t) => {
  const error = t.throws(() => gstRuntime().parse('nosuchelement ! fakesink'), {
    instanceOf: MoonteeError,
  });
  t.is(error.code, 'PIPELINE_FAILED');
  t.regex(error.message, /nosuchelement/);
});

test('the pump calls its guests until they leave', async (t) => {
  const release = gstRuntime().hold();
  let calls = 0;
  await new Promise<void>((resolve) => {
    const leave = gstRuntime().onTurn(() => {
      calls += 1;
      if (calls < 3) return;
      leave();
      resolve();
    });
  });
  t.is(calls, 3);
  release();
});

test('stopped pipelines leave no thread and no descriptor behind', async (t) => {
  const runtime = gstRuntime();
  const { Gst } = runtime.namespaces;
  const release = runtime.hold();
  const census = (): number =>
    readdirSync('/proc/self/task').length + readdirSync('/proc/self/fd').length;
  const cycle = (): void => {
    const pipeline = runtime.parse('fakesrc ! queue ! fakesink');
    pipeline.setState(Gst.State.PLAYING);
    pipeline.setState(Gst.State.NULL);
  };
  for (let i = 0; i < 3; i += 1) cycle();
  runtime.collector.now();
  const before = census();
  for (let i = 0; i < 50; i += 1) cycle();
  const deadline = Date.now() + 20_000;
  while (census() > before + 4 && Date.now() < deadline) {
    runtime.collector.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  t.true(census() <= before + 4, `${census()} tasks and descriptors, ${before} before`);
  release();
});

test('a worker thread is refused', async (t) => {
  const code = `
    import { parentPort } from 'node:worker_threads';
    const { gstRuntime } = await import(${JSON.stringify(RUNTIME)});
    try {
      gstRuntime();
      parentPort.postMessage('loaded');
    } catch (error) {
      parentPort.postMessage(error.message);
    }`;
  const worker = new Worker(threadModule(code));
  const [message] = (await once(worker, 'message')) as [string];
  t.regex(message, /worker thread/);
  await worker.terminate();
});
