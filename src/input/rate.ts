import { TokenBucket, type Budget } from '../core/token-bucket.js';
import type { ViewerInput } from './viewer-input.js';

/** What one viewer may cause, per kind of input, so that a fast mouse never eats a key press. */
export interface InputBudgets {
  /** Moves, scrolls and pad states, one token each. */
  readonly motion: Budget;
  /** Keys, buttons and touches going down, pads coming, one token each. */
  readonly press: Budget;
  /** Text, one token per UTF-16 unit: hosts take it one code point a packet, slowly. */
  readonly text: Budget;
  /** Statements of what is held, one token each. */
  readonly statement: Budget;
}

/** Several times what a person with a 1000 Hz mouse or a pasting clipboard needs. */
export const DEFAULT_BUDGETS: InputBudgets = {
  motion: { rate: 2000, burst: 500 },
  press: { rate: 200, burst: 200 },
  text: { rate: 1024, burst: 8192 },
  statement: { rate: 60, burst: 60 },
};

/** The rate limit of one viewer. */
export class InputRate {
  readonly #motion: TokenBucket;
  readonly #press: TokenBucket;
  readonly #text: TokenBucket;
  readonly #statement: TokenBucket;

  constructor(budgets: InputBudgets) {
    this.#motion = new TokenBucket(budgets.motion);
    this.#press = new TokenBucket(budgets.press);
    this.#text = new TokenBucket(budgets.text);
    this.#statement = new TokenBucket(budgets.statement);
  }

  /** Whether one more thing may go down, of those that a statement lists. */
  admitPress(now: number): boolean {
    return this.#press.take(1, now);
  }

  /** Whether the viewer may do this now. What lets something go is free and never refused. */
  admit(input: ViewerInput, now: number): boolean {
    switch (input.type) {
      case 'key':
      case 'mouse-button':
        return !input.down || this.#press.take(1, now);
      case 'touch':
        if (input.phase === 'up') return true;
        return (input.phase === 'down' ? this.#press : this.#motion).take(1, now);
      case 'pad-add':
        return this.#press.take(1, now);
      case 'pad-remove':
        return true;
      case 'text':
        return this.#text.take(input.text.length, now);
      case 'mouse-move':
      case 'mouse-position':
      case 'scroll':
      case 'pad-state':
        return this.#motion.take(1, now);
      case 'held-keys':
      case 'held-buttons':
      case 'held-touches':
        return this.#statement.take(1, now);
    }
  }
}
