/** Asks the gateway what became of studies that were cancelled on this device. */
import { useEffect } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ApiClient } from '../net/api-client.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { noteTold } from '../pipeline/queue/note-told.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';

/** The most that the gateway gives at once. */
const LIMIT = 200;

/**
 * Asked once there is a link, when another one is cancelled, and when files are chosen: other devices, or a stick, may
 * have brought them into the PACS.
 */
export function useToldSince(): void {
  const api = useApi();
  const queue = useQueue();
  const isSignedIn = useSession().state.value === 'signed-in';
  const isFound = useIngest().phase.value === 'found';
  const link = queue.link.value;
  const open = queue.studies.value
    .filter(({ state, track, removed }) => state === 'taken-back' && track.leftOut > 0 && !removed)
    .map(({ id }) => id)
    .join(' ');
  useEffect(() => {
    if (!isSignedIn || open === '') return;
    const gone = new AbortController();
    void ignoreFailure(askTold(api, queue, Date.now(), gone.signal), 'asked again with the next link');
    return () => gone.abort();
  }, [api, queue, isSignedIn, isFound, link, open]);
}

/** The list as a whole: no identifier leaves the device for it. Throws like the API client. */
export async function askTold(
  api: Pick<ApiClient, 'json'>,
  queue: Pick<QueueStore, 'studies' | 'noteTold'>,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const { sentStudiesSchema } = await import('#shared/protocol/studies.ts');
  const { studies } = await api.json(`/studies?limit=${LIMIT}`, sentStudiesSchema, { signal });
  await noteTold(queue, studies, now);
}
