import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../config/load.js';
import { MoonteeError } from '../core/errors.js';
import { descriptorLimit, viewersWithin } from '../gst/descriptors.js';
import { installedVersions } from '../gst/installed.js';
import { elementsOf, fillTemplate, listPipelines, loadTemplate } from '../gst/launch-template.js';
import { packageOfElement } from '../gst/packages.js';
import { gstRuntime } from '../gst/runtime.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import { tryBranch } from '../gst/trial-branch.js';
import {
  describeAbilities,
  knownHoles,
  REACHABLE_PACKAGE,
  type KnownHole,
} from '../gst/versions.js';
import { createDtlsIdentity } from '../streamer/dtls-identity.js';
import { openSslSrtp } from '../streamer/supervisor/libraries.js';
import { printFindings, type Finding } from './doctor-finding.js';
import type { Invocation } from './invocation.js';

/** Viewers of a streamer that there should be descriptors for. */
const EXPECTED_VIEWERS = 20;

/** Bytes of UDP receive buffer that hold a large key frame's burst. */
const RECEIVE_BUFFER = 2 * 1024 * 1024;

/** TCP port that is tried if none is given. */
const DEFAULT_PORT = 8080;

/** `moontee doctor`: what is missing on this machine, and how to mend it. */
export async function doctor(call: Invocation): Promise<number> {
  const findings = [
    node(),
    ...(await gstreamer()),
    ...templates(call.text('config')),
    srtp(),
    descriptors(),
    await receiveBuffer(),
    await tcpPort(call.number('port') ?? DEFAULT_PORT),
    await udp(),
    // A package has no tests.
    ...(isClone() ? [await chromium()] : []),
  ];
  return printFindings(findings);
}

/** There are sources and scripts: two levels up from the source, three from what it was built into. */
function isClone(): boolean {
  return ['../..', '../../..'].some((up) =>
    existsSync(join(import.meta.dirname, up, 'scripts', 'setup.sh')),
  );
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 18);
  return {
    verdict: fits ? 'ok' : 'problem',
    what: `Node.js ${process.versions.node}`,
    remedy: 'Install Node.js 20.18 or later.',
  };
}

/** Every element of the templates, with what is impossible without it; null for everything. */
function elementUses(): Map<string, Set<string> | null> {
  const found = new Map<string, Set<string> | null>();
  for (const template of listPipelines().map(loadTemplate)) {
    for (const element of elementsOf(template)) {
      const uses = found.get(element);
      if (template.use === null) found.set(element, null);
      else if (uses === undefined) found.set(element, new Set([template.use]));
      else uses?.add(template.use);
    }
  }
  // What everything needs comes first.
  return new Map([...found].sort(([, a], [, b]) => Number(a !== null) - Number(b !== null)));
}

async function gstreamer(): Promise<Finding[]> {
  try {
    const runtime = gstRuntime();
    const versions = await installedVersions(runtime);
    const libnice = versions.libnice === null ? '' : `, libnice ${versions.libnice}`;
    const what = `${runtime.version}${libnice}, typelibs load`;
    const findings: Finding[] = [{ verdict: 'ok', what }];
    const install = (element: string): string =>
      `apt-get install --no-install-recommends ${packageOfElement(element)}`;
    for (const [element, uses] of elementUses()) {
      if (runtime.hasElement(element)) continue;
      findings.push(
        uses === null
          ? {
              verdict: 'problem',
              what: `element ${element} is missing`,
              remedy: install(element),
            }
          : {
              verdict: 'warning',
              what: `element ${element} is missing: no ${[...uses].join(', no ')}`,
              remedy: install(element),
            },
      );
    }
    if (findings.length === 1) findings.push({ verdict: 'ok', what: 'all elements are there' });
    findings.push(...knownHoles(versions).map(hole));
    for (const sentence of describeAbilities(versions)) {
      findings.push({ verdict: 'ok', what: sentence });
    }
    if (!findings.some(({ verdict }) => verdict === 'problem')) findings.push(...(await trial()));
    runtime.close();
    return findings;
  } catch (error) {
    return [
      {
        verdict: 'problem',
        what: `GStreamer cannot be used: ${MoonteeError.from(error).message}`,
        remedy: isClone()
          ? 'Run scripts/setup.sh, which installs and builds what is needed.'
          : 'Install the package once more: apt-get install --reinstall moontee',
      },
    ];
  }
}

/** A viewer's way through webrtcbin, made for real. */
async function trial(): Promise<Finding[]> {
  try {
    const { shortcuts } = await tryBranch(await createDtlsIdentity());
    return shortcuts.describe().map(({ holds, what }) => ({
      verdict: holds ? 'ok' : 'warning',
      what,
      remedy: 'This webrtcbin is built in another way than the releases that are known.',
    }));
  } catch (error) {
    return [
      {
        verdict: 'problem',
        what: `A viewer's branch cannot be made: ${MoonteeError.from(error).message}`,
        remedy: 'Try ./moontee pipeline launch peer, which shows what GStreamer says.',
      },
    ];
  }
}

/** The operator's own templates: validated, and built by GStreamer. */
function templates(configFile: string | undefined): Finding[] {
  try {
    const { pipelines_path: folder } = loadConfig({ configFile }).config;
    if (folder === null) return [];
    const own = [...readTemplateFolder(folder).values()];
    const runtime = gstRuntime();
    for (const template of own) {
      runtime.requireElements(...elementsOf(template));
      runtime.parseBin(fillTemplate(template));
    }
    runtime.close();
    return [{ verdict: 'ok', what: `${own.length} pipelines of ${folder}` }];
  } catch (error) {
    return [
      {
        verdict: 'problem',
        what: MoonteeError.from(error).message,
        remedy: 'Mend the configuration or the file that it names.',
      },
    ];
  }
}

function hole({ id, what, installed, mended }: KnownHole): Finding {
  return {
    verdict: 'warning',
    what: `${REACHABLE_PACKAGE} ${installed} has a hole (${id}): ${what}`,
    remedy: `Upgrade it to ${mended} or later: apt-get install --only-upgrade ${REACHABLE_PACKAGE}`,
  };
}

function srtp(): Finding {
  return openSslSrtp()
    ? { verdict: 'ok', what: 'SRTP through OpenSSL' }
    : {
        verdict: 'warning',
        what: 'SRTP through NSS: a viewer costs about a third more',
        remedy: isClone()
          ? 'Run scripts/build-srtp.sh; .cache/srtp.log says why it failed.'
          : 'This package was built without a library of its own.',
      };
}

function descriptors(): Finding {
  const limit = descriptorLimit();
  const viewers = viewersWithin(limit);
  return {
    verdict: viewers >= EXPECTED_VIEWERS ? 'ok' : 'warning',
    what:
      limit === Infinity
        ? 'any number of open files a process'
        : `${limit} open files a process: about ${viewers} viewers a streamer`,
    remedy: 'Raise it with `ulimit -n 65536`, or LimitNOFILE= in a systemd unit.',
  };
}

async function receiveBuffer(): Promise<Finding> {
  const path = '/proc/sys/net/core/rmem_max';
  const max = Number(await readFile(path, 'utf8').catch(() => '0'));
  return {
    verdict: max >= RECEIVE_BUFFER ? 'ok' : 'warning',
    what: `UDP receive buffers of up to ${max} bytes`,
    remedy: `Large frames may overflow it: sysctl -w net.core.rmem_max=${RECEIVE_BUFFER}`,
  };
}

async function tcpPort(port: number): Promise<Finding> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return { verdict: 'ok', what: `TCP port ${port} is free` };
  } catch (error) {
    return {
      verdict: 'warning',
      what: `TCP port ${port} cannot be used: ${String(error)}`,
      remedy: 'Choose another one with --port (demo) or --bind (serve).',
    };
  } finally {
    server.close();
  }
}

async function udp(): Promise<Finding> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0);
    await once(socket, 'listening');
    return { verdict: 'ok', what: 'UDP sockets can be opened' };
  } catch (error) {
    return {
      verdict: 'problem',
      what: `UDP sockets cannot be opened: ${String(error)}`,
      remedy: 'Media needs UDP; look at the sandbox or security profile of this process.',
    };
  } finally {
    socket.close();
  }
}

async function chromium(): Promise<Finding> {
  const found = await access('/usr/bin/chromium').then(
    () => true,
    () => false,
  );
  return {
    verdict: found ? 'ok' : 'warning',
    what: found ? 'Chromium for the tests' : 'Chromium is missing: the tests need it',
    remedy: 'apt-get install --no-install-recommends chromium',
  };
}
