import { loadConfig } from '../config/load.js';
import { createLog } from '../log.js';
import { startServer } from '../server.js';
import { pageDirectory } from './page.js';
import { untilTold } from './shutdown.js';

/** Milliseconds from a signal to the end of the process. */
const CLOSE_DEADLINE = 5_000;

/** `moontee serve [--config FILE] [--bind ADDR:PORT] [--KEY VALUE …]`. */
export async function serve(args: readonly string[]): Promise<number> {
  const { config, file, warnings } = loadConfig({ args });
  const log = createLog('moontee', config.log_level);
  for (const warning of warnings) log.warn({ file }, warning);
  const server = await startServer(config, { log, staticDirectory: pageDirectory() });
  process.stdout.write(`${server.url}\n`);
  const code = await untilTold(() => server.close(), CLOSE_DEADLINE, log);
  process.exit(code);
}
