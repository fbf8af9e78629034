/** A receiver of plain RTP: UDP sockets on loopback that count packets, in a process of their own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { kernelDrops } from './kernel-drops.js';
import type { TrackStats } from './receiver-messages.js';
import { TYPESCRIPT } from './typescript.js';
import { until } from './until.js';

/** Milliseconds for the process to answer. */
const PATIENCE_MS = 60_000;

export interface RtpReceiverStats {
  readonly video: TrackStats;
  readonly audio: TrackStats;
  /** Sender reports that came to the RTCP port. */
  readonly reports: number;
  /** What the last one said. */
  readonly report: { ssrc: number; timestamp: number; packets: number } | null;
}

export interface RtpReceiverPorts {
  readonly video: number;
  readonly audio: number;
  readonly rtcp: number;
}

export class RtpReceiver {
  readonly ports: RtpReceiverPorts;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: RtpReceiverPorts) {
    this.#child = child;
    this.ports = ports;
  }

  /** @param ports left out: free ones */
  static async start(ports?: RtpReceiverPorts): Promise<RtpReceiver> {
    const { video = 0, audio = 0, rtcp = 0 } = ports ?? {};
    const args = [video, audio, rtcp].map(String);
    const child = fork(new URL('./rtp-receiver-process.ts', import.meta.url), args, {
      execArgv: [...TYPESCRIPT],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [bound] = (await once(child, 'message', {
      signal: AbortSignal.timeout(PATIENCE_MS),
    })) as [RtpReceiverPorts];
    return new RtpReceiver(child, bound);
  }

  /** Sends a PLI to where sender reports come from. */
  requestKeyframe(): void {
    this.#child.send('pli');
  }

  async stats(): Promise<RtpReceiverStats> {
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    this.#child.send('stats');
    const [stats] = (await answer) as [RtpReceiverStats];
    return stats;
  }

  async until(done: (stats: RtpReceiverStats) => boolean): Promise<RtpReceiverStats> {
    let stats = await this.stats();
    await until('packets', async () => {
      stats = await this.stats();
      return done(stats);
    });
    return stats;
  }

  /** @see kernelDrops */
  kernelDrops(): number {
    return kernelDrops(this.#child.pid ?? 0);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
