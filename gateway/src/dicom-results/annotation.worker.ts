/**
 * The worker thread for annotations. It only passes messages; image-facts.ts and build-annotations.ts do the work.
 */
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import type { AnnotationTalk } from './annotation-thread.ts';
import { buildAnnotations } from './build-annotations.ts';
import { imageFactsOf } from './image-facts.ts';
import { observerName } from './observer.ts';
import { parseSource } from './parse-source.ts';
import { createResultUid } from './result-uid.ts';

serveTasks<AnnotationTalk>(async (task, _, isOver) => {
  const source = await parseSource(task.source, isOver);
  if (task.kind === 'look') return giving({ facts: imageFactsOf(source) });
  const { secret, person, ...said } = task;
  const by = observerName(source, person, secret);
  const built = buildAnnotations({ ...said, source, by, uid: createResultUid(secret) });
  return giving({ built }, built.bytes.buffer);
});
