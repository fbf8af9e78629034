import { EventEmitter } from 'node:events';
import test from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import type { Peer, PeerEvents, PeerState } from '../../src/media/types.js';
import type { StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import { ChildViewer } from '../../src/worker/viewer.js';

/** Keeps what it is told; its channel opens when the test says so. */
class Recorder extends EventEmitter<PeerEvents> implements Peer {
  readonly id = 'ann';
  state: PeerState = 'connected';
  failure: MoonteeError | null = null;
  readonly diagnosis = '';
  readonly remoteUfrag = null;
  open = false;
  readonly calls: unknown[] = [];
  readonly channel: string[] = [];

  offer(options = {}): Promise<void> {
    this.calls.push(['offer', options]);
    return Promise.resolve();
  }

  receive(description: unknown): Promise<void> {
    this.calls.push(description);
    return Promise.resolve();
  }

  restartByViewer(ice: unknown): Promise<void> {
    this.calls.push(ice);
    return Promise.resolve();
  }

  addCandidate(candidate: unknown): void {
    this.calls.push(candidate);
  }

  send(label: string, data: Buffer | string): boolean {
    if (this.open) this.channel.push(`${label} ${data.toString()}`);
    return this.open;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function stage(): {
  peer: Recorder;
  viewer: ChildViewer;
  sent: StreamServerMessage[];
  ends: string[];
} {
  const peer = new Recorder();
  const sent: StreamServerMessage[] = [];
  const ends: string[] = [];
  const viewer = new ChildViewer({
    peer,
    log: silentLog(),
    send: (message) => sent.push(message),
    connected: () => ends.push('connected'),
    fail: ({ code }) => ends.push(code),
  });
  return { peer, viewer, sent, ends };
}

const POOR = 'general {"ConnectionStatusUpdate":{"status":"Poor"}}';
const OK = 'general {"ConnectionStatusUpdate":{"status":"Ok"}}';
const ASKS = { AuthenticateAndInit: { host_quality: true } } as never;

test('a poor host link is told to a viewer whose channel opens late', (t) => {
  const { peer, viewer } = stage();
  viewer.hostQuality('poor');
  viewer.receive(ASKS);
  t.deepEqual(peer.channel, []);
  peer.open = true;
  peer.emit('channel-open', 'general');
  peer.emit('channel-open', 'keyboard');
  t.deepEqual(peer.channel, [POOR]);
  viewer.hostQuality('ok');
  viewer.hostQuality('ok');
  t.deepEqual(peer.channel, [POOR, OK]);
});

test('it is told in whatever order things come, and to those alone who ask', (t) => {
  const { peer, viewer } = stage();
  peer.open = true;
  peer.emit('channel-open', 'general');
  viewer.hostQuality('poor');
  t.deepEqual(peer.channel, []);
  viewer.receive(ASKS);
  t.deepEqual(peer.channel, [POOR]);
});

test('a link that is well again before the channel opens is not mentioned', (t) => {
  const { peer, viewer } = stage();
  viewer.receive(ASKS);
  viewer.hostQuality('poor');
  viewer.hostQuality('ok');
  peer.open = true;
  peer.emit('channel-open', 'general');
  t.deepEqual(peer.channel, []);
});

test('messages both ways', async (t) => {
  const { peer, viewer, sent, ends } = stage();
  viewer.start();
  viewer.receive({ RestartIce: {} });
  viewer.receive({ Signaling: { Description: { ty: 'answer', sdp: 'a' } } });
  viewer.receive({ Signaling: { Description: { ty: 'offer', sdp: 'b' } } });
  viewer.receive({ Signaling: { Description: { ty: 'rollback', sdp: '' } } } as never);
  viewer.receive({ Signaling: { AddIceCandidate: { candidate: 'c' } } });
  t.deepEqual(peer.calls, [
    ['offer', {}],
    ['offer', { iceRestart: true }],
    { type: 'answer', sdp: 'a' },
    { type: 'offer', sdp: 'b' },
    { candidate: 'c', sdpMid: null, sdpMLineIndex: 0 },
  ]);
  peer.emit('description', { type: 'offer', sdp: 'd' });
  peer.emit('candidate', { candidate: 'e', sdpMid: null, sdpMLineIndex: 0 });
  t.deepEqual(sent, [
    { Signaling: { Description: { ty: 'offer', sdp: 'd' } } },
    {
      Signaling: {
        AddIceCandidate: {
          candidate: 'e',
          sdp_mid: null,
          sdp_mline_index: 0,
          username_fragment: null,
        },
      },
    },
  ]);
  peer.emit('state', 'connecting');
  peer.emit('state', 'connected');
  peer.failure = new MoonteeError('VIEWER_STALLED');
  peer.emit('state', 'failed');
  t.deepEqual(ends, ['connected', 'VIEWER_STALLED']);
  await viewer.close();
  peer.emit('description', { type: 'offer', sdp: 'f' });
  t.is(sent.length, 2);
});
