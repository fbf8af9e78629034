import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { buildPage } from '../test/web/browser.js';
import { BadLink, WHOLE, type LinkCondition } from './support/bad-link.js';
import { GlassViewer } from './support/glass-viewer.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { quantile, round } from './support/statistics.js';

/** Milliseconds, and page loads. */
const FULL = { window: 30_000, blackout: 60_000, loads: 10 };
const QUICK = { window: 5_000, blackout: 5_000, loads: 2 };
const SETTLE_MS = 3_000;

/** As of a bad mobile network. */
const BAD: LinkCondition = { rate: 1_000_000, loss: 0.05, roundTrip: 200 };
/** Good streams for good networks, and one that fits through a bad one. */
const WIDE = { width: 1280, height: 720, fps: 30, bitrate: 4_000 };
const NARROW = { width: 640, height: 360, fps: 30, bitrate: 500 };

/** Runs in front of the page: no candidate goes either way, as where UDP is blocked. */
const NO_UDP = `
  const withoutCandidates = (text) => text.replace(/a=candidate:.*?(?:\\r\\n|\\\\r\\\\n)/g, '');
  const peer = RTCPeerConnection.prototype;
  const { setRemoteDescription } = peer;
  peer.addIceCandidate = () => Promise.resolve();
  peer.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: withoutCandidates(sdp) });
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string') return send.call(this, data);
    if (!data.includes('AddIceCandidate')) send.call(this, withoutCandidates(data));
  };
`;

type Transport = 'webrtc' | 'websocket';
type Row = Record<string, string | number>;

/** How old the pictures are that a viewer sees. */
export const glass: Benchmark = {
  name: 'glass',
  description:
    'a picture is drawn at the demo host → it is painted by Chromium, on good and bad networks; page load → picture',
  async run({ quick }) {
    const plan = quick ? QUICK : FULL;
    const page = await buildPage();
    const rows: Row[] = [];
    try {
      const wide = await BenchServer.start({ app: 'Desktop', settings: WIDE, page });
      try {
        for (const transport of ['webrtc', 'websocket'] as const) {
          rows.push(await goodNetwork(wide, transport, plan.window));
        }
        rows.push(await loads('auto', '', wide, plan.loads));
        rows.push(await loads('auto, UDP blocked', NO_UDP, wide, plan.loads));
      } finally {
        await wide.stop();
      }
      const narrow = await BenchServer.start({ app: 'Desktop', settings: NARROW, page });
      try {
        rows.push(...(await badNetwork(narrow, plan)));
      } finally {
        await narrow.stop();
      }
    } finally {
      await rm(page, { recursive: true, force: true });
    }
    return {
      rows,
      notes: [
        'The demo host draws the time into each picture; `requestVideoFrameCallback` reads it at the time of display. Encoding and decoding, both in software, are included.',
        '"shown": the age of what is to be seen, 20 times a second, so that standing pictures count.',
        'Bad network: 1 Mbit/s, 200 ms, 5 % of the segments lost, in a process of this machine: a lost segment comes a round trip later and all behind it wait. The stream has 0.5 Mbit/s.',
        '"until ms", medians: from page load, or from the end of the black-out, to a picture.',
      ],
    };
  },
};

function pageOf(server: BenchServer, transport: string, port?: number): string {
  const url = new URL(`?transport=${transport}#/streamers/bench`, server.pageUrl);
  if (port !== undefined) url.port = String(port);
  return url.href;
}

async function goodNetwork(
  server: BenchServer,
  transport: Transport,
  window: number,
): Promise<Row> {
  const viewer = await GlassViewer.open(pageOf(server, transport));
  try {
    await viewer.untilShown(transport);
    await delay(SETTLE_MS);
    return agesOf(`${transport}, good network`, await viewer.watch(window));
  } finally {
    await viewer.close();
  }
}

async function loads(
  name: string,
  script: string,
  server: BenchServer,
  count: number,
): Promise<Row> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const viewer = await GlassViewer.open(pageOf(server, 'auto'), script);
    try {
      times.push(await viewer.firstPicture());
    } finally {
      await viewer.close();
    }
  }
  return { scenario: `${name}, page load`, pictures: count, ...untilOf(times) };
}

/** One viewer on a bad network, and two on good ones. */
async function badNetwork(server: BenchServer, { window, blackout }: typeof FULL): Promise<Row[]> {
  const link = await BadLink.open(Number(new URL(server.pageUrl).port), WHOLE);
  const others = await ReceiverProcess.start();
  const viewer = await GlassViewer.open(pageOf(server, 'websocket', link.port));
  try {
    await viewer.untilShown('websocket');
    await server.join('over webrtc', others);
    await others.watch('over a websocket', server.peerUrl).untilMedia();
    await delay(SETTLE_MS);
    link.condition = BAD;
    await delay(SETTLE_MS);
    others.reset();
    const rows = [agesOf('websocket, bad network', await viewer.watch(window))];
    for (const { id, lost, complete, frames } of await others.stats()) {
      rows.push({
        scenario: `${id}, beside it`,
        pictures: complete,
        broken: frames - complete,
        lost,
      });
    }
    link.condition = WHOLE;
    link.cut();
    await delay(blackout);
    link.restore();
    const back = await viewer.untilFresh();
    return [
      ...rows,
      { scenario: `websocket, after ${blackout / 1_000} s of nothing`, ...untilOf([back]) },
    ];
  } finally {
    await viewer.close();
    await others.stop();
    await link.close();
  }
}

function agesOf(
  scenario: string,
  {
    ages,
    shown,
    unreadable,
  }: { ages: readonly number[]; shown: readonly number[]; unreadable: number },
): Row {
  return {
    scenario,
    pictures: ages.length,
    unreadable,
    'p50 ms': round(quantile(ages, 0.5), 1),
    'p95 ms': round(quantile(ages, 0.95), 1),
    'p99 ms': round(quantile(ages, 0.99), 1),
    'shown p50': round(quantile(shown, 0.5), 1),
    'shown p95': round(quantile(shown, 0.95), 1),
    'shown max': round(quantile(shown, 1), 1),
  };
}

function untilOf(times: readonly number[]): Row {
  return { 'until ms': round(quantile(times, 0.5)), 'until max': round(Math.max(...times)) };
}
