import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { hdrMessage } from './hdr.js';
import type { NvAnswer, NvRequest } from './http/nvhttp.js';
import type { SessionMedia } from './media/session-media.js';
import type { Session, Sessions } from './sessions.js';

const WITH_SESSION = t.partial({ session_id: t.string });

/** What a test or a script may order from the host (`POST /demo/control`). */
const Order = t.intersection([
  WITH_SESSION,
  t.union([
    t.type({ order: t.literal('rumble'), pad: t.Int, low: t.Int, high: t.Int }),
    t.type({ order: t.literal('trigger-rumble'), pad: t.Int, left: t.Int, right: t.Int }),
    t.type({ order: t.literal('led'), pad: t.Int, r: t.Int, g: t.Int, b: t.Int }),
    t.type({
      order: t.literal('motion-request'),
      pad: t.Int,
      rate: t.Int,
      sensor: t.keyof({ accelerometer: null, gyro: null }),
    }),
    t.type({
      order: t.literal('adaptive-triggers'),
      pad: t.Int,
      flags: t.Int,
      typeLeft: t.Int,
      typeRight: t.Int,
      /** Ten bytes each, hex. */
      left: t.string,
      right: t.string,
    }),
    t.type({ order: t.literal('hdr'), enabled: t.boolean }),
    t.type({ order: t.literal('terminate'), code: t.Int }),
    /** The control connection ends without a message. */
    t.type({ order: t.literal('disconnect') }),
    t.type({ order: t.literal('stall'), milliseconds: t.Int }),
    t.type({ order: t.literal('drop'), packets: t.Int }),
    t.type({ order: t.literal('exit') }),
  ]),
]);
type Order = t.TypeOf<typeof Order>;

export interface OrdersContext {
  readonly sessions: Sessions;
  readonly media: (session: Session) => SessionMedia | undefined;
  /** Ends the process that the host lives in. */
  readonly exit: () => void;
}

function json(status: number, value: unknown): NvAnswer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** The loopback interface of tests: `GET /demo/state` and `POST /demo/control`. */
export class Orders {
  readonly #context: OrdersContext;

  constructor(context: OrdersContext) {
    this.#context = context;
  }

  readonly handle = (request: NvRequest): NvAnswer => {
    if (request.method === 'GET' && request.path === '/demo/state') return json(200, this.state());
    if (request.method !== 'POST' || request.path !== '/demo/control') {
      return json(404, { error: 'Not found' });
    }
    // A page in a browser cannot send this type to another origin unasked.
    if (!request.contentType.startsWith('application/json')) {
      return json(415, { error: 'Content-Type must be application/json' });
    }
    let body: unknown;
    try {
      body = JSON.parse(request.body.toString('utf8'));
    } catch {
      return json(400, { error: 'Invalid JSON' });
    }
    const order = Order.decode(body);
    if (!isRight(order)) return json(400, { error: 'Invalid order' });
    return this.#obey(order.right);
  };

  /** Sessions with their counters and what their picture shows. */
  state(): unknown {
    return {
      sessions: this.#context.sessions.all.map((session) => {
        const media = this.#context.media(session);
        const { pointerX, pointerY, buttons, keys, text, pads, touches, events } =
          session.game.desktop;
        return {
          session_id: session.id,
          app: session.game.app.title,
          state: session.state,
          video: media?.video?.counters ?? null,
          audio_packets: media?.audioPackets ?? 0,
          desktop: {
            pointer: [pointerX, pointerY],
            buttons: [...buttons],
            keys: [...keys],
            text,
            pads: [...pads.keys()],
            touches: touches.size,
            events,
          },
        };
      }),
    };
  }

  #obey(order: Order): NvAnswer {
    if (order.order === 'exit') {
      this.#context.exit();
      return json(200, { ok: true });
    }
    const { sessions } = this.#context;
    const targets =
      order.session_id === undefined
        ? sessions.all
        : sessions.all.filter(({ id }) => id === order.session_id);
    if (targets.length === 0) return json(404, { error: 'No such session' });
    for (const session of targets) this.#apply(session, order);
    return json(200, { ok: true, sessions: targets.map(({ id }) => id) });
  }

  #apply(session: Session, order: Exclude<Order, { order: 'exit' }>): void {
    switch (order.order) {
      case 'terminate':
        session.terminate(order.code >>> 0, 'terminated on order');
        break;
      case 'disconnect':
        session.close('disconnected on order');
        break;
      case 'stall':
        this.#context.media(session)?.video?.stall(order.milliseconds);
        break;
      case 'drop':
        this.#context.media(session)?.video?.dropNext(order.packets);
        break;
      case 'hdr':
        session.send(hdrMessage(order.enabled));
        break;
      case 'rumble':
        session.send({ type: 'rumble', pad: order.pad, low: order.low, high: order.high });
        break;
      case 'trigger-rumble': {
        const { pad, left, right } = order;
        session.send({ type: 'trigger-rumble', pad, left, right });
        break;
      }
      case 'led': {
        const { pad, r, g, b } = order;
        session.send({ type: 'led', pad, r, g, b });
        break;
      }
      case 'motion-request': {
        const { pad, rate, sensor } = order;
        session.send({ type: 'motion-request', pad, rate, sensor });
        break;
      }
      case 'adaptive-triggers': {
        const { pad, flags, typeLeft, typeRight } = order;
        const [left, right] = [Buffer.from(order.left, 'hex'), Buffer.from(order.right, 'hex')];
        session.send({ type: 'adaptive-triggers', pad, flags, typeLeft, typeRight, left, right });
        break;
      }
    }
  }
}
