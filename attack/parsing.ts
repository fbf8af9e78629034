/** A million targets against the functions that read them, without a server. */
import Router from '@koa/router';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parse as legacyParse } from 'node:url';
import { ClientAddress } from '../src/access/client-address.js';
import { accessOfUnknown } from '../src/access/gate.js';
import { OriginGuard } from '../src/access/origin-guard.js';
import { MoonteeError } from '../src/core/errors.js';
import { readTarget, targetOf, type RequestTarget } from '../src/http/request-target.js';
import { Findings, type Attack } from './attack.js';
import { below, pick } from './support/requests.js';
import { randomTarget } from './support/grammar.js';

const FULL = 1_000_000;
/** Inputs between two turns of the event loop, in which the witness gets its turn. */
const TURN = 2_000;
const PREFIXES = ['', '/moonlight', '/api'];
const VALUES = [
  '',
  '[',
  'a:b:c',
  '127.0.0.1',
  'http://[',
  'null',
  '::1%eth0',
  'fe80::1%1, x',
  '\u00e9',
  ',,,',
  '1.2.3.4:80',
];

export const parsing: Attack = {
  name: 'parsing: targets and headers, offline',
  async run(_scene, { random, share }) {
    const findings = new Findings();
    const tried = Math.round(FULL * share);
    const addresses = new ClientAddress(['127.0.0.0/8', '::1']);
    const guards = [true, false].map(
      (credentialsRequired) =>
        new OriginGuard({
          allowedOrigins: ['https://a.example'],
          credentialsRequired,
          secure: false,
          addresses,
        }),
    );
    const router = new Router({ sensitive: true, strict: true });
    router.get('/api/hosts', () => undefined);
    const socket = new Socket();
    let accepted = 0;
    for (let done = 0; done < tried; done += 1) {
      if (done % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const text = randomTarget(random);
      const request = new IncomingMessage(socket);
      request.method = random.next() < 0.95 ? 'GET' : 'OPTIONS';
      request.url = text;
      request.headers = {
        host: pick(random, VALUES),
        origin: pick(random, VALUES),
        'x-forwarded-for': pick(random, VALUES),
        'x-forwarded-host': pick(random, VALUES),
      };
      const prefix = PREFIXES[below(random, PREFIXES.length)] ?? '';
      try {
        readTarget(request, prefix);
        for (const guard of guards) {
          guard.allowsHost(request);
          for (const isOpen of [true, false]) guard.allowsSocket(request, isOpen);
        }
        addresses.of(request);
        const target = accept(request);
        if (target === null) continue;
        accepted += 1;
        const problem = contradiction(target, request.url, router);
        if (problem !== null) findings.add(`${JSON.stringify(text)}: ${problem}`);
      } catch (error) {
        findings.add(`${JSON.stringify(text)} throws ${String(error)}`);
      }
    }
    const note = `${accepted} accepted, the rest refused`;
    return { attack: parsing.name, tried, findings: findings.list(), note };
  },
};

/** Null for a target that is refused as it should be. */
function accept(request: IncomingMessage): RequestTarget | null {
  try {
    return targetOf(request);
  } catch (error) {
    if (error instanceof MoonteeError && error.code === 'BAD_REQUEST' && request.url === '/') {
      return null;
    }
    throw error;
  }
}

/** Two readers of one target that do not agree. */
function contradiction({ path }: RequestTarget, url: string, router: Router): string | null {
  if (path === '*') return null;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- koa-websocket parses with it
  const legacy = legacyParse(url);
  const modern = new URL(url, 'http://host');
  if (legacy.host !== null || modern.host !== 'host') return 'a host';
  if (decodeURIComponent(legacy.pathname ?? '') !== path)
    return `url.parse reads ${String(legacy.pathname)}`;
  if (decodeURIComponent(modern.pathname) !== path) return `URL reads ${modern.pathname}`;
  const isRouted = router.match(modern.pathname, 'GET').route;
  if (isRouted !== (path === '/api/hosts')) return 'the router reads another path';
  if (/\/\/|\\|%|(?:^|\/)\.\.?(?:\/|$)/.test(path)) return `it can be read in two ways: ${path}`;
  const isClosed = path.toLowerCase() === '/api' || path.toLowerCase().startsWith('/api/');
  return isClosed && accessOfUnknown(path) === 'open' ? 'a path of the interface is open' : null;
}
