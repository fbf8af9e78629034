import { Emitter } from './emitter.js';
import type { StreamClientMessage, StreamServerMessage } from './messages.js';
import type { ControlInfo, ControlOrder, PointerPlace, PresentViewer } from './models.js';
import type { OutcomeCode } from './outcomes.js';

export type CompanyEvents = {
  /** Who is here, after each change. */
  viewers: [readonly PresentViewer[]];
  /** Who came, went, or has changed: its name, or what it may do now. */
  joined: [PresentViewer];
  left: [PresentViewer];
  changed: [PresentViewer];
  /** Who steers, after each change. */
  control: [ControlInfo];
  /** What this viewer may do now. */
  rights: [PresentViewer['rights']];
  /** Where others point, 0…1 of the picture; those who have not moved are left out. */
  pointers: [readonly PointerPlace[]];
  /** What this viewer wanted of {@link Company} was not done. */
  refused: [code: OutcomeCode, reason: string];
};

type ServerMessage = Exclude<StreamServerMessage, string>;

/**
 * The viewers of the streamer, who of them steers, and where they point. A server that knows nothing
 * of it sends nothing, and then {@link isKnown} stays false and every order is kept back.
 */
export class Company extends Emitter<CompanyEvents> {
  #send: ((message: StreamClientMessage) => void) | undefined;
  readonly #viewers = new Map<string, PresentViewer>();
  #you: string | undefined;
  #control: ControlInfo | undefined;
  #wantsPointers = false;
  /** How others see this viewer, unless its token says it; counts from the next connection on. */
  name: string | null = null;

  /** The server tells about the company. */
  get isKnown(): boolean {
    return this.#you !== undefined;
  }

  get viewers(): readonly PresentViewer[] {
    return [...this.#viewers.values()];
  }

  /** This viewer. */
  get you(): PresentViewer | undefined {
    return this.#you === undefined ? undefined : this.#viewers.get(this.#you);
  }

  get control(): ControlInfo | undefined {
    return this.#control;
  }

  /** This viewer's input counts as far as it was granted, whatever the mode. */
  get isInControl(): boolean {
    const { mode, holder } = this.#control ?? { mode: 'shared', holder: null };
    return mode === 'shared' || (mode === 'single' && holder === this.#you);
  }

  ask(): void {
    this.#order('Ask');
  }

  /** Gives control up, or waits for it no more. */
  release(): void {
    this.#order('Release');
  }

  /** Needs the right `manage`. */
  take(): void {
    this.#order('Take');
  }

  /** Needs control, or the right `manage`. */
  grant(peerId: string): void {
    this.#order({ Grant: { peer_id: peerId } });
  }

  /** Refuses a request, as {@link grant} would follow it. */
  deny(peerId: string): void {
    this.#order({ Deny: { peer_id: peerId } });
  }

  /** Changes mode, idle time or owners of pads; needs the right `manage`. */
  set(change: Extract<ControlOrder, { Set: unknown }>['Set']): void {
    this.#order({ Set: change });
  }

  /** Lets go of what a viewer holds at the host, or of everything; needs the right `manage`. */
  releaseInput(peerId: string | null = null): void {
    this.#order({ ReleaseInput: { peer_id: peerId } });
  }

  /** How others see this viewer from now on; nothing happens to the name of a token. */
  rename(name: string | null): void {
    this.name = name;
    if (this.isKnown) this.#send?.({ Rename: { name } });
  }

  /** Whether {@link CompanyEvents.pointers} is wanted. */
  wantPointers(wanted: boolean): void {
    if (wanted === this.#wantsPointers) return;
    this.#wantsPointers = wanted;
    if (this.isKnown) this.#send?.({ Pointers: { wanted } });
  }

  /** What a connection says of this viewer in its first message. */
  introduction(): { name: string | null; pointers: boolean } {
    return { name: this.name, pointers: this.#wantsPointers };
  }

  /** @param send to the server; undefined: there is none now, and nobody is here */
  attach(send: ((message: StreamClientMessage) => void) | undefined): void {
    this.#send = send;
    this.#you = undefined;
    this.#control = undefined;
    if (this.#viewers.size === 0) return;
    this.#viewers.clear();
    this.emit('viewers', []);
  }

  /** @returns whether the message was about the company */
  receive(message: ServerMessage): boolean {
    if ('Presence' in message) {
      const { you, viewers } = message.Presence;
      this.#you = you;
      this.#viewers.clear();
      for (const viewer of viewers) this.#viewers.set(viewer.peer_id, viewer);
      this.emit('viewers', this.viewers);
      this.#tellRights();
    } else if ('PresenceChange' in message) {
      this.#change(message.PresenceChange);
    } else if ('Control' in message) {
      this.#control = message.Control;
      this.emit('control', message.Control);
    } else if ('ControlRefused' in message) {
      const { code, reason } = message.ControlRefused;
      this.emit('refused', code, reason);
    } else if ('Pointers' in message) {
      this.emit('pointers', message.Pointers.pointers);
    } else {
      return false;
    }
    return true;
  }

  #change({
    put,
    gone,
  }: Extract<ServerMessage, { PresenceChange: unknown }>['PresenceChange']): void {
    for (const viewer of put) {
      const isKnown = this.#viewers.has(viewer.peer_id);
      this.#viewers.set(viewer.peer_id, viewer);
      this.emit(isKnown ? 'changed' : 'joined', viewer);
      if (viewer.peer_id === this.#you) this.#tellRights();
    }
    for (const peerId of gone) {
      const viewer = this.#viewers.get(peerId);
      if (viewer === undefined) continue;
      this.#viewers.delete(peerId);
      this.emit('left', viewer);
    }
    this.emit('viewers', this.viewers);
  }

  #tellRights(): void {
    const { you } = this;
    if (you !== undefined) this.emit('rights', you.rights);
  }

  #order(order: ControlOrder): void {
    if (this.isKnown) this.#send?.({ Control: order });
  }
}
