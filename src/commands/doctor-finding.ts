export interface Finding {
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly what: string;
  /** How to mend it. */
  readonly remedy?: string;
}

/** Prints findings; returns the exit code: 1 if there is a problem. */
export function printFindings(findings: readonly Finding[]): number {
  for (const { verdict, what, remedy } of findings) {
    const mark = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' }[verdict];
    process.stdout.write(`${mark}  ${what}\n`);
    if (verdict !== 'ok' && remedy !== undefined) process.stdout.write(`         → ${remedy}\n`);
  }
  const problems = findings.filter(({ verdict }) => verdict === 'problem').length;
  process.stdout.write(
    problems === 0
      ? 'Nothing stands in the way.\n'
      : `${problems} problem(s). Mend them in the order above.\n`,
  );
  return problems === 0 ? 0 : 1;
}
