/** Random requests of the kind that finds two readings: by grammar, and by mutation of good ones. */
import type { SeededRandom } from '../../src/moonlight/random.js';
import { below, pick } from './requests.js';
import { STREAMER } from './terms.js';

const PIECES = [
  ...[
    '/',
    '//',
    '///',
    '.',
    '..',
    './',
    '../',
    '%2e',
    '%2E',
    '%2f',
    '%2F',
    '%5c',
    '%',
    '%25',
    '%2',
  ],
  ...['%00', '%0a', '%c0%ae', '%ff', '%u0061', '?', '#', '@', ':', '[', ']', '\\', ';', '&', '='],
  ...[
    '+',
    '*',
    '!',
    '(',
    ')',
    '{',
    '}',
    '|',
    '^',
    '`',
    '<',
    '>',
    '"',
    "'",
    '~',
    ',',
    '$',
    ' ',
    '\t',
  ],
  ...['\u0000', '\u0007', '\u007f', '\u0080', '\u00a0', '\u00e9', '\u00ff', '\r', '\n', '\r\n'],
  ...['api', 'API', 'host', 'stream', 'streamers', 'peer', 'metrics', 'config.js', STREAMER, 'x'],
  ...[
    'http:',
    'http://',
    'https://',
    'ws://',
    '//host',
    '//%@a',
    '//[',
    '//[::1',
    '//a:b@c',
    'javascript:',
  ],
  ...['0', '1', '-1', '99999999999', 'host_id=', 'client_id=', 'true', '__proto__', 'constructor'],
];
const GOOD_TARGETS = [
  `/api/streamers/${STREAMER}/peer`,
  '/api/streamers/nothing/peer',
  '/api/host/stream',
  '/api/hosts',
  '/',
  '/metrics',
  '/api/api/host/stream',
  `/api/streamers/${STREAMER}/peer?client_id=a`,
];
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const HEADERS = [
  ...[
    'Upgrade: websocket',
    'Upgrade: WebSocket',
    'Upgrade: h2c',
    'Upgrade: websocket, h2c',
    'Upgrade:',
  ],
  ...[
    'Connection: Upgrade',
    'Connection: upgrade, keep-alive',
    'Connection: close',
    'Connection: ,',
  ],
  ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 8', 'Sec-WebSocket-Version: 99', KEY],
  ...[
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Protocol: a, b',
    'Sec-WebSocket-Protocol: ,,',
    'Sec-WebSocket-Protocol: \u00e9',
  ],
  ...[
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    'Sec-WebSocket-Extensions: ;',
  ],
  ...['Host: 127.0.0.1', 'Host: [', 'Host:', 'Host: a:b:c', 'Host: evil.example', 'Host: \u00e9'],
  ...[
    'Origin: null',
    'Origin: http://[',
    'Origin: http://127.0.0.1',
    'X-Forwarded-For: ::ffff:1.2.3.4, [',
    'X-Forwarded-Host: [',
  ],
  ...[
    'Content-Length: 0',
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 1e3',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: x',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: x',
    'Cookie: a=b',
    'Accept: */*',
    'If-None-Match: *',
    'Range: bytes=0-',
    'TE: trailers',
  ],
  ...[
    'HTTP2-Settings: AAMAAABk',
    'Authorization: Bearer',
    'Authorization: \u00e9',
    'Content-Type: application/json',
    'Content-Encoding: gzip',
  ],
];
const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'M-SEARCH',
  'get',
  'PRI',
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.1 ',
];
const BODIES = [
  '',
  '',
  '',
  'hello',
  '{}',
  '\u0081\u0080\u0000\u0000\u0000\u0000',
  '\u0088\u0080\u0000\u0000\u0000\u0000',
  '0\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
];

/** A target made of pieces; often it begins as a good one. */
export function randomTarget(random: SeededRandom): string {
  const count = below(random, 8);
  const tail = Array.from({ length: count }, () => piece(random)).join('');
  const way = random.next();
  if (way < 0.3) return mutate(random, pick(random, GOOD_TARGETS));
  if (way < 0.5) return pick(random, GOOD_TARGETS) + tail;
  return way < 0.9 ? `/${tail}` : tail;
}

/** A request, of which some come upon an earlier one's heels (RFC 9112, section 9.3.2). */
export function randomRequest(random: SeededRandom): string {
  const earlier = random.next() < 0.1 ? request('GET', '/', 'HTTP/1.1', ['Host: x']) : '';
  return earlier + oneRequest(random);
}

/** A mutation of a good upgrade, or one that is made of parts. */
function oneRequest(random: SeededRandom): string {
  if (random.next() < 0.4) {
    const good = request('GET', pick(random, GOOD_TARGETS), 'HTTP/1.1', [
      ...['Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket'],
      ...['Sec-WebSocket-Version: 13', KEY],
    ]);
    return mutate(random, good);
  }
  const headers = ['Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket'].filter(
    () => random.next() < 0.9,
  );
  if (random.next() < 0.6) headers.push('Sec-WebSocket-Version: 13', KEY);
  for (let more = below(random, 5); more > 0; more -= 1) headers.push(pick(random, HEADERS));
  const target = randomTarget(random);
  return (
    request(pick(random, METHODS), target, pick(random, VERSIONS), headers) + pick(random, BODIES)
  );
}

function request(
  method: string,
  target: string,
  version: string,
  headers: readonly string[],
): string {
  return [`${method} ${target} ${version}`, ...headers, '', ''].join('\r\n');
}

function piece(random: SeededRandom): string {
  if (random.next() < 0.9) return pick(random, PIECES);
  return String.fromCharCode(below(random, 256));
}

/** A few octets changed, inserted, taken out, doubled or exchanged. */
function mutate(random: SeededRandom, text: string): string {
  let bytes = text;
  for (let edits = 1 + below(random, 3); edits > 0; edits -= 1) {
    const at = below(random, bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + below(random, 6));
    const middle = bytes.slice(at, end);
    const changed = pick(random, [
      String.fromCharCode(below(random, 256)),
      piece(random) + middle,
      '',
      middle + middle,
      middle.toUpperCase(),
      Buffer.from(middle, 'latin1').reverse().toString('latin1'),
    ]);
    bytes = bytes.slice(0, at) + changed + bytes.slice(end);
  }
  return bytes;
}
