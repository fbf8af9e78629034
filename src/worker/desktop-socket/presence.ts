import type { ViewerInput } from '../../input/viewer-input.js';
import {
  remoteCursor,
  remoteTouch,
  selfId,
  userJoined,
  userLeft,
  type DesktopUser,
} from '../../protocol/desktop-socket.js';

/** Seen well on any picture, and told apart. */
const COLORS = [
  ...['#e6194b', '#3cb44b', '#4363d8', '#f58231'],
  ...['#911eb4', '#008080', '#f032e6', '#9a6324'],
] as const;

/** One browser, as the others see it. */
export interface Person {
  readonly name: string;
  /** '' for none. */
  readonly avatarUrl: string;
  /** Takes a whole binary message, or leaves it out. */
  readonly send: (message: Buffer) => void;
}

interface Present {
  readonly user: DesktopUser;
  readonly send: Person['send'];
  /** What it did since the last {@link Presence.flush}, the newest of each kind. */
  readonly moves: Map<string, Buffer>;
}

/** Who is at the desktop, and what each sees of the others: names, cursors and fingers. */
export class Presence {
  readonly #present = new Map<string, Present>();
  #lastClient = 0;

  /** The newcomer is told its number and who is there; all are told of the newcomer. */
  join(peerId: string, { name, avatarUrl, send }: Person): void {
    this.#lastClient += 1;
    const client = this.#lastClient;
    const color = COLORS[client % COLORS.length] ?? COLORS[0];
    const user = { client, color, avatarUrl, name: name === '' ? `User ${client}` : name };
    const others = [...this.#present.values()];
    this.#present.set(peerId, { user, send, moves: new Map() });
    send(selfId(client));
    const joined = userJoined(user);
    for (const one of [{ send }, ...others]) one.send(joined);
    for (const other of others) send(userJoined(other.user));
  }

  /** Idempotent. */
  leave(peerId: string): void {
    const present = this.#present.get(peerId);
    if (present === undefined) return;
    this.#present.delete(peerId);
    const left = userLeft(present.user.client);
    for (const other of this.#present.values()) other.send(left);
  }

  /**
   * An input of a viewer that has reached the host. Moves wait for {@link flush}.
   *
   * @param size of the picture, in pixels
   */
  saw(peerId: string, input: ViewerInput, size: { width: number; height: number }): void {
    const present = this.#present.get(peerId);
    if (present === undefined || this.#present.size < 2) return;
    const { user, moves } = present;
    if (input.type === 'mouse-position') {
      const x = Math.round((input.x * size.width) / input.referenceWidth);
      const y = Math.round((input.y * size.height) / input.referenceHeight);
      moves.set('cursor', remoteCursor(user, x, y));
    } else if (input.type === 'touch') {
      const { phase, pointerId: slot } = input;
      const x = Math.round(input.x * size.width);
      const y = Math.round(input.y * size.height);
      const message = remoteTouch(user, { phase, slot, x, y });
      if (phase === 'move') moves.set(`touch ${slot}`, message);
      else {
        moves.delete(`touch ${slot}`);
        this.#tellOthers(peerId, message);
      }
    }
  }

  /** Sends what has moved. To be called several times a second. */
  flush(): void {
    for (const [peerId, { moves }] of this.#present) {
      for (const message of moves.values()) this.#tellOthers(peerId, message);
      moves.clear();
    }
  }

  #tellOthers(peerId: string, message: Buffer): void {
    for (const [other, { send }] of this.#present) if (other !== peerId) send(message);
  }
}
