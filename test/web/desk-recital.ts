/** Does recorded scripts at a desk, and compares what the host gets with the model, step by step. */
import { until } from '../support/until.js';
import { DeskModel, Repeats, type Gesture, type Word } from './desk-model.js';
import type { Person, Script, Step } from './desk-scripts.js';
import { SIZE, type Desk } from './desk.js';

/** Milliseconds in the host's log without which nobody was silent: a server waits for 500. */
const SILENCE_MS = 300;

/** Pixels in which an agent tells places. */
const PIXELS = [SIZE.width, SIZE.height] as const;

export class Recital {
  readonly #desk: Desk;
  readonly #model = new DeskModel();
  /** What the host has still to get, by lane; one for all if every step is waited for. */
  readonly #awaited = new Map<string, Word[]>();
  readonly #expected = new Repeats();
  readonly #got = new Repeats();
  /**
   * Held, and let go by a server that did not hear of its browser for half a second: on a busy
   * machine that is right. It is held again once the browser is heard of.
   */
  readonly #silent = new Set<string>();
  /** As those, and let go by its browser at last; that may have held it once more in between. */
  readonly #returning = new Map<string, Word>();
  /** When the host last got something, by lane. */
  readonly #heardAt = new Map<string, number>();
  #pace: Script['pace'] = 'each';
  #agent: { readonly leave: () => void; readonly over: Promise<unknown> } | null = null;
  /** Words compared so far. */
  count = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** @throws at the first word that the host gets and should not, and for one that does not come */
  async perform({ name, pace, steps }: Script): Promise<void> {
    this.#pace = pace;
    for (const [index, step] of steps.entries()) {
      const what = `${name}, step ${index}: ${JSON.stringify(step)}`;
      await this.#hear(what);
      const isTyped = await this.#step(step);
      if (pace === 'each' || !isTyped) await this.#untilHeard(what);
    }
    await this.#untilHeard(`${name}, to its end`);
  }

  /** What somebody held is let go, by the mode or for good. @throws as {@link perform} */
  async letsGo(who: Person): Promise<void> {
    this.#await(this.#model.leave(who));
    await this.#untilHeard(`${who} holds nothing any more`);
  }

  /** @returns whether the next step need not wait for it */
  async #step(step: Step): Promise<boolean> {
    if (step[0] !== 'agent') {
      const [who, gesture] = step;
      this.#await(this.#model.take(who, gesture));
      await this.#desk.seats[who].act(gesture);
      return gesture.do === 'key';
    }
    if (step[1] === 'leaves') {
      this.#await(this.#model.leave('agent'));
      this.#agent?.leave();
      await this.#agent?.over;
      return false;
    }
    const means: readonly Gesture[] = step[2];
    this.#await(means.flatMap((gesture) => this.#model.take('agent', gesture, PIXELS)));
    this.#agent = this.#desk.begin(step[1]);
    return false;
  }

  #await(words: readonly Word[]): void {
    for (const word of words.filter((each) => this.#expected.admits(each))) {
      const lane = this.#laneOf(word);
      this.#awaited.set(lane, [...(this.#awaited.get(lane) ?? []), word]);
    }
  }

  #laneOf({ lane }: Word): string {
    return this.#pace === 'each' ? '' : lane;
  }

  async #untilHeard(what: string): Promise<void> {
    await until(
      what,
      async () => {
        await this.#hear(what);
        return [...this.#awaited.values()].every((words) => words.every(this.#isOver));
      },
      30_000,
    ).catch((error: unknown) => {
      const missing = JSON.stringify([...this.#awaited.values()]);
      throw new Error(`${String(error)}; still to come: ${missing}`, { cause: error });
    });
    for (const word of [...this.#awaited.values()].flat()) {
      this.#silent.delete(word.holds?.what ?? '');
      this.#returning.set(word.holds?.what ?? '', word);
    }
    this.#awaited.clear();
  }

  /** Its browser lets go of what its silence has let go of already. */
  readonly #isOver = ({ holds }: Word): boolean =>
    holds !== undefined && !holds.down && this.#silent.has(holds.what);

  async #hear(what: string): Promise<void> {
    for (const word of await this.#desk.news()) {
      const isAfterSilence = this.#isAfterSilence(word);
      if (this.#isOfSilence(word, isAfterSilence) || !this.#got.admits(word)) continue;
      const lane = this.#laneOf(word);
      const [wanted, ...rest] = this.#awaited.get(lane) ?? [];
      if (wanted?.text === word.text) {
        this.#awaited.set(lane, rest);
        this.count += 1;
        const { what: held = '', down = true } = word.holds ?? {};
        if (!down && isAfterSilence) this.#returning.set(held, word);
      } else if (!this.#returns(word) && !this.#model.retells(word)) {
        throw new Error(`${what}: the host gets "${word.text}" instead of "${wanted?.text}"`);
      }
    }
  }

  #isAfterSilence({ lane, at = 0 }: Word): boolean {
    const before = this.#heardAt.get(lane) ?? at;
    this.#heardAt.set(lane, at);
    return at - before >= SILENCE_MS;
  }

  /** Let go or held again for silence alone. */
  #isOfSilence({ text, holds }: Word, isAfterSilence: boolean): boolean {
    if (holds === undefined) return false;
    const { what, down } = holds;
    if (down) return this.#silent.delete(what);
    const isWanted = [...this.#awaited.values()].some(([next]) => next?.text === text);
    if (isWanted || !isAfterSilence || !this.#model.holds(what)) return false;
    this.#silent.add(what);
    return true;
  }

  /** Its browser held it once more before it let go: it will be let go once more. */
  #returns(word: Word): boolean {
    const release = this.#returning.get(word.holds?.what ?? '');
    if (word.holds?.down !== true || release === undefined) return false;
    this.#returning.delete(word.holds.what);
    const lane = this.#laneOf(word);
    this.#awaited.set(lane, [release, ...(this.#awaited.get(lane) ?? [])]);
    return true;
  }
}
