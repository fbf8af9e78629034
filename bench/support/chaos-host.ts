/** A demo host that can be killed and comes back as the same host: same ports, same certificate. */
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { ensureClip } from './clip.js';
import { end, forkProgram, logLevel, removeAtExit } from './processes.js';
import { PATIENCE_MS } from './receiver.js';
import { ask } from './request.js';

export const PIN = '4711';
export const CLIP_TITLE = 'Clip';

interface Ports {
  readonly http_port: number;
  readonly https_port: number;
  readonly rtsp_port: number;
  readonly video_port: number;
  readonly control_port: number;
  readonly audio_port: number;
}

/**
 * A host that comes back needs its ports, which another program could have taken meanwhile. So they
 * are below those that systems hand out (32768 and up on Linux).
 */
const LOWEST_BASE = 12_000;
const HIGHEST_BASE = 32_000;

export class ChaosHost {
  readonly #base = randomInt(LOWEST_BASE, HIGHEST_BASE);
  readonly #directory = mkdtempSync(join(tmpdir(), 'moontee-chaos-host-'));
  #child: ChildProcess | null = null;
  /** Its ports are free only then, which takes a while on a busy machine. */
  #gone: Promise<unknown> = Promise.resolve();
  #ports: Ports | null = null;

  constructor() {
    removeAtExit(this.#directory);
  }

  get httpPort(): number {
    if (!this.#ports) throw new Error('the host has not been started');
    return this.#ports.http_port;
  }

  get alive(): boolean {
    return this.#child !== null;
  }

  async start(): Promise<void> {
    await this.#gone;
    const { unitsFile } = await ensureClip();
    const ports = this.#ports
      ? Object.entries(this.#ports).flatMap(([name, port]) => [
          `--${name.replace('_', '-')}`,
          String(port),
        ])
      : ['--http-port', String(this.#base)];
    const child = forkProgram(
      new URL('../../src/demo-host/main.ts', import.meta.url),
      [
        ...ports,
        ...['--pin', PIN, '--state', this.#directory, '--app', `${CLIP_TITLE}=clip:${unitsFile}`],
      ],
      { stdout: 'pipe', environment: { MOONTEE_LOG: logLevel() } },
    );
    this.#gone = once(child, 'exit');
    if (!child.stdout) throw new Error('the demo host has no output');
    const lines = createInterface({ input: child.stdout });
    const line = await firstLine(lines).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    child.stdout.resume();
    const { http_port, https_port, rtsp_port, video_port, control_port, audio_port } = JSON.parse(
      line,
    ) as Ports;
    this.#ports = { http_port, https_port, rtsp_port, video_port, control_port, audio_port };
    this.#child = child;
  }

  /** As a host that crashes. */
  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  /** Whether it runs an app for anybody (`serverinfo`, gamestream.md §2). */
  async busy(): Promise<boolean> {
    const { text } = await ask(
      'GET',
      new URL(`http://127.0.0.1:${this.httpPort}/serverinfo?uniqueid=0`),
    );
    return !/<currentgame>0<\/currentgame>/.test(text);
  }

  async stop(): Promise<void> {
    if (this.#child) await end(this.#child);
    this.#child = null;
  }
}

/** @throws Error if none comes in time, or the program ends before */
function firstLine(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no word of a program')), PATIENCE_MS);
    lines.once('line', (line) => {
      clearTimeout(late);
      resolve(line);
      lines.close();
    });
    lines.once('close', () => {
      clearTimeout(late);
      reject(new Error('a program ended at its start'));
    });
  });
}
