/**
 * The streamer child's entry: exchanges the messages of ipc.ts with its parent over the fork's
 * channel and owns one {@link ChildStreamer}. It ends on the parent's request, or when its parent
 * is gone.
 */
import { Socket } from 'node:net';
import { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import { installedVersions } from '../gst/installed.js';
import { elementsOf, listPipelines, loadTemplate } from '../gst/launch-template.js';
import { gstRuntime } from '../gst/runtime.js';
import { useTemplateFolder } from '../gst/template-folder.js';
import { knownHoles, REACHABLE_PACKAGE } from '../gst/versions.js';
import { createLog, flushLog, surviveLostReaders } from '../core/log.js';
import {
  DRAIN_TIME_MS,
  hostSocketsClosed,
  openHostSockets,
} from '../moonlight/host-connections.js';
import { ChildStreamer } from './streamer.js';
import { Channel } from '../protocol/channel.js';
import {
  CHILD_METHODS,
  ParentMessage,
  SERVER_METHODS,
  type ChildMessage,
  type ServerChannel,
} from '../protocol/ipc.js';

/** Milliseconds that closing may take if the server gives no deadline. */
const CLOSE_TIMEOUT_MS = 4_000;
/** Of the time, for closing in order; then the process ends without waiting. */
const ORDERLY_SHARE = 0.9;
/** Milliseconds for the server to answer whether the app may be quit. */
const QUIT_QUESTION_TIMEOUT_MS = 5_000;

let log = createLog('streamer');
let streamer: ChildStreamer | undefined;
let heartbeat: NodeJS.Timeout | undefined;
let stopping = false;

const channel: ServerChannel = new Channel({
  other: 'server',
  port: {
    get connected() {
      return process.connected;
    },
    send: (message, sent) => {
      process.send?.(message, undefined, undefined, (error) => {
        sent();
        if (error) log.debug({ err: error }, 'message to the server lost');
      });
    },
  },
  incoming: ParentMessage,
  asked: SERVER_METHODS,
  served: CHILD_METHODS,
  handlers: {
    stats: () => running().stats(),
    dot: () => running().dot(),
    held_input: () => running().heldInput(),
    release_input: ({ peer_id }) => {
      running().releaseInput(peer_id);
      return null;
    },
    collect_garbage: () => {
      gstRuntime().collector.now();
      return null;
    },
    answer_viewer: (order) => running().answerViewer(order),
    patch_viewer: (patch) => running().patchViewer(patch),
    start_recording: (order) => {
      running().startRecording(order);
      return null;
    },
    stop_recording: async ({ recording_id }) => {
      await running().stopRecording(recording_id);
      return null;
    },
    agent_input: (order) => running().agentInput(order),
    remove_output: async ({ name }) => {
      await running().removeOutput(name);
      return null;
    },
  },
  onNotification: receive,
  onDropped: (reason) => log.error({ reason }, 'IPC message dropped'),
  onHandlerFailed: (method, error) => log.error({ err: error, method }, 'request failed'),
});

function send(message: ChildMessage): void {
  channel.notify(message);
}

/** @throws CLOSED before `Init` */
function running(): ChildStreamer {
  if (!streamer) throw new MoonteeError('CLOSED', 'The streamer has no session now');
  return streamer;
}

/** No answer is a no. */
async function mayQuitApp(): Promise<boolean> {
  const deadline = Deadline.in(QUIT_QUESTION_TIMEOUT_MS);
  try {
    return await channel.request('may_quit_app', null, { deadline });
  } catch (error) {
    log.warn({ err: error }, 'whether the app may be quit is unknown');
    return false;
  }
}

/** Ends the process, orderly if possible. */
async function stop(
  reason: string,
  exitCode = 0,
  deadline = Deadline.in(CLOSE_TIMEOUT_MS),
): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ reason, within_ms: Math.round(deadline.left) }, 'streamer stopping');
  const forced = setTimeout(() => {
    log.error('closing took too long');
    void flushLog().finally(() => process.exit(1));
  }, deadline.left).unref();
  const closed = streamer?.close(deadline.part(ORDERLY_SHARE)).catch((error: unknown) => {
    log.error({ err: error }, 'closing failed');
  });
  // A reset on a connection to a host may take the host down. The process stays until the
  // connections have ended, and notifies the server before its patience ends.
  const drains = openHostSockets() > 0;
  if (drains) send('Draining');
  await closed;
  clearTimeout(forced);
  if (openHostSockets() > 0 && !drains) send('Draining');
  await hostSocketsClosed(DRAIN_TIME_MS);
  clearInterval(heartbeat);
  send('Stop');
  // The channel's write is asynchronous; leaving at once could lose the last message.
  setImmediate(() => void flushLog().finally(() => process.exit(exitCode)));
}

/** Nothing can be mended from here: log it and exit. */
function fail(error: MoonteeError): void {
  log.fatal({ err: error, code: error.code }, 'streamer failed');
  send({ Failed: { code: error.code, reason: error.message } });
  void stop(error.message, 1);
}

function receive(message: ParentMessage, connection?: Socket): void {
  if (message === 'StartMoonlight') {
    void streamer?.startMoonlight();
    return;
  }
  if (message === 'GiveUp') {
    streamer?.giveUp();
    return;
  }
  if ('Init' in message) {
    if (streamer) return;
    const init = message.Init;
    log = log.child({ streamer_id: init.streamer_id });
    useTemplateFolder(init.pipelines.path);
    heartbeat = setInterval(() => {
      send({ Heartbeat: { rss: process.memoryUsage.rss() } });
    }, init.heartbeat_interval);
    streamer = new ChildStreamer({ init, send, mayQuitApp, fail, log });
    void warnOfHoles();
  } else if ('AddPeer' in message) {
    const { peer_id, rights, ice_servers } = message.AddPeer;
    streamer?.addPeer(peer_id, new Set(rights), ice_servers);
  } else if ('FromPeer' in message) {
    streamer?.fromPeer(message.FromPeer.peer_id, message.FromPeer.message);
  } else if ('AddViewer' in message) {
    const { peer_id, rights } = message.AddViewer;
    streamer?.addViewer(peer_id, new Set(rights));
  } else if ('SetRights' in message) {
    const { peer_id, rights } = message.SetRights;
    streamer?.setRights(peer_id, new Set(rights));
  } else if ('AssignPads' in message) {
    streamer?.assignPads(message.AssignPads.slots);
  } else if ('TellPointers' in message) {
    streamer?.tellPointers(message.TellPointers.wanted);
  } else if ('FromChannel' in message) {
    const { peer_id, channel: number, data } = message.FromChannel;
    streamer?.fromChannel(peer_id, number, Buffer.from(data, 'base64'));
  } else if ('MediaConnection' in message) {
    if (streamer && connection) streamer.holdMedia(message.MediaConnection.socket_id, connection);
    else connection?.destroy();
  } else if ('OpenMedia' in message) {
    streamer?.openMedia(message.OpenMedia);
  } else if ('OpenDesktop' in message) {
    streamer?.openDesktop(message.OpenDesktop);
  } else if ('TakeSnapshot' in message) {
    streamer?.takeSnapshot(message.TakeSnapshot);
  } else if ('PutOutput' in message) {
    streamer?.putOutput(message.PutOutput);
  } else if ('StopAgents' in message) {
    for (const { agent_id, code, reason } of message.StopAgents.agents) {
      streamer?.stopAgent(agent_id, new MoonteeError(code, reason));
    }
  } else if ('RemovePeer' in message) {
    const { peer_id, code, reason } = message.RemovePeer;
    void streamer?.removePeer(peer_id, code, reason);
  } else {
    void stop('asked to', 0, Deadline.in(message.Stop.within_ms));
  }
}

async function warnOfHoles(): Promise<void> {
  try {
    const versions = await installedVersions(gstRuntime());
    for (const { id, what, installed, mended } of knownHoles(versions)) {
      const hole = { hole: id, package: REACHABLE_PACKAGE, installed, mended };
      log.warn(hole, `GStreamer has a hole that viewers can reach, upgrade it: ${what}`);
    }
  } catch (error) {
    // The streamer itself reports what is wrong with GStreamer.
    log.debug({ err: error }, 'versions of GStreamer could not be read');
  }
}

/** Whether streamers can run here. @returns the exit code */
function probe(): number {
  try {
    const needed = listPipelines()
      .map(loadTemplate)
      .filter(({ use }) => use === null)
      .flatMap(elementsOf);
    gstRuntime().requireElements(...needed);
    return 0;
  } catch (error) {
    log.error({ err: error }, 'streamers cannot run on this machine');
    return 1;
  }
}

process.on('message', (raw, connection) => {
  channel.receive(raw, connection instanceof Socket ? connection : undefined);
});
process.on('disconnect', () => void stop('the server is gone'));
process.on('SIGTERM', () => void stop('SIGTERM'));
// Ctrl-C in a terminal reaches the whole group; the server decides what happens then.
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => fail(MoonteeError.from(error)));
process.on('unhandledRejection', (error) => fail(MoonteeError.from(error)));

surviveLostReaders();
if (!process.send) {
  process.stderr.write('This program is started by the Moontee server.\n');
  process.exit(2);
}
if (process.argv.includes('--probe')) {
  const code = probe();
  await flushLog();
  process.exit(code);
}
send({ StreamerReady: { pid: process.pid } });
