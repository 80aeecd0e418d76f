/**
 * The keys of the jobs that this process has taken. If another job with the same key is running here, a job is passed
 * over. It would then be tried again like a failed job, after a delay that doubles each time. This finds it as soon as
 * it can begin.
 */

/**
 * By queue and key: how many jobs are taken and not yet settled, and the last one that came while another was taken.
 */
export type TakenKeys = Map<string, { jobs: number; passedOver: string | null }>;

type Taken = { readonly id: string; readonly name: string; readonly singletonKey: string | null };

/**
 * Call the returned function when the job is settled: it returns the id of the job that was passed over, if that one
 * can begin now.
 */
export function takeKey(keys: TakenKeys, { id, name, singletonKey }: Taken): () => string | null {
  if (!singletonKey) return () => null;
  const place = `${name} ${singletonKey}`;
  const taken = keys.get(place) ?? { jobs: 0, passedOver: null };
  keys.set(place, taken);
  taken.jobs += 1;
  if (taken.jobs > 1) taken.passedOver = id;
  return () => {
    taken.jobs -= 1;
    if (taken.jobs > 0) return null;
    keys.delete(place);
    return taken.passedOver;
  };
}
