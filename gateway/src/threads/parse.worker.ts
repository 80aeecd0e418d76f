/** The thread of parse-apart.ts: only message glue. */
import { Problem } from '#shared/protocol/problem.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { ParseOutcome, Parser, ParseTalk } from './parse-apart.ts';
import { serveTasks } from './serve-tasks.ts';
import { giving } from './thread.ts';

serveTasks<ParseTalk>(async ({ module, name, bytes, rest }) => {
  const { [name]: parse } = (await import(module)) as Record<string, Parser<unknown[], unknown>['parse']>;
  const outcome = await outcomeOf(async () => parse!(bytes, ...rest));
  // Deferred until the outcome has been sent to the other side.
  setImmediate(collectGarbage);
  return giving(outcome);
});

async function outcomeOf(parse: () => Promise<unknown>): Promise<ParseOutcome> {
  try {
    return { kind: 'parsed', value: await parse() };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', code: error.code, detail: error.detail };
    throw error;
  }
}
