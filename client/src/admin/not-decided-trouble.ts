/** Tells an administrator which studies a decision about several did not reach, and why. */
import type { DeadLettersDecided } from '#shared/protocol/destination.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import type { Trouble } from '../kit/trouble.ts';
import { deadLetterWords as words } from './dead-letter-words.ts';

/** Null: all was decided. The first study's reason stands for all; the others still stand in the list. */
export function notDecidedTrouble(studies: DeadLettersDecided['notDecided']): Trouble | null {
  const [first] = studies;
  if (first === undefined) return null;
  const problems: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  const known = Object.hasOwn(problems, first.code) ? problems[first.code] : undefined;
  const instances = studies.reduce((sum, study) => sum + study.instances, 0);
  const why = first.detail ?? known?.title ?? words.unknown;
  const others = studies.length - 1;
  return {
    kind: 'stop',
    title: words.notDecided(instances),
    next: words.notDecidedWhy(first.studyInstanceUID, others, [why, known?.next ?? ''].join(' ').trim()),
    code: first.code,
  };
}
