/** Slots of the host's gamepads and their owners; pure. */
import type { Situation } from './situation.js';

type Owners = readonly (string | null)[];

/** As many as sit on one sofa, and as many as a host has. */
const FEW = 4;
const ALL = 16;

/** Owners of the slots that are shown: a few, and one more than is owned. */
export function padSlots({ control }: Pick<Situation, 'control'>): Owners {
  const count = Math.min(ALL, Math.max(FEW, control.pads.length + 1));
  return Array.from({ length: count }, (_, slot) => control.pads[slot] ?? null);
}

/** @param here those who have left own nothing any more, whatever was heard of it */
export function withPadOwner(
  owners: Owners,
  slot: number,
  owner: string | null,
  here: readonly string[],
): (string | null)[] {
  const count = Math.max(owners.length, slot + 1);
  return Array.from({ length: count }, (_, index) => {
    const wanted = index === slot ? owner : (owners[index] ?? null);
    return wanted !== null && here.includes(wanted) ? wanted : null;
  });
}
