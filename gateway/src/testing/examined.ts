/** The report of the doctor as tests look at it, and the time that it waits. */
import * as assert from 'uvu/assert';
import type { Finding } from '../doctor/diagnoses.ts';
import type { PacsReport } from '../doctor/examine-pacs.ts';
import type { RunningOrthanc } from '../../../scripts/system/orthanc.ts';

const STARTED_AT = Date.now();
let passedMs = 0;
/** Time that passes only while somebody waits. */
export const clock = {
  now: () => STARTED_AT + passedMs,
  async wait(ms: number) {
    passedMs += ms;
  },
};

export const codesOf = ({ findings }: PacsReport, result: Finding['result']): string[] =>
  findings.filter((finding) => finding.result === result).map(({ code }) => code);

export function found({ findings }: PacsReport, code: string): Finding {
  const finding = findings.find((one) => one.code === code);
  assert.ok(finding, `${code} is not among ${findings.map((one) => one.code).join(', ')}`);
  return finding;
}

export const changeOf = ({ change }: Finding, at: string): string =>
  change.find((one) => one.at === at)?.text ?? '';

export async function countInstances({ restUrl, authorization }: RunningOrthanc): Promise<number> {
  const answer = await fetch(`${restUrl}/statistics`, { headers: { authorization } });
  return ((await answer.json()) as { CountInstances: number }).CountInstances;
}
