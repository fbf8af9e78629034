import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Rights } from '../core/rights.js';
import { personName } from '../core/text.js';
import type {
  ControlInfo,
  ControlOrder,
  ControlRequest,
  PointerPlace,
  PresenceRequest,
  PresentViewer,
} from '../protocol/company-messages.js';
import type { ParentMessage } from '../protocol/ipc.js';
import type { StreamServerMessage } from '../protocol/viewer-messages.js';
import { Colors } from './colors.js';
import { Control } from './control.js';
import { PadOwners } from './pad-owners.js';

/** Milliseconds in which changes are gathered before they are told. */
const GATHER_MS = 50;

/** A viewer as far as the others are concerned. */
export interface Companion {
  readonly peerId: string;
  /** What it was let in with. */
  readonly rights: Rights;
  readonly name: string | null;
  /** What it will be known by when it comes back. */
  readonly seat?: string;
  /** @param skippable it may be left out for a browser that does not read */
  deliver(message: StreamServerMessage, skippable?: boolean): void;
}

export interface CompanyOptions {
  /** What a viewer may do from now on. */
  readonly setRights: (peerId: string, rights: Rights) => void;
  /** Hands a message to the child, if there is one. */
  readonly send: (message: ParentMessage) => void;
  readonly releaseInput: (peerId: string | null) => void;
  /** The mode, the holder or who waits. */
  readonly controlChanged: () => void;
  readonly log: Log;
}

interface Member {
  readonly companion: Companion;
  granted: Rights;
  name: string | null;
  readonly color: string;
  /** It is told who is here. */
  isTold: boolean;
  wantsPointers: boolean;
}

/**
 * The viewers of one streamer among each other: who is here, who steers, whose the pads are, and where
 * they point. It outlives sessions and children. {@link close} stops its timers.
 */
export class Company {
  readonly #options: CompanyOptions;
  readonly #control = new Control();
  readonly #pads = new PadOwners();
  readonly #members = new Map<string, Member>();
  readonly #colors = new Colors();
  /** What is to be told next. */
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();
  #isControlChanged = false;
  #arePointersWanted = false;
  #gathering: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CompanyOptions) {
    this.#options = options;
  }

  get control(): ControlInfo {
    const { mode, holder, asking, idleTimeout } = this.#control.state;
    const idle_timeout_ms = idleTimeout;
    return { mode, holder, asking: [...asking], idle_timeout_ms, pads: this.#pads.list() };
  }

  has(peerId: string): boolean {
    return this.#members.has(peerId);
  }

  nameOf(peerId: string): string | null {
    return this.#members.get(peerId)?.name ?? null;
  }

  join(companion: Companion): void {
    const { peerId, rights, seat = null } = companion;
    this.#members.set(peerId, {
      companion,
      granted: rights,
      name: personName(companion.name),
      color: this.#colors.take(peerId),
      isTold: false,
      wantsPointers: false,
    });
    this.#control.join(peerId, rights, seat);
    this.#options.setRights(peerId, this.#control.rights(peerId));
    this.#tell([peerId]);
  }

  /** @param isExpected it was not its will, and it will come back */
  leave(peerId: string, isExpected: boolean): void {
    const member = this.#members.get(peerId);
    if (member === undefined) return;
    this.#members.delete(peerId);
    this.#colors.release(peerId);
    this.#changed.delete(peerId);
    this.#gone.add(peerId);
    const now = performance.now();
    if (this.#pads.leave(peerId, member.companion.seat ?? null, now)) this.#sendPads();
    this.#steer((control) => control.leave(peerId, isExpected, now));
    this.#wantPointers();
  }

  /** A viewer that has been here before, under that seat. */
  resume(peerId: string, seat: string): void {
    if (!this.#members.has(peerId)) return;
    const now = performance.now();
    if (this.#pads.resume(peerId, seat, now)) this.#sendPads();
    this.#steer((control) => control.resume(peerId, seat, now));
  }

  /** It says who it is, and wants to know who else is here. */
  introduce(peerId: string, { name, pointers }: PresenceRequest): void {
    const member = this.#members.get(peerId);
    if (member === undefined) return;
    member.name ??= personName(name ?? null);
    this.#tell([peerId]);
    this.#setPointers(member, pointers === true);
    if (member.isTold) return;
    member.isTold = true;
    member.companion.deliver({
      Presence: {
        you: peerId,
        viewers: [...this.#members.values()].map((one) => this.#entry(one)),
      },
    });
    member.companion.deliver({ Control: this.control });
  }

  /** Nothing happens to a name that it was let in with. */
  rename(peerId: string, name: string | null): void {
    const member = this.#members.get(peerId);
    if (member === undefined || personName(member.companion.name) !== null) return;
    member.name = personName(name);
    this.#tell([peerId]);
  }

  wantPointers(peerId: string, wanted: boolean): void {
    const member = this.#members.get(peerId);
    if (member !== undefined) this.#setPointers(member, wanted);
  }

  /** What somebody may do now who is no viewer, of what it was granted. */
  guestRights(granted: Rights): Rights {
    return this.#control.guestRights(granted);
  }

  setGranted(peerId: string, rights: Rights): void {
    const member = this.#members.get(peerId);
    if (member === undefined) return;
    member.granted = rights;
    this.#steer((control) => control.setGranted(peerId, rights, performance.now()), [peerId]);
  }

  /** What a viewer wants to be done. A refusal is told to that viewer. */
  order(peerId: string, order: ControlOrder): void {
    const member = this.#members.get(peerId);
    if (member === undefined) return;
    try {
      this.#follow(peerId, order);
    } catch (thrown) {
      const { code, message: reason } = MoonteeError.from(thrown);
      if (code === 'INTERNAL')
        this.#options.log.error({ err: thrown }, 'order about control failed');
      member.companion.deliver({ ControlRefused: { code, reason } });
    }
  }

  /** By order of the operator, all of it or nothing. @throws FORBIDDEN, NOT_FOUND, BAD_REQUEST */
  set({ mode, holder, idle_timeout_ms: idle, pads }: ControlRequest): void {
    const { mode: before } = this.#control.state;
    if (pads !== undefined) this.#pads.check(pads, (id) => this.#members.has(id));
    if (holder !== undefined && holder !== null) this.#assertCanHold(holder, mode ?? before);
    this.#steer((control) => {
      control.setMode(mode ?? before, idle);
      if (holder !== undefined && (mode ?? before) === 'single') {
        control.give(holder, performance.now());
      }
    });
    if (pads === undefined) return;
    this.#pads.set(pads);
    this.#sendPads();
  }

  /** Viewers whose input has gone to the host. */
  acted(peerIds: readonly string[]): void {
    const now = performance.now();
    for (const peerId of peerIds) this.#control.acted(peerId, now);
    this.#watchExpiry();
  }

  /**
   * Viewers who did something that they may not do now. One whose client knows nothing of control cannot
   * ask for it: it gets it by this, if nobody has it.
   */
  tried(peerIds: readonly string[]): void {
    const now = performance.now();
    for (const peerId of peerIds) {
      if (this.#members.get(peerId)?.isTold !== false) continue;
      this.#steer((control) => control.claim(peerId, now));
    }
  }

  /** Where viewers point, for those who want to know of the others. */
  pointed(all: readonly PointerPlace[]): void {
    const places = all.filter(({ peer_id: id }) => this.#mayPoint(id));
    for (const { companion, wantsPointers } of this.#members.values()) {
      if (!wantsPointers) continue;
      const others = places.filter(({ peer_id: id }) => id !== companion.peerId);
      if (others.length > 0) companion.deliver({ Pointers: { pointers: others } }, true);
    }
  }

  /** A child that knows nothing of all this. */
  childStarted(): void {
    this.#sendPads();
    this.#options.send({ TellPointers: { wanted: this.#arePointersWanted } });
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#gathering);
    clearTimeout(this.#expiry);
  }

  #follow(peerId: string, order: ControlOrder): void {
    const now = performance.now();
    if (order === 'Ask') this.#steer((control) => control.ask(peerId, now));
    else if (order === 'Release') this.#steer((control) => control.release(peerId, now));
    else if (order === 'Take') this.#steer((control) => control.take(peerId, now));
    else if ('Grant' in order) {
      this.#steer((control) => control.grant(peerId, order.Grant.peer_id, now));
    } else if ('Deny' in order) {
      this.#steer((control) => control.deny(peerId, order.Deny.peer_id));
    } else {
      this.#control.assertManages(peerId);
      if ('Set' in order) this.set(order.Set);
      else this.#options.releaseInput(order.ReleaseInput.peer_id);
    }
  }

  #assertCanHold(peerId: string, mode: ControlInfo['mode']): void {
    if (mode !== 'single') {
      throw new MoonteeError('BAD_REQUEST', 'Control has a holder in the mode "single" alone');
    }
    this.#control.assertMaySteer(peerId);
  }

  /** Does something about control, and what follows from it. */
  #steer(work: (control: Control) => void, changed: readonly string[] = []): void {
    const before = JSON.stringify(this.#control.state);
    const rights = new Map([...this.#members.keys()].map((id) => [id, this.#control.rights(id)]));
    work(this.#control);
    const affected = new Set(changed);
    for (const [id, had] of rights) {
      const has = this.#control.rights(id);
      if (isEqual(had, has) && !affected.has(id)) continue;
      affected.add(id);
      this.#options.setRights(id, has);
    }
    if (JSON.stringify(this.#control.state) !== before) {
      this.#isControlChanged = true;
      this.#options.controlChanged();
    }
    this.#tell([...affected]);
    this.#watchExpiry();
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const due = this.#control.expiresAt;
    if (due === null || this.#closed) return;
    this.#expiry = setTimeout(
      () => this.#steer((control) => control.expire(performance.now())),
      Math.max(1, due - performance.now()),
    );
  }

  #sendPads(): void {
    this.#options.send({ AssignPads: { slots: this.#pads.list() } });
    this.#isControlChanged = true;
    this.#tell([]);
  }

  #setPointers(member: Member, wanted: boolean): void {
    member.wantsPointers = wanted;
    this.#wantPointers();
  }

  #wantPointers(): void {
    const wanted = [...this.#members.values()].some(({ wantsPointers }) => wantsPointers);
    if (wanted === this.#arePointersWanted) return;
    this.#arePointersWanted = wanted;
    this.#options.send({ TellPointers: { wanted } });
  }

  /** Pointing needs the right, and not control. */
  #mayPoint(peerId: string): boolean {
    const granted = this.#members.get(peerId)?.granted;
    return granted?.has('pointer') === true || granted?.has('touch') === true;
  }

  #tell(changed: readonly string[]): void {
    for (const peerId of changed) if (this.#members.has(peerId)) this.#changed.add(peerId);
    const isSomething = this.#changed.size + this.#gone.size > 0 || this.#isControlChanged;
    if (!isSomething || this.#closed) return;
    this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    this.#gathering = undefined;
    const told = [...this.#members.values()].filter(({ isTold }) => isTold);
    const put = [...this.#changed].flatMap((peerId) => {
      const member = this.#members.get(peerId);
      return member === undefined ? [] : [this.#entry(member)];
    });
    const gone = [...this.#gone];
    const control = this.#isControlChanged ? this.control : null;
    this.#changed.clear();
    this.#gone.clear();
    this.#isControlChanged = false;
    // Delivering may show that a viewer has left.
    for (const { companion } of told) {
      if (put.length + gone.length > 0) companion.deliver({ PresenceChange: { put, gone } });
      if (control !== null) companion.deliver({ Control: control });
    }
  }

  #entry({ companion: { peerId, name: given }, name, color, granted }: Member): PresentViewer {
    return {
      peer_id: peerId,
      name,
      color,
      rights: [...this.#control.rights(peerId)],
      granted: [...granted],
      is_name_certain: personName(given) !== null,
    };
  }
}

function isEqual(one: Rights, other: Rights): boolean {
  return one.size === other.size && [...one].every((right) => other.has(right));
}
