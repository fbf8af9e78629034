import { isRight } from 'fp-ts/lib/Either.js';
import { parseJson } from '../codec/bounded-json.js';
import { describeIssues } from '../codec/issues.js';
import { StreamClientMessage } from '../protocol/viewer-messages.js';

/** Bytes of the one message that a client may send before it has shown its credentials. */
export const MAX_FIRST_BYTES = 16_384;

/** Bytes of a message of each kind. Browsers' descriptions have some kilobytes, candidates 200 bytes. */
const MAX_BYTES = {
  AuthenticateAndInit: MAX_FIRST_BYTES,
  Description: 32_768,
  AddIceCandidate: 2_048,
  RestartIce: 256,
  MediaSocket: 4_096,
} as const;

/** The deepest message there is: `{"Signaling":{"AddIceCandidate":{…}}}`; some levels more for extensions. */
const MAX_DEPTH = 8;

/** @returns the message, or in words what is wrong with it, without a value of it */
export function readMessage(data: Buffer): StreamClientMessage | { readonly problem: string } {
  let value: unknown;
  try {
    value = parseJson(data.toString('utf8'), MAX_DEPTH);
  } catch {
    return { problem: 'not valid JSON' };
  }
  const decoded = StreamClientMessage.decode(value);
  if (!isRight(decoded)) return { problem: describeIssues(decoded.left) };
  const kind = kindOf(decoded.right);
  if (data.length > MAX_BYTES[kind]) return { problem: `${kind} of ${data.length} bytes` };
  return decoded.right;
}

function kindOf(message: StreamClientMessage): keyof typeof MAX_BYTES {
  if ('AuthenticateAndInit' in message) return 'AuthenticateAndInit';
  if ('MediaSocket' in message) return 'MediaSocket';
  if (!('Signaling' in message)) return 'RestartIce';
  return 'Description' in message.Signaling ? 'Description' : 'AddIceCandidate';
}
