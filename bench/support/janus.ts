/**
 * Janus with its streaming plugin as a contender: Debian's package with its defaults and one RTP
 * mountpoint. It uses loopback only, and files in a directory that is removed afterwards.
 */
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { PACKET_RATE, type Contender, type Viewer } from './contender.js';
import { end, forkProgram, removeAtExit, startProgram } from './processes.js';
import { PATIENCE_MS, type ReceiverProcess } from './receiver.js';

const JANUS = '/usr/bin/janus';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu/janus';
const MOUNTPOINT = 1;

export function janusInstalled(): boolean {
  return existsSync(JANUS) && existsSync(LIBRARIES);
}

interface JanusMessage {
  readonly janus: string;
  readonly transaction?: string;
  readonly sender?: number;
  readonly session_id?: number;
  readonly data?: { readonly id: number };
  readonly error?: { readonly reason: string };
  readonly plugindata?: { readonly data: Readonly<Record<string, unknown>> };
  readonly jsep?: { readonly type: string; readonly sdp: string };
}

export class Janus implements Contender {
  readonly name = 'janus';
  readonly frontPid = null;
  readonly fullRate = PACKET_RATE;
  readonly carriesHundreds = false;
  readonly #server: ChildProcess;
  readonly #feed: ChildProcess;
  readonly #socket: WebSocket;
  readonly #transactions = new Map<string, (message: JanusMessage) => void>();
  /** Events of plugin handles. */
  readonly #handles = new Map<number, (message: JanusMessage) => void>();
  readonly #keepAlives = new Map<number, NodeJS.Timeout>();
  #transaction = 0;

  private constructor(server: ChildProcess, feed: ChildProcess, socket: WebSocket) {
    this.#server = server;
    this.#feed = feed;
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.#hear(JSON.parse(data.toString()) as JanusMessage);
    });
  }

  /** Janus runs, and the clip's packets arrive at its mountpoint. */
  static async start(): Promise<Janus> {
    const [signalingPort, mediaPort] = [await freeTcpPort(), await freeUdpPort()];
    const directory = writeConfiguration(signalingPort, mediaPort);
    const server = startProgram(JANUS, ['-F', directory, '-C', join(directory, 'janus.jcfg')]);
    const feed = forkProgram(new URL('./feed-process.ts', import.meta.url), [String(mediaPort)]);
    await once(feed, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const socket = await connect(`ws://127.0.0.1:${signalingPort}`, server);
    feed.send('start');
    return new Janus(server, feed, socket);
  }

  get pid(): number {
    return this.#server.pid ?? 0;
  }

  get senderPid(): number {
    return this.#feed.pid ?? 0;
  }

  async join(id: string, receivers: ReceiverProcess): Promise<Viewer> {
    const session = await this.#request({ janus: 'create' });
    const sessionId = session.data?.id ?? 0;
    this.#keepAlives.set(
      sessionId,
      setInterval(() => {
        this.#send({ janus: 'keepalive', session_id: sessionId });
      }, 20_000),
    );
    const plugin = 'janus.plugin.streaming';
    const handle = await this.#request({ janus: 'attach', plugin, session_id: sessionId });
    const address = { session_id: sessionId, handle_id: handle.data?.id ?? 0 };

    const receiver = receivers.open(id);
    this.#handles.set(address.handle_id, ({ jsep }) => {
      if (jsep?.type === 'offer') receiver.offer(jsep.sdp);
    });
    receiver.on('answer', ({ sdp, candidate }) => {
      this.#send({
        janus: 'message',
        ...address,
        body: { request: 'start' },
        jsep: { type: 'answer', sdp },
      });
      const trickled = { candidate, sdpMid: '0', sdpMLineIndex: 0 };
      this.#send({ janus: 'trickle', ...address, candidate: trickled });
      this.#send({ janus: 'trickle', ...address, candidate: { completed: true } });
    });
    this.#send({ janus: 'message', ...address, body: { request: 'watch', id: MOUNTPOINT } });
    await receiver.untilMedia();
    return {
      receiver,
      leave: async () => {
        receiver.close();
        clearInterval(this.#keepAlives.get(sessionId));
        this.#keepAlives.delete(sessionId);
        this.#handles.delete(address.handle_id);
        await this.#request({ janus: 'destroy', session_id: sessionId });
      },
    };
  }

  async stop(): Promise<void> {
    for (const timer of this.#keepAlives.values()) clearInterval(timer);
    this.#socket.terminate();
    await end(this.#feed);
    await end(this.#server);
  }

  #send(message: Readonly<Record<string, unknown>>): string {
    this.#transaction += 1;
    const transaction = String(this.#transaction);
    this.#socket.send(JSON.stringify({ ...message, transaction }));
    return transaction;
  }

  async #request(message: Readonly<Record<string, unknown>>): Promise<JanusMessage> {
    const answer = await new Promise<JanusMessage>((resolve, reject) => {
      const transaction = this.#send(message);
      const timer = setTimeout(() => {
        this.#transactions.delete(transaction);
        reject(new Error('Janus is silent'));
      }, PATIENCE_MS);
      this.#transactions.set(transaction, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
    });
    if (answer.error) throw new Error(`Janus: ${answer.error.reason}`);
    return answer;
  }

  #hear(message: JanusMessage): void {
    const { transaction, sender } = message;
    if (sender !== undefined) this.#handles.get(sender)?.(message);
    // The acknowledgement of an asynchronous request is not its answer.
    if (transaction === undefined || message.janus === 'ack') return;
    this.#transactions.get(transaction)?.(message);
    this.#transactions.delete(transaction);
  }
}

/** Debian's defaults, but for what keeps it on loopback and off other plugins and transports. */
function writeConfiguration(signalingPort: number, mediaPort: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'moontee-bench-janus-'));
  removeAtExit(directory);
  const disable = (names: readonly string[]): string =>
    names.map((name) => `libjanus_${name}.so`).join(',');
  const otherPlugins = [
    'audiobridge',
    'duktape',
    'echotest',
    'lua',
    'nosip',
    'recordplay',
    'sip',
    'textroom',
    'videocall',
    'videoroom',
    'voicemail',
  ];
  const otherTransports = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'];
  writeFileSync(
    join(directory, 'janus.jcfg'),
    `general: {
  configs_folder = "${directory}"
  plugins_folder = "${LIBRARIES}/plugins"
  transports_folder = "${LIBRARIES}/transports"
  events_folder = "${LIBRARIES}/events"
  loggers_folder = "${LIBRARIES}/loggers"
  debug_level = 2
  interface = "127.0.0.1"
}
nat: {
  nice_debug = false
}
plugins: {
  disable = "${disable(otherPlugins)}"
}
transports: {
  disable = "${disable(otherTransports)}"
}
`,
  );
  writeFileSync(
    join(directory, 'janus.transport.websockets.jcfg'),
    `general: {
  ws = true
  ws_ip = "127.0.0.1"
  ws_port = ${signalingPort}
}
`,
  );
  writeFileSync(
    join(directory, 'janus.plugin.streaming.jcfg'),
    `clip: {
  type = "rtp"
  id = ${MOUNTPOINT}
  audio = false
  video = true
  videoport = ${mediaPort}
  videoiface = "127.0.0.1"
  videopt = 96
  videocodec = "h264"
  videofmtp = "profile-level-id=42e01f;packetization-mode=1"
}
`,
  );
  return directory;
}

async function connect(url: string, server: ChildProcess): Promise<WebSocket> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`Janus ended with ${server.exitCode}`);
    const socket = new WebSocket(url, 'janus-protocol');
    try {
      await once(socket, 'open');
      return socket;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
