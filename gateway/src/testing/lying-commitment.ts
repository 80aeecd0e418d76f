/** The part of lying-dicomweb.ts that is asked for storage commitment (PS3.18 §13). */
import { HONEST, type CommitService, type Conduct } from './web-conduct.ts';

type DataSet = Readonly<Record<string, { readonly vr: string; readonly Value: readonly unknown[] }>>;

/** The SOP Instance UIDs of a request. */
export function readWish(body: Buffer): readonly string[] {
  const wish = JSON.parse(body.toString()) as DataSet;
  return (wish['00081199']!.Value as DataSet[]).map((item) => String(item['00081155']!.Value[0]));
}

const NO_SUCH_INSTANCE = 0x0112;
const named = (uid: string) => ({ '00081155': { vr: 'UI', Value: [uid] } });

/**
 * PS3.18 Table J.2-1, and the instances to which it commits itself. `isThere`: whether it has the instance, or says so.
 */
export function resultOf(
  { commits }: Conduct,
  wish: readonly string[],
  isThere: (uid: string) => boolean,
): { readonly committed: readonly string[]; readonly result: unknown } {
  const lacked = wish.filter((uid) => !isThere(uid));
  const said: Record<Conduct['commits'], readonly (readonly string[])[]> = {
    'what-it-has': [wish.filter(isThere), lacked],
    all: [wish, []],
    others: [wish.map((uid) => `${uid}.1`), []],
    both: [wish, wish],
  };
  const [kept = [], failed = []] = said[commits];
  const failures = failed.map((uid) => ({
    ...named(uid),
    '00081197': { vr: 'US', Value: [NO_SUCH_INSTANCE] },
  }));
  return {
    committed: kept.filter((uid) => !failed.includes(uid)),
    result: { '00081198': { vr: 'SQ', Value: failures }, '00081199': { vr: 'SQ', Value: kept.map(named) } },
  };
}

export const isAtWork = ({ reports }: Conduct, service: CommitService): boolean =>
  reports === 'never' || (reports === 'later' && service === 'commit');

export const liesIn = ({ commits, reports }: Conduct): readonly string[] => [
  ...(commits === HONEST.commits ? [] : [`commits ${commits}`]),
  ...(reports === HONEST.reports ? [] : [`reports ${reports}`]),
];
