import type { HostInput } from '../moonlight/types.js';
import { Muted } from './muted.js';
import type { TouchInput } from './viewer-input.js';

/** More fingers than this of one viewer are a mistake. */
const MAX_TOUCHES_PER_PEER = 16;

type HostTouch = Extract<HostInput, { type: 'touch' }>;

interface Finger {
  readonly hostId: number;
  last: TouchInput;
}

/** Fingers on the picture; the host sees ids that no two viewers share. */
export class Touches {
  readonly #peers = new Map<string, Map<number, Finger>>();
  readonly #usedIds = new Set<number>();
  readonly #muted = new Muted();

  /** Host ids of fingers that are down. */
  get down(): number[] {
    return [...this.#usedIds];
  }

  touch(peerId: string, input: TouchInput): HostInput[] {
    const fingers = this.#peers.get(peerId) ?? new Map<number, Finger>();
    const finger = fingers.get(input.pointerId);
    if (input.phase !== 'move') this.#muted.end(peerId, input.pointerId);
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

  /**
   * The viewer states all fingers that it has on the picture. Others are cancelled, and those of
   * which the press was lost go down.
   *
   * @param admit whether one more may go down
   */
  state(peerId: string, touches: readonly TouchInput[], admit: () => boolean): HostInput[] {
    const stated = new Set(touches.map(({ pointerId }) => pointerId));
    this.#muted.keep(peerId, stated);
    const fingers = this.#peers.get(peerId);
    const inputs: HostInput[] = [];
    for (const [id, finger] of fingers ?? []) {
      if (fingers !== undefined && !stated.has(id)) inputs.push(this.#cancel(fingers, finger));
    }
    for (const touch of touches) {
      const { pointerId } = touch;
      if (fingers?.has(pointerId) === true || this.#muted.has(peerId, pointerId)) continue;
      if (!admit()) break;
      inputs.push(...this.touch(peerId, { ...touch, phase: 'down' }));
    }
    return inputs;
  }

  /** Host ids of the viewer's fingers. */
  heldBy(peerId: string): number[] {
    return [...(this.#peers.get(peerId)?.values() ?? [])].map(({ hostId }) => hostId);
  }

  /** The fingers that are down now count no more until they are lifted. */
  mute(peerId: string): void {
    this.#muted.mute(peerId, this.#peers.get(peerId)?.keys() ?? []);
  }

  forget(peerId: string): void {
    this.#muted.forget(peerId);
  }

  /** Cancels, because the viewer did not lift its fingers. */
  releaseAll(peerId: string): HostInput[] {
    const fingers = this.#peers.get(peerId);
    if (fingers === undefined) return [];
    this.#peers.delete(peerId);
    return [...fingers.values()].map((finger) => this.#cancel(fingers, finger));
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
  { phase, x, y, pressure, rotation }: TouchInput,
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
