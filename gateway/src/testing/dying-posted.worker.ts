/** As posted.worker.ts, but for a body that begins with a letter, which ends it. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { parsePosted } from '../uploads/parse-posted.ts';
import type { PostedTalk } from '../uploads/read-posted.ts';

serveTasks<PostedTalk>(async ({ kind, bytes, isGzip }) => {
  if (bytes[0] === 'x'.charCodeAt(0)) process.exit(1);
  return giving(await parsePosted(kind, bytes, isGzip));
});
