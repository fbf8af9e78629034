import type { HostInput } from '../moonlight/types.js';
import type { ViewerInput } from './viewer-input.js';

/** More fingers than this of one viewer are a mistake. */
const MAX_TOUCHES_PER_PEER = 16;

type Touch = Extract<ViewerInput, { type: 'touch' }>;
type HostTouch = Extract<HostInput, { type: 'touch' }>;

interface Finger {
  readonly hostId: number;
  last: Touch;
}

/** Fingers on the picture; the host sees ids that no two viewers share. */
export class Touches {
  readonly #peers = new Map<string, Map<number, Finger>>();
  readonly #usedIds = new Set<number>();

  /** Host ids of fingers that are down. */
  get down(): number[] {
    return [...this.#usedIds];
  }

  touch(peerId: string, input: Touch): HostInput[] {
    const fingers = this.#peers.get(peerId) ?? new Map<number, Finger>();
    const finger = fingers.get(input.pointerId);
    switch (input.phase) {
      case 'down': {
        // A client does not report a finger that was lifted outside the picture.
        const cancelled = finger === undefined ? [] : [this.#cancel(fingers, finger)];
        if (fingers.size >= MAX_TOUCHES_PER_PEER) return cancelled;
        const hostId = this.#freeId();
        this.#usedIds.add(hostId);
        fingers.set(input.pointerId, { hostId, last: input });
        this.#peers.set(peerId, fingers);
        return [...cancelled, hostTouch(hostId, input)];
      }
      case 'move':
        if (finger === undefined) return [];
        finger.last = input;
        return [hostTouch(finger.hostId, input)];
      case 'up':
        if (finger === undefined) return [];
        this.#drop(fingers, finger);
        return [hostTouch(finger.hostId, input)];
    }
  }

  /** Cancels, because the viewer did not lift its fingers. */
  releaseAll(peerId: string): HostInput[] {
    const fingers = this.#peers.get(peerId);
    if (fingers === undefined) return [];
    this.#peers.delete(peerId);
    return [...fingers.values()].map((finger) => this.#cancel(fingers, finger));
  }

  /** Puts the fingers down again on a host that has forgotten them. */
  again(): HostInput[] {
    return [...this.#peers.values()].flatMap((fingers) =>
      [...fingers.values()].map(({ hostId, last }) => hostTouch(hostId, last, 'down')),
    );
  }

  #cancel(fingers: Map<number, Finger>, finger: Finger): HostTouch {
    this.#drop(fingers, finger);
    return { ...hostTouch(finger.hostId, finger.last, 'cancel'), pressure: 0 };
  }

  #drop(fingers: Map<number, Finger>, finger: Finger): void {
    fingers.delete(finger.last.pointerId);
    this.#usedIds.delete(finger.hostId);
  }

  #freeId(): number {
    let id = 0;
    while (this.#usedIds.has(id)) id += 1;
    return id;
  }
}

function hostTouch(
  hostId: number,
  { phase, x, y, pressure, rotation }: Touch,
  as: HostTouch['phase'] = phase,
): HostTouch {
  return {
    type: 'touch',
    phase: as,
    pointerId: hostId,
    x,
    y,
    pressure,
    // Zero is unknown (gamestream.md §8.5).
    contactMajor: 0,
    contactMinor: 0,
    rotation,
  };
}
