/** `moontee pipeline show peer --as-linked`: what a viewer gets, from a branch that is really made. */
import { diffGraphs, parseDot, withinBin, type GraphElement } from '../gst/graph.js';
import { loadTemplate } from '../gst/launch-template.js';
import { tryBranch } from '../gst/trial-branch.js';
import { createDtlsIdentity } from '../streamer/dtls-identity.js';
import { expectedGraph } from './pipeline-diff.js';

/** @returns lines of text */
export async function asLinked(): Promise<string> {
  const { dot, bin, bypassed, unsynchronised } = await tryBranch(await createDtlsIdentity());
  const graph = parseDot(dot);
  const own = withinBin(graph, bin);
  const inside = graph.elements.filter(({ path }) => path.startsWith(`${bin}/webrtc/`));
  const counters = inside.filter(({ type }) => type === 'GstIdentity');
  const differences = diffGraphs(expectedGraph('peer'), own);
  const leads = graph.links.filter(([from, to]) => from.startsWith(bin) || to.startsWith(bin));
  const shown = leads.filter(([from, to]) => depth(from) <= 2 && depth(to) <= 2);
  return [
    '# a viewer of H.264 and stereo sound, once media flows',
    ...own.elements.map(describe),
    '',
    '# links',
    ...shown.map(([from, to]) => `${from} ! ${to}`),
    '',
    '# inside webrtc',
    ...unsynchronised.map((name) => `${name} sync=false`),
    ...bypassed.map((name) => `${name} is linked around`),
    ...counters.map(({ name }) => `${name} counts what comes in`),
    '',
    '# differences from peer.launch',
    ...differences.map(({ kind, text }) => `${kind}: ${text}`),
    ...[...loadTemplate('peer').added].map(([type, why]) => `added later: a ${type}: ${why}`),
    '',
  ].join('\n');
}

const depth = (path: string): number => path.split('/').length;

function describe({ name, type, properties }: GraphElement): string {
  const set = Object.entries(properties).map(([property, value]) => `${property}=${value}`);
  return [`${name} (${type})`, ...set].join(' ');
}
