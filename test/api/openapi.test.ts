import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import test from 'ava';
import type { OpenAPIV3_1 } from 'openapi-types';
import { openApiDocument, documentMessages, type OpenApiDocument } from '../../src/api/openapi.js';
import { OPERATIONS } from '../../src/api/operations.js';
import type { Schema } from '../../src/codec/json-schema.js';
import type { RecordingInfo } from '../../src/protocol/rest-models.js';
import {
  addHost,
  createBody,
  serve,
  temporaryFolder,
  type Answer,
  type AskOptions,
} from '../support/server.js';

/** What is wrong with a value, by a schema of the document. */
function mismatch(schema: Schema, value: unknown, document: OpenApiDocument): string[] {
  // Strict: a word that it does not know is an error of the document.
  const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['components', 'x-enum-descriptions']);
  const { schemas = {} } = document.components ?? {};
  const validate = ajv.compile({ ...schema, components: { schemas } });
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `$${instancePath} ${message}`);
}

function check(
  document: OpenApiDocument,
  method: string,
  template: string,
  { status, headers, text, json }: Answer,
): string[] {
  const item = document.paths?.[template] as
    Record<string, OpenAPIV3_1.OperationObject> | undefined;
  const response = item?.[method]?.responses?.[status] as OpenAPIV3_1.ResponseObject | undefined;
  if (response === undefined) return [`${method} ${template}: ${status} is not described`];
  const described = Object.entries(response.content ?? {});
  if (described.length === 0) return text === '' ? [] : [`${template}: a body: ${text}`];
  const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
  const media = described.find(([name]) => name === type)?.[1];
  if (media === undefined) return [`${template}: ${type} is not described`];
  // An answer to HEAD has the headers alone.
  const isBodiless = media.schema === undefined || method === 'head';
  return isBodiless ? [] : mismatch(media.schema ?? {}, json, document);
}

const RECORDINGS = '/api/streamers/{id}/recordings';
const WHEP = '/api/streamers/{id}/whep';
const INPUT = '/api/streamers/{id}/input';
const SNAPSHOT = '/api/streamers/{id}/snapshot';
const OUTPUTS = '/api/streamers/{id}/outputs';
const CONTROL = '/api/streamers/{id}/control';
const VIEWER = '/api/streamers/{id}/viewers/{viewer}';
const TOKENS = '/api/streamers/{id}/tokens';
const SHARES = '/api/streamers/{id}/shares';
const REDEEM = '/api/shares/redeem';
const RECORDED_FILE = `${RECORDINGS}/{recording}/files/{number}`;

/** What an answer names, for the requests behind it: `:recording` and the like. */
function learn(known: Map<string, string>, template: string, { headers, json }: Answer): void {
  const answered = (json ?? {}) as { id?: string; secret?: string } & Partial<RecordingInfo>;
  const { id, secret, recording_id: recording } = answered;
  const facts = {
    recording,
    session: template === WHEP ? headers.location : undefined,
    token: template === TOKENS ? id : undefined,
    share: template === SHARES ? id : undefined,
    secret,
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) known.set(`:${name}`, value);
  }
}

function filled<T>(known: ReadonlyMap<string, string>, value: T): T {
  if (value === undefined) return value;
  const text = JSON.stringify(value).replaceAll(/:[a-z]+/g, (name) => known.get(name) ?? name);
  return JSON.parse(text) as T;
}

/** Text goes in the media type of the operation, anything else as JSON. */
function bodyFor(method: string, path: string, body: unknown): AskOptions {
  if (typeof body !== 'string') return body === undefined ? {} : { body };
  const operation = OPERATIONS.find((each) => each.method === method && each.path === path);
  return { raw: body, headers: { 'Content-Type': operation?.bodyType ?? '' } };
}

test.serial('answers are as the served document describes them', async (t) => {
  const server = await serve(t, {
    recordings_path: await temporaryFolder(t),
    outputs_allowed: 'rtp://127.0.0.1:5004,http://127.0.0.1:8889',
  });
  const served = await server.ask('GET', '/api/openapi.json');
  t.is(served.status, 200);
  const document = served.json as OpenApiDocument;
  t.is(document.openapi, '3.1.0');
  const host = await addHost(t, server, false);
  const pair = { host_id: 0 };
  const create = { ...createBody('s'), client_unique_id: null };
  const whip = { type: 'whip', url: 'http://127.0.0.1:8889/whip' };
  const output = { type: 'rtp', host: '127.0.0.1', video_port: 5004 };
  const calls: [string, string, string, unknown?][] = [
    ['get', '/config.js', '/config.js'],
    ['get', '/healthz', '/healthz'],
    ['get', '/readyz', '/readyz'],
    ['get', '/api/authenticate', '/api/authenticate'],
    ['get', '/api/hosts', '/api/hosts'],
    ['get', '/api/host', '/api/host?host_id=0'],
    ['get', '/api/host', '/api/host?host_id=9'],
    ['put', '/api/host', '/api/host', { address: '127.0.0.1', http_port: host.port }],
    ['put', '/api/host', '/api/host', {}],
    ['get', '/api/apps', '/api/apps?host_id=0'],
    ['post', '/api/streamers', '/api/streamers', create],
    ['post', '/api/pair', '/api/pair', pair],
    ['post', '/api/pair', '/api/pair', pair],
    ['post', '/api/pair', '/api/pair', { host_id: 9 }],
    ['get', '/api/apps', '/api/apps?host_id=0'],
    ['get', '/api/app/image', '/api/app/image?host_id=0&app_id=1'],
    ['get', '/api/app/image', '/api/app/image?host_id=0&app_id=55'],
    ['post', '/api/host/wake', '/api/host/wake', { host_id: 9 }],
    ['post', '/api/host/cancel', '/api/host/cancel', pair],
    ['post', '/api/streamers', '/api/streamers', { ...create, host_id: 9 }],
    ['post', '/api/streamers', '/api/streamers', create],
    ['post', '/api/streamers', '/api/streamers', create],
    ['get', '/api/streamers', '/api/streamers'],
    ['get', '/api/streamers/{id}', '/api/streamers/s'],
    ['get', '/api/streamers/{id}', '/api/streamers/x'],
    ['get', '/api/streamers/{id}/stats', '/api/streamers/s/stats'],
    ['get', '/api/streamers/{id}/dot', '/api/streamers/s/dot'],
    ['post', RECORDINGS, '/api/streamers/x/recordings'],
    ['post', RECORDINGS, '/api/streamers/s/recordings'],
    ['get', RECORDINGS, '/api/streamers/s/recordings'],
    ['get', `${RECORDINGS}/{recording}`, '/api/streamers/s/recordings/:recording'],
    ['get', `${RECORDINGS}/{recording}`, '/api/streamers/s/recordings/x'],
    ['get', RECORDED_FILE, '/api/streamers/s/recordings/:recording/files/1'],
    ['get', RECORDED_FILE, '/api/streamers/s/recordings/:recording/files/2'],
    ['delete', `${RECORDINGS}/{recording}`, '/api/streamers/s/recordings/:recording'],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/sfu', output],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/sfu', output],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/x/outputs/sfu', output],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/b', { ...output, video_port: 1 }],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/b', { ...output, video_port: 0 }],
    ['put', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/whip', whip],
    ['get', OUTPUTS, '/api/streamers/s/outputs'],
    ['get', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/sfu'],
    ['get', '/api/streamers/{id}', '/api/streamers/s'],
    ['delete', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/sfu'],
    ['delete', `${OUTPUTS}/{name}`, '/api/streamers/s/outputs/sfu'],
    ['post', INPUT, '/api/streamers/s/input', { events: [{ type: 'wait', ms: 1 }] }],
    ['post', INPUT, '/api/streamers/s/input', { events: [] }],
    ['post', INPUT, '/api/streamers/x/input', { events: [{ type: 'wait', ms: 1 }] }],
    ['get', `${SNAPSHOT}.png`, '/api/streamers/s/snapshot.png'],
    ['get', `${SNAPSHOT}.png`, '/api/streamers/s/snapshot.png?width=99'],
    ['get', `${SNAPSHOT}.png`, '/api/streamers/s/snapshot.png?width=1'],
    ['get', `${SNAPSHOT}.jpg`, '/api/streamers/s/snapshot.jpg'],
    ['get', `${SNAPSHOT}.jpg`, '/api/streamers/x/snapshot.jpg'],
    ['get', '/api/streamers/{id}/peer', '/api/streamers/x/peer'],
    ['get', '/api/streamers/{id}/peer', '/api/streamers/s/peer'],
    ['get', '/api/streamers/{id}/media', '/api/streamers/s/media'],
    ['head', WHEP, '/api/streamers/s/whep'],
    ['head', WHEP, '/api/streamers/x/whep'],
    ['options', WHEP, '/api/streamers/s/whep'],
    ['options', WHEP, '/api/streamers/x/whep'],
    ['post', WHEP, '/api/streamers/s/whep', 'v=0'],
    ['post', WHEP, '/api/streamers/x/whep', 'v=0'],
    ['post', WHEP, '/api/streamers/s/whep', 'other codec'],
    ['post', WHEP, '/api/streamers/s/whep', 'x'.repeat(40_000)],
    ['post', WHEP, '/api/streamers/s/whep', {}],
    ['patch', `${WHEP}/{session}`, ':session', 'candidates'],
    ['patch', `${WHEP}/{session}`, ':session', 'restart'],
    ['patch', `${WHEP}/{session}`, ':session', 'invalid'],
    ['patch', `${WHEP}/{session}`, ':session', {}],
    ['delete', `${WHEP}/{session}`, ':session'],
    ['delete', `${WHEP}/{session}`, ':session'],
    ['get', CONTROL, '/api/streamers/s/control'],
    ['get', CONTROL, '/api/streamers/x/control'],
    ['put', CONTROL, '/api/streamers/s/control', { mode: 'shared' }],
    ['put', CONTROL, '/api/streamers/s/control', { holder: 'nobody' }],
    ['get', INPUT, '/api/streamers/s/input'],
    ['get', INPUT, '/api/streamers/x/input'],
    ['delete', INPUT, '/api/streamers/s/input'],
    ['delete', INPUT, '/api/streamers/s/input?peer_id=x'],
    ['patch', VIEWER, '/api/streamers/s/viewers/:viewer', { rights: ['watch'] }],
    ['patch', VIEWER, '/api/streamers/s/viewers/:viewer', { rights: 1 }],
    ['patch', VIEWER, '/api/streamers/s/viewers/x', { rights: ['watch'] }],
    ['delete', VIEWER, '/api/streamers/s/viewers/:viewer'],
    ['delete', VIEWER, '/api/streamers/s/viewers/x'],
    ['post', TOKENS, '/api/streamers/s/tokens', { rights: ['watch'], name: 'Ann' }],
    ['post', TOKENS, '/api/streamers/s/tokens', { rights: [] }],
    ['post', TOKENS, '/api/streamers/x/tokens', { rights: ['watch'] }],
    ['get', TOKENS, '/api/streamers/s/tokens'],
    ['delete', `${TOKENS}/{token}`, '/api/streamers/s/tokens/:token'],
    ['delete', `${TOKENS}/{token}`, '/api/streamers/s/tokens/:token'],
    ['post', SHARES, '/api/streamers/s/shares', { rights: ['watch'], pin: '4711' }],
    ['post', SHARES, '/api/streamers/s/shares', { rights: ['watch'], pin: '1' }],
    ['post', REDEEM, REDEEM, { secret: ':secret', pin: '4711' }],
    ['post', REDEEM, REDEEM, { secret: ':secret' }],
    ['post', REDEEM, REDEEM, { secret: 'x' }],
    ['post', REDEEM, REDEEM, {}],
    ['get', SHARES, '/api/streamers/s/shares'],
    ['delete', `${SHARES}/{share}`, '/api/streamers/s/shares/:share'],
    ['delete', `${SHARES}/{share}`, '/api/streamers/s/shares/x'],
    ['get', '/api/sessions', '/api/sessions'],
    ['get', '/api/admin/status', '/api/admin/status'],
    ['get', '/api/openapi.json', '/api/openapi.json'],
    ['get', '/metrics', '/metrics'],
    ['delete', '/api/streamers/{id}', '/api/streamers/s'],
    ['delete', '/api/streamers/{id}', '/api/streamers/s'],
    ['post', '/api/host/unpair', '/api/host/unpair', pair],
    ['get', '/api/apps', '/api/apps?host_id=0'],
    ['delete', '/api/host', '/api/host?host_id=0'],
    ['post', '/api/host/unpair', '/api/host/unpair', pair],
    ['delete', '/api/host', '/api/host?host_id=0'],
  ];
  const viewer = async (): Promise<void> => {
    const socket = await server.viewer('s');
    await socket.until('offer');
  };
  const known = new Map<string, string>();
  for (const [method, template, pattern, given] of calls) {
    if (template === '/api/streamers/{id}/stats') await viewer();
    if (template === VIEWER && !known.has(':viewer')) {
      const [present] = server.running.streamers.require('s').viewers;
      known.set(':viewer', present?.peerId ?? '');
    }
    const path = filled(known, pattern);
    const body = filled(known, given);
    const answer = await server.ask(method.toUpperCase(), path, bodyFor(method, template, body));
    t.deepEqual(check(document, method, template, answer), [], `${method} ${path} ${answer.text}`);
    learn(known, template, answer);
    if (template === '/config.js') continue;
    if (/\/(?:peer|media)$/.test(template)) continue;
    const bare = await server.ask(method.toUpperCase(), path, { headers: { Authorization: '' } });
    t.deepEqual(
      check(document, method, template, bare),
      [],
      `${method} ${path} without credentials`,
    );
  }
  const covered = new Set(calls.map(([method, template]) => `${method} ${template}`));
  const missing = OPERATIONS.map(({ method, path }) => `${method} ${path}`).filter(
    (operation) => !covered.has(operation) && operation !== 'get /api/events',
  );
  t.deepEqual(missing, []);
});

test.serial('the checker finds what is wrong', (t) => {
  const document = openApiDocument('0');
  const schema = { $ref: '#/components/schemas/StreamerList' };
  t.deepEqual(mismatch(schema, { streamers: [] }, document), []);
  t.true(mismatch(schema, { streamers: [{ streamer_id: 1 }] }, document).length > 5);
  t.deepEqual(mismatch(schema, {}, document), ["$ must have required property 'streamers'"]);
});

test.serial('every reference in the document leads somewhere', (t) => {
  const document = openApiDocument('0');
  const names = Object.keys(document.components?.schemas ?? {});
  for (const [, name = ''] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    t.true(names.includes(name), name);
  }
});

test.serial('socket messages are described, both ways', (t) => {
  const text = documentMessages();
  for (const name of [
    'AuthenticateAndInit',
    'RestartIce',
    'WebRtcConfig',
    'ConnectionComplete',
    '"PeerDisconnect"',
    'ConnectionStatusUpdate',
  ]) {
    t.true(text.includes(`| \`${name}\` |`), name);
  }
  t.regex(text, /`StageFailed` \| \{stage: string, error_code: integer\}/);
});
