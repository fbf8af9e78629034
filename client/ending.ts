import { OUTCOMES, type OutcomeCode } from './outcomes.js';

/** Why a connection is over, and whether another attempt makes sense. */
export interface Ending {
  /** An {@link OutcomeCode}, a bare word of the server, or a code of a newer server. */
  readonly code: string;
  /** A sentence for the viewer. */
  readonly reason: string;
  readonly retry: boolean;
}

/** Bare words that servers send in place of a code, and the code whose meaning they have. */
const PLAIN: Readonly<Record<string, OutcomeCode>> = {
  ClientKicked: 'KICKED',
  HostNotFound: 'HOST_NOT_FOUND',
  HostNotPaired: 'HOST_NOT_PAIRED',
  AppNotFound: 'APP_NOT_FOUND',
  AlreadyStreaming: 'HOST_BUSY',
  InternalServerError: 'INTERNAL',
  ConnectionTerminated: 'STREAM_TERMINATED',
};

/** Those that have a meaning of their own. */
const PLAIN_OWN = {
  SessionNotFound: { retry: false, words: 'There is no such session.' },
  PeerDisconnect: { retry: true, words: 'The streamer has ended this connection.' },
} as const;

interface Meaning {
  readonly retry: boolean;
  readonly words: string;
}

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.entries(OUTCOMES),
  ...Object.entries(PLAIN_OWN),
  ...Object.entries(PLAIN).map(([word, code]): [string, Meaning] => [word, OUTCOMES[code]]),
]);

/** Termination codes of hosts (signaling.md b.1). */
const TERMINATIONS: Readonly<Record<number, string>> = {
  0: 'The host has ended the stream.',
  [-100]: 'The host sends no video.',
  [-101]: 'No whole video frame came from the host.',
  [-102]: 'The host ended the stream earlier than expected.',
  [-103]: 'The host shows protected content that it may not stream.',
  [-104]: 'The host could not convert its picture.',
};

/** @param code also a word, or a code that only another version of the server knows */
export function ending(code: string, reason?: string): Ending {
  const meaning = MEANINGS.get(code);
  const text = reason === undefined || reason === '' ? undefined : reason;
  return {
    code,
    reason: text ?? meaning?.words ?? unknown(code),
    retry: meaning?.retry ?? true,
  };
}

/** The server's reason of the end; it may know better than its code whether coming back helps. */
export function endingOf({
  code,
  reason,
  retry,
}: {
  readonly code: string;
  readonly reason: string;
  readonly retry?: boolean;
}): Ending {
  const end = ending(code, reason);
  return { ...end, retry: retry ?? end.retry };
}

/** A sentence is given as it is: servers send one if there is no code. */
function unknown(code: string): string {
  return code.includes(' ') ? code : `The connection has ended (${code}).`;
}

/** @param credentials those that the server has refused */
export function unauthorized(credentials: string | null): Ending {
  return ending(
    'UNAUTHORIZED',
    credentials === null ? 'This server wants credentials.' : undefined,
  );
}

/** Words for the stages that servers name (signaling.md b.1). */
const STAGES: Readonly<Record<string, string>> = {
  'Launch Streamer': 'Starting the stream',
  'Setup WebRTC Peer': 'Preparing the connection',
  'WebRTC Peer Negotiation': 'Agreeing on picture and sound',
  'Moonlight Stream': 'Connecting to the host',
  'platform initialization': 'Connecting to the host',
  'name resolution': 'Looking for the host',
  'audio stream initialization': 'Preparing the sound',
  'RTSP handshake': 'Agreeing with the host on the stream',
  'control stream initialization': 'Preparing the controls',
  'video stream initialization': 'Preparing the picture',
  'input stream initialization': 'Preparing the controls',
  'control stream establishment': 'Connecting the controls',
  'video stream establishment': 'Waiting for the picture of the host',
  'audio stream establishment': 'Waiting for the sound of the host',
  'input stream establishment': 'Connecting the controls',
};

/** @returns words for a stage; one that is not known is taken to be words already */
export function stageText(stage: string): string {
  return Object.hasOwn(STAGES, stage) ? (STAGES[stage] ?? stage) : stage;
}

/** Whether this is a word with a meaning, and not a sentence for people. */
export function isCode(text: string): boolean {
  return MEANINGS.has(text);
}

export function terminationReason(errorCode: number): string {
  return TERMINATIONS[errorCode] ?? `The host has ended the stream (error ${errorCode}).`;
}
