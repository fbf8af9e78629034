import { MAX_CHANNELS, MTU, NO_SESSION, WINDOW, type Handshake } from './wire.js';

const THROTTLE = {
  throttleInterval: 5000,
  throttleAcceleration: 2,
  throttleDeceleration: 2,
} as const;

type Own = Pick<
  Handshake,
  'peerId' | 'incomingSession' | 'outgoingSession' | 'mtu' | 'channels' | 'connectId'
>;

/** Our terms: the largest window, no bandwidth limit, ENet's own throttle. */
export function offer(own: Own): Handshake {
  return {
    ...own,
    window: WINDOW.MAX,
    incomingBandwidth: 0,
    outgoingBandwidth: 0,
    ...THROTTLE,
  };
}

/** Our side of the handshake as the answer to a CONNECT, which sets window and throttle. */
export function reply(own: Handshake, request: Handshake): Handshake {
  return {
    ...own,
    window: windowOf(request),
    throttleInterval: request.throttleInterval,
    throttleAcceleration: request.throttleAcceleration,
    throttleDeceleration: request.throttleDeceleration,
  };
}

/** Whether a VERIFY_CONNECT repeats what we have asked for. */
export function isAcceptable(answer: Handshake): boolean {
  return (
    answer.channels >= 1 &&
    answer.channels <= MAX_CHANNELS &&
    answer.throttleInterval === THROTTLE.throttleInterval &&
    answer.throttleAcceleration === THROTTLE.throttleAcceleration &&
    answer.throttleDeceleration === THROTTLE.throttleDeceleration
  );
}

export function mtuOf(other: Handshake): number {
  return clamp(other.mtu, MTU.MIN, MTU.MAX);
}

export function windowOf(other: Handshake): number {
  return clamp(other.window, WINDOW.MIN, WINDOW.MAX);
}

/** The next number of a session that uses the same slot, never the previous one. */
export function nextSession(given: number, previous: number): number {
  const session = ((given === NO_SESSION ? previous : given) + 1) & 3;
  return session === previous ? (session + 1) & 3 : session;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
