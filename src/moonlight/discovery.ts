import { EventEmitter } from 'node:events';
import { isIP, isIPv4 } from 'node:net';
import { Bonjour, type Service } from 'bonjour-service';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { aborted } from './nvhttp/http.js';
import { printable } from './nvhttp/xml.js';

/** More hosts than anybody has at home. */
const MAX_HOSTS = 64;
const SEARCH_TIME_MS = 3_000;

/** A host that announced itself in the local network. */
export interface DiscoveredHost {
  readonly name: string;
  /** IP address, IPv4 if it has one. */
  readonly address: string;
  readonly httpPort: number;
}

export interface DiscoveryOptions {
  readonly log: Log;
  /** Milliseconds to listen; default 3 s. */
  readonly time?: number;
  readonly signal?: AbortSignal;
  /** The address to listen on; default port 5353 on every interface. */
  readonly multicast?: { readonly port: number; readonly interface: string };
}

/**
 * Listens for hosts that announce `_nvstream._tcp` over mDNS (gamestream.md §1.1). A result is a
 * hint, not a proof.
 *
 * @throws MoonteeError INTERNAL if mDNS cannot be used here, CLOSED (aborted)
 */
export async function discoverHosts(options: DiscoveryOptions): Promise<DiscoveredHost[]> {
  const { log, time = SEARCH_TIME_MS, signal, multicast } = options;
  if (signal?.aborted === true) throw aborted(signal);
  const found = new Map<string, DiscoveredHost>();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  let bonjour: Bonjour | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => {
        if (signal !== undefined) reject(aborted(signal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(resolve, time);
      const fail = (error: unknown): void => reject(MoonteeError.from(error));
      bonjour = new Bonjour({ ...multicast }, fail);
      onSocketError(bonjour, fail);
      bonjour.find({ type: 'nvstream', protocol: 'tcp' }, (service) => {
        const host = readService(service);
        if (host !== null && found.size < MAX_HOSTS)
          found.set(`${host.address} ${host.httpPort}`, host);
      });
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    bonjour?.destroy();
  }
  log.debug({ hosts: found.size }, 'searched for hosts');
  return [...found.values()];
}

function readService({ name, port, addresses, referer }: Service): DiscoveredHost | null {
  const known = [...(addresses ?? []), referer?.address ?? ''].filter((ip) => isIP(ip) !== 0);
  const address = known.find((ip) => isIPv4(ip)) ?? known[0];
  if (address === undefined || !Number.isInteger(port) || port < 1 || port > 0xffff) return null;
  return { name: printable(name), address, httpPort: port };
}

/** The library puts no listener on its socket's errors: one would end the process. */
function onSocketError(bonjour: Bonjour, listener: (error: unknown) => void): void {
  const server: unknown = Reflect.get(bonjour, 'server');
  const mdns: unknown =
    typeof server === 'object' && server !== null ? Reflect.get(server, 'mdns') : null;
  if (mdns instanceof EventEmitter) mdns.on('error', listener);
}
