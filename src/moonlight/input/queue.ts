import type { HostInput } from '../types.js';
import { emptyPadState, encodeInput, HAPTICS_ENABLE, type InputPacket } from './encode.js';
import { isMergeable, isRelease, laneOf, merge } from './merge.js';
import { TypingQueue } from './typing-queue.js';

/** What the host takes (gamestream.md §8.2). */
export interface InputSupport {
  /** The host knows the Sunshine extensions at all. */
  readonly extensions: boolean;
  readonly touchAndPen: boolean;
  readonly padTouchAndMotion: boolean;
}

/** Of all input so far: some has not left, it has left, or the host has confirmed all of it. */
export type InputProgress = 'waiting' | 'sent' | 'arrived';

/** The way to the host. */
export interface InputLink {
  /** Sends at once; false if it was refused. */
  send(packet: InputPacket): boolean;
  /**
   * False while so much is unacknowledged that more would only grow the delay. What is urgent
   * (keys, clicks) has room for longer than movement.
   */
  hasRoom(urgent: boolean): boolean;
  /** Whether all that was sent on one of the packets' channels has arrived. */
  isIdle(channel: number): boolean;
}

/** `closed`: the connection is closed; only the control stream returns it. */
export type InputVerdict = 'taken' | 'unsupported' | 'full' | 'closed';

/** Events that wait at most (§8.6); what releases something may use as many again. */
const LIMIT = 150;
/** Milliseconds between two packets of movement. */
const SPACING = 1;
/** Milliseconds after which a link without room is looked at again. */
const RETRY_MS = 5;

/**
 * Orders, merges and paces what is sent to the host. Keys and buttons leave at once; movement
 * is summed or replaced while an earlier one has not left. Times are milliseconds of one clock.
 */
export class InputQueue {
  readonly #support: InputSupport;
  readonly #link: InputLink;
  readonly #typing: TypingQueue;
  #queue: HostInput[] = [];
  #lastSent = -Infinity;
  #penButtons = 0;
  #hapticsEnabled = false;

  constructor(support: InputSupport, link: InputLink) {
    this.#support = support;
    this.#link = link;
    this.#typing = new TypingQueue(link);
  }

  /** Events that have not left. */
  get length(): number {
    return this.#queue.length + this.#typing.length;
  }

  /** Sends the packet that must come before all input; {@link push} sees to it otherwise. */
  start(): void {
    if (this.#hapticsEnabled) return;
    this.#hapticsEnabled = true;
    this.#link.send(HAPTICS_ENABLE);
  }

  push(input: HostInput, now: number): InputVerdict {
    if (!this.#isSupported(input)) return 'unsupported';
    this.start();
    if (input.type === 'key' || input.type === 'text') {
      if (!this.#typing.push(input, isRelease(input) ? 2 * LIMIT : LIMIT)) return 'full';
      // Movement that came before the key leaves before it.
      this.#sendQueue(now);
      this.#typing.service(now);
      return 'taken';
    }
    if (!this.#mergeIntoQueue(input)) {
      if (this.#queue.length >= (isRelease(input) ? 2 * LIMIT : LIMIT)) return 'full';
      this.#queue.push(input);
    }
    if (!isMergeable(input) || now - this.#lastSent >= SPACING) this.#sendQueue(now);
    return 'taken';
  }

  /** Sends what is due. */
  service(now: number): void {
    if (now - this.#lastSent >= SPACING) this.#sendQueue(now);
    this.#typing.service(now);
  }

  /** Milliseconds until {@link service} is due; Infinity while nothing waits. */
  wait(): number {
    const pause = this.#link.hasRoom(this.#isUrgent()) ? SPACING : RETRY_MS;
    const movement = this.#queue.length === 0 ? Infinity : pause;
    return Math.min(movement, this.#typing.length === 0 ? Infinity : RETRY_MS);
  }

  /** Sends everything at once, before the end. */
  drain(): void {
    for (const input of this.#queue) this.#send(input);
    this.#queue = [];
    this.#typing.drain();
  }

  #isSupported(input: HostInput): boolean {
    switch (input.type) {
      case 'horizontal-scroll':
      case 'pad-battery':
        return this.#support.extensions;
      case 'touch':
      case 'pen':
        return this.#support.extensions && this.#support.touchAndPen;
      case 'pad-touch':
      case 'pad-motion':
        return this.#support.extensions && this.#support.padTouchAndMotion;
      default:
        return true;
    }
  }

  #mergeIntoQueue(input: HostInput): boolean {
    if (!isMergeable(input)) return false;
    const lane = laneOf(input);
    for (let index = this.#queue.length - 1; index >= 0; index -= 1) {
      const earlier = this.#queue[index];
      if (earlier === undefined || laneOf(earlier) !== lane) continue;
      const merged = merge(earlier, input);
      if (merged === undefined) return false;
      this.#queue[index] = merged;
      return true;
    }
    return false;
  }

  /** Movement in front of a click must not hold it up. */
  #isUrgent(): boolean {
    return this.#queue.some((input) => !isMergeable(input));
  }

  #sendQueue(now: number): void {
    while (this.#queue.length > 0 && this.#link.hasRoom(this.#isUrgent())) {
      const input = this.#queue.shift();
      if (input === undefined) return;
      this.#send(input);
      this.#lastSent = now;
    }
  }

  #send(input: HostInput): void {
    if (input.type === 'pad-arrival' && !this.#support.extensions) {
      this.#link.send(emptyPadState(input));
      return;
    }
    for (const packet of encodeInput(input)) this.#link.send(this.#withDelivery(input, packet));
  }

  /** A pen's movement that changes its buttons must arrive. */
  #withDelivery(input: HostInput, packet: InputPacket): InputPacket {
    if (input.type !== 'pen' || input.buttons === this.#penButtons) return packet;
    this.#penButtons = input.buttons;
    return { ...packet, delivery: 'reliable' };
  }
}
