import type { RouterContext } from '@koa/router';
import { randomUUID } from 'node:crypto';
import { principalOf } from '../access/gate.js';
import { rightsOn } from '../access/principal.js';
import { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import { personName } from '../core/text.js';
import type { Routes } from '../http/routes.js';
import { readAgentInput, type AgentEvent, type AgentOutcome } from '../protocol/agent-input.js';
import type { ApiContext } from './context.js';
import { jsonBodyOf } from './request.js';

/** Milliseconds for a list, with the time in which it waits for others or for a person. */
const WITHIN_MS = 30_000;
/** Milliseconds for its way to the child and back. */
const MARGIN_MS = 3_000;

export function agentRoutes(routes: Routes, { access, config, streamers, log }: ApiContext): void {
  routes.post('/api/streamers/:id/input', 'member', async (context) => {
    const id = (context.params as Record<string, string | undefined>)['id'] ?? '';
    const streamer = streamers.require(id);
    const principal = principalOf(context.req);
    // Which of them its events need, the streamer's process finds out.
    const granted = rightsOn(principal, id);
    const { name, events } = readAgentInput(jsonBodyOf(context));
    const order = {
      agent_id: `agent-${randomUUID()}`,
      events: [...events],
      within_ms: WITHIN_MS,
      pause_ms: config.agent_pause_ms,
    };
    // Who and what kind, but never what was typed nor which keys.
    const facts = {
      streamer_id: id,
      who: principal.id,
      name: personName(name),
      kinds: kindsOf(events),
    };
    const leaving = new AbortController();
    const tenure = access.tenures.hold(principal, (_code, reason) =>
      leaving.abort(new MoonteeError('UNAUTHORIZED', reason)),
    );
    const outcome = await whileHere(context, leaving, (signal) =>
      streamer.agentInput(order, granted, {
        deadline: Deadline.in(WITHIN_MS + MARGIN_MS),
        signal,
      }),
    )
      .catch((error: unknown) => {
        const { code } = MoonteeError.from(error);
        log.info({ ...facts, code }, 'agent input refused');
        throw error;
      })
      .finally(() => tenure.release());
    const { executed, duration_ms, paused_ms, code } = outcome;
    log.info({ ...facts, executed, duration_ms, paused_ms, code }, 'agent input');
    context.body = answerOf(outcome, events.length);
  });
}

/** @throws why it ended before its last event */
function answerOf(
  { executed, duration_ms, paused_ms, code, reason }: AgentOutcome,
  count: number,
): Pick<AgentOutcome, 'executed' | 'duration_ms' | 'paused_ms'> {
  if (code === null) return { executed, duration_ms, paused_ms };
  throw new MoonteeError(code, `${reason ?? code}, after ${executed} of ${count} events`);
}

/** @param leaving is aborted if the caller goes without an answer */
async function whileHere<T>(
  { res }: RouterContext,
  leaving: AbortController,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const onClose = (): void => {
    if (!res.writableFinished) leaving.abort(new MoonteeError('CLOSED', 'The caller has left'));
  };
  res.once('close', onClose);
  try {
    return await work(leaving.signal);
  } finally {
    res.off('close', onClose);
  }
}

/** How many of each kind, in one word a kind. */
function kindsOf(events: readonly AgentEvent[]): string {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${type}:${count}`).join(' ');
}
