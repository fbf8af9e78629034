import { MoonteeError } from '../core/errors.js';

/** Misbehaviour on order. Probabilities are 0…1, times are milliseconds. */
export interface Faults {
  /** On outgoing media datagrams. */
  readonly loss: number;
  /** Mean length of a run of lost datagrams. */
  readonly burst: number;
  readonly reorder: number;
  readonly duplicate: number;
  readonly jitter: number;
  readonly seed: number;
  /** Video pauses for `duration` once, `after` the stream's start. */
  readonly stallVideo: { readonly duration: number; readonly after: number } | null;
  /** No UDP passes in either direction for `duration` once, `after` the first session is up. */
  readonly udpHole: { readonly duration: number; readonly after: number } | null;
  /** Sent `after` the control stream is up. */
  readonly terminate: { readonly code: number; readonly after: number } | null;
  /** Every launch and resume is refused. */
  readonly refuseLaunch: boolean;
  /** The first phase of pairing is held back. */
  readonly slowPairing: number;
  readonly noVideo: boolean;
  readonly noAudio: boolean;
  /** Only the first frame of a stream is an IDR, whatever the client asks. */
  readonly noIdr: boolean;
  /**
   * Clients are distinguished by their address, as Wolf of 2024 does. A second one gets the first
   * one's session, and takes the picture from it when it leaves.
   */
  readonly byAddress: boolean;
  /** An app ends as soon as it is launched, and RTSP is not answered without one. */
  readonly appFails: boolean;
}

export const NO_FAULTS: Faults = {
  loss: 0,
  burst: 1,
  reorder: 0,
  duplicate: 0,
  jitter: 0,
  seed: 1,
  stallVideo: null,
  udpHole: null,
  terminate: null,
  refuseLaunch: false,
  slowPairing: 0,
  noVideo: false,
  noAudio: false,
  noIdr: false,
  byAddress: false,
  appFails: false,
};

function invalid(text: string): never {
  throw new MoonteeError('CONFIG_INVALID', `Not a fault: ${text}`);
}

function numberIn(text: string, value: string, low: number, high: number): number {
  const number = value === '' ? NaN : Number(value);
  return number >= low && number <= high ? number : invalid(text);
}

/** `5s`, `250ms`, or a bare number in `unit` milliseconds. */
function duration(text: string, value: string, unit: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value);
  if (match === null) return invalid(text);
  const scale = match[2] === 'ms' ? 1 : match[2] === 's' ? 1000 : unit;
  return numberIn(text, String(Number(match[1]) * scale), 0, 24 * 3_600_000);
}

/** `5s@10s`: for five seconds, after ten; the default start is three. */
function spell(text: string, value: string): { duration: number; after: number } {
  const [length = '', after = '3s'] = value.split('@', 2);
  return { duration: duration(text, length, 1000), after: duration(text, after, 1000) };
}

function one(text: string): Partial<Faults> {
  const [name = '', value = ''] = text.split(/=(.*)/s, 2);
  switch (name) {
    case 'loss':
    case 'reorder':
    case 'duplicate':
      return { [name]: numberIn(text, value, 0, 1) };
    case 'burst':
      return { burst: numberIn(text, value, 1, 1000) };
    case 'seed':
      return { seed: numberIn(text, value, 0, 0xffffffff) };
    case 'jitter':
      return { jitter: duration(text, value, 1) };
    case 'slow-pairing':
      return { slowPairing: duration(text, value, 1000) };
    case 'stall-video':
      return { stallVideo: spell(text, value) };
    case 'udp-hole':
      return { udpHole: spell(text, value) };
    case 'terminate': {
      const [code = '', after = '3s'] = value.split('@', 2);
      return {
        terminate: {
          code: numberIn(text, code, -0x80000000, 0xffffffff) >>> 0,
          after: duration(text, after, 1000),
        },
      };
    }
    case 'refuse-launch':
      return { refuseLaunch: value === '' || invalid(text) };
    case 'no-video':
      return { noVideo: value === '' || invalid(text) };
    case 'no-audio':
      return { noAudio: value === '' || invalid(text) };
    case 'no-idr':
      return { noIdr: value === '' || invalid(text) };
    case 'by-address':
      return { byAddress: value === '' || invalid(text) };
    case 'app-fails':
      return { appFails: value === '' || invalid(text) };
    default:
      return invalid(text);
  }
}

/**
 * Reads the `--fault` switches, each a comma-separated list, e.g. `loss=0.01,burst=3,seed=7`,
 * `stall-video=5s@10s` or `terminate=0x80030023@2`. Later ones win.
 *
 * @throws MoonteeError CONFIG_INVALID naming the part that is not understood
 */
export function parseFaults(switches: readonly string[]): Faults {
  const parts = switches.flatMap((text) => text.split(',')).filter((text) => text.trim() !== '');
  return Object.assign({ ...NO_FAULTS }, ...parts.map((part) => one(part.trim()))) as Faults;
}
