import { MoonteeError } from '../core/errors.js';
import type { Right, Rights } from '../core/rights.js';

/** Who of those with the right steers: all, one at a time, or nobody. */
export const CONTROL_MODES = ['shared', 'single', 'locked'] as const;
export type ControlMode = (typeof CONTROL_MODES)[number];

export interface ControlState {
  readonly mode: ControlMode;
  /** Who has control in the mode `single`; null in the others, and while nobody has it. */
  readonly holder: string | null;
  /** Who waits for it, the first first. */
  readonly asking: readonly string[];
  /** Milliseconds without input after which the holder loses it; 0: never. */
  readonly idleTimeout: number;
}

/** The rights that depend on control; pads are apart, as each is its viewer's own. */
const STEERING: readonly Right[] = ['pointer', 'keyboard', 'touch'];
const INPUT: readonly Right[] = [...STEERING, 'gamepad'];

/** Milliseconds that control is kept for a holder whose connection was lost. */
export const KEPT_MS = 30_000;

export const DEFAULT_IDLE_MS = 120_000;
const MAX_IDLE_MS = 24 * 3_600_000;

interface Person {
  granted: Rights;
  /** What it is known by when it comes back; null: it cannot. */
  readonly seat: string | null;
}

interface Kept {
  readonly seat: string;
  readonly until: number;
  /** Nobody else gets control meanwhile. */
  readonly isReserved: boolean;
}

/**
 * Who may steer one streamer. Rights are what a viewer was granted, less what the mode keeps from
 * it. Pure: it has no clock and sends nothing; all times are milliseconds of one clock that does not
 * jump. After each change the caller reads {@link state} and {@link rights} again.
 */
export class Control {
  readonly #people = new Map<string, Person>();
  #mode: ControlMode = 'shared';
  #idleTimeout = DEFAULT_IDLE_MS;
  #holder: string | null = null;
  #asking: string[] = [];
  /** Who had control before the holder, and gets it back. */
  #before: string[] = [];
  #activeAt = 0;
  #kept: Kept | null = null;

  get state(): ControlState {
    return {
      mode: this.#mode,
      holder: this.#holder,
      asking: [...this.#asking],
      idleTimeout: this.#idleTimeout,
    };
  }

  /** What the viewer may do now; nothing if it is not here. */
  rights(peerId: string): Rights {
    const granted = this.#people.get(peerId)?.granted ?? new Set<Right>();
    return this.#holder === peerId ? granted : this.guestRights(granted);
  }

  /** What somebody may do now who is no viewer, and never has control. */
  guestRights(granted: Rights): Rights {
    if (this.#mode === 'shared') return granted;
    const kept = this.#mode === 'locked' ? INPUT : STEERING;
    return new Set([...granted].filter((right) => !kept.includes(right)));
  }

  /** @param seat what it will be known by when it comes back; null: it cannot */
  join(peerId: string, granted: Rights, seat: string | null = null): void {
    this.#people.set(peerId, { granted, seat });
  }

  /** @param seat of the viewer's earlier self: if that had control, and it is still free, it has it again */
  resume(peerId: string, seat: string, now: number): void {
    const kept = this.#kept;
    if (kept?.seat !== seat || now > kept.until || this.#holder !== null) return;
    if (this.#mode === 'single' && this.#maySteer(peerId)) this.#give(peerId, now);
  }

  /** @param isExpected it was not its will, and it is expected back */
  leave(peerId: string, isExpected: boolean, now: number): void {
    const person = this.#people.get(peerId);
    this.#people.delete(peerId);
    this.#asking = this.#asking.filter((id) => id !== peerId);
    this.#before = this.#before.filter((id) => id !== peerId);
    if (this.#holder !== peerId) return;
    this.#holder = null;
    const seat = person?.seat ?? null;
    this.#kept = seat === null ? null : { seat, until: now + KEPT_MS, isReserved: isExpected };
    if (!isExpected) this.#handOn([this.#before.pop(), ...this.#asking], now);
  }

  /** What it was granted has changed; it loses control if it may not steer any more. */
  setGranted(peerId: string, granted: Rights, now: number): void {
    const person = this.#people.get(peerId);
    if (person === undefined) return;
    person.granted = granted;
    if (this.#maySteer(peerId)) return;
    this.#asking = this.#asking.filter((id) => id !== peerId);
    this.#before = this.#before.filter((id) => id !== peerId);
    if (this.#holder === peerId) this.#handOn([this.#before.pop(), ...this.#asking], now);
  }

  /** Gets control if it is free, or waits for it. @throws FORBIDDEN */
  ask(peerId: string, now: number): void {
    this.#assertSingle();
    this.assertMaySteer(peerId);
    if (this.#holder === peerId || this.#asking.includes(peerId)) return;
    this.#asking.push(peerId);
    // Who waits already comes first.
    if (this.#isFree(now)) this.#handOn(this.#asking, now);
  }

  /** It acts, and its client cannot ask: it gets control if nobody has it. */
  claim(peerId: string, now: number): void {
    if (this.#mode === 'single' && this.#maySteer(peerId) && this.#isFree(now)) {
      this.ask(peerId, now);
    }
  }

  /** Gives control up, or waits for it no more. */
  release(peerId: string, now: number): void {
    this.#asking = this.#asking.filter((id) => id !== peerId);
    if (this.#holder === peerId) this.#handOn([...this.#asking, this.#before.pop()], now);
  }

  /** Gets control from whoever has it. @throws FORBIDDEN without the right `manage` */
  take(peerId: string, now: number): void {
    this.assertManages(peerId);
    this.give(peerId, now);
  }

  /** The holder, or somebody who manages, gives control to another. @throws FORBIDDEN, NOT_FOUND */
  grant(by: string, to: string, now: number): void {
    if (this.#holder !== by) this.assertManages(by);
    this.give(to, now);
  }

  /** The holder, or somebody who manages, refuses a request. @throws FORBIDDEN */
  deny(by: string, peerId: string): void {
    if (this.#holder !== by) this.assertManages(by);
    this.#asking = this.#asking.filter((id) => id !== peerId);
  }

  /**
   * By order of the operator.
   *
   * @param peerId null: nobody, and who waits is refused
   * @throws FORBIDDEN, NOT_FOUND
   */
  give(peerId: string | null, now: number): void {
    this.#assertSingle();
    if (peerId === null) {
      this.#vacate();
      return;
    }
    this.assertMaySteer(peerId);
    const before = this.#holder;
    if (before === peerId) return;
    this.#before = this.#before.filter((id) => id !== peerId && id !== before);
    if (before !== null) this.#before.push(before);
    this.#give(peerId, now);
  }

  /** Nobody has control after a change of the mode. @param idleTimeout milliseconds, 0: never */
  setMode(mode: ControlMode, idleTimeout = this.#idleTimeout): void {
    if (!Number.isSafeInteger(idleTimeout) || idleTimeout < 0 || idleTimeout > MAX_IDLE_MS) {
      throw new MoonteeError('BAD_REQUEST', 'idle_timeout_ms is out of range');
    }
    this.#idleTimeout = idleTimeout;
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#vacate();
  }

  /** Input of a viewer has gone to the host. */
  acted(peerId: string, now: number): void {
    if (this.#holder === peerId) this.#activeAt = now;
  }

  /** When {@link expire} may change something; null: never, as things stand. */
  get expiresAt(): number | null {
    if (this.#holder !== null) {
      return this.#idleTimeout === 0 ? null : this.#activeAt + this.#idleTimeout;
    }
    return this.#kept?.isReserved === true ? this.#kept.until : null;
  }

  /** @returns whether the holder was idle for too long, or did not come back in time */
  expire(now: number): boolean {
    const due = this.expiresAt;
    if (due === null || now < due) return false;
    this.#kept = null;
    this.#handOn(this.#asking, now);
    return true;
  }

  /** Nobody has control, or waits for it, or gets it back. */
  #vacate(): void {
    this.#holder = null;
    this.#asking = [];
    this.#before = [];
    this.#kept = null;
  }

  #isFree(now: number): boolean {
    const isKept = this.#kept?.isReserved === true && now < this.#kept.until;
    return this.#holder === null && !isKept;
  }

  /** To the first of them who is here; to nobody if there is none. */
  #handOn(candidates: readonly (string | undefined)[], now: number): void {
    this.#holder = null;
    const next = candidates.find((id) => id !== undefined && this.#maySteer(id));
    if (next !== undefined) this.#give(next, now);
  }

  #give(peerId: string, now: number): void {
    this.#holder = peerId;
    this.#activeAt = now;
    this.#kept = null;
    this.#asking = this.#asking.filter((id) => id !== peerId);
  }

  #maySteer(peerId: string): boolean {
    const granted = this.#people.get(peerId)?.granted;
    return granted !== undefined && STEERING.some((right) => granted.has(right));
  }

  #assertSingle(): void {
    if (this.#mode === 'single') return;
    throw new MoonteeError('FORBIDDEN', 'Control has a holder in the mode "single" alone');
  }

  /** @throws NOT_FOUND, FORBIDDEN */
  assertMaySteer(peerId: string): void {
    if (this.#maySteer(peerId)) return;
    if (!this.#people.has(peerId)) throw new MoonteeError('NOT_FOUND', 'No such viewer is here');
    throw new MoonteeError('FORBIDDEN', 'The viewer has no right to steer');
  }

  /** @throws FORBIDDEN without the right `manage` */
  assertManages(peerId: string): void {
    if (this.#people.get(peerId)?.granted.has('manage') === true) return;
    throw new MoonteeError('FORBIDDEN', 'That needs the right "manage"');
  }
}
