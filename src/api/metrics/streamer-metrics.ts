import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RegistryEvents } from '../../streamer/registry.js';
import { OUTPUT_STATES } from '../../protocol/output-state.js';
import type { Streamer } from '../../streamer/streamer.js';
import {
  VIEWER_KINDS,
  VIEWER_QUALITIES,
  VIEWER_STATES,
  VIEWER_TRANSPORTS,
  type ViewerInfo,
} from '../../streamer/viewers.js';
import { CHILD_COUNTERS, CHILD_GAUGES } from './child-metrics.js';
import type { ChildFigures } from './child-figures.js';
import type { Sample } from './running-totals.js';

type Reading = Omit<Sample, 'metric'>;
type Read = (streamer: Streamer) => readonly Reading[];

/** Seconds. */
const JOIN_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
/** Bytes per second of a kilobit per second. */
const BYTES_PER_KILOBIT = 125;

/** Metrics with a label for the streamer: every scrape writes those of the streamers alive. */
export class StreamerMetrics {
  readonly #registry: Registry;
  readonly #streamers: () => readonly Streamer[];
  readonly #joins: Histogram<'transport'>;

  constructor(registry: Registry, streamers: () => readonly Streamer[], figures: ChildFigures) {
    this.#registry = registry;
    this.#streamers = streamers;
    this.#lifeMetrics(figures);
    this.#viewerMetrics();
    this.#outputMetrics();
    this.#joins = new Histogram({
      name: 'moontee_viewer_join_seconds',
      help: 'Time from the beginning of a negotiation until ICE and DTLS are up',
      labelNames: ['transport'],
      buckets: JOIN_BUCKETS,
      registers: [registry],
    });
    for (const { name, help, labels } of CHILD_COUNTERS) {
      this.#counter(name, help, labels, (streamer) => figures.totals(streamer, name));
    }
    for (const { name, help, labels, read } of CHILD_GAUGES) {
      this.#gauge(name, help, labels, (streamer) => {
        const latest = figures.latest(streamer);
        return latest === null ? [] : read(latest);
      });
    }
  }

  /** Takes what happened to a viewer. */
  onViewer(...[, change]: RegistryEvents['viewer']): void {
    if (change.what !== 'connected') return;
    this.#joins.observe({ transport: change.transport }, change.joinTime / 1000);
  }

  #lifeMetrics(figures: ChildFigures): void {
    this.#gauge(
      'moontee_streamer_up',
      'Whether the process of a streamer answered the last question for its statistics',
      [],
      (streamer) => one(figures.latest(streamer) === null ? 0 : 1),
    );
    this.#gauge(
      'moontee_host_requested_bytes_per_second',
      'Bitrate of video that the host is asked for',
      [],
      ({ spec }) => one(spec.settings.bitrate * BYTES_PER_KILOBIT),
    );
    this.#counter(
      'moontee_streamer_restarts_total',
      'Sessions of a streamer after its first one',
      [],
      ({ restarts }) => one(restarts),
    );
    this.#counter(
      'moontee_streamer_hangs_total',
      'Processes of a streamer that stopped responding',
      [],
      ({ ends }) => one(ends.get('STREAMER_HUNG') ?? 0),
    );
    this.#counter(
      'moontee_streamer_session_ends_total',
      'Sessions of a streamer that ended or were lost, by reason',
      ['code'],
      ({ ends }) => [...ends].map(([code, value]) => ({ labels: { code }, value })),
    );
  }

  #outputMetrics(): void {
    this.#gauge('moontee_outputs', 'Outputs of a streamer by state', ['state'], ({ outputs }) =>
      OUTPUT_STATES.map((state) => ({
        labels: { state },
        value: outputs.list().filter((each) => each.state === state).length,
      })),
    );
  }

  #viewerMetrics(): void {
    this.#gauge(
      'moontee_viewers_by_state',
      'Viewers of a streamer by transport and state',
      ['transport', 'state'],
      ({ viewers }) =>
        VIEWER_TRANSPORTS.flatMap((transport) =>
          VIEWER_STATES.map((state) => ({
            labels: { transport, state },
            value: countViewers(viewers, transport, state),
          })),
        ),
    );
    this.#gauge(
      'moontee_viewers_by_kind',
      'Viewers of a streamer by how they signal: over a socket, or by HTTP (WHEP)',
      ['kind'],
      ({ viewers }) =>
        VIEWER_KINDS.map((kind) => ({
          labels: { kind },
          value: viewers.filter((each) => each.kind === kind).length,
        })),
    );
    this.#gauge(
      'moontee_viewers_by_quality',
      'Viewers of a streamer by the quality of their links; unknown until it is judged',
      ['quality'],
      ({ viewers }) =>
        [...VIEWER_QUALITIES, null].map((quality) => ({
          labels: { quality: quality ?? 'unknown' },
          value: viewers.filter((each) => each.quality === quality).length,
        })),
    );
  }

  #gauge(name: string, help: string, labels: readonly string[], read: Read): void {
    const streamers = this.#streamers;
    new Gauge<string>({
      ...{ name, help, labelNames: ['streamer_id', ...labels], registers: [this.#registry] },
      collect() {
        this.reset();
        for (const sample of samples(streamers(), read)) this.set(sample.labels, sample.value);
      },
    });
  }

  #counter(name: string, help: string, labels: readonly string[], read: Read): void {
    const streamers = this.#streamers;
    new Counter<string>({
      ...{ name, help, labelNames: ['streamer_id', ...labels], registers: [this.#registry] },
      collect() {
        this.reset();
        for (const sample of samples(streamers(), read)) this.inc(sample.labels, sample.value);
      },
    });
  }
}

function countViewers(viewers: readonly ViewerInfo[], transport: string, state: string): number {
  return viewers.filter((each) => each.transport === transport && each.state === state).length;
}

function one(value: number): Reading[] {
  return [{ labels: {}, value }];
}

/** What a counter or gauge takes: finite numbers, with the id of the streamer. */
function samples(streamers: readonly Streamer[], read: Read): Reading[] {
  return streamers.flatMap((streamer) =>
    read(streamer)
      .filter(({ value }) => Number.isFinite(value))
      .map(({ labels, value }) => ({ labels: { streamer_id: streamer.id, ...labels }, value })),
  );
}
