/** Viewers of the chaos: most watch for a while, some mean harm. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../src/moonlight/random.js';
import { RawViewer, type Stage } from '../../test/support/raw-viewer.js';
import type { ReceiverProcess } from '../../test/support/receiver.js';

/** Milliseconds. */
const LONGEST_WATCH = 6_000;
const LONGEST_MALICE = 3_000;

const STAGES: readonly Stage[] = ['socket', 'offer', 'answer'];

type Malice = (viewer: RawViewer, random: SeededRandom) => Promise<void> | void;

/** What a viewer with bad intentions does once it is in. */
const MALICES: Readonly<Record<string, Malice>> = {
  garbage: ({ socket }) => {
    for (let i = 0; i < 50; i += 1) socket.send(`{"Signaling":${'['.repeat(i)}`);
  },
  'message flood': (viewer) => {
    for (let i = 0; i < 3_000; i += 1) viewer.say('RestartIce');
  },
  'large messages': ({ socket }) => {
    for (let i = 0; i < 5; i += 1) socket.send(JSON.stringify({ Signaling: 'x'.repeat(200_000) }));
  },
  'candidate flood': (viewer) => {
    for (let i = 0; i < 500; i += 1) {
      const candidate = `candidate:1 1 udp 1 127.0.0.1 ${1024 + i} typ host`;
      viewer.say({ Signaling: { AddIceCandidate: { candidate, sdp_mid: '0' } } });
    }
  },
  'odd answers': (viewer, random) => {
    for (let i = 0; i < 5; i += 1) {
      const sdp = `v=0\r\n${'a=x\r\n'.repeat(random.below(200))}`;
      viewer.say({ Signaling: { Description: { ty: 'answer', sdp } } });
    }
  },
  'channel flood': async (viewer) => {
    await viewer.peer.untilChannel('mouse');
    viewer.peer.flood({ channel: 'mouse' }, 20_000);
  },
  'RTCP flood': async (viewer) => {
    await viewer.peer.untilState('connected');
    viewer.peer.flood('rtcp', 2_000);
  },
  'unread socket': ({ socket }) => {
    socket.pause();
  },
};

/** One visit, from its join to its leave. @returns what it was, for the count */
export async function visit(
  url: string,
  receivers: ReceiverProcess,
  id: string,
  malicious: boolean,
  random: SeededRandom,
): Promise<string> {
  const early = !malicious && random.chance(0.2);
  const stage = early ? (STAGES[random.below(STAGES.length)] ?? 'socket') : 'all';
  const viewer = new RawViewer(url, receivers, id, stage, { bindAddress: '127.0.0.1' });
  try {
    if (malicious) return await harm(viewer, random);
    await delay(random.next() * (early ? 300 : LONGEST_WATCH));
    return early ? 'left early' : viewer.peer.state === 'connected' ? 'watched' : 'saw nothing';
  } finally {
    viewer.leave(random.chance(0.5) ? 'graceful' : 'abrupt');
  }
}

async function harm(viewer: RawViewer, random: SeededRandom): Promise<string> {
  const names = Object.keys(MALICES);
  const name = names[random.below(names.length)] ?? '';
  await delay(random.next() * 1_000);
  const over = delay(LONGEST_MALICE);
  if (viewer.socket.readyState === viewer.socket.OPEN) {
    // One that is thrown out waits in vain for what it wanted.
    const malice = Promise.resolve(MALICES[name]?.(viewer, random)).catch(() => undefined);
    await Promise.race([malice.then(() => over), over]);
  }
  return `malicious: ${name}`;
}
