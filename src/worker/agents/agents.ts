import { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Rights } from '../../core/rights.js';
import { settlesWithin } from '../../core/settles-within.js';
import { deviceOf, isAllowed } from '../../input/policy.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { AgentOrder, AgentOutcome } from '../../protocol/agent-input.js';
import { planAgentInput, type AgentPicture, type AgentStep } from './plan.js';
import { AgentRun } from './run.js';
import type { AgentSeat } from './seat.js';

/** Lists that wait for those before them. */
const MAX_WAITING = 8;
/** Sticks and triggers nearer to their rest than this are nobody's doing. */
const STICK_REST = 8_192;
const TRIGGER_REST = 32;

/** The agents of one streamer. Their lists are executed one after the other. */
export class Agents {
  readonly #seat: AgentSeat;
  /** The first one runs. */
  readonly #runs: AgentRun[] = [];
  #personAt = -Infinity;
  #closed = false;

  constructor(seat: AgentSeat) {
    this.#seat = seat;
  }

  /**
   * Resolves when its last event has gone to the host, or why it has not.
   *
   * @throws BAD_REQUEST and FORBIDDEN before anything is sent, LIMIT_REACHED, CLOSED
   */
  run(order: AgentOrder, picture: AgentPicture): Promise<AgentOutcome> {
    if (this.#closed) throw new MoonteeError('CLOSED', 'The streamer has no session now');
    const steps = planAgentInput(order.events, picture);
    const rights: Rights = new Set(order.rights);
    this.#assertAllowed(steps, rights);
    if (this.#runs.length > MAX_WAITING) {
      throw new MoonteeError('LIMIT_REACHED', `${MAX_WAITING} lists of input wait already`);
    }
    const run = new AgentRun({
      id: order.agent_id,
      steps,
      rights,
      seat: this.#seat,
      deadline: Deadline.in(order.within_ms),
      pause: order.pause_ms,
      personAt: () => this.#personAt,
    });
    this.#runs.push(run);
    void run.outcome.then(() => this.#remove(run));
    if (this.#runs[0] === run) void run.start();
    return run.outcome;
  }

  /** Ends its list. Idempotent. */
  stop(agentId: string, error: MoonteeError): void {
    this.#runs.find(({ id }) => id === agentId)?.end(error);
  }

  /**
   * What it holds is released by order. So the rest of its list would mean something else.
   *
   * @param id null: whichever runs
   */
  letGo(id: string | null): void {
    const run = this.#runs[0];
    if (run !== undefined && (id === null || run.id === id)) run.letGo();
  }

  /** To be called with the input of a person who may do it, before it is applied. */
  personActs(input: ViewerInput): void {
    if (!isDoing(input)) return;
    this.#personAt = performance.now();
    this.#runs[0]?.personActs();
  }

  /** Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    this.#closed = true;
    const outcomes = this.#runs.map(({ outcome }) => outcome);
    for (const run of [...this.#runs]) run.end(new MoonteeError('STREAMER_STOPPING'));
    await settlesWithin(deadline.left, Promise.all(outcomes));
  }

  #assertAllowed(steps: readonly AgentStep[], rights: Rights): void {
    try {
      assertAllowed(steps, rights);
    } catch (error) {
      this.#seat.refused();
      throw error;
    }
  }

  #remove(run: AgentRun): void {
    const index = this.#runs.indexOf(run);
    if (index < 0) return;
    this.#runs.splice(index, 1);
    if (index === 0) void this.#runs[0]?.start();
  }
}

/** @throws FORBIDDEN naming the event and the right that it needs */
export function assertAllowed(steps: readonly AgentStep[], rights: Rights): void {
  for (const [index, { acts }] of steps.entries()) {
    for (const act of acts) {
      if (act.kind === 'pause' || isAllowed(rights, act.input)) continue;
      const right = deviceOf(act.input);
      throw new MoonteeError('FORBIDDEN', `events[${index}]: needs the right "${right}" now`);
    }
  }
}

/** Whether a person does something by this; releases and pads at rest are nothing. */
function isDoing(input: ViewerInput): boolean {
  switch (input.type) {
    case 'key':
    case 'mouse-button':
      return input.down;
    case 'mouse-move':
      return input.dx !== 0 || input.dy !== 0;
    case 'touch':
      return input.phase !== 'up';
    case 'pad-state': {
      const { leftX, leftY, rightX, rightY, leftTrigger, rightTrigger } = input;
      return (
        input.buttons !== 0 ||
        [leftX, leftY, rightX, rightY].some((axis) => Math.abs(axis) > STICK_REST) ||
        Math.max(leftTrigger, rightTrigger) > TRIGGER_REST
      );
    }
    case 'held-keys':
      return input.keyCodes.length > 0;
    case 'held-buttons':
      return input.buttons.length > 0;
    case 'held-touches':
      return input.touches.length > 0;
    case 'pad-add':
    case 'pad-remove':
      return false;
    case 'text':
    case 'mouse-position':
    case 'scroll':
      return true;
  }
}
