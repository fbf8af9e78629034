/**
 * An allow-list of places on the network that callers may have the server send to. What is listed
 * is compared piece by piece: scheme, host or network, port, and the path's beginning.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { Deadline } from './deadline.js';
import { MoonteeError } from './errors.js';

/** Milliseconds for a name to be resolved. */
const LOOKUP_TIMEOUT_MS = 5_000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
/** `[`v6`]`, or v4; `/` bits; `:` port or range; a path. Tried before a URL. */
const NETWORK =
  /^(https?|rtp):\/\/(?:\[([0-9a-f:.]+)\]|([\d.]+))\/(\d{1,3}):(\d+)(?:-(\d+))?(\/\S*)?$/i;
const PLACE = /^(https?|rtp):\/\/(\[[0-9a-f:.]+\]|[^/:@[\]\s]+)(?::(\d+)(?:-(\d+))?)?(\/\S*)?$/i;
/** Another reader may take these for separators or dots. */
const AMBIGUOUS = /%(?:2e|2f|5c)|\\/i;

export interface Target {
  readonly scheme: 'http' | 'https' | 'rtp';
  /** As {@link canonicalHost} writes it. */
  readonly host: string;
  readonly port: number;
  /** Of a URL, normalized; `/` for one without. */
  readonly path: string;
}

interface Rule {
  readonly scheme: string;
  /** Null: a network. */
  readonly host: string | null;
  readonly network: BlockList | null;
  readonly minPort: number;
  readonly maxPort: number;
  readonly path: string;
}

/**
 * A name or address in one spelling: lower case, addresses as the system writes them, IPv6 without
 * brackets. Null for what is neither, such as numbers that some readers take for addresses.
 */
export function canonicalHost(text: string): string | null {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIP(bare) === 4) return bare;
  if (isIP(bare) === 6) {
    if (bare.includes('%')) return null;
    return new URL(`http://[${bare}]`).hostname.slice(1, -1);
  }
  const name = bare.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const isName = labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  // A last label that begins with a digit makes an address of it for some readers.
  return isName && name.length <= 253 && /^[a-z]/.test(labels.at(-1) ?? '') ? name : null;
}

/** Whether {@link AllowedTargets} takes this entry. */
export function isAllowedTarget(text: string): boolean {
  return parseRule(text) !== null;
}

export class AllowedTargets {
  readonly #rules: readonly Rule[];

  /** Invalid entries allow nothing. */
  constructor(entries: readonly string[]) {
    this.#rules = entries.map(parseRule).filter((rule) => rule !== null);
  }

  /**
   * Resolves the name of the targets, once.
   *
   * @param targets one or more, of the same host
   * @returns the address to send to: whoever connects must not resolve the name again
   * @throws OUTPUT_FORBIDDEN if one is not listed, OUTPUT_FAILED if the name cannot be resolved
   */
  async resolve(...targets: readonly [Target, ...Target[]]): Promise<string> {
    const [{ host }] = targets;
    const covering = targets.map((target) => this.#rules.filter((rule) => covers(rule, target)));
    // A name that no entry can be about is not asked for: the question alone would tell something.
    if (covering.some((rules) => rules.length === 0)) throw new MoonteeError('OUTPUT_FORBIDDEN');
    const address = isIP(host) === 0 ? await addressOf(host) : host;
    const isAllowed = covering.every((rules) =>
      rules.some(({ network }) => network === null || contains(network, address)),
    );
    if (!isAllowed) throw new MoonteeError('OUTPUT_FORBIDDEN');
    return address;
  }
}

function covers({ scheme, host, minPort, maxPort, path }: Rule, target: Target): boolean {
  return (
    scheme === target.scheme &&
    (host === null || host === target.host) &&
    minPort <= target.port &&
    target.port <= maxPort &&
    beginsWith(target.path, path)
  );
}

/** By whole segments. */
function beginsWith(path: string, beginning: string): boolean {
  if (beginning === '/') return true;
  if (AMBIGUOUS.test(path)) return false;
  if (beginning.endsWith('/')) return path.startsWith(beginning);
  return path === beginning || path.startsWith(`${beginning}/`);
}

function contains(network: BlockList, address: string): boolean {
  return network.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

async function addressOf(name: string): Promise<string> {
  try {
    const deadline = Deadline.in(LOOKUP_TIMEOUT_MS);
    const { address } = await deadline.race(lookup(name), 'The name was not resolved');
    const canonical = canonicalHost(address);
    if (canonical !== null) return canonical;
  } catch (cause) {
    throw new MoonteeError('OUTPUT_FAILED', `The name ${name} cannot be resolved`, { cause });
  }
  throw new MoonteeError('OUTPUT_FAILED', `The name ${name} has no address`);
}

function parseRule(text: string): Rule | null {
  return parseNetwork(text) ?? parsePlace(text);
}

function parseNetwork(text: string): Rule | null {
  const [, scheme, v6, v4, bits, from, to = from, path = '/'] = NETWORK.exec(text) ?? [];
  const address = v6 ?? v4;
  if (scheme === undefined || address === undefined) return null;
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 6 ? 128 : 32)) return null;
  const network = new BlockList();
  network.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return withPorts({ scheme, host: null, network, path }, Number(from), Number(to));
}

function parsePlace(text: string): Rule | null {
  const [, scheme, written, port, to = port, path = '/'] = PLACE.exec(text) ?? [];
  if (scheme === undefined || written === undefined) return null;
  const host = canonicalHost(written);
  if (host === null) return null;
  const fallback = DEFAULT_PORTS[scheme.toLowerCase()];
  const [from, last] = [Number(port ?? fallback), Number(to ?? fallback)];
  return withPorts({ scheme, host, network: null, path }, from, last);
}

function withPorts(
  { scheme, path, ...rest }: Omit<Rule, 'minPort' | 'maxPort'>,
  minPort: number,
  maxPort: number,
): Rule | null {
  if (!(minPort >= 1 && minPort <= maxPort && maxPort <= 65_535)) return null;
  const kind = scheme.toLowerCase();
  if (kind === 'rtp' && path !== '/') return null;
  if (AMBIGUOUS.test(path) || /[?#]/.test(path)) return null;
  if (new URL(path, 'http://host').pathname !== path) return null;
  return { ...rest, scheme: kind, path, minPort, maxPort };
}
