import { PICTURE_RATE, type Contender, type Viewer } from './contender.js';
import type { ReceiverProcess } from './receiver.js';
import { BenchServer } from './server.js';

/** Moontee's whole server, whose viewers get their media over WebSockets. */
export class SocketContender implements Contender {
  readonly name: string;
  readonly server: BenchServer;
  readonly fullRate = PICTURE_RATE;
  readonly carriesHundreds = true;

  private constructor(name: string, server: BenchServer) {
    this.name = name;
    this.server = server;
  }

  static async start(tls: boolean): Promise<SocketContender> {
    const server = await BenchServer.start({ audio: false, tls });
    return new SocketContender(tls ? 'moontee wss' : 'moontee ws', server);
  }

  get pid(): number {
    return this.server.streamerPid;
  }

  /** TLS ends there, and the bytes are handed on. */
  get frontPid(): number {
    return this.server.pid;
  }

  get senderPid(): number {
    return this.server.hostPid;
  }

  async join(id: string, receivers: ReceiverProcess): Promise<Viewer> {
    const receiver = receivers.watch(id, this.server.peerUrl);
    await receiver.untilMedia();
    return {
      receiver,
      leave: () => {
        receiver.close();
        return Promise.resolve();
      },
    };
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
