/**
 * The thread that builds result instances: message glue, the work is build-result-instances.ts and
 * draw-heat-map.ts.
 */
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { buildResultInstances } from './build-result-instances.ts';
import type { BuildTalk } from './build-thread.ts';
import { drawHeatMap } from './draw-heat-map.ts';
import { parseSource } from './parse-source.ts';
import { createResultUid } from './result-uid.ts';

const codecs = loadCodecs();

serveTasks<BuildTalk>(async ({ source: bytes, secret, lungs, cam, ...said }, _, isOver) => {
  const source = await parseSource(bytes, isOver);
  const heatMap =
    cam && (await drawHeatMap(source, said.finding.input.frame, cam, { codecs, signal: isOver }));
  const built = buildResultInstances({ ...said, source, uid: createResultUid(secret) }, { lungs, heatMap });
  return giving(built, ...built.map((result) => result.bytes.buffer));
});
