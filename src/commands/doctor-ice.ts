import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { gatheringAddresses } from '../ice/gathering-addresses.js';
import { checkPortRange } from '../ice/port-range-check.js';
import {
  checkServer,
  isPrivate,
  STEP_DEADLINE_MS,
  type ServerReport,
} from '../ice/client/server-check.js';
import type { Endpoint } from '../ice/client/stun-message.js';
import { serverSets } from '../ice/configured.js';
import { networkOf } from '../streamer/network.js';
import { printFindings, type Finding } from './doctor-finding.js';
import type { Invocation } from './invocation.js';

/**
 * `moontee doctor ice [--timeout MS] [--config FILE] [--KEY VALUE …]`: uses the configured ICE
 * servers, addresses and ports for real.
 *
 * @returns 0 if viewers can be expected to connect, 1 if something prevents it
 */
export async function doctorIce(call: Invocation): Promise<number> {
  const deadline = call.number('timeout') ?? STEP_DEADLINE_MS;
  const { config, file } = loadConfig(call.settings);
  process.stdout.write(`Configuration: ${file ?? 'defaults and environment'}\n`);
  const findings = [
    ...addresses(config),
    ...(await ports(config)),
    ...(await servers(config, deadline)),
  ];
  return printFindings(findings);
}

function filterOf(config: Config): Parameters<typeof gatheringAddresses>[0] {
  const network = networkOf(config);
  return {
    localAddresses: network.local_addresses,
    interfaces: network.interfaces ?? [],
    ipv4: network.ipv4 ?? true,
    ipv6: network.ipv6,
  };
}

function addresses(config: Config): Finding[] {
  const found = gatheringAddresses(filterOf(config));
  if (found.length === 0) {
    return [
      {
        verdict: 'problem',
        what: 'no address of this machine is left for candidates',
        remedy:
          'Every viewer would end with ICE_FAILED. Look at webrtc_local_addresses, webrtc_interfaces and webrtc_network_types.',
      },
    ];
  }
  const findings: Finding[] = [{ verdict: 'ok', what: `candidates on ${found.join(', ')}` }];
  const missing = config.webrtc_local_addresses.filter((address) => !found.includes(address));
  if (missing.length > 0) {
    findings.push({
      verdict: 'warning',
      what: `${missing.join(', ')} of webrtc_local_addresses: not used`,
      remedy: 'No address of this machine, link-local, or of a kind that is switched off.',
    });
  }
  if (found.length > 4) {
    findings.push({
      verdict: 'warning',
      what: `${found.length} addresses: each costs sockets in every viewer, and browsers try them all`,
      remedy:
        'Name the ones that viewers can reach in webrtc_local_addresses or webrtc_interfaces.',
    });
  }
  const nat = config.webrtc_nat_1to1;
  const inside = nat?.ips.filter((ip) => isPrivate(ip)) ?? [];
  if (inside.length > 0) {
    findings.push({
      verdict: 'warning',
      what: `webrtc_nat_1to1 names private addresses: ${inside.join(', ')}`,
      remedy: 'Right only where all viewers are in that network; from elsewhere they time out.',
    });
  }
  return findings;
}

async function ports(config: Config): Promise<Finding[]> {
  const range = config.webrtc_port_range;
  if (range === null) {
    return [{ verdict: 'ok', what: 'media on any free UDP port (no webrtc_port_range)' }];
  }
  const findings: Finding[] = [];
  const size = range.max - range.min + 1;
  for (const address of gatheringAddresses(filterOf(config))) {
    const { probed, taken } = await checkPortRange(range, address);
    const free = probed - taken.length;
    findings.push({
      verdict: free === 0 ? 'problem' : taken.length > 0 ? 'warning' : 'ok',
      what: `UDP ports ${range.min}–${range.max} on ${address}: ${free} of ${probed} free`,
      remedy:
        'Another process has the others, perhaps a running server. Every viewer needs one; without one it ends with ICE_FAILED.',
    });
  }
  const wanted = config.max_viewers;
  if (size < wanted) {
    findings.push({
      verdict: 'warning',
      what: `${size} ports for up to ${wanted} viewers of each streamer`,
      remedy: 'Make webrtc_port_range larger or max_viewers smaller.',
    });
  }
  return findings;
}

async function servers(config: Config, deadline: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  const reports: ServerReport[] = [];
  for (const { name, servers: load } of serverSets(config, networkOf(config).ice_servers)) {
    try {
      const list = await load();
      findings.push({
        verdict: list.length === 0 && name !== 'webrtc_ice_servers' ? 'warning' : 'ok',
        what: `${name}: ${list.length} server(s)`,
        remedy: 'It works, but names no server.',
      });
      const found = await Promise.all(list.map((server) => checkServer(server, deadline)));
      for (const report of found.flat()) {
        reports.push(report);
        findings.push(findingOf(report));
      }
    } catch (error) {
      findings.push({
        verdict: 'problem',
        what: MoonteeError.from(error).message,
        remedy: 'Viewers would get no servers from there. Run or fetch it by hand and compare.',
      });
    }
  }
  return [...findings, ...conclusions(config, reports)];
}

const ADVICE: Readonly<Record<Exclude<ServerReport['outcome'], 'ok'>, string>> = {
  unresolvable: 'The name is wrong, or the name server cannot be reached from here.',
  unreachable: 'Nothing listens there: check the server, the port, and UDP or TCP.',
  timeout:
    'Nothing comes back: a firewall drops it, or it is not that port. Viewers see "connecting" for 20 s.',
  certificate:
    'Browsers do not take this certificate either: renew it, or use the name that it is for.',
  'no-credentials': 'A TURN server needs username and credential; browsers would refuse the entry.',
  'wrong-credentials':
    'User, password, shared secret or clock differ from the server’s (credentials of a shared secret carry a time). Viewers behind a firewall stay black.',
  refused: 'The server answers, but gives no relay: look at its log, quota and realm.',
  'relay-blocked':
    'A relay was given, but nothing comes through: open the server’s relay ports (coturn: min-port to max-port, 49152–65535), and set external-ip where it is behind a NAT.',
  'no-url': 'Write stun:HOST[:PORT], turn:HOST[:PORT][?transport=tcp] or turns:….',
};

function findingOf(report: ServerReport): Finding {
  const { url, outcome, mapped, relayed, echoed, detail } = report;
  if (outcome !== 'ok') {
    const said = detail === '' ? '' : ` (${detail})`;
    const severe = report.relay || outcome === 'no-url';
    return {
      verdict: severe ? 'problem' : 'warning',
      what: `${url}: ${outcome.replaceAll('-', ' ')}${said}`,
      remedy: ADVICE[outcome],
    };
  }
  const seen = mapped ? `, sees us as ${endpoint(mapped)}` : '';
  if (!relayed) return { verdict: 'ok', what: `${url}: answers${seen}` };
  const echo = echoed === true ? 'data comes through' : 'data could not be tried';
  return { verdict: 'ok', what: `${url}: relay ${endpoint(relayed)}, ${echo}${seen}` };
}

function conclusions(config: Config, reports: readonly ServerReport[]): Finding[] {
  const findings: Finding[] = [];
  const relays = reports.filter(({ relay, outcome }) => relay && outcome === 'ok');
  if (config.webrtc_relay_only && relays.length === 0) {
    findings.push({
      verdict: 'problem',
      what: 'webrtc_relay_only is set, and no TURN server works',
      remedy: 'Viewers cannot connect. Mend the TURN server, or allow direct paths.',
    });
  }
  for (const { url, relayed, mapped } of relays) {
    if (!relayed || !mapped || !isPrivate(relayed.address) || isPrivate(mapped.address)) continue;
    findings.push({
      verdict: 'problem',
      what: `${url} gives relays on the private address ${relayed.address}`,
      remedy: 'Viewers elsewhere cannot reach it: set external-ip on the TURN server.',
    });
  }
  const tls = reports.filter(({ url, outcome }) => outcome === 'ok' && url.startsWith('turns:'));
  if (config.webrtc_relay_only && tls.length > 0 && tls.length === relays.length) {
    findings.push({
      verdict: 'problem',
      what: 'the only TURN servers that work are over TLS, which our own side does not speak',
      remedy: 'With webrtc_relay_only a turn: URL of the same server is needed as well.',
    });
  }
  return [...findings, ...natFindings(config, reports)];
}

function natFindings(config: Config, reports: readonly ServerReport[]): Finding[] {
  const outside = reports.flatMap(({ mapped }) =>
    mapped && !isPrivate(mapped.address) ? [mapped.address] : [],
  );
  const nat = config.webrtc_nat_1to1;
  if (outside.length === 0) return [];
  if (nat !== null && !outside.some((address) => nat.ips.includes(address))) {
    return [
      {
        verdict: 'warning',
        what: `webrtc_nat_1to1 says ${nat.ips.join(', ')}, but servers see ${[...new Set(outside)].join(', ')}`,
        remedy: 'Where the first is wrong, viewers from outside time out in "connecting".',
      },
    ];
  }
  const own = gatheringAddresses(filterOf(config));
  if (nat === null && !outside.some((address) => own.includes(address))) {
    return [
      {
        verdict: 'ok',
        what: `behind a NAT (outside: ${[...new Set(outside)].join(', ')}): viewers from outside come by STUN or TURN, or set webrtc_nat_1to1 and forward webrtc_port_range`,
      },
    ];
  }
  return [];
}

function endpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
