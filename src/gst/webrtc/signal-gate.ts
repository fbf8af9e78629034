/**
 * Keeps two facts about webrtcbin from becoming a deadlock:
 *
 * - It emits `on-data-channel` and every signal of a data channel from its own thread *while it
 *   holds its lock*. A JavaScript handler makes that thread wait for Node's.
 * - Most of its properties, and what makes a channel, take that same lock, from Node's thread. Its
 *   actions for descriptions and candidates do not: they leave a note for its own thread.
 *
 * So nothing that takes the lock may be called while such an emission is under way or could begin.
 * If no such signal has a handler yet, or before the connection is up (there are no channels then),
 * everything may be called. Later, {@link withoutEmissions} blocks the handlers for the few
 * microseconds of the call, and {@link disconnectAndDrain} takes them off for good. What is emitted
 * while handlers are blocked is lost. Such a call therefore waits for the end of a burst of
 * messages, and is avoided if there is another way.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Handler } from '../binding.js';
import type { GObject, GstRuntime } from '../runtime.js';

/** Milliseconds for an emission to end while the peer lives. */
const PATIENCE_MS = 10_000;
/** Milliseconds after a signal in which another one is likely. */
const BURST = 3;
/** Milliseconds that the end of a burst is waited for. */
const BURST_PATIENCE_MS = 100;

interface Connection {
  readonly object: GObject.Object;
  readonly id: number;
  /** Whether it is emitted under webrtcbin's lock. */
  readonly locked: boolean;
}

export class SignalGate {
  readonly #runtime: GstRuntime;
  readonly #connections = new Set<Connection>();
  /** Without handlers, but perhaps with an emission that had begun before. */
  readonly #released = new Set<GObject.Object>();
  /** `performance.now()` of the last locked signal. */
  #lastHeard = 0;

  constructor(runtime: GstRuntime) {
    this.#runtime = runtime;
  }

  /**
   * Connects a handler. It must have been made in a scope without elements: node-gtk keeps it even
   * after it has been taken off. With it stays all that it can reach.
   *
   * @param locked the signal is emitted under webrtcbin's lock
   */
  connect(object: unknown, signal: string, handler: Handler, locked: boolean): void {
    const source = object as GObject.Object;
    this.#connections.add({ object: source, id: source.connect(signal, handler), locked });
  }

  /** To be called by handlers of locked signals. */
  noteEmission(): void {
    this.#lastHeard = performance.now();
  }

  /** Keeps the handlers of one object from being called, until {@link unblock}. */
  block(object: unknown): void {
    const { GObject } = this.#runtime.namespaces;
    for (const { object: source, id } of this.#connections) {
      if (source === object) GObject.signalHandlerBlock(source, id);
    }
  }

  unblock(object: unknown): void {
    const { GObject } = this.#runtime.namespaces;
    for (const { object: source, id } of this.#connections) {
      if (source === object) GObject.signalHandlerUnblock(source, id);
    }
  }

  /** Takes the handlers of one object off. */
  release(object: unknown): void {
    // A browser may open and close channels for as long as it likes.
    this.#dropQuiet();
    for (const connection of this.#connections) {
      if (connection.object !== object) continue;
      connection.object.disconnect(connection.id);
      this.#connections.delete(connection);
      this.#released.add(connection.object);
    }
  }

  /**
   * Runs what takes webrtcbin's lock at a moment when nothing under that lock waits for us.
   *
   * @throws TIMEOUT if no such moment comes
   */
  async withoutEmissions<T>(work: () => T): Promise<T> {
    const { GObject } = this.#runtime.namespaces;
    const deadline = Deadline.in(PATIENCE_MS);
    const burst = Deadline.in(BURST_PATIENCE_MS);
    while (performance.now() - this.#lastHeard < BURST && burst.left > 0) {
      await this.#turn(deadline);
    }
    for (;;) {
      const locked = [...this.#connections].filter((connection) => connection.locked);
      if (!this.#emitting(locked)) {
        for (const { object, id } of locked) GObject.signalHandlerBlock(object, id);
        try {
          // One may have begun before its handler was blocked.
          if (!this.#emitting(locked)) return work();
        } finally {
          for (const { object, id } of locked) GObject.signalHandlerUnblock(object, id);
        }
      }
      await this.#turn(deadline);
    }
  }

  /**
   * Takes every handler off and waits until no emission that had one is under way.
   *
   * @throws TIMEOUT if an emission does not end
   */
  async disconnectAndDrain(deadline: Deadline): Promise<void> {
    const connections = [...this.#connections];
    this.#connections.clear();
    for (const { object, id } of connections) object.disconnect(id);
    while (this.#emitting(connections)) await this.#turn(deadline);
  }

  /** GObject's list of emissions is the whole process's, whichever thread they run on. */
  #emitting(connections: readonly Connection[]): boolean {
    this.#dropQuiet();
    if (this.#released.size > 0) return true;
    const objects = new Set(connections.map((connection) => connection.object));
    return [...objects].some((object) => this.#isEmitting(object));
  }

  #isEmitting(object: GObject.Object): boolean {
    return this.#runtime.namespaces.GObject.signalGetInvocationHint(object) !== null;
  }

  /** Lets go of released objects whose last emission has ended. */
  #dropQuiet(): void {
    for (const object of this.#released) {
      if (!this.#isEmitting(object)) this.#released.delete(object);
    }
  }

  async #turn(deadline: Deadline): Promise<void> {
    if (deadline.left === 0) {
      throw new MoonteeError('TIMEOUT', 'A signal of the peer connection does not end');
    }
    // The waiting thread's call is served in between.
    await nextTurn();
  }
}
