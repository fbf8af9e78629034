/** A TURN server on loopback: Debian's coturn, in a process of the test's own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServer } from '../../src/ice/client/server-check.js';
import { until } from '../support/until.js';

const PROGRAM = '/usr/bin/turnserver';
export const HAS_COTURN = existsSync(PROGRAM);

/** The only way in. */
export type TurnAccess =
  { readonly username: string; readonly password: string } | { readonly secret: string };

export class Coturn {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  /** @param lines more of its configuration */
  static async start(access: TurnAccess, lines: readonly string[] = []): Promise<Coturn> {
    // Somebody else may take the port in between.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await Coturn.#launch(access, lines);
      } catch (error) {
        if (attempt === 2) throw error;
      }
    }
  }

  static async #launch(access: TurnAccess, lines: readonly string[]): Promise<Coturn> {
    const folder = await mkdtemp(join(tmpdir(), 'moontee-coturn-'));
    const port = await freePort();
    const file = join(folder, 'turnserver.conf');
    const users =
      'secret' in access
        ? ['use-auth-secret', `static-auth-secret=${access.secret}`]
        : ['lt-cred-mech', `user=${access.username}:${access.password}`];
    const config = [
      'listening-ip=127.0.0.1',
      `listening-port=${port}`,
      'relay-ip=127.0.0.1',
      'realm=moontee.test',
      'no-cli',
      'no-tls',
      'no-dtls',
      'allow-loopback-peers',
      'simple-log',
      'log-file=stdout',
      `pidfile=${join(folder, 'pid')}`,
      `userdb=${join(folder, 'users')}`,
      'verbose',
      ...users,
      ...lines,
    ];
    await writeFile(file, `${config.join('\n')}\n`);
    const child = spawn(PROGRAM, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    const server = new Coturn(port, child, folder);
    try {
      await until('coturn listens', () => {
        if (child.exitCode !== null) throw new Error(server.#output);
        return /UDP listener opened on/.test(server.#output);
      });
      // Its threads may still be on their way; and the port may be shared with somebody else.
      const [probe] = await checkServer({ urls: [`stun:127.0.0.1:${port}`] });
      if (probe?.outcome !== 'ok') throw new Error(`coturn does not answer: ${server.#output}`);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get url(): string {
    return `turn:127.0.0.1:${this.port}`;
  }

  /** What it has logged. */
  get output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exit;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A UDP port of 127.0.0.1 that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
