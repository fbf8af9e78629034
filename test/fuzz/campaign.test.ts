import test from 'ava';
import { runCampaign } from '../../fuzz/campaign.js';
import type { FuzzTarget } from '../../fuzz/target.js';
import { parseRequest } from '../../src/demo-host/rtsp/message.js';
import { parseResponse } from '../../src/moonlight/rtsp/message.js';
import { tolerate } from '../../fuzz/target.js';

const MINUTE = 60_000;

test('a planted fault is found, and its input made small', async (t) => {
  const target: FuzzTarget = {
    name: 'planted',
    seeds: [Buffer.from('a harmless text that goes on for a while')],
    words: ['fault'],
    run: (input) => {
      if (input.includes('fault')) throw new TypeError(`planted at ${input.length}`);
    },
  };
  const { findings } = await runCampaign({ target, seed: 1, duration: MINUTE, inputs: 4000 });
  t.is(findings.length, 1);
  t.is(findings[0]?.input.toString(), 'fault');
  t.regex(findings[0]?.error ?? '', /planted/);
});

test('inputs that reach new code are kept and lead further', async (t) => {
  const target: FuzzTarget = {
    name: 'requests',
    seeds: [Buffer.from('OPTIONS / RTSP/1.0\r\n')],
    words: ['OPTIONS', ' / ', 'RTSP/1.0', '\r\n', '\r\n\r\n', 'Content-length: ', 'A:'],
    run: (input) => {
      parseRequest(input);
      tolerate(() => parseResponse(input));
    },
  };
  const run = (seed: number): ReturnType<typeof runCampaign> =>
    runCampaign({ target, seed, duration: MINUTE, inputs: 6000 });
  const { corpus, findings } = await run(2);
  t.is(findings.length, 0);
  t.true(corpus.length > 1, `${corpus.length} inputs`);
  t.true(corpus.some((input) => parseRequest(input).kind === 'request'));
});

test('an input that takes too long is a finding', async (t) => {
  const target: FuzzTarget = {
    name: 'slow',
    seeds: [Buffer.from('slow')],
    run: () => {
      const start = process.cpuUsage().user;
      while (process.cpuUsage().user - start < 60_000);
    },
  };
  const { findings } = await runCampaign({ target, seed: 3, duration: 1, inputs: 1, slow: 50 });
  t.deepEqual(
    findings.map(({ key }) => key),
    ['slow'],
  );
});
