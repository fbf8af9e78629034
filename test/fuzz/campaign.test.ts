import test from 'ava';
import { runCampaign } from '../../fuzz/campaign.js';
import type { FuzzTarget } from '../../fuzz/target.js';
import { decodeHostMessage, encodeHostMessage } from '../../src/moonlight/control/host-messages.js';

// One campaign at a time: a process counts its coverage once.

const MINUTE = 60_000;

const HDR = encodeHostMessage({
  type: 'hdr',
  enabled: true,
  metadata: {
    primaries: [1, 2, 3, 4, 5, 6],
    whitePoint: [7, 8],
    maxDisplayLuminance: 9,
    minDisplayLuminance: 10,
    maxContentLightLevel: 11,
    maxFrameAverageLightLevel: 12,
    maxFullFrameLuminance: 13,
  },
});

test.serial('a planted fault is found, and its input made small', async (t) => {
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

test.serial('inputs that reach new code are kept and lead further', async (t) => {
  const target: FuzzTarget = {
    name: 'host messages',
    seeds: [HDR],
    words: [Buffer.from([0x0b, 1, 10, 0]), Buffer.from([2, 0x55, 5, 0])],
    run: (input) => void decodeHostMessage(input),
  };
  const options = { target, seed: 2, duration: MINUTE, inputs: 6000 };
  const { corpus, findings } = await runCampaign(options);
  t.is(findings.length, 0);
  const types = new Set(corpus.map((input) => decodeHostMessage(input)?.type));
  t.true(types.has('rumble') && types.has('led') && types.has('hdr'), [...types].join(' '));
});

test.serial('an input that takes too long is a finding', async (t) => {
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
