/**
 * Which codes are held, and by which viewers. A code is down from the first holder's press to the
 * last holder's release.
 */
export class HeldUnion {
  readonly #holders = new Map<number, Set<string>>();

  /** @returns true if the code went down with this press */
  press(code: number, peerId: string): boolean {
    const holders = this.#holders.get(code);
    if (holders === undefined) {
      this.#holders.set(code, new Set([peerId]));
      return true;
    }
    holders.add(peerId);
    return false;
  }

  /** @returns true if the code went up with this release */
  release(code: number, peerId: string): boolean {
    const holders = this.#holders.get(code);
    if (holders?.delete(peerId) !== true || holders.size > 0) return false;
    this.#holders.delete(code);
    return true;
  }

  has(code: number): boolean {
    return this.#holders.has(code);
  }

  /** Codes that are down, in the order of their presses. */
  codes(): number[] {
    return [...this.#holders.keys()];
  }

  /** Codes that this peer holds, alone or with others. */
  heldBy(peerId: string): number[] {
    return [...this.#holders].filter(([, holders]) => holders.has(peerId)).map(([code]) => code);
  }

  /** Some peer that holds something. */
  anyHolder(): string | undefined {
    for (const holders of this.#holders.values()) for (const peerId of holders) return peerId;
    return undefined;
  }
}
