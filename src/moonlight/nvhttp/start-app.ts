import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError, type ErrorCode } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { aborted } from './http.js';
import type { HostClient } from './host-client.js';
import type { LaunchRequest, SessionUrl } from './launch.js';
import type { HostApp, ServerInfo } from './server-info.js';

/** Milliseconds that an app may take to appear in the host's list, and between looks. */
const APP_WAIT_MS = 20_000;
const APP_POLL_MS = 1_000;

/** Answers to `/resume` after which the app is quit and launched again. */
const STALE: ReadonlySet<ErrorCode> = new Set(['HOST_REFUSED', 'HOST_BUSY']);

export interface StartAppOptions {
  readonly client: HostClient;
  readonly request: LaunchRequest;
  /** Only join the app if it still runs: it is never launched (again). */
  readonly resumeOnly: boolean;
  /** Whether an app that cannot be resumed may be quit: on some hosts it is the app of all clients. Default yes. */
  readonly mayQuitApp?: (() => Promise<boolean>) | undefined;
  /** Called right before the host is asked: from here on it may run the app for us. */
  readonly onRequest: () => void;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds to wait for an app that is not in the list yet; default 20 s. */
  readonly appWait?: number | undefined;
}

export interface StartedApp {
  readonly url: SessionUrl;
  readonly info: ServerInfo;
}

/**
 * Makes the host run our app: launches it, or resumes it if it runs (gamestream.md §1.7, §9.5).
 *
 * @throws MoonteeError APP_NOT_FOUND, HOST_BUSY (another app runs), STREAM_TERMINATED (nothing to
 * resume), HOST_NOT_PAIRED, HOST_CERTIFICATE_CHANGED and what {@link HostClient} throws
 */
export async function startApp(options: StartAppOptions): Promise<StartedApp> {
  const { client, request, resumeOnly, log, signal } = options;
  const info = await trustedInfo(client, signal);
  const running = info.currentGame;
  if (isSameApp(running, request.appId)) return { info, url: await resume(options) };
  if (running !== 0) throw await busyWith(running, client, signal);
  if (resumeOnly) {
    throw new MoonteeError('STREAM_TERMINATED', 'The app has ended on the host', {
      details: { app_ended: true },
    });
  }

  await waitForApp(options);
  options.onRequest();
  try {
    return { info, url: await client.launch(request, signal) };
  } catch (error) {
    if (!(error instanceof MoonteeError) || error.code !== 'HOST_BUSY') throw error;
    // It started between our question and our launch: by us in an earlier life, or not.
    const { currentGame } = await trustedInfo(client, signal);
    log.info({ app_id: request.appId, current_game: currentGame }, 'host became busy');
    if (isSameApp(currentGame, request.appId)) return { info, url: await resume(options) };
    throw currentGame === 0 ? error : await busyWith(currentGame, client, signal);
  }
}

async function trustedInfo(client: HostClient, signal: AbortSignal): Promise<ServerInfo> {
  const info = await client.serverInfo(signal);
  if (info.trust === 'unpaired') throw new MoonteeError('HOST_NOT_PAIRED');
  if (info.trust === 'certificate-changed') throw new MoonteeError('HOST_CERTIFICATE_CHANGED');
  return info;
}

/** A session that the host cannot resume any more is in its own way: it is quit. */
async function resume(options: StartAppOptions): Promise<SessionUrl> {
  const { client, request, resumeOnly, mayQuitApp, log, signal } = options;
  options.onRequest();
  try {
    return await client.resume(request, signal);
  } catch (error) {
    const { code, details } = MoonteeError.from(error);
    // Who is forbidden to resume is not the one whose session is stale.
    const isForbidden = details['host_status'] === 403;
    if (resumeOnly || isForbidden || !STALE.has(code)) throw error;
    if (mayQuitApp !== undefined && !(await mayQuitApp())) throw error;
    signal.throwIfAborted();
    log.warn({ app_id: request.appId, code }, 'app cannot be resumed, launching it again');
  }
  await client.cancel(signal);
  return client.launch(request, signal);
}

async function waitForApp(options: StartAppOptions): Promise<HostApp> {
  const { client, request, log, signal, appWait = APP_WAIT_MS } = options;
  const deadline = performance.now() + appWait;
  for (;;) {
    const apps = await client.apps(signal);
    const app = apps.find(({ id }) => isSameApp(id, request.appId));
    if (app !== undefined) return app;
    if (performance.now() + APP_POLL_MS > deadline) {
      throw new MoonteeError('APP_NOT_FOUND', `The host has no app ${request.appId}`, {
        details: { app_id: request.appId, apps: apps.length },
      });
    }
    log.debug({ app_id: request.appId }, 'waiting for the app to appear');
    await sleep(APP_POLL_MS, undefined, { signal }).catch(() => {
      throw aborted(signal);
    });
  }
}

async function busyWith(
  appId: number,
  client: HostClient,
  signal: AbortSignal,
): Promise<MoonteeError> {
  const apps = await client.apps(signal).catch(() => []);
  const name = apps.find(({ id }) => isSameApp(id, appId))?.title ?? '';
  const what = name === '' ? `app ${appId}` : `"${name}"`;
  return new MoonteeError('HOST_BUSY', `The host is running ${what}`, {
    details: { app_id: appId, app_name: name },
  });
}

/** Callers name apps by unsigned ids, hosts by signed ones. */
function isSameApp(a: number, b: number): boolean {
  return (a | 0) === (b | 0) && b !== 0;
}
