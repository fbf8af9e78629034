import type { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Rights } from '../../core/rights.js';
import { deviceOf } from '../../input/policy.js';
import type { AgentOutcome } from '../../protocol/agent-input.js';
import type { AgentAct, AgentStep } from './plan.js';
import type { AgentSeat } from './seat.js';

/** Milliseconds between two looks at what is waited for. */
const POLL_MS = 2;
/** Milliseconds that the last device's input may take to arrive before another device is used. */
const SETTLE_LIMIT_MS = 1_000;
/** Milliseconds for the release of what was held to leave. */
const RELEASE_LIMIT_MS = 500;

export interface AgentRunOptions {
  readonly id: string;
  readonly steps: readonly AgentStep[];
  readonly rights: Rights;
  readonly seat: AgentSeat;
  readonly deadline: Deadline;
  /** Milliseconds; 0: persons do not matter. */
  readonly pause: number;
  /** When a person did something last, of `performance.now()`. */
  readonly personAt: () => number;
}

/**
 * One list of an agent's events. It is executed once, in order, and ends in one of three ways: after
 * its last event, by {@link end}, or at its deadline. In any case everything that it holds is
 * released. A person who does something between two events pauses it. In the midst of an event, and
 * while anything is held, the rest would mean something else: then it ends.
 */
export class AgentRun {
  readonly id: string;
  /** Never rejects. */
  readonly outcome: Promise<AgentOutcome>;
  readonly #options: AgentRunOptions;
  readonly #timer: NodeJS.Timeout;
  #settle: (outcome: AgentOutcome) => void = () => undefined;
  #startedAt: number | null = null;
  #executed = 0;
  #paused = 0;
  /** It has done a part of an event, or holds something. */
  #isEngaged = false;
  #device: string | null = null;
  /** A person holds what it needs. */
  #isBlocked = false;
  #ending: MoonteeError | null = null;
  #wake: (() => void) | null = null;

  constructor(options: AgentRunOptions) {
    this.id = options.id;
    this.#options = options;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(() => this.end(this.#late()), options.deadline.left);
  }

  /** It is this one's turn. Never rejects. */
  async start(): Promise<void> {
    const { id, rights, seat, steps } = this.#options;
    if (this.#ending !== null) return;
    this.#startedAt = performance.now();
    seat.join(id, rights);
    try {
      for (const step of steps) {
        await this.#untilAlone();
        for (const act of step.acts) await this.#act(act);
        this.#isEngaged = step.holds;
        this.#executed += 1;
      }
      await this.#untilProgress(['sent', 'arrived'], Infinity);
    } catch (error) {
      this.#ending ??= MoonteeError.from(error);
    }
    seat.leave(id);
    // The next one begins behind what is released here.
    await this.#poll(() => seat.progress() !== 'waiting', RELEASE_LIMIT_MS);
    this.#finish();
  }

  /** To be called before a person's input is applied: what the agent holds is out of its way then. */
  personActs(): void {
    if (this.#options.pause > 0) this.letGo();
  }

  /** Ends it if it is in the midst of something. */
  letGo(): void {
    if (!this.#isEngaged) return;
    this.end(new MoonteeError('PERSON_TOOK_OVER'));
  }

  /** What it holds is released before this returns. Idempotent. One that has not begun is over at once. */
  end(error: MoonteeError): void {
    this.#ending ??= error;
    if (this.#startedAt === null) this.#finish();
    else this.#options.seat.leave(this.id);
    this.#wake?.();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    this.#settle({
      executed: this.#executed,
      duration_ms: Math.round(now - (this.#startedAt ?? now)),
      paused_ms: Math.round(this.#paused),
      code: this.#ending?.code ?? null,
      reason: this.#ending?.message ?? null,
    });
  }

  async #untilAlone(): Promise<void> {
    const { pause, personAt } = this.#options;
    if (pause === 0) return;
    for (let now = performance.now(); now < personAt() + pause; now = performance.now()) {
      await this.#sleep(personAt() + pause - now);
      this.#paused += performance.now() - now;
    }
  }

  async #act(act: AgentAct): Promise<void> {
    if (act.kind === 'pause') return this.#sleep(act.ms);
    const { id, seat } = this.#options;
    const device = deviceOf(act.input);
    // Devices have channels of their own, which do not keep each other's order.
    if (this.#device !== null && this.#device !== device) {
      await this.#untilProgress(['arrived'], SETTLE_LIMIT_MS);
    }
    // Movement that has not left would be replaced by this one.
    await this.#untilProgress(['sent', 'arrived'], Infinity);
    this.#device = device;
    this.#isEngaged = true;
    for (;;) {
      const verdict = seat.act(id, act.input);
      this.#isBlocked = verdict === 'taken';
      if (verdict === 'done') return;
      if (verdict === 'closed') throw new MoonteeError('CLOSED', 'The streamer has no session now');
      if (verdict === 'full')
        throw new MoonteeError('LIMIT_REACHED', 'No gamepad of the host is free');
      await this.#sleep(POLL_MS);
    }
  }

  async #untilProgress(wanted: readonly string[], limit: number): Promise<void> {
    const { seat } = this.#options;
    const isThere = await this.#poll(() => {
      this.#check();
      return wanted.includes(seat.progress());
    }, limit);
    if (!isThere) this.#check();
  }

  /** @returns false once `limit` milliseconds are over */
  async #poll(isThere: () => boolean, limit: number): Promise<boolean> {
    const end = performance.now() + limit;
    while (!isThere()) {
      if (performance.now() >= end) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return true;
  }

  /** @throws why it ends, if it does */
  async #sleep(ms: number): Promise<void> {
    this.#check();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
    this.#check();
  }

  #check(): void {
    if (this.#ending !== null) throw this.#ending;
  }

  #late(): MoonteeError {
    const { pause, personAt } = this.#options;
    const isPaused = pause > 0 && personAt() + pause > performance.now();
    const isPersons = isPaused || this.#isBlocked;
    return isPersons
      ? new MoonteeError('PERSON_TOOK_OVER', 'A person has taken over, and did not stop in time')
      : new MoonteeError('TIMEOUT', 'The events did not all reach the host in time');
  }
}
