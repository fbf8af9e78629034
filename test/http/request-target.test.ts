import test from 'ava';
import fc from 'fast-check';
import { parse as legacyParse } from 'node:url';
import { MoonteeError } from '../../src/core/errors.js';
import { parseRequestTarget, queryParameter } from '../../src/http/request-target.js';

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'not in origin form': [
    '',
    '*',
    'api',
    'http://host/api/hosts',
    'http://?x',
    'http://[',
    'host:443',
    '?x',
    '//host/api',
    '//%@a/api/host/stream',
    'HTTP://a',
    '\\api',
  ],
  'dot segments': [
    '/.',
    '/..',
    '/./api',
    '/api/../metrics',
    '/%2e',
    '/%2E%2e/x',
    '/.%2e',
    '/api/%2e',
    '/api/..',
    '/%252e%252e/x',
  ],
  'empty segments': ['//', '/api//hosts', '/api/hosts//', '///'],
  'encoded separators': ['/api%2fhosts', '/api%2Fhosts', '/%5c', '/api%5Chosts', '/api%252fhosts'],
  'malformed escapes': [
    '/%',
    '/%a',
    '/%zz',
    '/%u0061',
    '/api?a=%',
    '/api?a=%x1',
    '/%c0%ae',
    '/%ff',
    '/%ed%a0%80',
    '/api?a=%ff',
    '/%25',
  ],
  'characters that no URI has': [
    '/a b',
    '/a\tb',
    '/a\u0000',
    '/%00',
    '/a%0d%0ab',
    '/a\\b',
    '/é',
    '/a#b',
    '/<',
    '/"',
    '/{id}',
    '/a|b',
    '/%7f',
    '/%c2%85',
    '/api?a=%00',
    '/api?a=%0a',
    '/api?a=\\',
    '/api?a#b',
    '/api?é',
    '/\u00ff',
  ],
  'too long': [`/${'a'.repeat(4_096)}`, `/?${'a'.repeat(4_096)}`],
};

for (const [kind, targets] of Object.entries(REFUSED)) {
  test(`refused: ${kind}`, (t) => {
    for (const target of targets) {
      const error = t.throws(
        () => parseRequestTarget(target, '/moonlight'),
        { instanceOf: MoonteeError },
        target,
      );
      t.is(error.code, 'BAD_REQUEST', target);
      t.false(target !== '' && error.message.includes(target), 'an answer does not repeat it');
    }
  });
}

test('one reading: path, query and the canonical spelling', (t) => {
  const rows: [string, string, string, string][] = [
    ['/', '', '/', '/'],
    ['/?', '', '/', '/'],
    ['/api/hosts', '', '/api/hosts', '/api/hosts'],
    ['/api/hosts/', '', '/api/hosts/', '/api/hosts/'],
    ['/%61pi/%68osts', '', '/api/hosts', '/api/hosts'],
    ['/API/hosts', '', '/API/hosts', '/API/hosts'],
    ['/api/streamers/a%3Ab', '', '/api/streamers/a:b', '/api/streamers/a%3Ab'],
    ['/api/streamers/a:b', '', '/api/streamers/a:b', '/api/streamers/a%3Ab'],
    ['/%C3%A9', '', '/é', '/%C3%A9'],
    ['/moonlight', '/moonlight', '/', '/'],
    ['/moonlight/', '/moonlight', '/', '/'],
    ['/m%6fonlight/api/hosts', '/moonlight', '/api/hosts', '/api/hosts'],
    ['/Moonlight/api/hosts', '/moonlight', '/Moonlight/api/hosts', '/Moonlight/api/hosts'],
    ['/moonlightly/x', '/moonlight', '/moonlightly/x', '/moonlightly/x'],
    ['/a/b/api/api/hosts', '/a/b', '/api/hosts', '/api/hosts'],
    ['/api/api/api/hosts', '', '/api/api/hosts', '/api/api/hosts'],
    ['/api/apps?host_id=0', '', '/api/apps', '/api/apps?host_id=0'],
    ['/api?a=/../%2f//b?c', '', '/api', '/api?a=/../%2f//b?c'],
  ];
  for (const [text, prefix, path, href] of rows) {
    const target = parseRequestTarget(text, prefix);
    t.is(target.path, path, text);
    t.is(target.href, href, text);
  }
});

test('a parameter is given once or not at all', (t) => {
  const target = parseRequestTarget('/x?a=1%202+3&b=&c=1&c=1', '');
  t.is(queryParameter(target, 'a'), '1 2 3');
  t.is(queryParameter(target, 'b'), '');
  t.is(queryParameter(target, 'd'), undefined);
  t.throws(() => queryParameter(target, 'c'), { message: /given twice/ });
});

/** Text of the kind that finds two readings: separators, dots and escapes, in any order. */
const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2F',
        '%5c',
        '%',
        '%25',
        '?',
        '#',
        '@',
        ':',
        '[',
        ']',
        '\\',
        ';',
        '&',
        '=',
        '+',
        'api',
        'API',
        'host',
        'metrics',
        'http:',
        '\u0000',
        '\r\n',
        ' ',
        'é',
      ),
      fc.string({ maxLength: 4 }),
      fc.webSegment(),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);

test('what is accepted reads the same everywhere; nothing else is thrown than a refusal', (t) => {
  fc.assert(
    fc.property(fc.oneof(tricky, fc.string(), fc.webUrl({ withQueryParameters: true })), (text) => {
      let target;
      try {
        target = parseRequestTarget(text, '/moonlight');
      } catch (error) {
        return error instanceof MoonteeError && error.code === 'BAD_REQUEST';
      }
      const { path, href, query } = target;
      const again = parseRequestTarget(href, '');
      const url = new URL(href, 'http://host');
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- koa-websocket parses with it
      const legacy = legacyParse(href);
      return (
        // The doubled prefix may be there twice; it is only taken off once.
        (again.path === path || path.startsWith('/api/api/')) &&
        decodeURIComponent(url.pathname) === path &&
        decodeURIComponent(legacy.pathname ?? '') === path &&
        url.host === 'host' &&
        legacy.host === null &&
        String(url.searchParams) === String(query) &&
        !/\/\/|\\|[\0-\x1f]|(^|\/)\.\.?(\/|$)/.test(path)
      );
    }),
    { numRuns: 20_000 },
  );
  t.pass();
});
