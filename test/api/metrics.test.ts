import test from 'ava';
import { spawnSync } from 'node:child_process';
import { APP } from '../support/fake-apps.js';
import { faults, families, type Family } from '../support/exposition.js';
import { addHost, createBody, serve, type TestServer } from '../support/server.js';
import { STATISTICS } from '../support/statistics.js';
import { until } from '../support/until.js';

async function scrape(server: TestServer): Promise<{ text: string; found: Map<string, Family> }> {
  const { status, text } = await server.ask('GET', '/metrics');
  if (status !== 200) throw new Error(`status ${status}`);
  return { text, found: families(text) };
}

function value(found: Map<string, Family>, name: string, ...labels: string[]): number | undefined {
  const samples = [...found.values()].flatMap((family) => family.samples);
  return samples.find(
    (sample) => sample.name === name && labels.every((label) => sample.labels.includes(label)),
  )?.value;
}

async function create(server: TestServer, id: string, app?: number): Promise<void> {
  const { status } = await server.ask('POST', '/api/streamers', { body: createBody(id, app) });
  if (status !== 200) throw new Error(`status ${status}`);
}

test.serial(
  'the figures of a child are exposed in base units, and go with their streamer',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await create(server, 'desk');
    const viewer = await server.viewer('desk');
    await viewer.until('offer');
    viewer.answer();
    await viewer.until('ConnectionComplete');
    const { text, found } = await scrape(server);
    const desk = 'streamer_id="desk"';
    const figures: readonly (readonly [string, number, ...string[]])[] = [
      ['moontee_streamer_up', 1],
      ['moontee_host_received_packets_total', 100, 'medium="video"'],
      ['moontee_host_received_bytes_total', 5000, 'medium="audio"'],
      ['moontee_host_lost_packets_total', 9, 'medium="video"'],
      ['moontee_host_lost_packets_total', 5, 'medium="audio"'],
      ['moontee_host_fec_recovered_packets_total', 8, 'medium="video"'],
      ['moontee_host_fec_failures_total', 2, 'medium="video"'],
      ['moontee_host_frames_total', 1, 'result="refused"'],
      ['moontee_idr_requests_total', 11, 'reason="loss"'],
      ['moontee_idr_requests_total', 2, 'reason="pli"'],
      ['moontee_host_requested_bytes_per_second', 2_500_000],
      ['moontee_host_round_trip_seconds', 0.012],
      ['moontee_streamer_units_total', 30, 'medium="video"'],
      ['moontee_streamer_units_dropped_total', 3],
      ['moontee_streamer_cpu_seconds_total', 1.5],
      ['moontee_streamer_heap_used_bytes', 20_000_000],
      ['moontee_streamer_event_loop_delay_max_seconds', 0.04],
      ['moontee_streamer_lateness_seconds', -0.001, 'medium="audio"'],
      ['moontee_streamer_restarts_total', 0],
      ['moontee_streamer_hangs_total', 0],
      ['moontee_viewers', 1],
      ['moontee_viewers_by_state', 1, 'transport="webrtc"', 'state="connected"'],
      ['moontee_viewers_by_state', 0, 'transport="webrtc"', 'state="waiting"'],
      ['moontee_viewers_by_quality', 1, 'quality="unknown"'],
      ['moontee_viewer_nacks_total', 5],
      ['moontee_input_refused_total', 8, 'reason="forbidden"'],
      ['moontee_input_refused_total', 9, 'reason="limited"'],
      ['moontee_viewer_plis_total', 6],
      ['moontee_viewer_dropped_packets_total', 4],
      ['moontee_viewer_bandwidth_lowest_bytes_per_second', 1_000_000],
      ['moontee_viewer_round_trip_highest_seconds', 0.08],
      ['moontee_viewer_loss_highest_ratio', 0.25],
    ];
    for (const [name, expected, ...labels] of figures) {
      t.is(value(found, name, desk, ...labels), expected, [name, ...labels].join(' '));
    }
    t.is(value(found, 'moontee_viewer_join_seconds_count', 'transport="webrtc"'), 1);
    t.is(value(found, 'moontee_build_info', `node_version="${process.version}"`), 1);
    // Nothing of a single viewer is a label.
    for (const { id } of STATISTICS.pipeline?.peers ?? []) t.false(text.includes(`"${id}"`));
    t.false(text.includes('127.0.0.1'));

    t.is((await server.ask('DELETE', '/api/streamers/desk')).status, 204);
    t.false((await scrape(server)).text.includes('desk'));
  },
);

test.serial('a child that ended unexpectedly: counters keep what it had', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server, 'desk');
  const viewer = await server.viewer('desk');
  await viewer.until('offer');
  t.is(value((await scrape(server)).found, 'moontee_viewer_nacks_total'), 5);
  viewer.answer('die');
  const { found } = await until('the next child has answered', async () => {
    const now = await scrape(server);
    const nacks = value(now.found, 'moontee_viewer_nacks_total') ?? 0;
    if (nacks < 5) throw new Error(`fell to ${nacks}`);
    return nacks > 5 && now;
  });
  t.is(value(found, 'moontee_viewer_nacks_total'), 10);
  t.is(value(found, 'moontee_streamer_restarts_total'), 1);
  t.is(value(found, 'moontee_streamer_session_ends_total', 'code="STREAMER_FAILED"'), 1);
});

test.serial('a hang is counted', async (t) => {
  const server = await serve(t, { heartbeat_interval_ms: '100', heartbeat_timeout_ms: '2000' });
  await addHost(t, server);
  await create(server, 'desk');
  const viewer = await server.viewer('desk');
  await viewer.until('offer');
  viewer.answer('deadlock');
  await until('the hang is counted', async () => {
    const { found } = await scrape(server);
    return value(found, 'moontee_streamer_hangs_total') === 1;
  });
  t.pass();
});

test.serial('a child that never answers costs a scrape its own figures only', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server, 'silent', APP.NEVER_ANSWERS);
  await create(server, 'desk');
  for (let scrapes = 0; scrapes < 3; scrapes += 1) {
    const { found } = await scrape(server);
    t.is(value(found, 'moontee_streamer_up', 'streamer_id="silent"'), 0);
    t.is(value(found, 'moontee_streamer_up', 'streamer_id="desk"'), 1);
    t.is(value(found, 'moontee_viewers', 'streamer_id="silent"'), 0);
    t.is(value(found, 'moontee_host_round_trip_seconds', 'streamer_id="silent"'), undefined);
  }
});

test.serial('the text has HELP, TYPE, proper names and base units', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server, 'desk');
  const { text, found } = await scrape(server);
  const ours = [...found].filter(([name]) => name.startsWith('moontee_'));
  t.true(ours.length > 30);
  t.deepEqual(
    ours.flatMap(([name, family]) => faults(name, family)),
    [],
  );
  for (const [name, { help, type }] of found) t.true(help !== null && type !== null, name);

  const { error, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined) {
    t.log('promtool is not installed: its part is skipped');
    return;
  }
  // The names of Node.js's own metrics are those of prom-client.
  const complaints = stderr.split('\n').filter((line) => line.includes('moontee_'));
  t.deepEqual(complaints, []);
});

test('the check finds what is wrong', (t) => {
  const wrong = [
    '# HELP moontee_joins joins\n# TYPE moontee_joins counter\nmoontee_joins 1',
    '# HELP moontee_a_total a\n# TYPE moontee_a_total gauge\nmoontee_a_total 1',
    '# TYPE moontee_b gauge\nmoontee_b 1',
    '# HELP moontee_c_milliseconds c\n# TYPE moontee_c_milliseconds gauge\nmoontee_c_milliseconds 1',
    '# HELP moontee:d d\n# TYPE moontee:d gauge\nmoontee:d 1',
    '# HELP moontee_e e\n# TYPE moontee_e gauge\nmoontee_e 1\nmoontee_e 2',
    '# HELP moontee_f f\n# TYPE moontee_f gauge\nmoontee_f Nan',
  ];
  for (const text of wrong) {
    const found = [...families(text)].flatMap(([name, family]) => faults(name, family));
    t.is(found.length, 1, `${text}: ${found.join()}`);
  }
  t.throws(() => families('moontee_without_type 1'));
});
