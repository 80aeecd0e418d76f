/**
 * The keys of the jobs that this process has taken. A job that is passed over because another of its key runs here
 * would be tried again like one that failed, after a delay that doubles each time: this finds it once it can begin.
 */

/** By queue and key: how many jobs are taken and not yet settled, and the last one that came beside another. */
export type TakenKeys = Map<string, { jobs: number; passedOver: string | null }>;

type Taken = { readonly id: string; readonly name: string; readonly singletonKey: string | null };

/** Call the answer when the job is settled: it names the job that was passed over, if that can begin now. */
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
