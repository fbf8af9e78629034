import { MoonteeError } from '../core/errors.js';
import { KEPT_MS } from './control.js';

/** Slots of the host (gamestream.md §8.5). */
export const PAD_SLOTS = 16;

interface Kept {
  readonly seat: string;
  readonly until: number;
}

/** Whose pads alone may be in a slot of the host. Pure: times are given, as in {@link Control}. */
export class PadOwners {
  #owners: (string | null)[] = [];
  /** By slot: who left it, and may come back for it. */
  readonly #kept = new Map<number, Kept>();

  /** By slot, up to the last that somebody owns; null: anybody's. */
  list(): (string | null)[] {
    return [...this.#owners];
  }

  /** @throws BAD_REQUEST, NOT_FOUND if an owner is not here */
  check(owners: readonly (string | null)[], isHere: (peerId: string) => boolean): void {
    if (owners.length > PAD_SLOTS) {
      throw new MoonteeError('BAD_REQUEST', `A host has ${PAD_SLOTS} pads at most`);
    }
    if (owners.some((owner) => owner !== null && !isHere(owner))) {
      throw new MoonteeError('NOT_FOUND', 'No such viewer is here');
    }
  }

  set(owners: readonly (string | null)[]): void {
    this.#owners = trimmed(owners);
    this.#kept.clear();
  }

  /** @returns whether a slot has lost its owner */
  leave(peerId: string, seat: string | null, now: number): boolean {
    const slots = [...this.#owners.keys()].filter((slot) => this.#owners[slot] === peerId);
    for (const slot of slots)
      if (seat !== null) this.#kept.set(slot, { seat, until: now + KEPT_MS });
    this.#owners = trimmed(this.#owners.map((owner) => (owner === peerId ? null : owner)));
    return slots.length > 0;
  }

  /** @returns whether a viewer that was here before owns a slot again */
  resume(peerId: string, seat: string, now: number): boolean {
    let isChanged = false;
    for (const [slot, kept] of [...this.#kept]) {
      if (kept.seat !== seat) continue;
      this.#kept.delete(slot);
      if (now > kept.until || (this.#owners[slot] ?? null) !== null) continue;
      while (this.#owners.length <= slot) this.#owners.push(null);
      this.#owners[slot] = peerId;
      isChanged = true;
    }
    return isChanged;
  }
}

function trimmed(owners: readonly (string | null)[]): (string | null)[] {
  const last = owners.findLastIndex((owner) => owner !== null);
  return owners.slice(0, last + 1);
}
