/**
 * `npm run generate:docs`: writes the pages and the client's table, which are made from code. A test compares them with
 * what this would write.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documentMessages } from '../src/api/openapi.js';
import { documentConfig } from '../src/config/report.js';
import { CLIENT_TYPES, clientTypes } from './client-types.js';
import { documentCommands } from './commands-page.js';
import { documentMetrics } from './metrics-table.js';
import { clientOutcomes, documentOutcomes } from './outcome-tables.js';
import { documentRoutes } from './routes-table.js';

const CONFIGURATION = `# Configuration

Every key can stand in a JSON file (\`--config FILE\`, or \`server/config.json\` where it exists), in
the environment and on the command line: flags win over the environment, the environment over the
file, the file over the defaults. \`moontee config init\` writes a file with all keys, explained and commented out.
\`moontee config print\` shows what is in force and from where. \`moontee config check\` says what is wrong: values,
misspelt names of keys and variables, files that are missing.

The file is JSON in which comments (\`//\`, \`/* */\`) and commas before a closing brace are permitted. The
\`config.json\` of the server that Moontee replaces is accepted as it is.

`;

const MESSAGES = `# Messages of the viewer socket

Text frames on \`/api/streamers/{id}/peer\`, one JSON value each. A variant without payload is a bare
string, any other an object with one key. Clients ignore objects whose key they do not know.
[Errors](errors.md) lists the values of \`OutcomeCode\`; a later version may add others.

The server offers, and a client answers. Chromium and Safari play Opus in mono unless their own
answer asks for stereo: add \`stereo=1\` to the format of each Opus payload type (\`a=fmtp:111
minptime=10;useinbandfec=1;stereo=1\`) between \`createAnswer\` and \`setLocalDescription\`. A client
that offers what was agreed once more does the same with its offer.

Streams in 5.1 and 7.1 are offered as two payload types of one section: \`multiopus\`, and \`opus\` in
stereo behind it. The first one that the first answer names is sent. Chromium plays \`multiopus\` where
a client writes it into the answer; without that browsers take the stereo.

Before the server closes a socket it tells the reason as a bare string too, behind everything else:
a sentence for people, which is what clients show that know nothing of \`PeerClosed\`. On the legacy
socket (\`/api/host/stream\`) with \`mode: "keepalive"\` the server closes without a status once the
streamer runs by itself; where \`session_id\` ends in \`-kickoff\` the client closes, and the streamer
ends.

Some clients take any \`ConnectionStatusUpdate\` for the end of their connection, so only those get
it whose \`AuthenticateAndInit\` says \`host_quality: true\`, on the viewer socket: how good the link between
server and host is, when that changes.

`;

const METRICS = `# Metrics

\`GET /metrics\` answers in the text format of Prometheus, and needs the password.
[deploy/](../deploy/README.md) has a scrape configuration, alert rules and a dashboard for Grafana.

- Times are in seconds and amounts in bytes. Counters end in \`_total\`.
- Labels have few values. \`streamer_id\` is that of a streamer alive (\`max_streamers\`), and its series
  are removed with it. Viewers and addresses are never labels.
- A scrape asks each streamer process at most every three seconds, and waits one second at most. A
  process that does not answer is left out: \`moontee_streamer_up\` is 0, and its counters stand still.
- Counters of a streamer go on if its process is restarted. What the old process counted after the
  last scrape is lost.
- Rates of \`moontee_host_received_bytes_total\` times eight are bitrates.
- Metrics of the server process itself are those of prom-client: \`process_…\` and \`nodejs_…\`.

`;

/** File → text. */
export function generatedPages(): Readonly<Record<string, string>> {
  return {
    'docs/commands.md': documentCommands(),
    'docs/configuration.md': CONFIGURATION + documentConfig(),
    'docs/socket-messages.md': MESSAGES + documentMessages(),
    'docs/errors.md': documentOutcomes(),
    'docs/routes.md': documentRoutes(),
    'docs/metrics.md': METRICS + documentMetrics(),
    'client/outcomes.ts': clientOutcomes(),
  };
}

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, '..');
  for (const [path, text] of Object.entries(generatedPages())) {
    await writeFile(join(root, path), text);
  }
  await writeFile(join(root, CLIENT_TYPES), await clientTypes(root));
}
