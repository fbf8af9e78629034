import type { Routes } from '../http/routes.js';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { EventEmitter } from 'node:events';
import type { RegistryEvents } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import { ChildFigures } from './metrics/child-figures.js';
import { recordingMetrics, type MeteredRecorder } from './metrics/recording-metrics.js';
import { StreamerMetrics } from './metrics/streamer-metrics.js';
import { packageVersion } from '../core/package-version.js';

const STATUSES = ['starting', 'active', 'reconnecting', 'failed', 'stopping'] as const;

/** The streamers whose metrics are exposed. */
export interface MeteredStreamers extends EventEmitter<RegistryEvents> {
  list(): readonly Streamer[];
}

/** Gauges of prom-client with the ending of a counter, which promtool faults; each is the sum of another. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

/** Prometheus metrics. Labels are bounded: statuses, error codes, and streamers alive. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests: Counter<'method' | 'status'>;
  readonly invalidMessages: Counter;
  readonly #streamers: MeteredStreamers;
  readonly #figures = new ChildFigures();

  /** @param recorder null if recording is off */
  constructor(
    streamers: MeteredStreamers,
    credentials: { readonly failures: number },
    recorder: MeteredRecorder | null,
  ) {
    this.#streamers = streamers;
    const registers = [this.registry];
    collectProcess(this.registry);
    this.requests = new Counter({
      name: 'moontee_http_requests_total',
      help: 'Answered HTTP requests',
      labelNames: ['method', 'status'],
      registers,
    });
    this.invalidMessages = new Counter({
      name: 'moontee_viewer_messages_invalid_total',
      help: 'Messages of viewers that did not decode',
      registers,
    });
    const viewerEnds = new Counter({
      name: 'moontee_viewer_ends_total',
      help: 'Viewers that left, by reason',
      labelNames: ['code'],
      registers,
    });
    streamers.on('viewer', (_streamer, { code }) => {
      if (code !== null) viewerEnds.inc({ code });
    });
    new Gauge({
      name: 'moontee_streamers',
      help: 'Streamers by status',
      labelNames: ['status'],
      registers,
      collect() {
        for (const status of STATUSES) {
          const count = streamers.list().filter((streamer) => streamer.status === status).length;
          this.set({ status }, count);
        }
      },
    });
    new Gauge({
      name: 'moontee_viewers',
      help: 'Viewers of a streamer',
      labelNames: ['streamer_id'],
      registers,
      collect() {
        this.reset();
        for (const { id, viewers } of streamers.list()) {
          this.set({ streamer_id: id }, viewers.length);
        }
      },
    });
    new Gauge({
      name: 'moontee_streamer_resident_memory_bytes',
      help: 'Resident memory of a streamer process',
      labelNames: ['streamer_id'],
      registers,
      collect() {
        this.reset();
        for (const { id, rss } of streamers.list()) this.set({ streamer_id: id }, rss);
      },
    });
    new Gauge({
      name: 'moontee_authentication_failures',
      help: 'Wrong credentials since the start',
      registers,
      collect() {
        this.set(credentials.failures);
      },
    });
    new Gauge({
      name: 'moontee_build_info',
      help: 'Always 1, with the versions of Moontee and Node.js',
      labelNames: ['version', 'node_version'],
      registers,
    }).set({ version: packageVersion(), node_version: process.version }, 1);
    recordingMetrics(this.registry, recorder, () => streamers.list().map(({ id }) => id));
    const ofStreamers = new StreamerMetrics(this.registry, () => streamers.list(), this.#figures);
    streamers.on('viewer', (...event) => ofStreamers.onViewer(...event));
  }

  /** The text format. Children that do not answer are not waited for. */
  async text(): Promise<string> {
    await this.#figures.refresh(this.#streamers.list());
    return this.registry.metrics();
  }
}

export function metricRoutes(routes: Routes, { metrics }: { metrics: Metrics }): void {
  routes.get('/metrics', 'administrator', async (context) => {
    context.set('Content-Type', metrics.registry.contentType);
    context.body = await metrics.text();
  });
}

function collectProcess(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
}
