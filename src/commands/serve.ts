import { loadConfig } from '../config/load.js';
import { CONFIG_KEYS, KEYS } from '../config/schema.js';
import { descriptorLimit, viewersWithin } from '../gst/descriptors.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import { configureLog, createLog, flushLog, type Log } from '../core/log.js';
import { MoonteeServer } from '../server/server.js';
import type { Invocation } from './invocation.js';
import { pageDirectory } from './page.js';
import { untilTold } from './shutdown.js';

/** Milliseconds from a signal to the end of the process. */
const CLOSE_DEADLINE_MS = 12_000;

/** `moontee serve [--config FILE] [--bind ADDR:PORT] [--KEY VALUE …]`. */
export async function serve(call: Invocation): Promise<number> {
  const { config, sources, file, warnings, mistakes } = loadConfig(call.settings);
  // Takes the place of the arguments, which other users can read.
  if (CONFIG_KEYS.some((name) => KEYS[name].secret && sources[name] === 'flag')) {
    process.title = 'moontee';
  }
  configureLog({ format: config.log_format, file: null });
  const log = createLog('moontee', config.log_level);
  for (const warning of [...warnings, ...mistakes]) log.warn({ file }, warning);
  // Streamers read the folder again; what is wrong with it is known before the first of them.
  if (config.pipelines_path !== null) readTemplateFolder(config.pipelines_path);
  checkDescriptors(config.max_viewers, log);
  let reload = (): Promise<void> => Promise.resolve();
  process.on('SIGHUP', () => void reload());
  const server = await MoonteeServer.start(config, { log, staticDirectory: pageDirectory() });
  reload = () => server.reload();
  process.stdout.write(`${server.url}\n`);
  const code = await untilTold(() => server.close(), {
    deadline: CLOSE_DEADLINE_MS,
    log,
    asked: server.drained,
  });
  await flushLog();
  process.exit(code);
}

/** Viewers beyond the limit will be refused one by one; the operator can raise it now. */
function checkDescriptors(maxViewers: number, log: Log): void {
  const limit = descriptorLimit();
  const viewers = viewersWithin(limit);
  if (viewers >= maxViewers) return;
  log.warn(
    { limit, viewers, max_viewers: maxViewers },
    `${limit} open files a process are enough for about ${viewers} viewers a streamer, not for max_viewers: raise it with ulimit -n or LimitNOFILE=`,
  );
}
