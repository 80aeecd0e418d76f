/** Asks the gateway about the state of studies that were cancelled on this device. */
import { useEffect } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ApiClient } from '../net/api-client.ts';
import { isGatewayAway } from '../net/link.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { noteTold } from '../pipeline/queue/note-told.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueuedStudy, QueueStore } from '../pipeline/queue/queued-study.ts';

/** The most studies that the gateway returns at once. */
const LIMIT = 200;
/** The most studies asked for one identifier, because others may begin with the same digits. */
const LIMIT_OF_ONE = 10;
/** Above this number, one request for the whole list is cheaper. */
const ONE_BY_ONE = 5;

/**
 * Asks once the gateway is reached, when another study is cancelled, and when files are chosen. Other devices may have
 * sent the files, or somebody may have brought them to the PACS on a stick.
 */
export function useToldSince(): void {
  const api = useApi();
  const queue = useQueue();
  const isSignedIn = useSession().state.value === 'signed-in';
  const isFound = useIngest().phase.value === 'found';
  const isReached = !isGatewayAway(queue.link.value);
  const open = lackingIn(queue.studies.value)
    .map(({ id }) => id)
    .join(' ');
  useEffect(() => {
    if (!isSignedIn || !isReached || open === '') return;
    const gone = new AbortController();
    void ignoreFailure(askTold(api, queue, Date.now(), gone.signal), 'asked again with the next link');
    return () => gone.abort();
  }, [api, queue, isSignedIn, isFound, isReached, open]);
}

const lackingIn = (studies: readonly QueuedStudy[]): readonly QueuedStudy[] =>
  studies.filter(
    ({ state, track, noted, removed }) => state === 'taken-back' && track.leftOut > (removed ? noted : 0),
  );

/**
 * Asks for the studies one by one if they are few and the gateway has heard of all of them. Otherwise asks for the
 * whole list, so that no unknown identifier leaves the device. Throws like the API client.
 */
export async function askTold(
  api: Pick<ApiClient, 'json'>,
  queue: Pick<QueueStore, 'studies' | 'noteTold'>,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const lacking = lackingIn(queue.studies.peek());
  if (lacking.length === 0) return;
  const { sentStudiesSchema } = await import('#shared/protocol/studies.ts');
  const uids = new Set(lacking.map((study) => (study.wasCancelled ? study.studyInstanceUID : null)));
  const isListed = uids.has(null) || uids.size > ONE_BY_ONE;
  const queries = isListed ? [`limit=${LIMIT}`] : [...uids].map((uid) => `limit=${LIMIT_OF_ONE}&q=${uid}`);
  for (const query of queries) {
    const { studies } = await api.json(`/studies?${query}`, sentStudiesSchema, { signal });
    await noteTold(queue, studies, now);
  }
}
