/** Dashboard and alerts name only what is exposed. */
import test, { type ExecutionContext } from 'ava';
import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exposedMetrics } from '../../scripts/metrics-table.js';
import { Metrics } from '../../src/api/metrics.js';
import type { RegistryEvents } from '../../src/streamer/registry.js';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');
/** Of Prometheus itself. */
const ALWAYS = { metrics: ['up'], labels: ['job', 'instance', 'le'] };
const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'and', 'or', 'unless', 'offset', 'bool']);

interface Used {
  readonly metrics: string[];
  readonly labels: string[];
}

/** The names in an expression of PromQL. */
function namesIn(expression: string): Used {
  const labels: string[] = [];
  const bare = expression
    .replace(/\{([^}]*)\}/g, (_, matchers: string) => {
      for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=|!)/g)) labels.push(label);
      return ' ';
    })
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, list: string) => {
      labels.push(...list.split(',').map((label) => label.trim()));
      return ' ';
    });
  const words = [...bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)(?!\w*\s*\()/g)];
  return {
    metrics: words.flatMap(([, word = '']) => (WORDS.has(word) ? [] : [word])),
    labels,
  };
}

const exposed = exposedMetrics();
const metricNames = new Set([
  ...ALWAYS.metrics,
  ...exposed.flatMap(({ name, type }) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
  ),
]);
const labelNames = new Set([...ALWAYS.labels, ...exposed.flatMap(({ labels }) => labels)]);

function unknown(expression: string): string[] {
  const { metrics, labels } = namesIn(expression);
  return [
    ...metrics.filter((name) => !metricNames.has(name)),
    ...labels.filter((name) => !labelNames.has(name)),
  ];
}

async function ruleExpressions(): Promise<string[]> {
  const text = await readFile(join(DEPLOY, 'prometheus/moontee.rules.yml'), 'utf8');
  const rules = text.split(/^ +- alert: /m).slice(1);
  return rules.map((rule) => {
    const block = /^ +expr: \|\n((?: {10}.*\n)+)/m.exec(rule)?.[1];
    const expression = block ?? /^ +expr: (.+)$/m.exec(rule)?.[1];
    if (expression === undefined) throw new Error(`no expression: ${rule}`);
    return expression;
  });
}

test('names are found in expressions', (t) => {
  t.deepEqual(namesIn('sum by (le, code) (rate(a_total{x="b_total",y=~"c"}[5m])) / d > 0.5'), {
    metrics: ['a_total', 'd'],
    labels: ['x', 'y', 'le', 'code'],
  });
  t.deepEqual(unknown('rate(moontee_nothing_total{nothing="1"}[5m])'), [
    'moontee_nothing_total',
    'nothing',
  ]);
});

test('alerts name metrics and labels that are exposed', async (t) => {
  const expressions = await ruleExpressions();
  t.true(expressions.length >= 10);
  for (const expression of expressions) {
    t.true(namesIn(expression).metrics.length > 0, expression);
    t.deepEqual(unknown(expression), [], expression);
  }
});

/** Nothing where it is not installed, and the test says so. */
function promtool(t: ExecutionContext, args: readonly string[], input = ''): void {
  const { error, status, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  if (error === undefined) {
    t.is(status, 0, stderr);
  } else {
    t.log('skipped: promtool is not installed');
    t.pass();
  }
}

test('promtool reads the alert rules', (t) => {
  promtool(t, ['check', 'rules', join(DEPLOY, 'prometheus/moontee.rules.yml')]);
});

test('promtool finds no fault with what is exposed', async (t) => {
  const streamers = Object.assign(new EventEmitter<RegistryEvents>(), { list: () => [] });
  const { registry } = new Metrics(streamers, { failures: 0 }, null);
  promtool(t, ['check', 'metrics'], await registry.metrics());
});

test('the dashboard names metrics and labels that are exposed', async (t) => {
  const text = await readFile(join(DEPLOY, 'grafana/moontee.json'), 'utf8');
  const dashboard = JSON.parse(text) as {
    panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[];
    templating: { list: { query: string | { query: string } }[] };
  };
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
  t.true(targets.length > 30);
  for (const { expr, legendFormat } of targets) {
    t.true(namesIn(expr).metrics.length > 0, expr);
    t.deepEqual(unknown(expr), [], expr);
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      t.true(labelNames.has(label), legendFormat);
    }
  }
  for (const { query } of dashboard.templating.list) {
    const [, metric, label] =
      /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? '' : query.query) ?? [];
    if (metric !== undefined) t.true(metricNames.has(metric) && labelNames.has(label ?? ''));
  }
});
