/** Versions of Debian packages: Debian Policy, 5.6.12. Pure. */

/** @returns negative, zero or positive, as `one` is earlier than, as late as or later than `other` */
export function compareDebianVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  return (
    a.epoch - b.epoch ||
    compareParts(a.upstream, b.upstream) ||
    compareParts(a.revision, b.revision)
  );
}

/** The part that upstream gave: `1.22.0` of `1:1.22.0-4+deb12u8`. */
export function upstreamOf(version: string): string {
  return partsOf(version).upstream;
}

function partsOf(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? [];
  const dash = rest.lastIndexOf('-');
  return {
    epoch: Number(epoch),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Text and numbers in turn, beginning with text. */
function compareParts(one: string, other: string): number {
  const [a, b] = [piecesOf(one), piecesOf(other)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left = '', right = ''] = [a[index], b[index]];
    const order = index % 2 === 0 ? compareText(left, right) : Number(left) - Number(right);
    if (order !== 0) return order;
  }
  return 0;
}

function piecesOf(part: string): string[] {
  const pieces: string[] = part.match(/\d+|\D+/g) ?? [];
  return /^\d/.test(part) ? ['', ...pieces] : pieces;
}

function compareText(one: string, other: string): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const order = weightOf(one[index]) - weightOf(other[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** `~` before the end, the end before letters, letters before everything else. */
function weightOf(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}
