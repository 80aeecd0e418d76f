/**
 * For tests: a disk under the device's database that is full at a chosen write, and a page that dies at one.
 */
import type { DBCore, DBCoreMutateRequest } from 'dexie';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

/** What fake-indexeddb's transactions are inside. */
interface Breakable {
  dispatchEvent(event: Event): boolean;
  _abort(name: string): void;
}

/** A browser may find out only at the end, when everything should be kept: Indexed Database API §5.4. */
function breakAtEnd(transaction: Breakable): void {
  const dispatch = transaction.dispatchEvent.bind(transaction);
  transaction.dispatchEvent = (event) => {
    transaction.dispatchEvent = dispatch;
    if (event.type !== 'complete') return dispatch(event);
    transaction._abort('QuotaExceededError');
    return true;
  };
}

export interface TestDisk {
  /** Since it was made; what is deleted needs no room. */
  writes: number;
  /** It is full at this write, and has room again afterwards. */
  fullAt: number;
  /** What is told that it is full: the request itself, or the transaction when it should be kept. */
  refuses: 'request' | 'transaction';
  /** Changes of any kind that are still made; then the page is dead, and makes none ever after. */
  lifeLeft: number;
  /** Puts it under a database that is not open yet. */
  readonly prepare: (database: LocalDatabase) => void;
}

export function createTestDisk(refuses: TestDisk['refuses'] = 'request'): TestDisk {
  async function mutate(
    core: (request: DBCoreMutateRequest) => ReturnType<ReturnType<DBCore['table']>['mutate']>,
    request: DBCoreMutateRequest,
  ) {
    if (disk.lifeLeft <= 0) throw new DOMException('the page is gone', 'AbortError');
    disk.lifeLeft -= 1;
    if (request.type !== 'add' && request.type !== 'put') return core(request);
    const isFull = disk.writes === disk.fullAt;
    disk.writes += 1;
    if (!isFull) return core(request);
    if (disk.refuses === 'request') throw new DOMException('full', 'QuotaExceededError');
    breakAtEnd(request.trans as unknown as Breakable);
    return core(request);
  }
  const disk: TestDisk = {
    writes: 0,
    fullAt: Number.POSITIVE_INFINITY,
    refuses,
    lifeLeft: Number.POSITIVE_INFINITY,
    prepare: (database) =>
      void database.use({
        stack: 'dbcore',
        name: 'disk',
        create: (core) => ({
          ...core,
          table: (name) => ({
            ...core.table(name),
            mutate: (request) => mutate((each) => core.table(name).mutate(each), request),
          }),
        }),
      }),
  };
  return disk;
}
