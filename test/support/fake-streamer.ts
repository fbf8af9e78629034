/**
 * A streamer child without media: it speaks the IPC honestly, and misbehaves on order. The
 * order is the app id.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { MoonteeError } from '../../src/core/errors.js';
import type { OutcomeCode } from '../../src/core/outcomes.js';
import { Channel } from '../../src/protocol/channel.js';
import {
  CHILD_METHODS,
  ParentMessage,
  SERVER_METHODS,
  type ChildMessage,
  type DesktopOrder,
  type MediaOrder,
  type OfferOrder,
  type ServerChannel,
  type ViewerAnswer,
  type ViewerPatch,
  type ViewerPatched,
} from '../../src/protocol/ipc.js';
import { assertAllowed } from '../../src/worker/agents/agents.js';
import { planAgentInput } from '../../src/worker/agents/plan.js';
import type { OutputOrder } from '../../src/protocol/output-spec.js';
import { encodeSnapshotHead, type SnapshotOrder } from '../../src/protocol/snapshot.js';
import { recordingFileName } from '../../src/protocol/recording-files.js';
import { APP } from './fake-apps.js';
import { STATISTICS } from './statistics.js';

if (process.argv.includes('--probe')) process.exit(0);

let app = 0;
let picture = { width: 0, height: 0, fps: 0 };
/** The session was lost so often, and is not brought back. */
let losses = 0;
let gaveUp = false;
const peers = new Set<string>();
let pads: readonly (string | null)[] = [];
let arePointersWanted = false;
/** As of the last message about them. */
const rights = new Map<string, readonly string[]>();

function lose(): void {
  losses += 1;
  const silent = app === APP.STAYS_AWAY;
  const code = silent ? 'HOST_UNREACHABLE' : 'NO_VIDEO';
  send({ MoonlightLost: { code, error_code: -100, reason: 'No pictures', silent } });
}

function answered<T>(result: T): T | Promise<T> {
  return app === APP.NEVER_ANSWERS ? new Promise(() => undefined) : result;
}

const channel: ServerChannel = new Channel({
  other: 'server',
  port: {
    get connected() {
      return process.connected;
    },
    send: (message, sent) => void process.send?.(message, undefined, undefined, sent),
  },
  incoming: ParentMessage,
  asked: SERVER_METHODS,
  served: CHILD_METHODS,
  handlers: {
    stats: () =>
      answered({
        ...STATISTICS,
        method: 'stats',
        peers: [...peers],
        rights: [...rights],
        pads,
        arePointersWanted,
        losses,
        gaveUp,
      }),
    held_input: () => answered([]),
    release_input: () => answered(null),
    dot: () => answered('digraph g {}'),
    collect_garbage: () => answered(null),
    answer_viewer: answerViewer,
    patch_viewer: patchViewer,
    start_recording: ({ folder }) => {
      writeFileSync(join(folder, recordingFileName(1)), 'a recording');
      return null;
    },
    remove_output: () => null,
    agent_input: ({ events, rights }) => {
      const steps = planAgentInput(events, { ...picture, touch: true, pads: 4 });
      assertAllowed(steps, new Set(rights));
      return answered({
        ...{ executed: steps.length, duration_ms: 1, paused_ms: 0 },
        ...{ code: null, reason: null },
      });
    },
    stop_recording: ({ recording_id }) => {
      send({ RecordingEnded: { recording_id, code: 'STOPPED', reason: 'stopped' } });
      return null;
    },
  },
  onNotification: receive,
  onDropped: (reason) => {
    throw new Error(`dropped: ${reason}`);
  },
  onHandlerFailed: (_, error) => {
    throw error;
  },
});

function send(message: ChildMessage): void {
  channel.notify(message);
}

/** One that takes memory takes it when it has a viewer. */
function memory(): number {
  return app === APP.TAKES_MEMORY && peers.size > 0 ? 2 ** 40 : process.memoryUsage.rss();
}

function connect(): void {
  switch (app) {
    case APP.NEVER_CONNECTS:
      return;
    case APP.HOST_BUSY:
    case APP.BUSY_AND_STUBBORN:
      send({
        MoonlightDisconnected: {
          code: 'HOST_BUSY',
          error_code: -1,
          reason: 'The host is running another app',
          by_host: true,
        },
      });
      return;
    case APP.STAYS_AWAY:
      if (losses > 0 && losses < 10) {
        lose();
        return;
      }
      break;
    case APP.SHOWS_NOTHING:
      send({ MoonlightConnected: { ...picture, codec: 'h264', touch: true } });
      setTimeout(lose, 20);
      return;
    case APP.CRASHES_AT_START:
      process.exit(3);
      break;
    case APP.TALKS_NONSENSE:
      process.send?.({ Nonsense: true });
      process.send?.('not a message');
      process.send?.({ ToPeer: { peer_id: 7 } });
      break;
    default:
  }
  send({ Broadcast: { StageStarting: { stage: 'RTSP handshake' } } });
  const sessions_by_address = app === APP.BY_ADDRESS;
  send({ MoonlightConnected: { ...picture, codec: 'h264', touch: true, sessions_by_address } });
  send('FirstFrame');
}

function addPeer(id: string): void {
  peers.add(id);
  if (app === APP.NEVER_OFFERS) return;
  // Candidates may come first: browsers keep them.
  const candidate = 'candidate:1 1 udp 1 127.0.0.1 9 typ host';
  send({
    ToPeer: {
      peer_id: id,
      message: {
        Signaling: {
          AddIceCandidate: {
            candidate,
            sdp_mid: 'video0',
            sdp_mline_index: 0,
            username_fragment: null,
          },
        },
      },
    },
  });
  send({
    ToPeer: {
      peer_id: id,
      message: { Signaling: { Description: { ty: 'offer', sdp: `v=0\r\no=${id}\r\n` } } },
    },
  });
}

/** ICE sessions of viewers that made the offer. */
const ice = new Map<string, number>();

/** Misbehaves on order, which is a part of the offer. */
function answerViewer({ peer_id, sdp: given }: OfferOrder): ViewerAnswer | Promise<ViewerAnswer> {
  const sdp = given ?? 'ours';
  if (sdp.includes('other codec')) {
    throw new MoonteeError('VIEWER_CODEC_UNSUPPORTED', 'The stream is H.264');
  }
  if (sdp.includes('no answer')) return new Promise(() => undefined);
  peers.add(peer_id);
  ice.set(peer_id, 1);
  if (sdp.includes('connects')) setTimeout(() => send({ PeerConnected: { peer_id } }), 5);
  if (sdp.includes('no path')) {
    setTimeout(() => removePeer(peer_id, 'ICE_FAILED', 'No network path'), 50);
  }
  return { sdp: `v=0\r\ns=${sdp.length}\r\n`, ice: 'ice1' };
}

function patchViewer({ peer_id, answer, if_match, ...patch }: ViewerPatch): ViewerPatched {
  const current = ice.get(peer_id) ?? 0;
  const fragment = patch.fragment ?? answer ?? '';
  if (fragment.includes('invalid')) throw new MoonteeError('VIEWER_SDP_INVALID');
  if (if_match === '"old"') throw new MoonteeError('PRECONDITION_FAILED');
  if (!fragment.includes('restart')) return { fragment: null, ice: `ice${current}` };
  if (if_match === null) throw new MoonteeError('PRECONDITION_REQUIRED');
  ice.set(peer_id, current + 1);
  return { fragment: `a=ice-ufrag:ice${current + 1}\r\n`, ice: `ice${current + 1}` };
}

/** 48 MiB, or less where the peer goes: several times of what the kernel takes. */
function flood(id: string): void {
  let rounds = 48 * 4;
  const sdp = 'x'.repeat(32 * 1024);
  const message = { Signaling: { Description: { ty: 'pranswer' as const, sdp } } };
  const timer = setInterval(() => {
    if (!peers.has(id) || rounds-- === 0) clearInterval(timer);
    else for (let i = 0; i < 8; i += 1) send({ ToPeer: { peer_id: id, message } });
  }, 5);
}

function removePeer(id: string, code: OutcomeCode, reason: string): void {
  if (peers.delete(id)) send({ PeerRemoved: { peer_id: id, code, reason } });
}

/** Connections that came and wait for their orders. */
const connections = new Map<number, Socket>();

/** Answers an upgrade with what is known of it, so that a test sees that it came here. */
function open({ socket_id }: MediaOrder | DesktopOrder, facts: unknown): void {
  const body = JSON.stringify(facts);
  const head = `HTTP/1.1 418 Child\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  connections.get(socket_id)?.end(head + body);
  connections.delete(socket_id);
}

function openMedia(order: MediaOrder): void {
  const { peer_id, sound } = order;
  open(order, { peer_id, sound });
}

function openDesktop(order: DesktopOrder): void {
  const { peer_id, client_id } = order;
  open(order, { peer_id, client_id });
}

/** A width of 99 is one that fails, and one of 98 is never answered. */
function takeSnapshot({ socket_id, format, width }: SnapshotOrder): void {
  const socket = connections.get(socket_id);
  connections.delete(socket_id);
  if (width === 98) return;
  const message = 'No pictures';
  const head =
    width === 99
      ? encodeSnapshotHead({ refused: { code: 'PIPELINE_FAILED', message } })
      : encodeSnapshotHead({ taken: { id: '1-7', width: width ?? 64, height: 36, age_ms: 1_300 } });
  socket?.end(Buffer.concat([head, Buffer.from(width === 99 ? '' : `a ${format}`)]));
}

/** The name says what becomes of it. */
function begin({ name }: OutputOrder): void {
  const isRefused = name === 'refused';
  send({
    OutputChanged: {
      name,
      state: isRefused ? 'failed' : 'active',
      code: isRefused ? 'OUTPUT_REFUSED' : null,
      reason: isRefused ? 'The receiver answered 401' : null,
    },
  });
}

function addViewer({ peer_id, rights: may }: { peer_id: string; rights: readonly string[] }): void {
  peers.add(peer_id);
  rights.set(peer_id, may);
}

/** Those messages that no order of a test is about. @returns whether it was one */
function receiveMedia(message: ParentMessage, connection?: Socket): boolean {
  if (typeof message !== 'object') return false;
  if ('AddViewer' in message) addViewer(message.AddViewer);
  else if ('FromChannel' in message) send({ ToChannel: message.FromChannel });
  else if ('PutOutput' in message) begin(message.PutOutput);
  else if ('StopAgents' in message) return true;
  else if ('TakeSnapshot' in message) takeSnapshot(message.TakeSnapshot);
  else if ('OpenMedia' in message) openMedia(message.OpenMedia);
  else if ('OpenDesktop' in message) openDesktop(message.OpenDesktop);
  else if ('AssignPads' in message) pads = message.AssignPads.slots;
  else if ('TellPointers' in message) arePointersWanted = message.TellPointers.wanted;
  else if ('SetRights' in message) rights.set(message.SetRights.peer_id, message.SetRights.rights);
  else if (!('MediaConnection' in message)) return false;
  else if (connection) connections.set(message.MediaConnection.socket_id, connection);
  return true;
}

function receive(message: ParentMessage, connection?: Socket): void {
  if (receiveMedia(message, connection)) return;
  if (message === 'StartMoonlight') {
    setTimeout(connect, 10);
  } else if (message === 'GiveUp') {
    gaveUp = true;
  } else if ('Init' in message) {
    app = message.Init.app_id;
    for (const output of message.Init.outputs) begin(output);
    const { width, height, fps } = message.Init.settings;
    picture = { width, height, fps };
    setInterval(() => send({ Heartbeat: { rss: memory() } }), message.Init.heartbeat_interval);
    send({ Heartbeat: { rss: process.memoryUsage.rss() } });
  } else if ('AddPeer' in message) {
    rights.set(message.AddPeer.peer_id, message.AddPeer.rights);
    addPeer(message.AddPeer.peer_id);
  } else if ('FromPeer' in message) {
    const { peer_id, message: said } = message.FromPeer;
    if (!('Signaling' in said) || !('Description' in said.Signaling)) return;
    const { ty, sdp } = said.Signaling.Description;
    if (ty === 'offer') {
      send({
        ToPeer: {
          peer_id,
          message: {
            Signaling: { Description: { ty: 'answer', sdp: `v=0\r\ns=${sdp.length}\r\n` } },
          },
        },
      });
    } else if (sdp === 'die') {
      process.kill(process.pid, 'SIGKILL');
    } else if (sdp === 'deadlock') {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    } else if (sdp === 'spin') {
      for (;;);
    } else if (sdp === 'flood') {
      flood(peer_id);
    } else if (sdp === 'no path') {
      removePeer(peer_id, 'ICE_FAILED', 'No network path between the viewer and the server');
    } else if (sdp === 'link breaks') {
      send({ MoonlightReconnecting: { reason: 'The host does not answer' } });
    } else if (sdp === 'link mended') {
      send({ MoonlightConnected: { ...picture, codec: 'h264', touch: true } });
    } else if (sdp === 'session lost') {
      lose();
    } else if (sdp === 'host ends') {
      send({ Broadcast: { ConnectionTerminated: { error_code: 0 } } });
      send({
        MoonlightDisconnected: {
          code: 'STREAM_TERMINATED',
          error_code: 0,
          reason: 'The app has ended',
          by_host: true,
        },
      });
    } else if (sdp === 'host lost') {
      send({
        MoonlightDisconnected: {
          code: 'STREAM_TERMINATED',
          error_code: -100,
          reason: 'No video traffic',
          by_host: false,
        },
      });
    } else {
      send({ PeerConnected: { peer_id } });
    }
  } else if ('RemovePeer' in message) {
    const { peer_id, code, reason } = message.RemovePeer;
    removePeer(peer_id, code, reason);
  } else if (app !== APP.IGNORES_STOP && app !== APP.BUSY_AND_STUBBORN) {
    send('Stop');
    setImmediate(() => process.exit(0));
  }
}

process.on('message', (raw, connection) => {
  channel.receive(raw, connection instanceof Socket ? connection : undefined);
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => undefined);
send({ StreamerReady: { pid: process.pid } });
