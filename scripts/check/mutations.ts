/** Every line that a test switches off in a copy of the project stands in the product, once. */
import { ERASURES, SWITCHED_OFF } from '#testing/erasures.ts';
import { type Mutation, timesIn } from '#testing/mutated-copy.ts';
import { DEFENCES as BODIES } from '../lab/bodies/defences.ts';
import { DEFENCES as HOSTILE } from '../lab/hostile/defences.ts';
import { DEFENCES as LYING_PACS } from '../lab/lying-pacs/defences.ts';
import type { SourceFile } from './source-files.ts';

const MUTATIONS: readonly Mutation[] = [
  ...[...ERASURES, ...SWITCHED_OFF].flatMap(({ mutations }) => mutations),
  ...[...BODIES, ...HOSTILE].flatMap(({ lines }) => lines),
  ...LYING_PACS,
];

/** Findings: one line for each mutation whose lines stand nowhere, or more than once. */
export function checkMutations(
  files: readonly SourceFile[],
  mutations: readonly Mutation[] = MUTATIONS,
): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const findings = mutations.flatMap(({ what, file, from }) => {
    const times = timesIn(texts.get(file) ?? '', from);
    return times === 1 ? [] : [`${file}: the lines of "${what}" stand ${times} times`];
  });
  return [...new Set(findings)];
}
