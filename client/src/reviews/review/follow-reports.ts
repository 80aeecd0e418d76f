/** Polls how far marks are on their way to the PACS, as long as the page shows some that are under way. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { ReviewAnnotations } from '#shared/protocol/annotations.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { waitBefore } from '../../results/parts/await-reports.ts';
import type { MarkTools } from './review-marks.ts';
import { areUnderWay } from '../stored/stored-marks.ts';

/** Returns a function that stops it. */
export function followReports(
  { wait }: Pick<MarkTools, 'wait'>,
  known: ReadonlySignal<ReviewAnnotations | null>,
  ask: () => Promise<void>,
): () => void {
  const turn = signal(0);
  return effect(() => {
    if (!areUnderWay(known.value)) return undefined;
    const asked = turn.value;
    return wait(waitBefore(asked), () => {
      const done = ignoreFailure(ask(), 'it is asked again');
      void done.then(() => {
        turn.value = asked + 1;
      });
    });
  });
}
