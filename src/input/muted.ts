/**
 * Codes that viewers state as held and that count no more, until they are let go: they were
 * released by order, or went down where they may not.
 */
export class Muted {
  readonly #codes = new Map<string, Set<number>>();

  mute(peerId: string, codes: Iterable<number>): void {
    const muted = this.#codes.get(peerId) ?? new Set<number>();
    for (const code of codes) muted.add(code);
    if (muted.size > 0) this.#codes.set(peerId, muted);
  }

  has(peerId: string, code: number): boolean {
    return this.#codes.get(peerId)?.has(code) ?? false;
  }

  /** It went down anew, or up. */
  end(peerId: string, code: number): void {
    const muted = this.#codes.get(peerId);
    if (muted?.delete(code) === true && muted.size === 0) this.#codes.delete(peerId);
  }

  /** All but these are up. */
  keep(peerId: string, codes: ReadonlySet<number>): void {
    for (const code of this.#codes.get(peerId) ?? []) if (!codes.has(code)) this.end(peerId, code);
  }

  forget(peerId: string): void {
    this.#codes.delete(peerId);
  }
}
