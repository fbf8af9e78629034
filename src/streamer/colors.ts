/** Told apart by people who see few colours, and visible over light and dark pictures. */
const PALETTE = [
  '#e6550d',
  '#3182bd',
  '#31a354',
  '#d6409f',
  '#8e6bd8',
  '#b8860b',
  '#00a3a3',
  '#e23b3b',
  '#6b8e23',
  '#a0522d',
  '#5b7fff',
  '#c75b9b',
] as const;

/** A colour for each viewer, that of the fewest others. */
export class Colors {
  readonly #taken = new Map<string, string>();

  take(peerId: string): string {
    const counts = new Map<string, number>(PALETTE.map((color) => [color, 0]));
    for (const color of this.#taken.values()) counts.set(color, (counts.get(color) ?? 0) + 1);
    const fewest = Math.min(...counts.values());
    const color = PALETTE.find((each) => counts.get(each) === fewest) ?? PALETTE[0];
    this.#taken.set(peerId, color);
    return color;
  }

  release(peerId: string): void {
    this.#taken.delete(peerId);
  }
}
