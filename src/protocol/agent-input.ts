/** What an agent asks a streamer to do, as REST takes it and the child gets it. */
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { describeIssues } from '../codec/issues.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorCode } from './outcome-codes.js';
import { RightList } from './right-codec.js';

const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

const Point = t.type({ x: Integer, y: Integer }, 'Point');
const Button = t.keyof({ left: null, middle: null, right: null, back: null, forward: null });
export type AgentButton = t.TypeOf<typeof Button>;
/** From −1 to 1, positive is right and up. */
const Stick = t.type({ x: t.number, y: t.number }, 'Stick');

/** `press` is down, then up. Names are those of `KeyboardEvent.key` or `code`; several are a chord. */
const KeyEvent = t.intersection(
  [
    t.type({ type: t.literal('key'), key: t.union([t.string, t.array(t.string)]) }),
    t.partial({ action: t.keyof({ press: null, down: null, up: null }) }),
  ],
  'AgentKey',
);
const TextEvent = t.type({ type: t.literal('text'), text: t.string }, 'AgentText');
/** Coordinates are pixels of the stream. */
const MoveEvent = t.type({ type: t.literal('move'), x: Integer, y: Integer }, 'AgentMove');
/** For games that hold the pointer. */
const MoveByEvent = t.type({ type: t.literal('move-by'), dx: Integer, dy: Integer }, 'AgentMoveBy');
const ClickEvent = t.intersection(
  [
    t.type({ type: t.literal('click') }),
    t.partial({ x: Integer, y: Integer, button: Button, count: Integer }),
  ],
  'AgentClick',
);
const ButtonEvent = t.intersection(
  [
    t.type({ type: t.literal('button'), action: t.keyof({ down: null, up: null }) }),
    t.partial({ x: Integer, y: Integer, button: Button }),
  ],
  'AgentButton',
);
const DragEvent = t.intersection(
  [
    t.type({ type: t.literal('drag'), from: Point, to: Point }),
    t.partial({ button: Button, steps: Integer }),
  ],
  'AgentDrag',
);
/** In notches of the wheel, positive is right and up. */
const ScrollEvent = t.intersection(
  [
    t.type({ type: t.literal('scroll') }),
    t.partial({ x: Integer, y: Integer, dx: Integer, dy: Integer }),
  ],
  'AgentScroll',
);
const TouchEvent = t.intersection(
  [
    t.type({
      type: t.literal('touch'),
      action: t.keyof({ tap: null, down: null, move: null, up: null }),
      x: Integer,
      y: Integer,
    }),
    t.partial({ finger: Integer, pressure: t.number }),
  ],
  'AgentTouch',
);
/** The whole state of a pad, which is plugged in with its first one; what is left out is at rest. */
const PadEvent = t.intersection(
  [
    t.type({ type: t.literal('pad') }),
    t.partial({
      pad: Integer,
      action: t.keyof({ state: null, unplug: null }),
      buttons: t.array(t.string),
      left: Stick,
      right: Stick,
      left_trigger: t.number,
      right_trigger: t.number,
    }),
  ],
  'AgentPad',
);
const WaitEvent = t.type({ type: t.literal('wait'), ms: Integer }, 'AgentWait');

const EVENTS = {
  key: KeyEvent,
  text: TextEvent,
  move: MoveEvent,
  'move-by': MoveByEvent,
  click: ClickEvent,
  button: ButtonEvent,
  drag: DragEvent,
  scroll: ScrollEvent,
  touch: TouchEvent,
  pad: PadEvent,
  wait: WaitEvent,
} as const;
export type AgentEventType = keyof typeof EVENTS;

export const AgentEvent = t.union(
  [
    KeyEvent,
    TextEvent,
    MoveEvent,
    MoveByEvent,
    ClickEvent,
    ButtonEvent,
    DragEvent,
    ScrollEvent,
    TouchEvent,
    PadEvent,
    WaitEvent,
  ],
  'AgentEvent',
);
export type AgentEvent = t.TypeOf<typeof AgentEvent>;

/** The body, as it is documented; {@link readAgentInput} says more of what is wrong. */
export const AgentInputRequest = t.intersection(
  [
    t.type({ events: t.array(AgentEvent) }),
    /** Who acts, for the log. */
    t.partial({ name: t.union([t.string, t.null, t.undefined]) }),
  ],
  'AgentInputRequest',
);

export const AgentInputAnswer = t.type(
  {
    /** Events that have gone to the host: all of them. */
    executed: Integer,
    /** Milliseconds from the first event on. */
    duration_ms: Integer,
    /** Milliseconds of these in which a person had taken over. */
    paused_ms: Integer,
  },
  'AgentInputAnswer',
);

/** One list, on its way to the child. */
export const AgentOrder = t.type(
  {
    agent_id: t.string,
    events: t.array(AgentEvent),
    /** What the agent may do now. */
    rights: RightList,
    /** Milliseconds for all of it, with the time in which it waits for others. */
    within_ms: Integer,
    /** Milliseconds without input of persons after which a paused list goes on; 0: none pauses it. */
    pause_ms: Integer,
  },
  'AgentOrder',
);
export type AgentOrder = t.TypeOf<typeof AgentOrder>;

/** What became of it. */
export const AgentOutcome = t.type(
  {
    executed: Integer,
    duration_ms: Integer,
    paused_ms: Integer,
    /** Why it ended before its last event. */
    code: nullable(ErrorCode),
    reason: nullable(t.string),
  },
  'AgentOutcome',
);
export type AgentOutcome = t.TypeOf<typeof AgentOutcome>;

export const MAX_AGENT_EVENTS = 256;
const MAX_NAME = 128;

export interface AgentInput {
  readonly name: string | null;
  readonly events: readonly AgentEvent[];
}

/**
 * The shape of a body. What events mean together is for the child, which knows the picture.
 *
 * @throws BAD_REQUEST naming the first event that is wrong, and what is wrong with it
 */
export function readAgentInput(body: unknown): AgentInput {
  const known = t.type({ events: t.array(t.unknown) });
  const decoded = t.intersection([known, t.partial({ name: nullable(t.string) })]).decode(body);
  if (isLeft(decoded)) throw invalid(`Invalid body: ${describeIssues(decoded.left)}`);
  const { name = null, events, ...others } = decoded.right;
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid(`Invalid body: ${shown(other)} is unknown`);
  if (name !== null && name.length > MAX_NAME) {
    throw invalid(`Invalid body: name has more than ${MAX_NAME} characters`);
  }
  if (events.length === 0 || events.length > MAX_AGENT_EVENTS) {
    throw invalid(`Invalid body: events has 1 to ${MAX_AGENT_EVENTS} entries`);
  }
  return { name, events: events.map((event, index) => readEvent(event, index)) };
}

function readEvent(event: unknown, index: number): AgentEvent {
  const type: unknown =
    typeof event === 'object' && event !== null ? Reflect.get(event, 'type') : 0;
  if (typeof type !== 'string' || !isEventType(type)) {
    throw invalid(`events[${index}]: type must be one of ${Object.keys(EVENTS).join(', ')}`);
  }
  const decoded: t.Validation<AgentEvent> = EVENTS[type].decode(event);
  if (isLeft(decoded)) throw invalid(`events[${index}]: ${describeIssues(decoded.left)}`);
  const other = unknownKey(decoded.right, EVENTS[type]);
  if (other !== null) throw invalid(`events[${index}]: ${shown(other)} is unknown`);
  return decoded.right;
}

/** A key that is misspelt would otherwise be left out without a word. */
function unknownKey(value: object, codec: t.Mixed): string | null {
  const properties = propertiesOf(codec);
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    const inner = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (inner === undefined) return key;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) continue;
    const below = unknownKey(part, inner);
    if (below !== null) return `${key}.${below}`;
  }
  return null;
}

function propertiesOf(codec: t.Mixed): Readonly<Record<string, t.Mixed>> {
  if (codec instanceof t.IntersectionType) {
    const types = codec.types as t.Mixed[];
    return Object.assign({}, ...types.map((type) => propertiesOf(type))) as t.Props;
  }
  const isObject = codec instanceof t.InterfaceType || codec instanceof t.PartialType;
  return isObject ? (codec.props as t.Props) : {};
}

function isEventType(type: string): type is AgentEventType {
  return Object.hasOwn(EVENTS, type);
}

/** A key of others, fit for a message. */
function shown(key: string): string {
  return JSON.stringify(key.slice(0, 32));
}

function invalid(message: string): MoonteeError {
  return new MoonteeError('BAD_REQUEST', message);
}
