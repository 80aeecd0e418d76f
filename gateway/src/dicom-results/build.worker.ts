/**
 * The worker thread that builds result instances. It only passes messages; build-result-instances.ts and
 * draw-heat-map.ts do the work.
 */
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { buildResultInstances, buildVerifiedReport } from './build-result-instances.ts';
import type { BuildTalk, ToBuild, ToVerify } from './build-thread.ts';
import { drawHeatMap } from './draw-heat-map.ts';
import { observerName } from './observer.ts';
import { parseSource } from './parse-source.ts';
import type { BuiltResult } from './result-subject.ts';
import { createResultUid } from './result-uid.ts';

const codecs = loadCodecs();

serveTasks<BuildTalk>(async (task, _, isOver) => {
  const source = await parseSource(task.source, isOver);
  const built =
    task.kind === 'first' ? await buildFirst(task, source, isOver) : await buildVerified(task, source);
  return giving(built, ...built.map((result) => result.bytes.buffer));
});

async function buildFirst(
  { secret, lungs, cam, ...said }: ToBuild,
  source: ParsedInstance,
  signal: AbortSignal,
): Promise<readonly BuiltResult[]> {
  const heatMap = cam && (await drawHeatMap(source, said.finding.input.frame, cam, { codecs, signal }));
  return buildResultInstances({ ...said, source, uid: createResultUid(secret) }, { lungs, heatMap });
}

async function buildVerified(
  { secret, maps, verification, person, ...said }: ToVerify,
  source: ParsedInstance,
): Promise<readonly BuiltResult[]> {
  const by = observerName(source, person, secret);
  const subject = { ...said, source, uid: createResultUid(secret) };
  return [buildVerifiedReport(subject, maps, { ...verification, by })];
}
