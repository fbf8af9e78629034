/** The process of the receiving peers. */
import { CountingPeer } from './counting-peer.js';
import type { FromReceiver, ToReceiver } from './receiver-messages.js';
import { SocketPeer } from './socket-peer.js';

const peers = new Map<string, CountingPeer | SocketPeer>();

function notify(message: FromReceiver): void {
  if (process.connected) process.send?.(message);
}

function peerOf(id: string): CountingPeer {
  const peer = peers.get(id);
  if (!(peer instanceof CountingPeer)) throw new Error(`no peer ${id}`);
  return peer;
}

async function handle(message: ToReceiver): Promise<void> {
  switch (message.type) {
    case 'open':
      peers.set(message.id, new CountingPeer(message.id, message.demanding, notify));
      return;
    case 'watch':
      peers.set(message.id, new SocketPeer(message.id, message.peerUrl, notify));
      return;
    case 'offer':
      return peerOf(message.id).offer(message.sdp);
    case 'candidate':
      peerOf(message.id).addCandidate(message.candidate);
      return;
    case 'reset':
      for (const peer of peers.values()) peer.reset();
      return;
    case 'stats': {
      const stats = [...peers.values()].map((peer) => peer.stats());
      notify({ type: 'stats', request: message.request, stats });
      return;
    }
    case 'arrivals': {
      const arrivals = peers.get(message.id)?.arrivals() ?? [];
      notify({ type: 'arrivals', request: message.request, arrivals });
      return;
    }
    case 'close':
      peers.get(message.id)?.close();
      peers.delete(message.id);
  }
}

process.on('message', (message: ToReceiver) => {
  handle(message).catch((error: unknown) => {
    notify({ type: 'error', id: 'id' in message ? message.id : '', message: String(error) });
  });
});
process.on('disconnect', () => process.exit(0));
notify({ type: 'ready' });
