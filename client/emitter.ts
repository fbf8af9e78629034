/** Events by name, each with the tuple of what its listeners are given. */
export type EventMap = Record<string, unknown[]>;

/** A typed emitter small enough for a page. */
export class Emitter<Events extends EventMap> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...values: Events[Name]) => void> } = {};

  /** @returns a function that takes the listener off */
  on<Name extends keyof Events>(
    name: Name,
    listener: (...values: Events[Name]) => void,
  ): () => void {
    const listeners = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  protected emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) listener(...values);
  }
}
