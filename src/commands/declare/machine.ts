import { Option, type Command } from 'commander';
import { STEP_DEADLINE_MS } from '../../ice/client/server-check.js';
import { addSettings, configOption, integerFrom, secondsUpTo } from '../options.js';
import type { Attach } from '../program.js';

export function declareMachine(program: Command, attach: Attach): void {
  program.commandsGroup('Configuration and machine:');
  declareConfig(program, attach);
  declareDoctor(program, attach);
  declarePipeline(program, attach);
}

function declareConfig(program: Command, attach: Attach): void {
  const config = program.command('config').description('write, print or check the configuration');
  attach(
    config
      .command('init')
      .description('write a configuration to begin with: every key, explained and commented out')
      .argument(
        '[file]',
        'where to; a file that is there is left alone; default: server/config.json',
      ),
    async () => (await import('../config.js')).initConfig,
  );
  attach(
    addSettings(
      config.command('print').description('print the values in force, and where they are from'),
    ),
    async () => (await import('../config.js')).printValues,
  );
  attach(
    addSettings(
      config
        .command('check')
        .description('tell what is wrong with it: values, misspelt names, missing files'),
    ),
    async () => (await import('../config.js')).check,
  );
  attach(
    config.command('document').description('print all keys as a table in Markdown'),
    async () => (await import('../config.js')).documentKeys,
  );
}

function declareDoctor(program: Command, attach: Attach): void {
  const doctor = program
    .command('doctor')
    .description('tell what is missing on this machine, and how to mend it')
    .addOption(configOption())
    .addOption(
      new Option('--port <number>', 'TCP port to try; default: 8080').argParser(
        integerFrom(0, 65_535),
      ),
    );
  attach(doctor, async () => (await import('../doctor.js')).doctor);
  attach(
    addSettings(
      doctor
        .command('ice')
        .description('try for real whether the media of viewers will find their way')
        .addOption(
          new Option('--timeout <ms>', `for each step; default: ${STEP_DEADLINE_MS}`).argParser(
            integerFrom(100, 60_000),
          ),
        ),
    ),
    async () => (await import('../doctor-ice.js')).doctorIce,
  );
}

function declarePipeline(program: Command, attach: Attach): void {
  const pipeline = program
    .command('pipeline')
    .description('list, show, run or compare GStreamer pipelines');
  attach(
    pipeline.command('list').description('print the names of all').addOption(configOption()),
    async () => (await import('../pipeline.js')).list,
  );
  attach(
    pipeline
      .command('show')
      .description('print the text of one')
      .argument('<name>')
      .option('--runnable', 'with stand-ins for what Moontee feeds and takes')
      .option('--as-linked', 'of "peer": as it is linked while a streamer runs')
      .addOption(configOption()),
    async () => (await import('../pipeline.js')).show,
  );
  attach(
    pipeline
      .command('launch')
      .description('run one with stand-ins')
      .argument('<name>')
      .addOption(
        new Option(
          '--seconds <number>',
          'how long; default: until 100 buffers are through',
        ).argParser(secondsUpTo(3_600)),
      )
      .addOption(configOption()),
    async () => (await import('../pipeline.js')).launch,
  );
  attach(
    pipeline
      .command('diff')
      .description('compare a live one with its templates')
      .argument('[streamer-id]', 'of the running server')
      .option('--dot <file>', 'a graph in a file instead')
      .addOption(configOption()),
    async () => (await import('../pipeline.js')).diff,
  );
}
