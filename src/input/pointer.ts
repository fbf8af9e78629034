import type { HostInput } from '../moonlight/types.js';
import { HeldUnion } from './held-union.js';
import { Muted } from './muted.js';
import { ScrollWheel } from './scroll.js';
import type { MousePosition, ViewerInput } from './viewer-input.js';

type Scroll = Extract<ViewerInput, { type: 'scroll' }>;

/** What the pointer remembers of one viewer. */
interface Hand {
  readonly wheel: ScrollWheel;
  /** The place that this viewer last pointed at; undefined while it moves relatively. */
  position: MousePosition | undefined;
}

/**
 * The one mouse of the host. The last writer moves it. While buttons are held, the viewer who
 * pressed first holds the pointer. Moves and scrolls of others are ignored then. So are their
 * presses of buttons that are up, which would land at a place that they do not see. A press of the
 * very button that is down joins it, and the button goes up with the last release. If the holder
 * has let go, a viewer who still holds a button becomes the holder. Ignored presses do not wait:
 * their release finds nothing to release.
 */
export class Pointer {
  readonly #buttons = new HeldUnion();
  readonly #muted = new Muted();
  readonly #hands = new Map<string, Hand>();
  #holder: string | undefined;
  #writer: string | undefined;

  /** Buttons that are down. */
  get down(): number[] {
    return this.#buttons.codes();
  }

  move(peerId: string, dx: number, dy: number): HostInput[] {
    this.#hand(peerId).position = undefined;
    if (this.#isTaken(peerId) || (dx === 0 && dy === 0)) return [];
    this.#writer = peerId;
    return [{ type: 'mouse-move', dx, dy }];
  }

  point(peerId: string, position: MousePosition): HostInput[] {
    this.#hand(peerId).position = position;
    if (this.#isTaken(peerId)) return [];
    this.#writer = peerId;
    return [position];
  }

  press(peerId: string, button: number): HostInput[] {
    this.#muted.end(peerId, button);
    if (this.#isTaken(peerId) && !this.#buttons.has(button)) {
      this.#muted.mute(peerId, [button]);
      return [];
    }
    if (!this.#buttons.press(button, peerId)) return [];
    const inputs = this.#takeOver(peerId);
    this.#holder ??= peerId;
    inputs.push({ type: 'mouse-button', down: true, button });
    return inputs;
  }

  release(peerId: string, button: number): HostInput[] {
    this.#muted.end(peerId, button);
    return this.#up(peerId, button);
  }

  /** @param now milliseconds of any clock that does not jump */
  scroll(peerId: string, { dx, dy, unit }: Scroll, now: number): HostInput[] {
    if (this.#isTaken(peerId)) return [];
    const { vertical, horizontal } = this.#hand(peerId).wheel.turn(dx, dy, unit, now);
    if (vertical === 0 && horizontal === 0) return [];
    const inputs = this.#takeOver(peerId);
    if (vertical !== 0) inputs.push({ type: 'scroll', amount: vertical });
    if (horizontal !== 0) inputs.push({ type: 'horizontal-scroll', amount: horizontal });
    return inputs;
  }

  releaseAll(peerId: string): HostInput[] {
    return this.heldBy(peerId).flatMap((button) => this.#up(peerId, button));
  }

  /**
   * The viewer states all buttons that it holds. Others are let go, and those of which the press was
   * lost go down.
   *
   * @param admit whether one more may go down
   */
  state(peerId: string, buttons: readonly number[], admit: () => boolean): HostInput[] {
    const stated = new Set(buttons);
    this.#muted.keep(peerId, stated);
    const held = this.heldBy(peerId);
    const inputs = held
      .filter((button) => !stated.has(button))
      .flatMap((button) => this.#up(peerId, button));
    for (const button of stated) {
      if (held.includes(button) || this.#muted.has(peerId, button)) continue;
      if (!admit()) break;
      inputs.push(...this.press(peerId, button));
    }
    return inputs;
  }

  heldBy(peerId: string): number[] {
    return this.#buttons.heldBy(peerId);
  }

  /** What the viewer holds now counts no more until it is let go. */
  mute(peerId: string): void {
    this.#muted.mute(peerId, this.heldBy(peerId));
  }

  forget(peerId: string): void {
    this.#hands.delete(peerId);
    this.#muted.forget(peerId);
    if (this.#writer === peerId) this.#writer = undefined;
  }

  /** The pointer's last place, for a host that has forgotten it. */
  again(): HostInput[] {
    const position =
      this.#writer === undefined ? undefined : this.#hands.get(this.#writer)?.position;
    return position === undefined ? [] : [position];
  }

  #up(peerId: string, button: number): HostInput[] {
    const wentUp = this.#buttons.release(button, peerId);
    if (this.#holder === peerId && this.#buttons.heldBy(peerId).length === 0) {
      this.#holder = this.#buttons.anyHolder();
    }
    return wentUp ? [{ type: 'mouse-button', down: false, button }] : [];
  }

  #isTaken(peerId: string): boolean {
    return this.#holder !== undefined && this.#holder !== peerId;
  }

  /**
   * Another viewer moved the pointer since this one last pointed. It is moved back, so that a click
   * lands at the place where its viewer sees the pointer.
   */
  #takeOver(peerId: string): HostInput[] {
    if (this.#writer === peerId) return [];
    this.#writer = peerId;
    const position = this.#hands.get(peerId)?.position;
    return position === undefined ? [] : [position];
  }

  #hand(peerId: string): Hand {
    let hand = this.#hands.get(peerId);
    if (hand === undefined) {
      hand = { wheel: new ScrollWheel(), position: undefined };
      this.#hands.set(peerId, hand);
    }
    return hand;
  }
}
