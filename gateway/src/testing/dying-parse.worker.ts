/** Works like parse.worker.ts, except that bytes beginning with an x end the process. */
import type { Parser, ParseTalk } from '../threads/parse-apart.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';

serveTasks<ParseTalk>(async ({ module, name, bytes, rest }) => {
  if (bytes[0] === 'x'.charCodeAt(0)) process.exit(1);
  const { [name]: parse } = (await import(module)) as Record<string, Parser<unknown[], unknown>['parse']>;
  return giving({ kind: 'parsed', value: await parse!(bytes, ...rest) });
});
