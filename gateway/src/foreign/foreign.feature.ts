/**
 * Clients that are not ours: tus clients send a file as it is, DICOMweb clients store, and the gateway opens both;
 * DICOMweb clients search and retrieve.
 */
import type { Destinations } from '../destinations/destinations.ts';
import type { Feature } from '../feature.ts';
import { PacedPlaces } from '../http/paced-places.ts';
import type { Router } from '../http/route.ts';
import { sweepFiles, type FileSpoolTools } from '../pipeline/file-spool.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { OPEN_FILE_QUEUE, type OpenFileJob } from '../pipeline/sent-file.store.ts';
import type { Arrivals } from '../uploads/complete-upload.ts';
import { sweepRequests } from './commitment-request.store.ts';
import { commitmentRoutes } from './commitment.routes.ts';
import { notTakenRoutes } from './not-taken.routes.ts';
import { createRememberSight } from './remember-sight.ts';
import { ITEM_BYTES_LIMIT } from './read-items.ts';
import { retrieveRoutes } from './retrieve.routes.ts';
import { createOpenFiles } from './run-open-file.ts';
import { searchRoutes } from './search.routes.ts';
import { stowRoutes, type InPlace } from './stow.routes.ts';

type ForeignFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
  readonly spool: FileSpoolTools;
  readonly inPlace: InPlace;
  /** The name of the policy under which a request stores that names none. */
  readonly policy: string;
  readonly uploadExpiresHours: number;
  readonly destinations: Pick<Destinations, 'of'>;
  readonly publicUrl: string;
  readonly now: () => Date;
  readonly clock: () => number;
};

/** Files open at once, one per account. Most wait for a thread, and hold no more than the names in them. */
const FILES_AT_ONCE = 32;
const SWEEP_SECONDS = 600;
/** Answers on their way: each holds a connection to the PACS. A viewer opens six. */
const ANSWERS_AT_ONCE = { atOnce: 64, ofOne: 16 };
/** Large answers at once: 32 MiB take 130 MB. With more, callers who stop reading exhaust a small machine's memory. */
const LARGE_ANSWERS_AT_ONCE = { atOnce: 4, ofOne: 2 };
/** While others wait: 50 kB/s, which a mobile network has. A viewer that keeps less would wait for minutes anyway. */
const ANSWER_PACE_BYTES = 1024 ** 2;

/** `reading`: its routes that search and retrieve, for the built-in viewer. */
export type ForeignFeature = Feature & { readonly reading: readonly Router[] };

export function foreignFeature(tools: ForeignFeatureTools): ForeignFeature {
  const { pipeline, parcels, spool, inPlace, policy, uploadExpiresHours, publicUrl, clock } = tools;
  const open = createOpenFiles({ pipeline, spool, parcels });
  const expiresAfterMs = uploadExpiresHours * 3_600_000;
  const visits = {
    ...{ db: pipeline.db, log: pipeline.log, now: tools.now, destinations: tools.destinations, publicUrl },
    places: new PacedPlaces(ANSWERS_AT_ONCE, { placeBytes: ANSWER_PACE_BYTES, clock }),
    largePlaces: new PacedPlaces(LARGE_ANSWERS_AT_ONCE, { placeBytes: ITEM_BYTES_LIMIT, clock }),
    remember: createRememberSight(clock),
  };
  const ofViewer = { ...visits, isViewer: true };
  return {
    routes: [
      stowRoutes({ pipeline, spool, inPlace, policy, expiresAfterMs, publicUrl }),
      commitmentRoutes(pipeline),
      notTakenRoutes(pipeline),
      searchRoutes(visits),
      retrieveRoutes(visits),
    ],
    reading: [searchRoutes(ofViewer), retrieveRoutes(ofViewer)],
    jobs: [
      {
        queue: OPEN_FILE_QUEUE,
        concurrency: FILES_AT_ONCE,
        run: ({ fileId }: OpenFileJob, signal) => open.run(fileId, signal),
      },
    ],
    clocks: [
      { name: 'files-upkeep', everySeconds: SWEEP_SECONDS, run: () => sweepFiles(spool) },
      {
        name: 'commitments-upkeep',
        everySeconds: SWEEP_SECONDS,
        run: () => sweepRequests(pipeline.db, tools.now()),
      },
    ],
    stop: () => open.close(),
  };
}
