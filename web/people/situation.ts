/** Who is here and who steers, and what of it this viewer may change; pure. */
import type { Company } from '../../client/company.js';
import type { ControlInfo, PresentViewer } from '../../client/models.js';

export type Right = PresentViewer['rights'][number];

export interface Situation {
  readonly you: PresentViewer;
  readonly viewers: readonly PresentViewer[];
  readonly control: ControlInfo;
}

/** @returns undefined if the server does not tell */
export function situationOf({ you, viewers, control }: Company): Situation | undefined {
  return you === undefined || control === undefined ? undefined : { you, viewers, control };
}

/** Rights without which there is nothing to control. */
const STEERING: readonly Right[] = ['pointer', 'keyboard', 'touch'];
/** What input needs, as people say it. */
const DEVICES: readonly (readonly [Right, string])[] = [
  ['pointer', 'mouse'],
  ['keyboard', 'keyboard'],
  ['touch', 'touch'],
  ['gamepad', 'gamepad'],
];

/** Rights as the page offers them, with what each permits. */
export const RIGHTS: readonly (readonly [Right, string])[] = [
  ['watch', 'Watch'],
  ['pointer', 'Use the mouse'],
  ['keyboard', 'Use the keyboard'],
  ['touch', 'Use touch'],
  ['gamepad', 'Use a gamepad'],
  ['share', 'Invite others'],
  ['manage', 'Manage people'],
];

export function rightsInWords(rights: readonly Right[]): string {
  const devices = DEVICES.filter(([right]) => rights.includes(right)).map(([, name]) => name);
  const parts = [
    devices.length > 0 ? listed(devices) : 'watches only',
    rights.includes('share') && 'invites others',
    rights.includes('manage') && 'manages',
  ].filter((part) => part !== false);
  const [first = '', ...rest] = parts;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' · ');
}

export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** Who gave no name is told apart by what the server calls it. */
export function nameOf({ name, peer_id: id }: Pick<PresentViewer, 'name' | 'peer_id'>): string {
  // What the server calls a list of an agent's.
  if (name === null && id.startsWith('agent-')) return 'An agent';
  return name ?? `Guest ${id.slice(0, 4)}`;
}

export function controlInWords({ you, viewers, control }: Situation): string {
  if (control.mode === 'shared') return 'Everybody with the right steers.';
  if (control.mode === 'locked') return 'Locked: nobody steers.';
  if (control.holder === null) return 'Nobody has control.';
  if (control.holder === you.peer_id) return 'You have control.';
  const holder = viewers.find(({ peer_id: id }) => id === control.holder);
  return `${holder === undefined ? 'Somebody' : nameOf(holder)} has control.`;
}

interface Granted {
  readonly granted: readonly Right[];
}

export const maySteer = ({ granted }: Granted): boolean =>
  STEERING.some((right) => granted.includes(right));

export const may = ({ granted }: Granted, right: Right): boolean => granted.includes(right);

/** What this viewer can do about its own control. */
export interface OwnChoices {
  readonly ask: boolean;
  /** It waits, and can stop to. */
  readonly withdraw: boolean;
  readonly giveUp: boolean;
  readonly take: boolean;
}

export function ownChoices({ you, control }: Situation): OwnChoices {
  const isSingle = control.mode === 'single' && maySteer(you);
  const isHolder = control.holder === you.peer_id;
  const isWaiting = control.asking.includes(you.peer_id);
  return {
    ask: isSingle && !isHolder && !isWaiting,
    withdraw: isSingle && isWaiting,
    giveUp: isSingle && isHolder,
    // Where nobody has it, to ask for it is enough.
    take: isSingle && !isHolder && control.holder !== null && may(you, 'manage'),
  };
}

/** What this viewer can do about the control of another. */
export interface OtherChoices {
  readonly give: boolean;
  readonly refuse: boolean;
}

export function otherChoices({ you, control }: Situation, other: PresentViewer): OtherChoices {
  const isSingle = control.mode === 'single';
  const decides = isSingle && (control.holder === you.peer_id || may(you, 'manage'));
  const isOther = other.peer_id !== you.peer_id;
  return {
    give: decides && isOther && other.peer_id !== control.holder && maySteer(other),
    refuse: decides && isOther && control.asking.includes(other.peer_id),
  };
}
