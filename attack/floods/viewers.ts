/** Floods of viewers with the right credentials, who mean no good. */
import type { RawViewer } from '../../test/support/raw-viewer.js';
import type { JoinOptions } from '../support/scene.js';
import type { Flood, FloodContext } from './flood.js';

/** Milliseconds between two portions. */
const PAUSE_MS = 50;

/** A viewer that does something again and again, and joins again when it is thrown out. */
function viewer(
  name: string,
  portion: (viewer: RawViewer) => number,
  options: JoinOptions = {},
): Flood {
  return {
    name,
    async run(context) {
      const { scene } = context;
      let tried = 0;
      while (isOn(context)) {
        const bad = await scene.join(scene.hostile, 'hostile', options).catch(() => null);
        if (bad === null) {
          await pause(500);
          continue;
        }
        while (isOn(context) && bad.closed === null && bad.peer.state !== 'failed') {
          tried += portion(bad);
          await pause(PAUSE_MS);
        }
        bad.leave('abrupt');
      }
      return tried;
    },
  };
}

function isOn({ scene, signal }: FloodContext): boolean {
  return !signal.aborted && scene.running;
}

function nested(depth: number): string {
  return `{"RestartIce":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
}

export const VIEWERS: readonly Flood[] = [
  viewer('messages on a data channel', (bad) => {
    bad.peer.flood({ channel: 'mouse' }, 2_000);
    return 2_000;
  }),
  viewer('bytes on a data channel', (bad) => {
    for (let i = 0; i < 40; i += 1) bad.peer.send('mouse', Buffer.alloc(16_000, i));
    return 40;
  }),
  viewer('oversized messages on a data channel', (bad) => {
    for (let i = 0; i < 4; i += 1) bad.peer.send('keyboard', Buffer.alloc(200_000, i));
    return 4;
  }),
  viewer('PLI and REMB', (bad) => {
    bad.peer.flood('rtcp', 1_000);
    return 2_000;
  }),
  ...(['nack', 'junk', 'rtp'] as const).map((kind) =>
    viewer(
      `${kind} packets`,
      (bad) => {
        bad.peer.flood({ kind, bytes: 1_200 }, 200);
        return 200;
      },
      { raw: true },
    ),
  ),
  viewer('data channels that are opened and closed', (bad) => {
    bad.peer.flood({ kind: 'channels', close: true }, 50);
    return 50;
  }),
  viewer('restarts of ICE', (bad) => {
    for (let i = 0; i < 20; i += 1) bad.say({ RestartIce: {} });
    return 20;
  }),
  viewer('descriptions that are none', (bad) => {
    for (const ty of ['offer', 'answer', 'pranswer']) {
      bad.say({ Signaling: { Description: { ty, sdp: `v=0\r\n${'a=x\r\n'.repeat(200)}` } } });
    }
    return 3;
  }),
  viewer('candidates', (bad) => {
    for (let i = 0; i < 40; i += 1) {
      const candidate = `candidate:${i} 1 udp 1 127.0.0.1 ${1 + i} typ host`;
      bad.say({
        Signaling: { AddIceCandidate: { candidate, sdp_mid: 'video0', sdp_mline_index: 0 } },
      });
    }
    return 40;
  }),
  viewer('nested JSON', (bad) => {
    bad.socket.send(nested(50_000));
    return 1;
  }),
  {
    name: 'hundreds of data channels',
    async run(context: FloodContext): Promise<number> {
      const { scene } = context;
      let tried = 0;
      const labels = Array.from({ length: 300 }, (_, index) => `channel-${index}`);
      while (isOn(context)) {
        const bad = await scene
          .join(scene.hostile, 'channels', { channels: labels })
          .catch(() => null);
        tried += labels.length;
        await pause(1_000);
        bad?.leave('abrupt');
      }
      return tried;
    },
  },
  {
    name: 'joins and leaves',
    async run(context: FloodContext): Promise<number> {
      const { scene } = context;
      let joined = 0;
      while (isOn(context)) {
        const bad = await scene.join(scene.hostile, 'visitor').catch(() => null);
        if (bad !== null) joined += 1;
        bad?.leave(joined % 2 === 0 ? 'abrupt' : 'graceful');
        await pause(PAUSE_MS);
      }
      return joined;
    },
  },
];

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
