import test from 'ava';
import {
  AllowedTargets,
  canonicalHost,
  isAllowedTarget,
  type Target,
} from '../../src/core/allowed-targets.js';
import { MoonteeError } from '../../src/core/errors.js';

const rtp = (host: string, port: number): Target => ({ scheme: 'rtp', host, port, path: '/' });

function url(text: string): Target {
  const { protocol, hostname, port, pathname } = new URL(text);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const fallback = scheme === 'https' ? 443 : 80;
  const host = canonicalHost(hostname) ?? '';
  return { scheme, host, port: port === '' ? fallback : Number(port), path: pathname };
}

/** The address, or the code of the error. */
async function outcome(entries: readonly string[], target: Target): Promise<string> {
  try {
    return await new AllowedTargets(entries).resolve(target);
  } catch (error) {
    return MoonteeError.from(error).code;
  }
}

test('nothing is allowed but what is listed, by scheme, host and port', async (t) => {
  const listed = ['rtp://127.0.0.1:5004', 'rtp://[::1]:6000-6002', 'http://127.0.0.1:8889/live'];
  const cases: readonly (readonly [Target, string])[] = [
    [rtp('127.0.0.1', 5004), '127.0.0.1'],
    [rtp('127.0.0.1', 5005), 'OUTPUT_FORBIDDEN'],
    [rtp('127.0.0.2', 5004), 'OUTPUT_FORBIDDEN'],
    [rtp('localhost', 5004), 'OUTPUT_FORBIDDEN'],
    [rtp('::1', 6001), '::1'],
    [rtp('::1', 6003), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1:8889/live'), '127.0.0.1'],
    [url('http://127.0.0.1:8889/live/whip'), '127.0.0.1'],
    [url('http://127.0.0.1:8889/lively'), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1:8889/'), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1:8889/live/../admin'), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1:8889/live/..%2fadmin'), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1:8889/live/.%2e%2fadmin'), 'OUTPUT_FORBIDDEN'],
    [url('https://127.0.0.1:8889/live'), 'OUTPUT_FORBIDDEN'],
    [url('http://127.0.0.1/live'), 'OUTPUT_FORBIDDEN'],
  ];
  for (const [target, expected] of cases) {
    t.is(await outcome(listed, target), expected, JSON.stringify(target));
    t.is(await outcome([], target), 'OUTPUT_FORBIDDEN');
  }
});

test('of a network the resolved address counts', async (t) => {
  const loopback = ['rtp://127.0.0.0/8:5004', 'rtp://[::1]/128:5004'];
  t.is(await outcome(loopback, rtp('127.9.9.9', 5004)), '127.9.9.9');
  t.regex(await outcome(loopback, rtp('localhost', 5004)), /^(127\.0\.0\.1|::1)$/);
  t.is(await outcome(loopback, rtp('localhost', 5005)), 'OUTPUT_FORBIDDEN');
  t.is(await outcome(['rtp://10.0.0.0/8:5004'], rtp('localhost', 5004)), 'OUTPUT_FORBIDDEN');
  t.is(await outcome(['rtp://10.0.0.0/8:5004'], rtp('127.0.0.1', 5004)), 'OUTPUT_FORBIDDEN');
  t.is(await outcome(['http://127.0.0.0/8:80/a'], url('http://127.0.0.1/a/b')), '127.0.0.1');
  t.is(await outcome(['http://127.0.0.0/8:80/a'], url('http://127.0.0.1/b')), 'OUTPUT_FORBIDDEN');
});

test('a listed name is resolved once, and one that cannot be is no reason to give up', async (t) => {
  t.regex(await outcome(['https://localhost'], url('https://LOCALHOST/x')), /^(127\.0\.0\.1|::1)$/);
  t.is(
    await outcome(['https://nothing.invalid'], url('https://nothing.invalid/')),
    'OUTPUT_FAILED',
  );
});

test('hosts have one spelling, and ambiguous ones none', (t) => {
  t.is(canonicalHost('Media.Example.ORG.'), 'media.example.org');
  t.is(canonicalHost('[0:0:0:0:0:0:0:1]'), '::1');
  t.is(canonicalHost('::FFFF:127.0.0.1'), '::ffff:7f00:1');
  for (const text of [
    ...['', '.', 'a..b', '-a', 'a-', 'a b', 'a/b', 'a:1', 'user@a', '2130706433', '0x7f000001'],
    ...['127.1', '0177.0.0.1', 'fe80::1%eth0', 'ü.example', 'a'.repeat(64), '[::1', 'x.1'],
  ]) {
    t.is(canonicalHost(text), null, text);
  }
});

test('entries are checked', (t) => {
  for (const text of [
    ...['https://a.example', 'https://a.example/', 'http://a:8889/whip', 'rtp://10.0.0.1:5004'],
    ...['rtp://a.example:5004-5010', 'rtp://10.0.0.0/8:5004', 'https://[2001:db8::]/32:443/whip/'],
  ]) {
    t.true(isAllowedTarget(text), text);
  }
  for (const text of [
    ...['', 'a.example', 'ftp://a.example', 'rtp://a.example', 'rtp://a.example:0'],
    ...['rtp://a.example:5004/x', 'rtp://a:5010-5004', 'rtp://10.0.0.0/33:5004', 'rtp://a:65536'],
    ...['https://u:p@a.example', 'https://a.example/x?y', 'https://a.example/a/../b'],
    ...['https://a.example/%2e%2e', 'https://*', 'https://*.example', 'rtp://10.0.0.0/8'],
  ]) {
    t.false(isAllowedTarget(text), text);
  }
});
