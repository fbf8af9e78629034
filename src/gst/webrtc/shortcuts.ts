/**
 * What Moontee does inside of webrtcbin, whose parts are not an interface: another release may be built
 * in another way. Each is looked for in every peer, and a peer of which it is missing does without.
 */
const SHORTCUTS = {
  clock: {
    yes: 'packets do not wait for the clock',
    no: 'packets wait for the clock of the pipeline, which costs threads and latency',
  },
  'error-correction': {
    yes: 'packets go past error correction that was not negotiated',
    no: 'packets pass error correction one by one: a viewer costs about twice as much',
  },
  latency: {
    yes: 'reports about sound and picture begin at once',
    no: 'browsers may not know which sound belongs to which picture',
  },
  ingress: {
    yes: 'what viewers send is counted, and shut off when it is too much',
    no: 'nothing but messages of data channels is limited of what viewers send',
  },
  lanes: {
    yes: 'messages of a viewer are fetched many in a turn',
    no: 'messages of a viewer come one in a turn, and the first ones of a channel may be lost',
  },
  certificate: {
    yes: 'all viewers meet the same certificate',
    no: 'every viewer meets a certificate of its own, which is made while it joins',
  },
  agent: {
    yes: 'addresses, ports and pace of ICE are set',
    no: 'ICE uses all addresses and any port; where the configuration names some, viewers are refused',
  },
  'ice-restart': {
    yes: 'ICE can be restarted while media runs',
    no: 'a viewer whose path is lost connects again from the beginning',
  },
} as const satisfies Record<string, { readonly yes: string; readonly no: string }>;

export type ShortcutName = keyof typeof SHORTCUTS;

/** Which of them a peer has found. */
export class Shortcuts {
  readonly #found = new Map<ShortcutName, boolean>();

  record(name: ShortcutName, holds: boolean): void {
    this.#found.set(name, holds);
  }

  /** A sentence for each that was looked for. */
  describe(): { readonly name: ShortcutName; readonly holds: boolean; readonly what: string }[] {
    return [...this.#found].map(([name, holds]) => ({
      name,
      holds,
      what: SHORTCUTS[name][holds ? 'yes' : 'no'],
    }));
  }
}
