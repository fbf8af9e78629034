/** What viewers of one streamer are told of each other, and say about who steers. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { OutcomeCode } from './outcome-codes.js';
import { RightList } from './right-codec.js';

const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

export const ControlMode = t.keyof({ shared: null, single: null, locked: null }, 'ControlMode');

/** Who steers, and whose the pads are. */
export const ControlInfo = t.type(
  {
    mode: ControlMode,
    /** In the mode `single`; null while nobody has control. */
    holder: nullable(t.string),
    /** Who waits for it, the first first. */
    asking: t.array(t.string),
    /** Milliseconds without input after which the holder loses it; 0: never. */
    idle_timeout_ms: Integer,
    /** By slot of the host: whose pads alone may be in it; null: anybody's. */
    pads: t.array(nullable(t.string)),
  },
  'ControlInfo',
);
export type ControlInfo = t.TypeOf<typeof ControlInfo>;

/** Changes of those, all of them or none. */
export const ControlRequest = t.partial(
  {
    mode: ControlMode,
    holder: nullable(t.string),
    idle_timeout_ms: Integer,
    pads: t.array(nullable(t.string)),
  },
  'ControlRequest',
);
export type ControlRequest = t.TypeOf<typeof ControlRequest>;

/** What a viewer wants to be done about control. */
export const ControlOrder = t.union(
  [
    t.keyof({
      /** To have control, or to wait for it. */
      Ask: null,
      /** To have it no more, or to wait no more. */
      Release: null,
      /** With the right `manage`: to have it now. */
      Take: null,
    }),
    /** Of the holder, or with the right `manage`. */
    t.type({ Grant: t.type({ peer_id: t.string }) }),
    t.type({ Deny: t.type({ peer_id: t.string }) }),
    /** With the right `manage`. */
    t.type({ Set: ControlRequest }),
    /** With the right `manage`: lets go of what this viewer holds, or of all that is held. */
    t.type({ ReleaseInput: t.type({ peer_id: nullable(t.string) }) }),
  ],
  'ControlOrder',
);
export type ControlOrder = t.TypeOf<typeof ControlOrder>;

/** What a viewer tells the others of itself, and wants to be told. */
export const PresenceRequest = t.partial(
  {
    /** Used if it was let in without a name. */
    name: t.union([t.string, t.null]),
    /** The pointers of others. */
    pointers: t.boolean,
  },
  'PresenceRequest',
);
export type PresenceRequest = t.TypeOf<typeof PresenceRequest>;

export const PresentViewer = t.type(
  {
    peer_id: t.string,
    /** One line of 64 characters at most. */
    name: nullable(t.string),
    /** `#rrggbb`, that of no other viewer while there are few. */
    color: t.string,
    /** What it may do now. */
    rights: RightList,
    /** What it may do whenever the mode lets it. */
    granted: RightList,
    /** Its name is that of its token, or of its proxy. */
    is_name_certain: t.boolean,
  },
  'PresentViewer',
);
export type PresentViewer = t.TypeOf<typeof PresentViewer>;

/** All who are here. */
export const Presence = t.type({ you: t.string, viewers: t.array(PresentViewer) }, 'Presence');
/** Who came or changed, and who went. */
export const PresenceChange = t.type(
  { put: t.array(PresentViewer), gone: t.array(t.string) },
  'PresenceChange',
);

/** Where a viewer points, 0…1 of the picture. */
export const PointerPlace = t.type({ peer_id: t.string, x: t.number, y: t.number }, 'PointerPlace');
export type PointerPlace = t.TypeOf<typeof PointerPlace>;

/** An order about control that was not followed. */
export const ControlRefused = t.type({ code: OutcomeCode, reason: t.string }, 'ControlRefused');

/** What a viewer holds at the host, as the child knows it. */
export const ViewerHold = t.type(
  {
    peer_id: t.string,
    /** Windows virtual keys. */
    keys: t.array(Integer),
    /** 1 left, 2 middle, 3 right, 4 and 5 the others. */
    buttons: t.array(Integer),
    /** Fingers on the picture. */
    touches: Integer,
    pads: t.array(t.type({ slot: Integer, pressed: t.boolean })),
  },
  'ViewerHold',
);
export type ViewerHold = t.TypeOf<typeof ViewerHold>;

const HeldInput = t.intersection([ViewerHold, t.type({ name: nullable(t.string) })], 'HeldInput');
export const HeldInputList = t.type({ viewers: t.array(HeldInput) }, 'HeldInputList');
