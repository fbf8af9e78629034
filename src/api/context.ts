import type { Config } from '../config/schema.js';
import type { AppUsers } from '../hosts/app-users.js';
import type { HostStore } from '../hosts/store.js';
import type { IdentityStore } from '../hosts/identities.js';
import type { Log } from '../core/log.js';
import type { Recorder } from '../recordings/recorder.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { ClientAddress } from '../access/client-address.js';
import type { CreationLimit } from '../access/creation-limit.js';
import type { Credentials } from '../access/credentials.js';
import type { Gate } from '../access/gate.js';
import type { RefusalLog } from '../access/refusal-log.js';
import type { ViewerAccess } from '../access/viewer-access.js';
import type { EventFeed } from './event-feed.js';
import type { ReadinessCheck } from './health.js';
import type { Metrics } from './metrics.js';

/** What the routes work with. */
export interface ApiContext {
  readonly config: Config;
  readonly hosts: HostStore;
  readonly identities: IdentityStore;
  readonly apps: AppUsers;
  readonly streamers: StreamerRegistry;
  /** null: recording is off. */
  readonly recorder: Recorder | null;
  readonly credentials: Credentials;
  readonly gate: Gate;
  /** Tokens and links. */
  readonly access: ViewerAccess;
  readonly creations: CreationLimit;
  /** How often one address may try to come by a link. */
  readonly redemptions: CreationLimit;
  readonly addresses: ClientAddress;
  /** For lines whose number callers decide. */
  readonly refusals: RefusalLog;
  readonly events: EventFeed;
  readonly metrics: Metrics;
  readonly readiness: ReadinessCheck;
  /** Folder of the built page; null serves none. */
  readonly staticDirectory: string | null;
  readonly log: Log;
}
