/** The thread that evaluates blinded elements: only message glue; oblivious-prf.ts does the work. */
import { evaluateBlinded, ObliviousPrfError } from '#shared/transfer/oblivious-prf.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import type { EvaluateTalk } from './evaluate-thread.ts';

serveTasks<EvaluateTalk>(({ pair, blinded }) => Promise.resolve(giving(evaluated({ pair, blinded }))));

function evaluated({ pair, blinded }: EvaluateTalk['task']): EvaluateTalk['answer'] {
  try {
    return evaluateBlinded(pair, blinded);
  } catch (error) {
    if (error instanceof ObliviousPrfError) return null;
    throw error;
  }
}
