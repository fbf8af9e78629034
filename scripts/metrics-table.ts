/** What is exposed, for docs/metrics.md and for whoever checks names. */
import { EventEmitter } from 'node:events';
import type { RegistryEvents } from '../src/streamer/registry.js';
import { Metrics } from '../src/api/metrics.js';

export interface ExposedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export function exposedMetrics(): ExposedMetric[] {
  // A server without streamers.
  const streamers = Object.assign(new EventEmitter<RegistryEvents>(), { list: () => [] });
  const { registry } = new Metrics(streamers, { failures: 0 }, null);
  return registry.getMetricsAsArray().map((metric) => ({
    name: metric.name,
    help: metric.help,
    type: String(metric.type),
    labels: 'labelNames' in metric ? (metric.labelNames as string[]) : [],
  }));
}

/** The table of docs/metrics.md. */
export function documentMetrics(): string {
  const rows = exposedMetrics()
    .filter(({ name }) => name.startsWith('moontee_'))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, type, help, labels }) => {
      const words = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${words} | ${help} |`;
    });
  return ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}
