/** The Prometheus text format, as far as tests read it. */

export interface Family {
  help: string | null;
  type: string | null;
  readonly samples: { readonly name: string; readonly labels: string; readonly value: number }[];
}

/** @throws a sample or a line that is none, or a sample without its family's TYPE before it */
export function families(text: string): Map<string, Family> {
  const found = new Map<string, Family>();
  const family = (name: string): Family => {
    const known = found.get(name) ?? { help: null, type: null, samples: [] };
    found.set(name, known);
    return known;
  };
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', words = ''] = comment;
      if (kind === 'HELP') family(name).help = words;
      else family(name).type = words;
      continue;
    }
    const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not of the format: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    const owner = found.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
    if (typeof found.get(owner)?.type !== 'string') throw new Error(`no TYPE before ${line}`);
    family(owner).samples.push({ name, labels, value: Number(value.replace('Nan', 'NaN')) });
  }
  return found;
}

/** What `promtool check metrics` finds fault with. */
export function faults(name: string, { help, type, samples }: Family): string[] {
  const isCounter = type === 'counter';
  const checks: readonly (readonly [boolean, string])[] = [
    [help === null, 'has no HELP'],
    [!/^[a-z][a-z0-9_]*$/.test(name), 'has other characters than a-z, 0-9 and _'],
    [isCounter !== name.endsWith('_total'), 'ends in _total exactly if it is a counter'],
    [/_(?:count|sum|bucket|counter|gauge|histogram|summary)(?:_|$)/.test(name), 'names its type'],
    [
      /_(?:milliseconds?|minutes|hours|days|ms|secs?|bits|kilo\w+|mega\w+|mib|kb|percent)(?:_|$)/.test(
        name,
      ),
      'is not in base units',
    ],
    [samples.some(({ value }) => Number.isNaN(value)), 'has a value that is no number'],
    [
      new Set(samples.map((each) => each.name + each.labels)).size < samples.length,
      'has a series twice',
    ],
  ];
  return checks.flatMap(([isFault, words]) => (isFault ? [`${name} ${words}`] : []));
}
