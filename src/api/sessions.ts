import type { Routes } from '../http/routes.js';
import type { Streamer } from '../streamer/streamer.js';
import type { ApiContext } from './context.js';
import type { Session } from '../protocol/rest-models.js';

/** What admin panels of later versions of the reference read (signaling.md a.6). */
export function sessionRoutes(routes: Routes, api: ApiContext): void {
  const { streamers, identities } = api;

  function session(streamer: Streamer): Session {
    return {
      session_id: streamer.id,
      client_unique_id: streamer.spec.client_unique_id,
      mode: streamer.lifetime.mode,
      has_websocket: streamer.viewers.length > 0,
      streamer_pid: streamer.pid,
      streamer_alive: streamer.pid !== null,
    };
  }

  routes.get('/api/sessions', 'administrator', (context) => {
    context.body = { sessions: streamers.list().map(session) };
  });

  routes.get('/api/admin/status', 'administrator', (context) => {
    const sessions = streamers.list().map(session);
    const withCertificate = identities.names();
    const names = new Set([
      ...withCertificate,
      ...sessions.flatMap(({ client_unique_id: name }) => (name === null ? [] : [name])),
    ]);
    context.body = {
      total_clients: names.size,
      total_sessions: sessions.length,
      active_websockets: streamers.list().reduce((sum, { viewers }) => sum + viewers.length, 0),
      clients: [...names].map((name) => ({
        client_unique_id: name,
        has_certificate: withCertificate.has(name),
      })),
      sessions,
    };
  });
}
