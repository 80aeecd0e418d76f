/** The thread that reads large bodies: message glue, the work is parse-posted.ts. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { parsePosted } from './parse-posted.ts';
import type { PostedTalk } from './read-posted.ts';

serveTasks<PostedTalk>(async ({ kind, bytes, isGzip }) => giving(await parsePosted(kind, bytes, isGzip)));
