/** Janus (Debian's package) with one RTP mountpoint, on loopback, in a folder that the caller removes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { ReceiverProcess, ReceivingPeer } from './receiver.js';
import { until } from './until.js';

const JANUS = '/usr/bin/janus';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu/janus';
const PLUGIN = 'janus.plugin.streaming';
const MOUNTPOINT = 1;
/** Milliseconds for an answer. */
const PATIENCE_MS = 30_000;

interface JanusMessage {
  readonly janus: string;
  readonly transaction?: string;
  readonly sender?: number;
  readonly data?: { readonly id: number };
  readonly error?: { readonly reason: string };
  readonly jsep?: { readonly type: string; readonly sdp: string };
}

export interface JanusPorts {
  readonly audio: number;
  readonly video: number;
  readonly rtcp: number;
}

export function janusInstalled(): boolean {
  return existsSync(JANUS) && existsSync(LIBRARIES);
}

export class Janus {
  readonly ports: JanusPorts;
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<(message: JanusMessage) => void>();
  #next = 1;

  private constructor(process: ChildProcess, socket: WebSocket, ports: JanusPorts) {
    this.#process = process;
    this.#socket = socket;
    this.ports = ports;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as JanusMessage;
      for (const take of this.#waiting) take(message);
    });
  }

  /** @param mountpoint lines of the mountpoint's configuration besides its ports */
  static async start(folder: string, mountpoint: readonly string[]): Promise<Janus> {
    const signaling = await freeTcpPort();
    const [audio = 0, video = 0, rtcp = 0] = await freeUdpPorts(3);
    const ports = { audio, video, rtcp };
    configure(folder, signaling, ports, mountpoint);
    const child = spawn(JANUS, ['-F', folder, '-C', join(folder, 'janus.jcfg')], {
      // What it may leave when it crashes goes with the folder.
      cwd: folder,
      stdio: 'ignore',
    });
    const socket = await until('Janus listens', async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('Janus ended');
      const attempt = new WebSocket(`ws://127.0.0.1:${signaling}`, 'janus-protocol');
      try {
        await once(attempt, 'open');
        return attempt;
      } catch {
        return null;
      }
    });
    return new Janus(child, socket, ports);
  }

  /** A viewer of the mountpoint. */
  async watch(receivers: ReceiverProcess): Promise<ReceivingPeer> {
    const session = await this.#request({ janus: 'create' });
    const at = { session_id: session.data?.id };
    const handle = await this.#request({ janus: 'attach', plugin: PLUGIN, ...at });
    const address = { ...at, handle_id: handle.data?.id };
    const receiver = receivers.open('watcher');
    const candidates: string[] = [];
    receiver.on('candidate', ({ candidate }) => candidates.push(candidate));
    const offered = this.#until(({ jsep }) => jsep?.type === 'offer');
    this.#send({ janus: 'message', ...address, body: { request: 'watch', id: MOUNTPOINT } });
    const { jsep } = await offered;
    const sdp = await receiver.offer(jsep?.sdp ?? '');
    const answer = { body: { request: 'start' }, jsep: { type: 'answer', sdp } };
    this.#send({ janus: 'message', ...address, ...answer });
    await until('a candidate', () => candidates.length > 0);
    for (const candidate of candidates) {
      const trickled = { candidate, sdpMid: '0', sdpMLineIndex: 0 };
      this.#send({ janus: 'trickle', ...address, candidate: trickled });
    }
    this.#send({ janus: 'trickle', ...address, candidate: { completed: true } });
    await receiver.untilState('connected');
    return receiver;
  }

  async stop(): Promise<void> {
    this.#socket.terminate();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  #send(message: Readonly<Record<string, unknown>>): string {
    const transaction = String(this.#next++);
    this.#socket.send(JSON.stringify({ ...message, transaction }));
    return transaction;
  }

  async #request(message: Readonly<Record<string, unknown>>): Promise<JanusMessage> {
    const transaction = this.#send(message);
    const answer = await this.#until((each) => each.transaction === transaction);
    if (answer.error) throw new Error(`Janus: ${answer.error.reason}`);
    return answer;
  }

  #until(isIt: (message: JanusMessage) => boolean): Promise<JanusMessage> {
    return new Promise((resolve, reject) => {
      const take = (message: JanusMessage): void => {
        if (!isIt(message)) return;
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve(message);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(new Error('Janus is silent'));
      }, PATIENCE_MS);
      this.#waiting.add(take);
    });
  }
}

function configure(
  folder: string,
  signaling: number,
  { audio, video, rtcp }: JanusPorts,
  mountpoint: readonly string[],
): void {
  const section = (name: string, lines: readonly string[]): string =>
    `${name}: {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
  const write = (file: string, ...sections: readonly string[]): void =>
    writeFileSync(join(folder, file), sections.join(''));
  const general = [
    `configs_folder = "${folder}"`,
    ...['plugins', 'transports', 'events', 'loggers'].map(
      (kind) => `${kind}_folder = "${LIBRARIES}/${kind}"`,
    ),
    'debug_level = 2',
    'interface = "127.0.0.1"',
  ];
  // Janus 1.1.2 crashes now and then if it has loaded a transport that is switched off.
  const unused = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'];
  const disabled = unused.map((name) => `libjanus_${name}.so`).join(',');
  write(
    'janus.jcfg',
    section('general', general),
    section('transports', [`disable = "${disabled}"`]),
  );
  const socket = ['ws = true', 'ws_ip = "127.0.0.1"', `ws_port = ${signaling}`];
  write('janus.transport.websockets.jcfg', section('general', socket));
  const ports = [`audioport = ${audio}`, `videoport = ${video}`, `videortcpport = ${rtcp}`];
  const interfaces = ['audioiface = "127.0.0.1"', 'videoiface = "127.0.0.1"'];
  const lines = [`id = ${MOUNTPOINT}`, ...mountpoint, ...ports, ...interfaces];
  write('janus.plugin.streaming.jcfg', section('desk', lines));
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4').bind(0, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'listening')));
  const ports = sockets.map((socket) => socket.address().port);
  for (const socket of sockets) socket.close();
  return ports;
}
