/** Whether a stranger gets in by spelling, method or header, or can ask what exists. */
import { OPERATIONS } from '../src/api/operations.js';
import { Findings, type Attack } from './attack.js';
import { Judge } from './support/judge.js';
import { inParallel, sendRaw, someAddress, StatusCounts } from './support/requests.js';
import { spellings } from './support/spellings.js';
import { STREAMER } from './support/terms.js';

const WORKERS = 16;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'];
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
/** What a request may carry beside its first line; each by itself. */
const COMPANIONS: readonly (readonly string[])[] = [
  [],
  WEBSOCKET,
  ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
  ['X-HTTP-Method-Override: GET', 'X-Original-URL: /api/hosts', 'X-Rewrite-URL: /api/hosts'],
  ['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Forwarded: for=127.0.0.1'],
  ['Authorization: Bearer'],
  ['Authorization: Bearer ', 'Authorization: Bearer x'],
  ['Authorization: Basic OjpsYWRtaW4='],
  ['Origin: http://127.0.0.1', 'Access-Control-Request-Method: GET'],
  ['Expect: 100-continue', 'Content-Length: 2'],
];
/** A target that only differs in whether what it names exists. */
const TWINS: readonly (readonly [string, string])[] = [
  [`/api/streamers/${STREAMER}`, '/api/streamers/nothing'],
  [`/api/streamers/${STREAMER}/peer`, '/api/streamers/nothing/peer'],
  [`/api/streamers/${STREAMER}/media`, '/api/streamers/nothing/media'],
  [`/api/streamers/${STREAMER}/media?t=x`, '/api/streamers/nothing/media?t=x'],
  [`/api/streamers/${STREAMER}/whep`, '/api/streamers/nothing/whep'],
  [`/api/streamers/${STREAMER}/whep/x`, '/api/streamers/nothing/whep/x'],
  [`/api/streamers/${STREAMER}/outputs/x`, '/api/streamers/nothing/outputs/x'],
  [`/api/streamers/${STREAMER}/recordings`, '/api/streamers/nothing/recordings'],
  [`/api/streamers/${STREAMER}/tokens`, '/api/streamers/nothing/tokens'],
  [`/api/streamers/${STREAMER}/shares/x`, '/api/streamers/nothing/shares/x'],
  [`/api/streamers/${STREAMER}/viewers/x`, '/api/streamers/nothing/viewers/x'],
  [`/api/streamers/${STREAMER}?token=e30.e30.e30`, '/api/streamers/nothing?token=e30.e30.e30'],
  [`/api/streamers/${STREAMER}/stats`, '/api/streamers/nothing/stats'],
  ['/api/host?host_id=0', '/api/host?host_id=9'],
  ['/api/apps?host_id=0', '/api/apps?host_id=9'],
  ['/api/hosts', '/api/nothing'],
  ['/metrics', '/metrics/nothing'],
  ['/api/streamers', '/API/streamers'],
  ['/api/sessions', '/api/sessions/'],
];

/** Spellings × routes × methods × headers. */
export const access: Attack = {
  name: 'access: spellings × routes × methods',
  async run(scene, budget) {
    const findings = new Findings();
    const judge = await Judge.of(scene.port, budget.random);
    const paths = [...new Set(OPERATIONS.map(({ path }) => path.replace('{id}', STREAMER)))];
    paths.push('/api/host/stream', '/api', '/api/streamers/peer');
    const requests = paths
      .filter((path) => path !== '/config.js')
      .flatMap(spellings)
      .flatMap((target) =>
        METHODS.flatMap((method) => COMPANIONS.map((headers) => ({ method, target, headers }))),
      )
      .filter(() => budget.random.next() < budget.share);
    const counts = new StatusCounts();
    await inParallel(requests, WORKERS, async ({ method, target, headers }) => {
      if (!scene.running) return;
      const request = textOf(method, target, headers);
      const answer = await sendRaw(scene.port, someAddress(budget.random), request);
      counts.add(answer.status);
      const problem = judge.problemOf(request, answer);
      if (problem !== null) findings.add(`${JSON.stringify(request)}: ${problem}`);
    });
    return {
      attack: access.name,
      tried: requests.length,
      findings: findings.list(),
      note: String(counts),
    };
  },
};

/** Strangers get one answer for what is there and for what is not. */
export const oracle: Attack = {
  name: 'access: what exists answers as what does not',
  async run(scene, budget) {
    const findings = new Findings();
    const pairs = TWINS.flatMap((targets) =>
      METHODS.flatMap((method) => COMPANIONS.map((headers) => ({ targets, method, headers }))),
    );
    const counts = new StatusCounts();
    await inParallel(pairs, WORKERS, async ({ targets: [there, missing], method, headers }) => {
      if (!scene.running) return;
      const [one, other] = await Promise.all(
        [there, missing].map((target) =>
          sendRaw(scene.port, someAddress(budget.random), textOf(method, target, headers)),
        ),
      );
      if (one === undefined || other === undefined) return;
      counts.add(one.status);
      if (one.status !== other.status || one.head !== other.head || one.body !== other.body) {
        findings.add(`${method} ${there} tells from ${missing}: ${one.status}, ${other.status}`);
      }
    });
    return {
      attack: oracle.name,
      tried: 2 * pairs.length,
      findings: findings.list(),
      note: String(counts),
    };
  },
};

function textOf(method: string, target: string, headers: readonly string[]): string {
  const body = headers.some((line) => line.startsWith('Content-Length')) ? '{}' : '';
  return [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', body].join('\r\n');
}
