/** docs/routes.md, made from the declarations of the routes. */
import { AddressList } from '../src/access/address-list.js';
import type { Access, Gate } from '../src/access/gate.js';
import { OPERATIONS } from '../src/api/operations.js';
import { Routes } from '../src/http/routes.js';
import { socketRoutes, type Endpoint } from '../src/signaling/upgrade.js';

const INTRODUCTION = `# Routes and rights

What each route asks of its caller. A route that does not say so cannot be made, and a test compares
this table with the routes of the server.

- **open**: nothing.
- **known**: a password, a token, or a user that a trusted proxy names. What is answered depends on who it is.
- **member**: any right on the streamer that \`{id}\` names.
- **watch**, **pointer**, **keyboard**, **touch**, **gamepad**, **share**, **manage**: that right on
  that streamer.
- **administrator**: the password of the server. No token makes an administrator.

Whoever has no right at all on a streamer is answered as a stranger is, 401, whether it exists or not. Who has
some, and not the one that is needed, gets 403. A path that no route has is answered like one for administrators if
it is below \`/api\` or \`/metrics\`, in any spelling.

`;

export function documentRoutes(): string {
  const rows = [
    ...OPERATIONS.filter(({ summary }) => !summary.startsWith('WebSocket')).map(
      ({ method, path, summary, access = 'administrator' }) =>
        row(method.toUpperCase(), path, access, summary),
    ),
    ...socketTable(),
  ];
  return [
    INTRODUCTION + '| method | path | needs | what it does |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const PURPOSES: Readonly<Record<Endpoint, string>> = {
  peer: 'The viewer socket; credentials may come in its first message',
  media: 'Media of a viewer, by the ticket that it was given on its viewer socket',
  legacy: 'The socket that makes its streamer itself; credentials in its first message',
  desktop:
    'The desktop socket, where it is configured; the streamer stands in the query or the first message',
};

function socketTable(): string[] {
  const routes = new Routes<Endpoint>({} as unknown as Gate, (_context, next) => next());
  socketRoutes(routes, { path: '/ws/stream', streamer: null, openTo: new AddressList([]) });
  return routes.sockets.map(({ path, access, endpoint }) =>
    row('WebSocket', path.replaceAll(/:(\w+)/g, '{$1}'), access, PURPOSES[endpoint]),
  );
}

function row(method: string, path: string, access: Access, what: string): string {
  return `| ${method} | \`${path}\` | ${access} | ${what} |`;
}
