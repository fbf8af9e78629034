/**
 * The properties of live elements that templates set, as comments of a DOT. webrtcbin's own are
 * behind its lock and are left out.
 */
import { PROPERTIES_MARK } from './graph.js';
import { fillTemplate, listPipelines, loadTemplate } from './launch-template.js';
import { parseLaunchText } from './launch-text.js';
import { dotOf } from './binding.js';
import type { Gst, GstRuntime } from './runtime.js';

const LOCKED = 'webrtc';

let known: ReadonlyMap<string, readonly string[]> | null = null;

/** Names of elements in templates, with the properties that they set. */
function settings(): ReadonlyMap<string, readonly string[]> {
  if (known) return known;
  const found = new Map<string, Set<string>>();
  for (const template of listPipelines().map(loadTemplate)) {
    for (const { name, properties } of parseLaunchText(fillTemplate(template)).elements) {
      if (name === null || name === LOCKED) continue;
      const names = found.get(name) ?? new Set();
      found.set(name, names);
      for (const property of properties.keys()) names.add(property);
    }
  }
  known = new Map([...found].map(([name, properties]) => [name, [...properties]]));
  return known;
}

/** A graph without secrets, followed by the properties that templates set. */
export function describeGraph(runtime: GstRuntime, bin: Gst.Bin): string {
  const { MEDIA_TYPE, CAPS_DETAILS, STATES } = runtime.namespaces.Gst.DebugGraphDetails;
  // Without properties: webrtcbin's are behind its lock.
  const graph = dotOf(runtime, bin, [MEDIA_TYPE, CAPS_DETAILS, STATES])
    // The caps behind the encryption hold the most part of its key.
    .replace(/((?:srtp|srtcp)-(?:key|mki):) [^\\]*/g, '$1 (secret)');
  return [graph.trimEnd(), ...propertyLines(bin, ''), ''].join('\n');
}

function propertyLines(bin: Gst.Bin, prefix: string): string[] {
  const lines: string[] = [];
  for (let index = 0; index < bin.getChildrenCount(); index += 1) {
    const child = bin.getChildByIndex(index) as unknown as Gst.Element | null;
    if (!child || child.name === LOCKED) continue;
    const path = prefix + child.name;
    const names = settings().get(child.name);
    if (names) {
      const values = names.flatMap((name) => {
        const value = propertyText(child, name);
        return value === null ? [] : [[name, value] as const];
      });
      lines.push(PROPERTIES_MARK + JSON.stringify([path, Object.fromEntries(values)]));
    }
    if (prefix === '' && 'getChildByIndex' in child) {
      lines.push(...propertyLines(child as Gst.Bin, `${path}/`));
    }
  }
  return lines;
}

/** As the binding reads it: an enumerated word is a number. Null for a property it has not. */
function propertyText(element: Gst.Element, name: string): string | null {
  const key = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const value = (element as unknown as Record<string, unknown>)[key];
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  if (typeof value === 'string') return value;
  // node-gtk does not free this text: graphs are asked for now and then.
  return name === 'caps' && value ? (value as { toString(): string }).toString() : null;
}
