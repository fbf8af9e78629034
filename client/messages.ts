/** The socket's messages as the server defines them; types only, nothing of it is bundled. */
export type {
  StreamClientMessage,
  StreamServerGeneralMessage as StreamGeneralMessage,
  StreamServerMessage,
} from '../src/protocol/viewer-messages.js';
